# SPDX-License-Identifier: MIT
#
# Tests of libaccel's back end.
libaccel-back-tests := $(B)/tests/unit/libaccel-back
libaccel-back-y     := graphs shapes int8 depthwise checker order program digits backend serve compare cache plan mixed sparse overlap trace tiles

unit-y += $(addsuffix @300,$(addprefix $(libaccel-back-tests)/,$(libaccel-back-y)))
test-sh-y += tests/shell/accel.sh

$(libaccel-back-tests)/%.o: CPPFLAGS += -Ilibaccel/include

$(addprefix $(libaccel-back-tests)/,$(libaccel-back-y)): %: %_test.o $(libaccel-back-tests)/harness.o $(B)/libaccel.a \
		$(libaccel-core)
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs cmocka) $(libaccel-libs)

$(libaccel-back-tests)/digits: $(B)/tools/digits/idx.o
