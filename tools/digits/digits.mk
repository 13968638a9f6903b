# SPDX-License-Identifier: MIT
#
# The digits: data (digits-data), trained networks (digits-train), and what the demo shares.
include libaccel/import/onnx-proto.mk

digits-cache = $(LOOM_CACHE)/digits
digits-train-y := train net layers augment onnx_write idx
digits-o = $(patsubst %,$(B)/tools/digits/%.o,$(1))

all-y += $(B)/tools/digits/pack $(B)/tools/digits/train

$(B)/tools/digits/%.o: CPPFLAGS += -I$(B)/onnx
$(B)/tools/digits/layers.o: CPPFLAGS += $$(pkg-config --cflags openblas)
# The trainer alone may fuse and reorder its arithmetic.
$(call digits-o,layers net augment): CFLAGS += -O3 -ffast-math -fno-finite-math-only
$(B)/tools/digits/onnx_write.o: | $(B)/onnx/onnx.pb-c.h

$(B)/tools/digits/pack: $(call digits-o,pack idx)
	$(CC) $(CFLAGS) -o $@ $^ -ljansson -lm

$(B)/tools/digits/train: $(call digits-o,$(digits-train-y)) $(B)/onnx/onnx.pb-c.o
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs openblas) -lprotobuf-c -lm

.PHONY: digits-data digits-train
digits-data: $(B)/tools/digits/pack
	tools/digits/fetch $<

# Trains anew what is kept in models/ (see models/README.md).
digits-train: digits-data $(B)/tools/digits/train
	@mkdir -p $(B)/models
	$(B)/tools/digits/train mlp $(digits-cache) $(B)/models/digits-mlp.onnx
	$(B)/tools/digits/train cnn $(digits-cache) $(B)/models/digits-cnn.onnx

digits-units := $(patsubst %,$(B)/tests/unit/digits_%,idx draw net)
unit-y += $(digits-units)

$(B)/tests/unit/digits/net_test.o: CPPFLAGS += -I$(B)/onnx
$(B)/tests/unit/digits/net_test.o: | $(B)/onnx/onnx.pb-c.h
$(B)/tests/unit/digits_idx: $(call digits-o,idx)
$(B)/tests/unit/digits_draw: $(call digits-o,draw)
$(B)/tests/unit/digits_net: $(call digits-o,net layers onnx_write) $(B)/onnx/onnx.pb-c.o

$(digits-units): $(B)/tests/unit/digits_%: $(B)/tests/unit/digits/%_test.o
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs cmocka openblas) -lprotobuf-c -lm
