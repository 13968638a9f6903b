# SPDX-License-Identifier: MIT
#
# Long runs. `make check` has the same code for seconds only, and the corpora.
FUZZ_SECONDS     ?= 1800
FUZZ_SEED        ?= 1
FUZZ_DESCRIPTORS ?= 100000000

# ---- Coverage-guided fuzzers (clang's libFuzzer) under AddressSanitizer and UndefinedBehaviorSanitizer
#   make fuzz [FUZZ_SECONDS=1800] [FUZZ_SEED=1]		seconds for each of the surfaces, two of which run at a time
#   make fuzz-corpus					what was found since, into tests/fuzz/corpus: few files and small
#   make fuzz-coverage					which lines of the device the corpora reach
fuzz-names    := registers streams tables images
fuzz-build    := $(B)/fuzz/asan
fuzz-covbuild := $(B)/fuzz/coverage
fuzz-clang     = $(MAKE) --no-print-directory CC=clang AR=llvm-ar fuzz-isa=yes

.PHONY: fuzz fuzz-corpus fuzz-coverage fuzz-programs
fuzz: fuzz-programs
	tests/fuzz/fuzz.sh run $(B) $(FUZZ_SECONDS) $(FUZZ_SEED) $(fuzz-names)

fuzz-corpus: fuzz-programs
	tests/fuzz/fuzz.sh merge $(B) $(fuzz-names)

fuzz-coverage: fuzz-programs
	tests/fuzz/fuzz.sh coverage $(B) $(fuzz-names)

fuzz-programs: $(B)/firmware/loom_fw.bin
	@LOOM_PACKAGES_LIST=tests/fuzz/packages.list tools/setup/packages
	+@$(fuzz-clang) B=$(fuzz-build) CFLAGS='-O1 -g -Wno-unknown-pragmas -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=undefined' fuzz-link='-fsanitize=fuzzer,address,undefined' \
		$(fuzz-names:%=$(fuzz-build)/tests/fuzz/%)
	+@$(fuzz-clang) B=$(fuzz-covbuild) CFLAGS='-O1 -g -Wno-unknown-pragmas -fprofile-instr-generate -fcoverage-mapping' \
		fuzz-link='-fsanitize=fuzzer -fprofile-instr-generate' $(fuzz-names:%=$(fuzz-covbuild)/tests/fuzz/%)

$(fuzz-names:%=$(B)/tests/fuzz/%.o): $(B)/tests/fuzz/%.o: tests/fuzz/target.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(CWARN) $(CFLAGS) $(CPPFLAGS) -DFUZZ_TARGET=fuzz_$* -MMD -MP -c -o $@ $<

# Each is linked with the surface's fuzzer; what `streams` needs is told in tests/unit/core-exec.mk.
$(addprefix $(B)/tests/fuzz/,registers tables images): $(fuzz-device-o) $(core-dev-test-obj)
$(fuzz-names:%=$(B)/tests/fuzz/%): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/qemu-device/libloomcore.a
	$(CC) $(fuzz-link) -o $@ $(filter %.o,$^) $(filter %.a,$^) $$(pkg-config --libs cmocka glib-2.0) -lpthread -lm

# clang does not know the pragma by which gcc is told what to compile these for.
ifdef fuzz-isa
$(addprefix $(B)/qemu-device/core/,mxu_avx2.o mxu_vnni.o vpu_lanes_avx2.o vpu_lanes_vnni.o): CPPFLAGS += -mavx2 -mfma -mf16c
$(B)/qemu-device/core/mxu_vnni.o: CPPFLAGS += -mavx512f -mavx512vl -mavx512vnni
endif

# ---- Random descriptors with each set of kernels against the reference, without sanitizers: as many as FUZZ_DESCRIPTORS
# in all, over as many calls as it takes; `rm -r $(B)/fuzz/streams` begins anew.
.PHONY: fuzz-streams
fuzz-streams: $(B)/tests/unit/core-exec/fuzz
	tests/fuzz/streams.sh $< $(B)/fuzz/streams $(FUZZ_DESCRIPTORS) $(FUZZ_SEED)
