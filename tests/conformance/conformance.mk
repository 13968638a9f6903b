# SPDX-License-Identifier: MIT
#
# Conformance to ONNX: the single-operator models of Debian's libonnx-testdata, on the CPU and on the simulated NPU.
conformance-o := $(B)/tests/conformance

unit-y += $(conformance-o)/nodes

$(conformance-o)/%.o: CPPFLAGS += -Ilibaccel/include -I$(B)/onnx
$(conformance-o)/nodes.o $(conformance-o)/model.o: | $(B)/onnx/onnx.pb-c.h

$(conformance-o)/nodes: $(conformance-o)/nodes.o $(conformance-o)/model.o $(conformance-o)/table.o $(B)/libaccel.a \
		$(libaccel-core)
	$(CC) $(CFLAGS) -o $@ $^ $(libaccel-libs)
