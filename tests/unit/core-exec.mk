# SPDX-License-Identifier: MIT
#
# Tests of the compute core.
core-exec-tests := $(B)/tests/unit/core-exec

core-exec-libs  = $$(pkg-config --libs cmocka)

unit-y += $(addprefix $(core-exec-tests)/,fuzz@120 exec cycles packed)

fuzz-streams-o := $(addprefix $(core-exec-tests)/,fuzz_streams.o trial.o gen.o gen_ops.o gen_reuse.o) $(reference-obj)
$(B)/tests/fuzz/streams: $(fuzz-streams-o)
$(core-exec-tests)/fuzz: $(core-exec-tests)/fuzz.o $(fuzz-streams-o) $(B)/tests/unit/core/fuzz_corpus.o
$(core-exec-tests)/exec: $(addprefix $(core-exec-tests)/,exec_test.o stream.o)
$(core-exec-tests)/cycles: $(addprefix $(core-exec-tests)/,cycles_test.o pe_array.o stream.o)
$(core-exec-tests)/packed: $(addprefix $(core-exec-tests)/,packed_test.o stream.o) $(reference-obj)
$(addprefix $(core-exec-tests)/,fuzz exec cycles packed): $(B)/qemu-device/libloomexec.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(core-exec-libs) -lm -lpthread
