# SPDX-License-Identifier: MIT
#
# libaccel, in two halves that meet in graph/graph.h: front-src takes a model to a refined graph, back-src takes
# that to command streams and runs them. Each is a list of sources without ".c", set in its own file.
libaccel-o    = $(patsubst %,$(B)/libaccel/%.o,$(front-src) $(back-src)) $(B)/onnx/onnx.pb-c.o
libaccel-core = $(if $(wildcard qemu-device/core/build.mk),$(B)/qemu-device/libloomcore.a)
libaccel-libs = $$(pkg-config --libs openblas libprotobuf-c libelf libdrm glib-2.0) -lpthread -lm

include libaccel/front.mk
-include libaccel/back.mk

all-y += $(B)/libaccel.so $(B)/libaccel.a

$(B)/libaccel/%.o: CPPFLAGS += -Ilibaccel/include

$(B)/libaccel.a: $(libaccel-o)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/libaccel.so: $(libaccel-o) $(libaccel-core)
	$(CC) $(CFLAGS) -shared -Wl,-soname,libaccel.so.0 -o $@ $^ $(libaccel-libs)
	ln -sf libaccel.so $(@D)/libaccel.so.0
