# SPDX-License-Identifier: MIT
#
# A trained network beside ONNX Runtime: on the device model in `make check`, through the driver too by `make check-ocr`.
$(B)/tests/ocr/lines.o: CPPFLAGS += $$(pkg-config --cflags freetype2)
$(B)/tests/ocr-lines: $(B)/tests/ocr/lines.o
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs freetype2)

.PHONY: check-ocr
check-ocr: setup
	@LOOM_PACKAGES_LIST=tests/packages.list tools/setup/packages
	@$(MAKE_BUILT) all $(B)/tests/ocr-lines peer-data
	B=$(B) tests/ocr/check drm

test-sh-y  += tests/ocr/check@300
check-deps += peer-data $(B)/tests/ocr-lines
