// SPDX-License-Identifier: MIT
/*
 * The device of device.h as QEMU has it: registers, doorbells and memory of a machine whose processor sleeps for ever, by way
 * of QEMU's test protocol. The harness drives it as it drives the core.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"
#include "qtest_dev.h"

#define RAM_MIB		((H_MEM_BASE + H_MEM_BYTES) >> 20)
#define SLOT		4u		/* on the root bus */
#define BAR0		0xe0000000u
#define BAR2		0xe0100000u
#define CONFIG_ADDR	0xcf8
#define CONFIG_DATA	0xcfc

const char *qtest_icount;
int qtest_log = -1;

struct loom_dev {
	struct harness *h;
	pid_t pid;
	FILE *to, *from;
};

/* The number that QEMU answers @command with, if any. */
static uint64_t ask(struct loom_dev *dev, const char *format, ...)
{
	char line[256] = "";
	va_list ap;

	va_start(ap, format);
	vfprintf(dev->to, format, ap);
	va_end(ap);
	fputc('\n', dev->to);
	fflush(dev->to);
	if (!fgets(line, sizeof(line), dev->from) || strncmp(line, "OK", 2))
		fail_msg("QEMU answers '%s'", line);
	return line[2] == ' ' ? strtoull(line + 3, NULL, 0) : 0;
}

uint64_t qtest_now(struct loom_dev *dev)
{
	loom_dev_write(dev, LOOM_REG_PERF_LATCH, 0, 4);
	return loom_dev_read(dev, LOOM_REG_PERF_TIME_64, 8);
}

bool qtest_available(void)
{
	char path[512];

	return qtest_object(path, sizeof(path));
}

/* The device for the QEMU that is installed. */
bool qtest_object(char *path, size_t size)
{
	const char *build = getenv("B"), *qemu = getenv("QEMU");
	char command[256], version[64] = "";
	FILE *f;

	snprintf(command, sizeof(command), "%s --version 2>/dev/null", qemu ? qemu : "qemu-system-x86_64");
	f = popen(command, "r");
	if (!f)
		return false;
	if (fscanf(f, "QEMU emulator version %63[0-9].", version) == 1) {
		char minor[16] = "";

		if (fscanf(f, "%15[0-9]", minor) == 1)
			snprintf(path, size, "%s/qemu-device/loom-qemu-%s.%s.so", build ? build : "build", version, minor);
	}
	while (fgetc(f) != EOF)
		;
	pclose(f);
	return *version && !access(path, R_OK);
}

static void config(struct loom_dev *dev, unsigned int offset, uint32_t value)
{
	ask(dev, "outl 0x%x 0x%x", CONFIG_ADDR, 0x80000000u | SLOT << 11 | offset);
	ask(dev, "outl 0x%x 0x%x", CONFIG_DATA, value);
}

/* Firmware of the machine: cli; hlt; and again, where the processor begins. */
static int sleeping_processor(void)
{
	static const uint8_t code[] = { 0xfa, 0xf4, 0xeb, 0xfd };
	int bios = memfd_create("bios", 0);

	assert_true(bios >= 0);
	assert_int_equal(ftruncate(bios, 65536), 0);
	assert_int_equal(pwrite(bios, code, sizeof(code), 65536 - 16), sizeof(code));
	return bios;
}

