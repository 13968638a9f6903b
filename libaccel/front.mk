# SPDX-License-Identifier: MIT
include libaccel/import/onnx-proto.mk

front-src := error \
	graph/dtype graph/graph graph/copy graph/op_table graph/attrs graph/shape graph/shape_window graph/builder

$(B)/libaccel/import/%.o: CPPFLAGS += -I$(B)/onnx
$(B)/libaccel/import/%.o: | $(B)/onnx/onnx.pb-c.h
$(B)/libaccel/cpu/%.o: CPPFLAGS += $$(pkg-config --cflags openblas)
