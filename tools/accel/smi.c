// SPDX-License-Identifier: MIT
/* What devices there are, and how they are. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include <xf86drm.h>

#include "nodes.h"
#include "tool.h"
#include "uapi/drm/loom_accel.h"

static const char help_text[] =
	"usage: accel smi [--json]\n\n"
	"Lists the Loom devices: geometry, firmware, temperature, power, clock, throttling, resets. Exit code 3 where there is none.\n";

/* Health is the driver's to tell, not the library's. */
static int query_health(const char *path, struct drm_loom_query_health *h)
{
	struct drm_loom_dev_query q = { .type = DRM_LOOM_QUERY_HEALTH, .size = sizeof(*h), .pointer = (uintptr_t)h };
	int fd = open(path, O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = drmIoctl(fd, DRM_IOCTL_LOOM_DEV_QUERY, &q) ? -errno : 0;
	close(fd);
	return err;
}

static void print_text(const struct node *n, const struct accel_device_info *i, const struct drm_loom_query_health *h)
{
	printf("%s  %s  firmware %s\n", n->path, n->address, i->firmware);
	printf("  %u core%s, array %u x %u, scratchpad %u KiB, accumulators %u KiB, DRAM %u B/cycle, up to %u MHz\n",
	       i->num_cores, i->num_cores == 1 ? "" : "s", i->array_dim, i->array_dim, i->spm_bytes / 1024,
	       i->acc_bytes / 1024, i->dram_bpc, i->clock_khz / 1000);
	printf("  %.1f C, %.1f W, %u MHz, %u resets\n", h->temp_mc / 1e3, h->power_mw / 1e3, h->clock_khz / 1000, h->resets);
	if (h->throttle)
		printf("  too hot: no more than %u MHz\n", h->clock_cap_khz / 1000);
	if (h->throttle_count)
		printf("  was too hot %u time%s, for %.1f s in all\n", h->throttle_count,
		       h->throttle_count == 1 ? "" : "s", h->throttle_ns / 1e9);
}

static json_t *to_json(const struct node *n, const struct accel_device *dev, const struct drm_loom_query_health *h)
{
	return json_pack("{s:s,s:s,s:o,s:i,s:i,s:i,s:i,s:i,s:i,s:I}", "node", n->path, "address", n->address, "device",
			 tool_device_json(dev), "temp_mc", h->temp_mc, "power_mw", (int)h->power_mw, "clock_khz",
			 (int)h->clock_khz, "resets", (int)h->resets, "throttle", (int)h->throttle, "throttle_count",
			 (int)h->throttle_count, "throttle_ns", (json_int_t)h->throttle_ns);
}

static int show(const struct node *n, json_t *list)
{
	struct drm_loom_query_health h = { 0 };
	struct accel_device_info info;
	struct accel_device *dev;
	int err = accel_open(n->path, &dev);

	if (err) {
		fprintf(stderr, "accel: %s\n", accel_errmsg());
		return TOOL_NO_DEVICE;
	}
	err = query_health(n->path, &h);
	if (err) {
		fprintf(stderr, "accel: %s: cannot ask for its health: %s\n", n->path, strerror(-err));
	} else if (list) {
		json_array_append_new(list, to_json(n, dev, &h));
	} else {
		accel_device_get_info(dev, &info);
		print_text(n, &info, &h);
	}
	accel_close(dev);
	return err ? TOOL_FAILED : TOOL_OK;
}

int cmd_smi(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct node nodes[NODES_MAX];
	json_t *list = NULL;
	int opt, num, looms = 0, code = TOOL_OK;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help_text, stdout);
			return TOOL_OK;
		}
		if (opt != 'j')
			return TOOL_USAGE;
		if (!list)
			list = json_array();
	}
	if (optind != argc) {
		json_decref(list);
		return tool_usage("smi", "there is nothing to give it");
	}
	num = nodes_list(nodes, NODES_MAX);
	for (int i = 0; i < num; i++) {
		int one;

		if (strcmp(nodes[i].driver, "loom"))
			continue;
		looms++;
		one = show(&nodes[i], list);
		if (one)
			code = one;
	}
	if (!looms) {
		fprintf(stderr, "accel: there is no Loom device; accel doctor says why\n");
		code = TOOL_NO_DEVICE;
	}
	if (list && tool_print_json(json_pack("{s:o}", "devices", list)))
		code = TOOL_FAILED;
	return code;
}
