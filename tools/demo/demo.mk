# SPDX-License-Identifier: MIT
#
# The demo's guest program, $(B)/tools/demo/digits, and the test of its report.
demo-o = $(patsubst %,$(B)/tools/demo/%.o,$(1))

$(B)/tools/demo/%.o: CPPFLAGS += -Ilibaccel/include

unit-y += $(B)/tests/unit/demo_report
$(B)/tests/unit/demo_report: $(B)/tests/unit/demo/report_test.o $(call demo-o,report)
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs cmocka) -lm

# Linked with the library, by the name that its room gives it.
$(B)/tools/demo/digits: $(call demo-o,digits report) $(B)/tools/digits/draw.o $(B)/tools/digits/idx.o $(B)/libaccel/libaccel.so
	$(CC) $(CFLAGS) -o $@ $^ -lm -Wl,-rpath,'$$ORIGIN/../../libaccel'
