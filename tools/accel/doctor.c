// SPDX-License-Identifier: MIT
/* Everything between a program and a device, checked in order, each with what to do about it. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nodes.h"
#include "tool.h"

static const char help_text[] =
	"usage: accel doctor [--json]\n\n"
	"Checks device, module, driver, node, permission and firmware, and says what to do about what is amiss.\n"
	"Exit code 0 all is well, 3 no device can be used.\n";

struct doctor {
	json_t *list;
	bool json;
};

/* One finding; @remedy NULL where all is well. */
static void note(struct doctor *d, const char *check, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void note(struct doctor *d, const char *check, const char *remedy, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(d->list, json_pack("{s:s,s:b,s:s,s:s}", "check", check, "ok", !remedy, "finding", text,
						 "remedy", remedy ? remedy : ""));
	if (d->json)
		return;
	printf("%s  %s: %s\n", remedy ? "BAD" : "ok ", check, text);
	if (remedy)
		printf("     %s\n", remedy);
}

static bool check_pci(struct doctor *d, struct node *pci, int *num)
{
	*num = nodes_pci(pci, NODES_MAX);
	if (!*num)
		note(d, "device", "start the machine with one (tools/vm/loom-vm), or use --device sim, which needs none",
		     "there is no PCI device 1234:4c4d");
	for (int i = 0; i < *num; i++)
		note(d, "device", NULL, "Loom at %s", pci[i].address);
	return *num;
}

static bool check_module(struct doctor *d)
{
	bool loaded = access("/sys/module/loom", F_OK) == 0;

	note(d, "module", loaded ? NULL : "modprobe loom (as root); make modules builds it", loaded ? "loom is loaded" :
	     "loom is not loaded");
	return loaded;
}

static bool check_driver(struct doctor *d, const struct node *pci, int num)
{
	bool any = false;

	for (int i = 0; i < num; i++) {
		bool bound = !strcmp(pci[i].driver, "loom");

		note(d, "driver", bound ? NULL : "dmesg says why loom refused it: often its firmware, /lib/firmware/loom/loom_fw.bin",
		     bound ? "%s is bound to loom" : "%s is not bound to loom", pci[i].address);
		any |= bound;
	}
	return any;
}

static bool check_permission(struct doctor *d, const struct node *n)
{
	struct stat st;
	struct group *g;

	if (stat(n->path, &st)) {
		note(d, "node", "is udev running, or devtmpfs mounted?", "%s: %s", n->path, strerror(errno));
		return false;
	}
	if (access(n->path, R_OK | W_OK) == 0) {
		note(d, "permission", NULL, "%s may be opened", n->path);
		return true;
	}
	g = getgrgid(st.st_gid);
	note(d, "permission", "add yourself to that group and log in again, or install the udev rule of tools/install",
	     "%s may not be opened by you: it is %03o, group %s", n->path, st.st_mode & 0777, g ? g->gr_name : "?");
	return false;
}

static bool check_open(struct doctor *d, const struct node *n)
{
	struct accel_device_info info;
	struct accel_device *dev;

	if (accel_open(n->path, &dev)) {
		note(d, "open", "see the finding", "%s", accel_errmsg());
		return false;
	}
	accel_device_get_info(dev, &info);
	note(d, "firmware", NULL, "%s runs %s; array %u x %u, %u cores", n->path, info.firmware, info.array_dim,
	     info.array_dim, info.num_cores);
	accel_close(dev);
	return true;
}

static int examine(struct doctor *d)
{
	struct node pci[NODES_MAX], nodes[NODES_MAX];
	int num_pci, num, good = 0;

	if (!check_pci(d, pci, &num_pci) || !check_module(d) || !check_driver(d, pci, num_pci))
		return TOOL_NO_DEVICE;
	num = nodes_list(nodes, NODES_MAX);
	for (int i = 0; i < num; i++) {
		if (strcmp(nodes[i].driver, "loom"))
			continue;
		good += check_permission(d, &nodes[i]) && check_open(d, &nodes[i]);
	}
	return good ? TOOL_OK : TOOL_NO_DEVICE;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct doctor d = { 0 };
	int opt, code;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help_text, stdout);
			return TOOL_OK;
		}
		if (opt != 'j')
			return TOOL_USAGE;
		d.json = true;
	}
	if (optind != argc)
		return tool_usage("doctor", "there is nothing to give it");
	d.list = json_array();
	code = examine(&d);
	if (!d.json) {
		json_decref(d.list);
		return code;
	}
	return tool_print_json(json_pack("{s:o,s:b}", "checks", d.list, "ok", code == TOOL_OK)) ? TOOL_FAILED : code;
}
