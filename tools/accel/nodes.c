// SPDX-License-Identifier: MIT
#include "nodes.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOM_VENDOR	"0x1234"
#define LOOM_DEVICE	"0x4c4d"

/* Last component of a link; "" where there is none. */
static void link_name(const char *path, char *buf, size_t size)
{
	char target[512];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *base;

	buf[0] = '\0';
	if (n < 0)
		return;
	target[n] = '\0';
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	if (strlen(base) < size)
		strcpy(buf, base);
}

int nodes_list(struct node *nodes, int max)
{
	char path[320];
	int num = 0;

	for (int i = 0; i < NODES_MAX && num < max; i++) {
		struct node *n = &nodes[num];

		snprintf(n->path, sizeof(n->path), "/dev/accel/accel%d", i);
		snprintf(path, sizeof(path), "/sys/class/accel/accel%d", i);
		if (access(path, F_OK) && access(n->path, F_OK))
			continue;
		snprintf(path, sizeof(path), "/sys/class/accel/accel%d/device/driver", i);
		link_name(path, n->driver, sizeof(n->driver));
		snprintf(path, sizeof(path), "/sys/class/accel/accel%d/device", i);
		link_name(path, n->address, sizeof(n->address));
		num++;
	}
	return num;
}

static int holds(const char *device, const char *file, const char *want)
{
	char path[320], text[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.64s/%s", device, file);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return !strncmp(text, want, strlen(want));
}

int nodes_pci(struct node *devices, int max)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *e;
	int num = 0;

	while (dir && num < max && (e = readdir(dir))) {
		struct node *n = &devices[num];
		char path[320];

		if (!holds(e->d_name, "vendor", LOOM_VENDOR) || !holds(e->d_name, "device", LOOM_DEVICE))
			continue;
		memset(n, 0, sizeof(*n));
		snprintf(n->address, sizeof(n->address), "%.60s", e->d_name);
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.64s/driver", e->d_name);
		link_name(path, n->driver, sizeof(n->driver));
		num++;
	}
	if (dir)
		closedir(dir);
	return num;
}
