// SPDX-License-Identifier: MIT
/* Which device a specification means. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "libaccel/error.h"

static int open_first(struct accel_device **out)
{
	char node[64];

	if (accel_drm_find(NULL, node, sizeof(node)) == 0)
		return accel_drm_open(node, out);
	return accel_error(ENOENT, "open drm: no /dev/accel node belongs to a Loom: is the device there (lspci -d "
			   "1234:4c4d) and the module loaded (modprobe loom)?");
}

static int open_pci(const char *address, struct accel_device **out)
{
	char node[64];

	if (accel_drm_find(address, node, sizeof(node)) == 0)
		return accel_drm_open(node, out);
	return accel_error(ENOENT, "open %s: no Loom at this PCI address: is the device there (lspci -s %s) and the "
			   "module loaded (modprobe loom)?", address, address);
}

/* dddd:bb:dd.f */
static bool is_pci(const char *spec)
{
	unsigned int domain, bus, dev, fn;
	int end = 0;

	return sscanf(spec, "%x:%x:%x.%x%n", &domain, &bus, &dev, &fn, &end) == 4 && !spec[end];
}

int accel_open(const char *spec, struct accel_device **out)
{
	char node[64];

	*out = NULL;
	if (!spec)
		return accel_drm_find(NULL, node, sizeof(node)) == 0 ? accel_drm_open(node, out) :
								       accel_sim_open(NULL, out);
	if (!strcmp(spec, "all") || strchr(spec, '+'))
		return accel_group_open(spec, out);
	if (!strcmp(spec, "cpu"))
		return accel_cpu_open(out);
	if (!strcmp(spec, "drm"))
		return open_first(out);
	if (!strcmp(spec, "sim"))
		return accel_sim_open(NULL, out);
	if (!strncmp(spec, "sim:", 4))
		return accel_sim_open(spec + 4, out);
	if (spec[0] == '/')
		return accel_drm_open(spec, out);
	if (is_pci(spec))
		return open_pci(spec, out);
	return accel_error(EINVAL, "open %s: not a device: give cpu, sim[:options], drm, a path under /dev/accel, a "
			   "PCI address like 0000:00:04.0, all, or several of one geometry with + between them", spec);
}

void accel_close(struct accel_device *dev)
{
	if (!dev)
		return;
	if (dev->ops->close)
		dev->ops->close(dev);
	free(dev);
}

void accel_device_get_info(const struct accel_device *dev, struct accel_device_info *info)
{
	*info = dev->info;
}
