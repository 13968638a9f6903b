# SPDX-License-Identifier: MIT
back-src := \
	program/program program/bytes program/graph_bytes program/isa program/steps program/file_write program/file_read dis/dis \
	codegen/access codegen/track codegen/emit codegen/arena codegen/layout codegen/convert \
	codegen/model codegen/mx_plan codegen/mx codegen/mx_lower codegen/sparse codegen/kept codegen/conv codegen/matrix codegen/pool codegen/concat codegen/softmax codegen/binary codegen/npu_can codegen/schedule codegen/codegen codegen/checker \
	backend/device backend/group backend/cpu backend/sim backend/drm \
	runtime/compile runtime/cache runtime/session runtime/trace runtime/serve runtime/compare runtime/request runtime/fault

$(B)/libaccel/backend/drm.o: CPPFLAGS += $$(pkg-config --cflags libdrm)
$(B)/libaccel/program/file_write.o $(B)/libaccel/runtime/cache.o: CPPFLAGS += $$(pkg-config --cflags glib-2.0)
