// SPDX-License-Identifier: MIT
/*
 * Fuzzers of what the host reaches: registers and doorbells, page tables, firmware images. LOOM_FUZZ_SECONDS bounds each
 * (default 4), LOOM_FUZZ_SEED is the first seed (default 1); a failure names the seed that made it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "fuzz.h"
#include "harness.h"

static double env(const char *name, double otherwise)
{
	const char *s = getenv(name);

	return s ? strtod(s, NULL) : otherwise;
}

/* Rounds of @one with seeds from the first on, until time is up. */
static void rounds(void (*one)(uint64_t seed), const char *what)
{
	uint64_t seed = (uint64_t)env("LOOM_FUZZ_SEED", 1), first = seed;
	uint64_t end = h_now_ms() + (uint64_t)(1000 * env("LOOM_FUZZ_SECONDS", 4));

	while (h_now_ms() < end)
		one(seed++);
	print_message("# %s: %llu rounds\n", what, (unsigned long long)(seed - first));
}

/* ---- Page tables ---- */

static void one_tables(uint64_t seed)
{
	const char *what = fuzz_tables(seed);

	if (what)
		fail_msg("seed %llu: %s", (unsigned long long)seed, what);
}

static void tables(void **state)
{
	rounds(one_tables, "page tables");
}

/* ---- Registers ---- */

static struct harness *victim;

/* After whatever was done to it: a reset, and the device works. */
static void recovers(struct harness *h, uint64_t seed)
{
	uint64_t keep = h->next;
	struct loom_msg msg = { .type = LOOM_MSG_PING };

	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	if (h_read(h, LOOM_REG_BOOT_STATUS) != LOOM_BOOT_OFF)
		fail_msg("seed %llu: not off after a reset", (unsigned long long)seed);
	h_boot(h);
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	h->next = keep;
}

/* An offset near the start of some block, or anywhere. */
static uint64_t pick_register(struct fuzz *f)
{
	static const uint32_t block[] = { 0, 0x100, 0x200, 0x300, 0x1000, 0x3000, 0x3800, 0x4000, 0x8000 };

	return fuzz_below(f, 8) ? block[fuzz_below(f, 9)] + fuzz_below(f, 0x200) : fuzz_number(f);
}

static void poke(struct harness *h, struct fuzz *f)
{
	static const unsigned int size[] = { 1, 2, 4, 4, 4, 8, 8, 16 };
	uint64_t value = fuzz_number(f);

	switch (fuzz_below(f, 10)) {
	case 0:
		loom_dev_doorbell(h->dev, fuzz_number(f), (uint32_t)value);
		break;
	case 1:
		loom_dev_doorbell(h->dev, fuzz_below(f, LOOM_NUM_QUEUES) * LOOM_DOORBELL_STRIDE, (uint32_t)value);
		break;
	case 2: case 3: case 4:
		loom_dev_read(h->dev, pick_register(f), size[fuzz_below(f, 8)]);
		break;
	case 5:		/* addresses that exist */
		value = H_MEM_BASE + (value & (H_MEM_BYTES - 1));
		/* fall through */
	default:
		loom_dev_write(h->dev, pick_register(f), value, size[fuzz_below(f, 8)]);
	}
}

/* The device may write anywhere in memory by now: what the test needs lies outside or is made anew. */
static void one_registers(uint64_t seed)
{
	struct fuzz f = { seed };
	uint32_t n = 20 + fuzz_below(&f, 2000);

	/* Firmware may be told anything, too. */
	for (uint32_t i = fuzz_below(&f, 2000); i; i--)
		((uint8_t *)h_ptr(victim, victim->shm))[fuzz_below(&f, LOOM_SHM_BYTES)] = (uint8_t)fuzz_next(&f);
	for (uint32_t i = 0; i < n; i++)
		poke(victim, &f);
	recovers(victim, seed);
}

static void registers(void **state)
{
	victim = harness_new(NULL, true);
	h_boot(victim);
	rounds(one_registers, "registers");
	harness_free(victim);
}

/* ---- Firmware images ---- */

