# SPDX-License-Identifier: MIT
include libaccel/import/onnx-proto.mk

front-src := error \
	graph/dtype graph/graph graph/copy graph/op_table graph/op_table_elementwise graph/op_table_tensor \
	graph/op_table_more graph/op_table_recurrent graph/attrs graph/shape graph/shape_window graph/shape_elementwise graph/shape_move \
	graph/shape_index graph/shape_more graph/shape_recurrent graph/einsum graph/builder \
	import/names import/wire import/external import/tensor import/control import/opsets import/node import/onnx \
	cpu/lanes cpu/unary cpu/binary cpu/reduce cpu/select cpu/join cpu/gather cpu/make cpu/loss cpu/integer cpu/conv_transpose cpu/resize cpu/recurrent cpu/einsum \
	cpu/conv cpu/matrix cpu/elementwise cpu/pool cpu/move cpu/norm cpu/quant cpu/kernel_table cpu/node cpu/exec \
	passes/util passes/shapes passes/batch passes/qlinear passes/qdq passes/fold passes/hard passes/batchnorm passes/shuffle passes/replace passes/lrn passes/fuse \
	passes/average passes/prune passes/calib_range passes/calibrate passes/node_precision passes/precision passes/dead passes/partition passes/run

$(B)/libaccel/import/%.o: CPPFLAGS += -I$(B)/onnx
# By name: a pattern rule without a recipe adds no prerequisite.
$(patsubst %,$(B)/libaccel/%.o,$(filter import/%,$(front-src))): | $(B)/onnx/onnx.pb-c.h
$(B)/libaccel/cpu/%.o: CPPFLAGS += $$(pkg-config --cflags openblas)
# Loops are vectorised; floating-point exceptions, which this lets the compiler ignore, are not looked at.
$(B)/libaccel/cpu/%.o: CFLAGS += -O3 -fno-trapping-math

# The tables' rows name what differs from zero.
$(B)/libaccel/graph/op_%.o $(B)/libaccel/cpu/kernel_table.o $(B)/sanitized/libaccel/graph/op_%.o \
	$(B)/sanitized/libaccel/cpu/kernel_table.o $(B)/libaccel/import/opsets.o $(B)/sanitized/libaccel/import/opsets.o: CFLAGS += -Wno-missing-field-initializers

# The tests link the front half alone. Which nodes the NPU takes is theirs to say: some bring an answer of their own.
front-units     := $(patsubst %,$(B)/tests/unit/front_%,graph kernels import external control opset recurrent quantised forms passes precision \
                     qdq digits onnx_data)
front-o         := $(patsubst %,$(B)/libaccel/%.o,$(front-src)) $(B)/onnx/onnx.pb-c.o
front-test-o    := $(B)/tests/unit/libaccel-front
unit-y += $(front-units)

$(front-test-o)/%.o: CPPFLAGS += -Ilibaccel/include -I$(B)/onnx
$(patsubst $(B)/tests/unit/front_%,$(front-test-o)/%_test.o,$(front-units)): | $(B)/onnx/onnx.pb-c.h
$(B)/tests/unit/front_digits $(B)/tests/unit/front_qdq: $(B)/tools/digits/idx.o
$(patsubst %,$(B)/tests/unit/front_%,graph kernels import external control opset recurrent quantised forms qdq digits onnx_data): $(front-test-o)/npu_can.o
$(patsubst %,$(B)/tests/unit/front_%,external control opset recurrent quantised forms): $(front-test-o)/onnx_model.o
$(front-test-o)/onnx_model.o: | $(B)/onnx/onnx.pb-c.h

$(front-units): $(B)/tests/unit/front_%: $(front-test-o)/%_test.o $(front-o)
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs cmocka openblas libprotobuf-c) -lm

# Damaged input is met by the front half alone, built with the sanitizers.
front-fuzz-o = $(patsubst %,$(B)/sanitized/libaccel/%.o,$(front-src)) $(B)/sanitized/onnx.pb-c.o \
	$(B)/sanitized/tests/unit/libaccel-front/fuzz_test.o $(B)/sanitized/tests/unit/libaccel-front/npu_can.o
unit-y += $(B)/tests/unit/front_fuzz@300

$(B)/sanitized/%.o: CPPFLAGS += -Ilibaccel/include -I$(B)/onnx $$(pkg-config --cflags openblas)
$(B)/sanitized/%.o: CFLAGS += -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
$(B)/sanitized/%.o: %.c | $(B)/onnx/onnx.pb-c.h
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(CWARN) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(B)/sanitized/onnx.pb-c.o: $(B)/onnx/onnx.pb-c.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(CFLAGS) -c -o $@ $<

$(B)/tests/unit/front_fuzz: $(front-fuzz-o)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fsanitize=address,undefined -o $@ $^ $$(pkg-config --libs openblas libprotobuf-c) -lm
