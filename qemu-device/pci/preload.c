/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the device comes into the distribution's QEMU: by LD_PRELOAD. The object is loaded before it is
 * known into what, so it does nothing where QEMU's symbols are not, and refuses a QEMU of another
 * minor version than it was built for, whose structures are laid out differently.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "loom_pci.h"

#include <dlfcn.h>
#include <sys/mman.h>

/* Copies the version that the running executable says of itself; false where it says none. */
static bool running_version(char *version, size_t size)
{
	static const char marker[] = "QEMU emulator version ";
	const char *map, *at;
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool found = false;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st)) {
		map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED) {
			at = memmem(map, st.st_size, marker, sizeof(marker) - 1);
			if (at && at + sizeof(marker) - 1 + size <= map + st.st_size) {
				at += sizeof(marker) - 1;
				memcpy(version, at, size - 1);
				version[size - 1] = '\0';
				version[strspn(version, "0123456789.")] = '\0';
				found = true;
			}
			munmap((void *)map, st.st_size);
		}
	}
	close(fd);
	return found;
}

static void __attribute__((constructor)) loom_preload(void)
{
	char version[16] = "?";
	size_t len = strlen(LOOM_QEMU_MINOR);

	if (!dlsym(RTLD_DEFAULT, "type_register_static") || !dlsym(RTLD_DEFAULT, "pci_register_bar"))
		return;
	unsetenv("LD_PRELOAD"); /* for what QEMU starts */

	if (!running_version(version, sizeof(version)) ||
	    strncmp(version, LOOM_QEMU_MINOR, len) || version[len] != '.') {
		fprintf(stderr, "loom: this is QEMU %s, and the device was built for %s: not loaded\n",
			version, LOOM_QEMU_MINOR);
		return;
	}
	register_module_init(loom_register_trace, MODULE_INIT_TRACE);
	register_module_init(loom_register_type, MODULE_INIT_QOM);
}
