# SPDX-License-Identifier: MIT
#
# Quantised models beside ONNX Runtime.
quant-o := $(B)/tests/quant

$(quant-o)/%.o: CPPFLAGS += -Ilibaccel/include -I$(B)/onnx
$(quant-o)/cases.o $(quant-o)/quant.o: | $(B)/onnx/onnx.pb-c.h

$(quant-o)/quant: $(quant-o)/quant.o $(quant-o)/cases.o $(B)/tests/unit/libaccel-front/onnx_model.o $(nets-o) $(B)/libaccel.a \
		$(libaccel-core)
	$(CC) $(CFLAGS) -o $@ $^ $(libaccel-libs)

test-sh-y  += tests/quant/check@300
check-deps += peer-data $(quant-o)/quant
