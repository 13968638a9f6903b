/* SPDX-License-Identifier: MIT */
/* Firmware images: damaged ones, which the boot ROM must refuse, and code that nobody wrote, duly signed. */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "fuzz.h"
#include "fuzz_device.h"

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
			code[i] = (uint32_t)fuzz_take(f, 4) | (i % 8 ? 3 : 0);
	}
	sign(h);
}

/* Is the image the built one, but for those fields that are checked to be possible, not to be what they were? */
static bool same_protected(struct harness *h, uint64_t fw)
{
	struct loom_fw_hdr *now, *built = h_ptr(h, fw);
	uint32_t bytes = h->fw_bytes;
	uint64_t where = h->fw;
	bool same;

	if (where != fw || bytes < sizeof(*now) || bytes > 256 << 10)
		return false;
	now = malloc(bytes);
	if (!now)
		abort();
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

const char *fuzz_images(struct fuzz *f)
{
	struct harness *h = fuzz_device();
	bool code = fuzz_below(f, 2), intact;
	const char *what = NULL;
	uint64_t fw = h->fw;
	uint32_t status;

	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	h_load_image(h);
	if (code)
		mutate_code(h, f);
	else
		damage(h, f);
	intact = same_protected(h, fw);
	status = h_start(h) & 0xff;
	/* What is signed runs, and may halt at once; what is not and was changed does not. */
	if (code && status == LOOM_BOOT_FAILED)
		what = "signed, and refused";
	else if (!code && !intact && status != LOOM_BOOT_FAILED)
		what = "changed, and not refused";
	h_sleep_us(fuzz_below(f, 2000));
	h->fw = fw;
	return what ? what : fuzz_recovers(h);
}
