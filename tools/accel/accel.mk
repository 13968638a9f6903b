# SPDX-License-Identifier: MIT
#
# The command accel.
accel-tool-o := $(addprefix $(B)/tools/accel/,main.o tool.o files.o samples.o quant.o accuracy.o run.o compile.o dis.o bench.o compare.o trace.o nodes.o smi.o \
	doctor.o)

all-y += $(B)/accel

$(B)/tools/accel/%.o: CPPFLAGS += -Ilibaccel/include $$(pkg-config --cflags libdrm jansson)

$(B)/tools/accel/samples.o: CPPFLAGS += -I$(B)/onnx $$(pkg-config --cflags libpng libprotobuf-c)
$(B)/tools/accel/samples.o: | $(B)/onnx/onnx.pb-c.h

$(B)/accel: $(accel-tool-o) $(B)/onnx/onnx.pb-c.o $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(accel-tool-o) $(B)/onnx/onnx.pb-c.o -L$(B) -laccel \
		$$(pkg-config --libs libdrm jansson libpng libprotobuf-c) -Wl,-rpath,'$$ORIGIN'

unit-y += $(B)/tests/unit/accel/samples

$(B)/tests/unit/accel/%.o: CPPFLAGS += -Ilibaccel/include -I$(B)/onnx $$(pkg-config --cflags jansson libpng libprotobuf-c)
$(B)/tests/unit/accel/samples_test.o: | $(B)/onnx/onnx.pb-c.h

$(B)/tests/unit/accel/samples: $(B)/tests/unit/accel/samples_test.o $(B)/tools/accel/samples.o $(B)/tools/accel/files.o \
		$(B)/onnx/onnx.pb-c.o $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) -L$(B) -laccel $$(pkg-config --libs cmocka libpng libprotobuf-c jansson) \
		-Wl,-rpath,'$$ORIGIN/../../..'
