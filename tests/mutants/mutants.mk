# SPDX-License-Identifier: MIT
#
# Mutated networks, with everything from the importer to the device model built with sanitizers: some in `make check`, more by
#   make check-mutants [MUTANTS=1000] [FIRST=0]
mutants-dir  := $(B)/tests/mutants
mutants-asan := $(B)/asan/tests/mutants/mutants

$(mutants-dir)/%.o: CPPFLAGS += -Ilibaccel/include -I$(B)/onnx
$(patsubst %,$(mutants-dir)/%.o,shrink mutate gentle part): | $(B)/onnx/onnx.pb-c.h

$(mutants-dir)/mutants: $(patsubst %,$(mutants-dir)/%.o,mutants mutate gentle part shrink) $(nets-o) $(B)/libaccel.a $(libaccel-core)
	$(CC) $(CFLAGS) -o $@ $^ $(libaccel-libs)

.PHONY: mutants-built check-mutants
mutants-built:
	@mkdir -p $(B)
	@$(MAKE) --no-print-directory CI= B=$(B)/asan CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
		-fno-sanitize-recover=undefined' $(mutants-asan) >$(B)/mutants.log 2>&1 || { tail -n 20 $(B)/mutants.log; false; }

check-mutants: models-data peer-data mutants-built
	B=$(B) tests/mutants/check -n $(or $(MUTANTS),1000) -f $(or $(FIRST),0)

test-sh-y  += tests/mutants/check@600
check-deps += models-data peer-data mutants-built
