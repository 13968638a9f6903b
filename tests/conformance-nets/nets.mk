# SPDX-License-Identifier: MIT
#
# Whole networks. Three in `make check`, on the device model; all of them by `make check-nets`.
nets-tests := $(B)/tests/conformance-nets
nets-o     := $(nets-tests)/fill.o
nets-run-o := $(nets-tests)/profile.o $(nets-tests)/load.o $(nets-o)

$(nets-tests)/%.o: CPPFLAGS += -Iuapi -Ilibaccel/include -I$(B)/onnx
$(patsubst %,$(nets-tests)/%.o,fill fill_main load nets_test): | $(B)/onnx/onnx.pb-c.h

$(nets-tests)/fill-weights: $(nets-tests)/fill_main.o $(nets-o) $(B)/onnx/onnx.pb-c.o
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs libprotobuf-c) -lm

$(nets-tests)/nets: $(nets-tests)/nets_test.o $(nets-run-o) $(B)/libaccel.a $(libaccel-core)
	$(CC) $(CFLAGS) -o $@ $^ $(libaccel-libs)

$(nets-tests)/utilisation: $(nets-tests)/utilisation.o $(nets-run-o) $(B)/libaccel.a $(libaccel-core)
	$(CC) $(CFLAGS) -o $@ $^ $(libaccel-libs)

$(nets-tests)/net-run: $(nets-tests)/net_run.o $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) -L$(B) -laccel -Wl,-rpath,'$$ORIGIN/../..'

.PHONY: models-data peer-data check-nets check-utilisation
models-data:
	tools/setup/fetch-models

# What networks are compared with.
peer-data:
	tests/peer/fetch

# All nine, in every precision, on the device model and through the driver.
check-nets: models-data all $(nets-tests)/nets $(nets-tests)/net-run check-utilisation
	B=$(B) tests/conformance-nets/all

# Use of the array, with a table by layer; the same as figures is a part of `make bench`.
check-utilisation: models-data $(nets-tests)/utilisation
	@mkdir -p $(B)/conformance
	$(nets-tests)/utilisation $(B)/conformance/utilisation.txt

bench-y += $(nets-tests)/utilisation

test-sh-y  += tests/shell/nets.sh@300
check-deps += models-data $(nets-tests)/nets
bench-y    += models-data peer-data $(nets-tests)/nets $(nets-tests)/net-run $(nets-tests)/fill-weights
