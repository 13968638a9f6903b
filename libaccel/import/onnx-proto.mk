# SPDX-License-Identifier: MIT
#
# C code for ONNX's messages, generated from the distribution's onnx.proto:
#   $(B)/onnx/onnx.pb-c.h, $(B)/onnx/onnx.pb-c.c, $(B)/onnx/onnx.pb-c.o
# Who includes "onnx.pb-c.h" adds -I$(B)/onnx, names the header as an order-only prerequisite of
# its objects, and links the object and -lprotobuf-c. May be included more than once.
ifndef ONNX_PROTO_MK
ONNX_PROTO_MK := y

ONNX_PROTO_DIR ?= /usr/include/onnx

$(B)/onnx/onnx.pb-c.c: $(ONNX_PROTO_DIR)/onnx.proto
	@mkdir -p $(@D)
	protoc-c -I$(ONNX_PROTO_DIR) --c_out=$(@D) onnx.proto

$(B)/onnx/onnx.pb-c.h: $(B)/onnx/onnx.pb-c.c

# Generated code is not held to the project's warnings.
$(B)/onnx/onnx.pb-c.o: $(B)/onnx/onnx.pb-c.c
	$(CC) $(CSTD) $(CFLAGS) -c -o $@ $<

endif
