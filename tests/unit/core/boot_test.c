// SPDX-License-Identifier: MIT
/* The boot ROM: what it refuses, and why; registers around it; how firmware may end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "harness.h"

static struct loom_fw_hdr *hdr(struct harness *h)
{
	return h_ptr(h, h->fw);
}

static uint8_t *payload(struct harness *h)
{
	return (uint8_t *)h_ptr(h, h->fw) + sizeof(struct loom_fw_hdr);
}

static void sign(struct harness *h)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize n = 32;

	g_checksum_update(sum, payload(h), hdr(h)->payload_bytes);
	g_checksum_get_digest(sum, hdr(h)->sha256, &n);
	g_checksum_free(sum);
}

/* The image after @change must be refused for @why, with an interrupt; and a good one is taken afterwards. */
static void refused(void (*change)(struct harness *h), enum loom_boot_error why)
{
	struct harness *h = harness_new(NULL, true);
	unsigned int irqs;
	uint32_t status;

	h_load_image(h);
	change(h);
	irqs = h->irqs[LOOM_VEC_ERROR];
	status = h_start(h);
	assert_int_equal(status, LOOM_BOOT_FAILED | why << 8);
	assert_true(h_wait_irq(h, LOOM_VEC_ERROR, irqs, 1000));
	h_boot(h);
	harness_free(h);
}

static void flip_payload(struct harness *h) { payload(h)[hdr(h)->payload_bytes / 2] ^= 0x10; }
static void flip_last(struct harness *h) { payload(h)[hdr(h)->payload_bytes - 1] ^= 0x80; }
static void flip_digest(struct harness *h) { hdr(h)->sha256[31] ^= 1; }
static void flip_magic(struct harness *h) { hdr(h)->magic ^= 1; }
static void other_header(struct harness *h) { hdr(h)->hdr_version++; }
static void other_hardware(struct harness *h) { hdr(h)->hw_revision += 0x10000; }
static void reserved_set(struct harness *h) { hdr(h)->rsvd[7] = 1; }
static void header_longer(struct harness *h) { hdr(h)->hdr_bytes += 4; }
static void truncated(struct harness *h) { h->fw_bytes -= 4; }
static void too_long(struct harness *h) { h->fw_bytes += 4; }
static void only_half_a_header(struct harness *h) { h->fw_bytes = 64; }
static void empty(struct harness *h) { h->fw_bytes = 0; }
static void bss_too_big(struct harness *h) { hdr(h)->bss_bytes = LOOM_CC_TCM_BYTES - hdr(h)->payload_bytes + 1; }
static void bss_wraps(struct harness *h) { hdr(h)->bss_bytes = 0xfffffff0; }
static void entry_outside(struct harness *h) { hdr(h)->entry = LOOM_CC_TCM + hdr(h)->payload_bytes; }
static void entry_below(struct harness *h) { hdr(h)->entry = LOOM_CC_TCM - 4; }
static void entry_odd(struct harness *h) { hdr(h)->entry += 2; }
static void not_there(struct harness *h) { h->fw = 0x1000; }
static void wraps(struct harness *h) { h->fw = ~0ull - 64; }

static void ragged(struct harness *h)
{
	h->fw_bytes -= 2;
	hdr(h)->payload_bytes -= 2;
	sign(h);
}

static void payload_too_big(struct harness *h)
{
	hdr(h)->payload_bytes = LOOM_CC_TCM_BYTES + 4;
	h->fw_bytes = sizeof(struct loom_fw_hdr) + LOOM_CC_TCM_BYTES + 4;
}

static void payload_wraps(struct harness *h)
{
	hdr(h)->payload_bytes = 0xffffffc0;
	h->fw_bytes = 0xffffffc0u + (uint32_t)sizeof(struct loom_fw_hdr);
}

