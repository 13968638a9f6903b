# SPDX-License-Identifier: MIT
#
# The command accel.
accel-tool-o := $(addprefix $(B)/tools/accel/,main.o tool.o files.o quant.o prune.o run.o compile.o dis.o bench.o compare.o nodes.o smi.o \
	doctor.o)

all-y += $(B)/accel

$(B)/tools/accel/%.o: CPPFLAGS += -Ilibaccel/include $$(pkg-config --cflags libdrm jansson)

$(B)/accel: $(accel-tool-o) $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(accel-tool-o) -L$(B) -laccel $$(pkg-config --libs libdrm jansson) -Wl,-rpath,'$$ORIGIN'