static struct loom_fw_hdr *hdr(struct harness *h)
{
	return h_ptr(h, h->fw);
}

static void sign(struct harness *h)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize n = 32;

	g_checksum_update(sum, (uint8_t *)(hdr(h) + 1), hdr(h)->payload_bytes);
	g_checksum_get_digest(sum, hdr(h)->sha256, &n);
	g_checksum_free(sum);
}

/* Changes anywhere, lengths too, no new digest. Only a header's unprotected text and protocol version may pass. */
static void damage(struct harness *h, struct fuzz *f)
{
	uint8_t *image = h_ptr(h, h->fw);

	for (uint32_t i = 1 + fuzz_below(f, 4); i; i--)
		image[fuzz_below(f, fuzz_below(f, 2) ? sizeof(struct loom_fw_hdr) : h->fw_bytes)] ^= 1u << fuzz_below(f, 8);
	if (!fuzz_below(f, 4))
		h->fw_bytes = fuzz_below(f, 2) ? fuzz_below(f, h->fw_bytes + 8) : (uint32_t)fuzz_number(f);
	if (!fuzz_below(f, 16))
		h->fw = fuzz_number(f);
}

/* Code that nobody wrote: the good image with instructions changed, or nothing but chance, duly signed. */
static void mutate_code(struct harness *h, struct fuzz *f)
{
	uint32_t words = hdr(h)->payload_bytes / 4, *code = (uint32_t *)(hdr(h) + 1);

	if (fuzz_below(f, 2)) {
		for (uint32_t i = 1 + fuzz_below(f, 64); i; i--)
			code[fuzz_below(f, words)] ^= 1u << fuzz_below(f, 32);
	} else {
		for (uint32_t i = 0; i < words; i++)
			code[i] = (uint32_t)fuzz_next(f) | (fuzz_below(f, 8) ? 3 : 0);
	}
	sign(h);
}

/* Is the image the built one, but for those fields that are checked to be possible, not to be what they were? */
static bool same_protected(struct harness *h, uint64_t fw)
{
	struct loom_fw_hdr *now = malloc(h->fw_bytes), *built = h_ptr(h, fw);
	uint32_t bytes = h->fw_bytes;
	uint64_t where = h->fw;
	bool same;

	if (where != fw || bytes < sizeof(*now) || bytes > 256 << 10 || !now) {
		free(now);
		return false;
	}
	memcpy(now, built, bytes);
	h_load_image(h);
	memcpy(built->version, now->version, sizeof(now->version));
	built->proto_version = now->proto_version;
	built->hw_revision = (built->hw_revision & 0xffff0000) | (now->hw_revision & 0xffff);
	built->bss_bytes = now->bss_bytes;
	built->entry = now->entry;
	same = h->fw_bytes == bytes && !memcmp(now, built, bytes);
	memcpy(built, now, bytes);
	h->fw_bytes = bytes;
	free(now);
	return same;
}

static void one_image(uint64_t seed)
{
	struct fuzz f = { seed };
	bool code = fuzz_below(&f, 2), intact;
	uint64_t fw = victim->fw;
	uint32_t status;

	h_load_image(victim);
	if (code)
		mutate_code(victim, &f);
	else
		damage(victim, &f);
	intact = same_protected(victim, fw);
	status = h_start(victim) & 0xff;
	/* What is signed runs, and may halt at once; what is not and was changed does not. */
	if (code ? status == LOOM_BOOT_FAILED : !intact && status != LOOM_BOOT_FAILED)
		fail_msg("seed %llu: state %u", (unsigned long long)seed, status);
	h_sleep_us(fuzz_below(&f, 2000));
	victim->fw = fw;
	recovers(victim, seed);
	h_write(victim, LOOM_REG_RESET, LOOM_RESET_KEY);
}

static void images(void **state)
{
	victim = harness_new(NULL, true);
	h_load_image(victim);
	rounds(one_image, "firmware images");
	harness_free(victim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables), cmocka_unit_test(registers), cmocka_unit_test(images),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("device fuzzers", tests, NULL, NULL);
}