#define REFUSED(name, why) static void t_##name(void **state) { refused(name, why); }
REFUSED(flip_payload, LOOM_BOOT_ERR_DIGEST)
REFUSED(flip_last, LOOM_BOOT_ERR_DIGEST)
REFUSED(flip_digest, LOOM_BOOT_ERR_DIGEST)
REFUSED(flip_magic, LOOM_BOOT_ERR_MAGIC)
REFUSED(other_header, LOOM_BOOT_ERR_VERSION)
REFUSED(other_hardware, LOOM_BOOT_ERR_VERSION)
REFUSED(reserved_set, LOOM_BOOT_ERR_VERSION)
REFUSED(header_longer, LOOM_BOOT_ERR_LENGTH)
REFUSED(truncated, LOOM_BOOT_ERR_LENGTH)
REFUSED(too_long, LOOM_BOOT_ERR_LENGTH)
REFUSED(only_half_a_header, LOOM_BOOT_ERR_LENGTH)
REFUSED(empty, LOOM_BOOT_ERR_LENGTH)
REFUSED(ragged, LOOM_BOOT_ERR_LENGTH)
REFUSED(payload_too_big, LOOM_BOOT_ERR_LENGTH)
REFUSED(payload_wraps, LOOM_BOOT_ERR_LENGTH)
REFUSED(bss_too_big, LOOM_BOOT_ERR_LENGTH)
REFUSED(bss_wraps, LOOM_BOOT_ERR_LENGTH)
REFUSED(entry_outside, LOOM_BOOT_ERR_ENTRY)
REFUSED(entry_below, LOOM_BOOT_ERR_ENTRY)
REFUSED(entry_odd, LOOM_BOOT_ERR_ENTRY)

/* These move the image away, so a second boot needs a new address. */
static void refused_address(void (*change)(struct harness *h), enum loom_boot_error why)
{
	struct harness *h = harness_new(NULL, false);

	h_load_image(h);
	change(h);
	assert_int_equal(h_start(h), LOOM_BOOT_FAILED | why << 8);
	h->fw = 0;
	h_boot(h);
	harness_free(h);
}

static void t_not_there(void **state) { refused_address(not_there, LOOM_BOOT_ERR_DMA); }
static void t_wraps(void **state) { refused_address(wraps, LOOM_BOOT_ERR_LENGTH); }

static void bad_shared_memory(void **state)
{
	static const struct { uint64_t addr; uint32_t size; enum loom_boot_error why; } bad[] = {
		{ 0x1000, LOOM_SHM_BYTES, LOOM_BOOT_ERR_DMA },
		{ H_MEM_BASE + H_MEM_BYTES - 4096, LOOM_SHM_BYTES, LOOM_BOOT_ERR_DMA },
		{ H_MEM_BASE + 0x1004, LOOM_SHM_BYTES, LOOM_BOOT_ERR_LENGTH },
		{ H_MEM_BASE, 0, LOOM_BOOT_ERR_LENGTH },
		{ H_MEM_BASE, LOOM_SHM_BYTES + 1, LOOM_BOOT_ERR_LENGTH },
		{ H_MEM_BASE, LOOM_CC_SHM_MAX + 4096, LOOM_BOOT_ERR_LENGTH },
		{ ~0xfffull, LOOM_SHM_BYTES, LOOM_BOOT_ERR_LENGTH },
	};
	struct harness *h = harness_new(NULL, true);

	h_load_image(h);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
		h_write64(h, LOOM_REG_FW_ADDR_64, h->fw);
		h_write(h, LOOM_REG_FW_SIZE, h->fw_bytes);
		h_write64(h, LOOM_REG_SHM_ADDR_64, bad[i].addr);
		h_write(h, LOOM_REG_SHM_SIZE, bad[i].size);
		h_write(h, LOOM_REG_BOOT_CTRL, 1);
		assert_true(h_until(h_read(h, LOOM_REG_BOOT_STATUS) != 0, H_TIMEOUT_MS));
		assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_FAILED | bad[i].why << 8);
	}
	harness_free(h);
}

/* Firmware that finds its shared memory not as agreed panics with a code. */
static void panic_is_reported(void **state)
{
	struct harness *h = harness_new(NULL, true);

	h_load_image(h);
	h->shm = h_alloc(h, LOOM_SHM_BYTES);
	h_write64(h, LOOM_REG_FW_ADDR_64, h->fw);
	h_write(h, LOOM_REG_FW_SIZE, h->fw_bytes);
	h_write64(h, LOOM_REG_SHM_ADDR_64, h->shm);
	h_write(h, LOOM_REG_SHM_SIZE, LOOM_SHM_BYTES);
	h_write(h, LOOM_REG_BOOT_CTRL, 1);
	assert_true(h_wait_irq(h, LOOM_VEC_ERROR, 0, 5000));
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_HALTED | LOOM_BOOT_ERR_PANIC << 8);
	assert_int_equal(h_read(h, LOOM_REG_TRAP_VALUE), 1);
	/* a halted core starts again only after a reset */
	h_write(h, LOOM_REG_BOOT_CTRL, 1);
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS) & 0xff, LOOM_BOOT_HALTED);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	h_boot(h);
	harness_free(h);
}