static _Noreturn void become_qemu(const struct loom_geometry *geo, const char *object, int ram, int bios_fd, const int *in,
				  const int *out)
{
	const char *qemu = getenv("QEMU");
	char device[160], memory[120], size[16], bios[32], log[32] = "/dev/null";

	snprintf(device, sizeof(device), "loom,addr=%u.0,array=%u,cores=%u,spm=%u,acc=%u,bandwidth=%u,clock=%u,timing=%s", SLOT,
		 geo->array_dim, geo->num_cores, geo->spm_bytes, geo->acc_bytes, geo->dram_bpc, geo->clock_khz,
		 geo->timing ? "on" : "off");
	snprintf(memory, sizeof(memory), "memory-backend-file,id=ram,size=%uM,mem-path=/dev/fd/%d,share=on",
		 (unsigned int)RAM_MIB, ram);
	snprintf(size, sizeof(size), "%uM", (unsigned int)RAM_MIB);
	snprintf(bios, sizeof(bios), "/dev/fd/%d", bios_fd);
	if (qtest_log >= 0)
		snprintf(log, sizeof(log), "/dev/fd/%d", qtest_log);
	dup2(in[0], 0);
	dup2(out[1], 1);
	setenv("LD_PRELOAD", object, 1);
	execlp(qemu ? qemu : "qemu-system-x86_64", "qemu", "-nodefaults", "-no-user-config", "-display", "none", "-accel",
	       "tcg", "-bios", bios, "-M", "q35,memory-backend=ram", "-m", size, "-object", memory, "-device", device, "-qtest", "stdio",
	       "-qtest-log", "/dev/null", "-trace", "loom_job_*", "-D", log, qtest_icount ? "-icount" : NULL, qtest_icount, (char *)NULL);
	_exit(127);
}

/* The harness's memory becomes the machine's, above what is there anyway. */
static int share_memory(struct harness *h)
{
	int ram = memfd_create("ram", 0);

	assert_true(ram >= 0);
	assert_int_equal(ftruncate(ram, (off_t)(RAM_MIB << 20)), 0);
	free(h->mem);
	h->mem = mmap(NULL, H_MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ram, (off_t)H_MEM_BASE);
	assert_ptr_not_equal(h->mem, MAP_FAILED);
	return ram;
}

int loom_dev_new(const struct loom_geometry *geo, const struct loom_bus *bus, void *opaque, struct loom_dev **out)
{
	struct loom_dev *dev = calloc(1, sizeof(*dev));
	int in[2], back[2], ram, bios = sleeping_processor();
	char object[512];

	assert_non_null(dev);
	assert_true(qtest_object(object, sizeof(object)));
	dev->h = opaque;
	ram = share_memory(dev->h);
	assert_int_equal(pipe2(in, 0) | pipe2(back, 0), 0);
	dev->pid = fork();
	if (!dev->pid)
		become_qemu(geo, object, ram, bios, in, back);
	close(ram);
	close(bios);
	close(in[0]);
	close(back[1]);
	fcntl(in[1], F_SETFD, FD_CLOEXEC);
	fcntl(back[0], F_SETFD, FD_CLOEXEC);
	dev->to = fdopen(in[1], "w");
	dev->from = fdopen(back[0], "r");
	config(dev, 0x10, BAR0);
	config(dev, 0x18, BAR2);
	config(dev, 0x04, 0x6);		/* memory, bus master */
	*out = dev;
	return 0;
}

void loom_dev_free(struct loom_dev *dev)
{
	int status;

	kill(dev->pid, SIGTERM);
	waitpid(dev->pid, &status, 0);
	fclose(dev->to);
	fclose(dev->from);
	munmap(dev->h->mem, H_MEM_BYTES);
	dev->h->mem = NULL;
	free(dev);
}

uint64_t loom_dev_read(struct loom_dev *dev, uint64_t offset, unsigned int size)
{
	return ask(dev, "read%c 0x%llx", size == 8 ? 'q' : 'l', (unsigned long long)(BAR0 + offset));
}

void loom_dev_write(struct loom_dev *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	ask(dev, "write%c 0x%llx 0x%llx", size == 8 ? 'q' : 'l', (unsigned long long)(BAR0 + offset),
	    (unsigned long long)value);
}

void loom_dev_doorbell(struct loom_dev *dev, uint64_t offset, uint32_t value)
{
	ask(dev, "writel 0x%llx 0x%x", (unsigned long long)(BAR2 + offset), value);
}
