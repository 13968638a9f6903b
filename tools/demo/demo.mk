# SPDX-License-Identifier: MIT
#
# The demonstration of `make demo`.
demo-o = $(patsubst %,$(B)/tools/demo/%.o,digits run report) $(patsubst %,$(B)/tools/digits/%.o,draw idx)

all-y += $(B)/loom-digits

$(B)/tools/demo/%.o: CPPFLAGS += -Ilibaccel/include

$(B)/loom-digits: $(demo-o) $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(demo-o) -L$(B) -laccel -ljansson -Wl,-rpath,'$$ORIGIN'

.PHONY: demo
demo: setup
	@$(MAKE_BUILT) all digits-data
	@tools/demo/demo

unit-y += $(B)/tests/unit/demo_report
$(B)/tests/unit/demo/%.o: CPPFLAGS += -Ilibaccel/include
$(B)/tests/unit/demo_report: $(B)/tests/unit/demo/report_test.o $(B)/tools/demo/report.o
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs cmocka) -ljansson