static void code(struct harness *h, const uint32_t *insn, size_t n)
{
	memcpy(payload(h), insn, n * 4);
	hdr(h)->entry = LOOM_CC_TCM;
	sign(h);
}

static void trap_is_reported(void **state)
{
	static const uint32_t bad[] = { 0x300002b7, 0x0042a303 };	/* lui t0, 0x30000; lw t1, 4(t0) */
	struct harness *h = harness_new(NULL, true);

	h_load_image(h);
	code(h, bad, 2);
	h_start(h);
	assert_true(h_wait_irq(h, LOOM_VEC_ERROR, 0, 5000));
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_HALTED | LOOM_BOOT_ERR_TRAP << 8);
	assert_int_equal(h_read(h, LOOM_REG_TRAP_CAUSE), 5);
	assert_int_equal(h_read(h, LOOM_REG_TRAP_PC), LOOM_CC_TCM + 4);
	assert_int_equal(h_read(h, LOOM_REG_TRAP_VALUE), 0x30000004);
	harness_free(h);
}

/* The firmware's own handler: a line in the log, and the halt tells of the first trap, not of the handler. */
static void firmware_reports_its_trap(void **state)
{
	struct harness *h = harness_new(NULL, true);
	uint32_t *insn, n = 0;
	char line[64];

	h_load_image(h);
	insn = (uint32_t *)payload(h);
	while (insn[n] != 0x10500073)	/* the wfi after "call main" */
		n++;
	insn[n - 1] = 0;
	sign(h);
	h_start(h);
	assert_true(h_wait_irq(h, LOOM_VEC_ERROR, 0, 5000));
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_HALTED | LOOM_BOOT_ERR_TRAP << 8);
	assert_int_equal(h_read(h, LOOM_REG_TRAP_CAUSE), 2);
	assert_int_equal(h_read(h, LOOM_REG_TRAP_PC), LOOM_CC_TCM + 4 * (n - 1));
	memcpy(line, (const void *)h_shm(h)->log.text, sizeof(line));
	line[sizeof(line) - 1] = 0;
	assert_non_null(strstr(line, "trap: cause 2 at 1000"));
	harness_free(h);
}

/* A firmware that never rests, quiet or trapping in a circle, stops neither reset nor quiesce. */
static void endless_firmware(void **state)
{
	static const uint32_t loops[2][4] = {
		{ 0x0000006f },						/* j . */
		{ 0x100002b7, 0x00828293, 0x30529073, 0x00000000 },	/* mtvec = TCM + 8; illegal, whose */
	};								/* handler ends in itself */
	struct harness *h = harness_new(NULL, true);

	for (int i = 0; i < 2; i++) {
		h_load_image(h);
		code(h, loops[i], 4);
		assert_int_equal(h_start(h), LOOM_BOOT_RUNNING);
		loom_dev_quiesce(h->dev);
		loom_dev_resume(h->dev);
		assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_RUNNING);
		loom_dev_reset(h->dev);
		assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_OFF);
	}
	h_boot(h);
	harness_free(h);
}

