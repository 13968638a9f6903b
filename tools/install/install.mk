# SPDX-License-Identifier: MIT
#
# install: library, headers, tool, manual pages, firmware, device for QEMU, udev rule. The module is kbuild's to
# install: make -C /lib/modules/$V/build M=$PWD modules_install.

install-y += install-library install-tools install-firmware install-device

lib-version = $(shell sed -n 's/^.*define ACCEL_VERSION "\(.*\)".*/\1/p' libaccel/include/accel/version.h)
root = $(DESTDIR)$(prefix)

.PHONY: install-library install-tools install-firmware install-device
install-library: $(B)/libaccel.so $(B)/libaccel.a
	install -d $(root)/lib/pkgconfig $(root)/include/accel $(root)/include/loom $(root)/include/drm
	install -m 755 $(B)/libaccel.so $(root)/lib/libaccel.so.$(lib-version)
	ln -sf libaccel.so.$(lib-version) $(root)/lib/libaccel.so.0
	ln -sf libaccel.so.0 $(root)/lib/libaccel.so
	install -m 644 $(B)/libaccel.a $(root)/lib/
	install -m 644 libaccel/include/accel/*.h $(root)/include/accel/
	install -m 644 uapi/loom/*.h $(root)/include/loom/
	install -m 644 uapi/drm/loom_accel.h $(root)/include/drm/
	sed -e 's|@prefix@|$(prefix)|' -e 's|@version@|$(lib-version)|' tools/install/accel.pc.in \
		>$(root)/lib/pkgconfig/accel.pc

install-tools: $(B)/accel
	install -d $(root)/bin $(root)/share/man/man1 $(DESTDIR)/usr/lib/udev/rules.d
	install -m 755 $(B)/accel $(root)/bin/
	install -m 644 $(wildcard docs/man/*.1) $(root)/share/man/man1/
	install -m 644 tools/install/70-loom.rules $(DESTDIR)/usr/lib/udev/rules.d/

install-firmware: $(B)/firmware/loom_fw.bin
	install -d $(DESTDIR)/lib/firmware/loom
	install -m 644 $< $(DESTDIR)/lib/firmware/loom/

install-device: all
	install -d $(root)/lib/loom
	install -m 755 $(wildcard $(B)/qemu-device/loom-qemu-*.so) $(root)/lib/loom/
