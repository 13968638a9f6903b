# SPDX-License-Identifier: MIT
include libaccel/import/onnx-proto.mk

front-src := error \
	graph/dtype graph/graph graph/copy graph/op_table graph/attrs graph/shape graph/shape_window graph/builder \
	import/names import/wire import/tensor import/node import/onnx \
	cpu/conv cpu/matrix cpu/elementwise cpu/pool cpu/move cpu/norm cpu/quant cpu/node cpu/exec

$(B)/libaccel/import/%.o: CPPFLAGS += -I$(B)/onnx
$(B)/libaccel/import/%.o: | $(B)/onnx/onnx.pb-c.h
$(B)/libaccel/cpu/%.o: CPPFLAGS += $$(pkg-config --cflags openblas)