static void registers(void **state)
{
	struct loom_geometry geo;
	struct harness *h;

	loom_geometry_default(&geo);
	geo.array_dim = 16;
	geo.num_cores = 3;
	h = harness_new(&geo, true);
	assert_int_equal(h_read(h, LOOM_REG_MAGIC), LOOM_MAGIC);
	assert_int_equal(h_read(h, LOOM_REG_REVISION), LOOM_REVISION);
	assert_int_equal(h_read(h, LOOM_REG_ISA_VERSION), LOOM_ISA_VERSION);
	assert_int_equal(h_read(h, LOOM_REG_ARRAY_DIM), 16);
	assert_int_equal(h_read(h, LOOM_REG_NUM_CORES), 3);
	assert_int_equal(h_read(h, LOOM_REG_SPM_BYTES), geo.spm_bytes);
	assert_int_equal(h_read(h, LOOM_REG_FEATURES_64), LOOM_FEAT_TIMING | LOOM_FEAT_SPARSE24 |
			 LOOM_FEAT_INT4 | LOOM_FEAT_FP8 | LOOM_FEAT_TRAIN | LOOM_FEAT_PERF | LOOM_FEAT_TRACE |
			 LOOM_FEAT_CLOCK);
	/* two halves, or one access */
	h_write64(h, LOOM_REG_FW_ADDR_64, 0x123456789abcdef0ull);
	assert_true(loom_dev_read(h->dev, LOOM_REG_FW_ADDR_64, 8) == 0x123456789abcdef0ull);
	loom_dev_write(h->dev, LOOM_REG_FW_ADDR_64, 0xfedcba9876543210ull, 8);
	assert_int_equal(h_read(h, LOOM_REG_FW_ADDR_64 + 4), 0xfedcba98);
	assert_int_equal(h_read(h, LOOM_REG_FW_ADDR_64), 0x76543210);
	/* two neighbours by one access */
	assert_true(loom_dev_read(h->dev, LOOM_REG_MAGIC, 8) == ((uint64_t)LOOM_REVISION << 32 | LOOM_MAGIC));
	/* what is no register */
	assert_int_equal(h_read(h, 0x0ffc), 0);
	assert_int_equal(h_read(h, LOOM_BAR0_BYTES - 4), 0);
	assert_true(loom_dev_read(h->dev, 2, 4) == 0xffffffff);
	assert_true(loom_dev_read(h->dev, 0, 2) == 0xffffffff);
	assert_true(loom_dev_read(h->dev, LOOM_BAR0_BYTES, 4) == 0xffffffff);
	h_write(h, LOOM_REG_MAGIC, 0);
	assert_int_equal(h_read(h, LOOM_REG_MAGIC), LOOM_MAGIC);
	/* the wrong key does nothing, the right one resets */
	h_write(h, LOOM_REG_RESET, 1);
	assert_int_equal(h_read(h, LOOM_REG_FW_ADDR_64), 0x76543210);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	assert_int_equal(h_read(h, LOOM_REG_FW_ADDR_64), 0);
	assert_true(h_read(h, LOOM_REG_TEMP_MC) >= 30000);
	assert_true(h_read(h, LOOM_REG_POWER_MW) > 0);
	/* all-ones on request */
	loom_dev_inject(h->dev, LOOM_INJECT_DEAD_MMIO);
	assert_int_equal(h_read(h, LOOM_REG_MAGIC), 0xffffffff);
	assert_true(loom_dev_read(h->dev, 0, 8) == ~0ull);
	loom_dev_inject(h->dev, LOOM_INJECT_NONE);
	assert_int_equal(h_read(h, LOOM_REG_MAGIC), LOOM_MAGIC);
	harness_free(h);
}

static void geometry(void **state)
{
	struct loom_geometry good, bad;
	struct loom_dev *dev;
	struct loom_bus bus = { 0 };
	const char *why;

	loom_geometry_default(&good);
	assert_int_equal(loom_geometry_check(&good, &why), 0);
#define BAD(field, value) do {						\
		bad = good;						\
		bad.field = (value);					\
		assert_int_equal(loom_geometry_check(&bad, &why), -EINVAL);	\
		assert_non_null(strstr(why, #field));			\
		assert_int_equal(loom_dev_new(&bad, &bus, NULL, &dev), -EINVAL);	\
	} while (0)
	BAD(array_dim, 0);
	BAD(array_dim, 4);
	BAD(array_dim, 24);
	BAD(array_dim, 256);
	BAD(num_cores, 0);
	BAD(num_cores, 9);
	BAD(spm_bytes, 4096);
	BAD(spm_bytes, (1 << 20) + 1);
	BAD(spm_bytes, 128u << 20);
	BAD(acc_bytes, 0);
	BAD(dram_bpc, 0);
	BAD(dram_bpc, 5000);
	BAD(clock_khz, 999);
	BAD(clock_khz, 4000001);
}

#define T(name) cmocka_unit_test(t_##name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(flip_payload), T(flip_last), T(flip_digest), T(flip_magic), T(other_header),
		T(other_hardware), T(reserved_set), T(header_longer), T(truncated), T(too_long),
		T(only_half_a_header), T(empty), T(ragged), T(payload_too_big), T(payload_wraps),
		T(bss_too_big), T(bss_wraps), T(entry_outside), T(entry_below), T(entry_odd),
		T(not_there), T(wraps),
		cmocka_unit_test(bad_shared_memory),
		cmocka_unit_test(panic_is_reported),
		cmocka_unit_test(trap_is_reported),
		cmocka_unit_test(firmware_reports_its_trap),
		cmocka_unit_test(endless_firmware),
		cmocka_unit_test(registers),
		cmocka_unit_test(geometry),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
