// SPDX-License-Identifier: MIT
/* The boot ROM: loads the firmware image, and refuses what it does not understand or trust. */
#include <glib.h>
#include <string.h>

#include <loom/fw.h>

#include "npu.h"

#define REVISION_MAJOR(v)	((v) >> 16)

static int fetch(struct loom_dev *dev, uint64_t addr, void *buf, size_t len)
{
	return loom_tlb_bus_access(dev->cc.tlb, addr, buf, len, LOOM_ACCESS_READ);
}

static enum loom_boot_error check_header(const struct loom_fw_hdr *h, uint32_t image_bytes)
{
	uint32_t room = LOOM_CC_TCM_BYTES;

	if (h->magic != LOOM_FW_MAGIC)
		return LOOM_BOOT_ERR_MAGIC;
	if (h->hdr_version != LOOM_FW_HDR_VERSION ||
	    REVISION_MAJOR(h->hw_revision) != REVISION_MAJOR(LOOM_REVISION) || h->rsvd0)
		return LOOM_BOOT_ERR_VERSION;
	for (size_t i = 0; i < G_N_ELEMENTS(h->rsvd); i++)
		if (h->rsvd[i])
			return LOOM_BOOT_ERR_VERSION;
	if (h->hdr_bytes != sizeof(*h) || image_bytes - sizeof(*h) != h->payload_bytes)
		return LOOM_BOOT_ERR_LENGTH;
	if (!h->payload_bytes || h->payload_bytes % 4 || h->payload_bytes > room ||
	    h->bss_bytes > room - h->payload_bytes)
		return LOOM_BOOT_ERR_LENGTH;
	if (h->entry % 4 || h->entry < LOOM_CC_TCM || h->entry - LOOM_CC_TCM >= h->payload_bytes)
		return LOOM_BOOT_ERR_ENTRY;
	return LOOM_BOOT_ERR_NONE;
}

static bool digest_ok(const uint8_t *payload, size_t len, const uint8_t want[32])
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize n = sizeof(digest);

	g_checksum_update(sum, payload, (gssize)len);
	g_checksum_get_digest(sum, digest, &n);
	g_checksum_free(sum);
	return n == sizeof(digest) && !memcmp(digest, want, sizeof(digest));
}

/* Every page of the shared memory must answer. */
static enum loom_boot_error check_shm(struct loom_dev *dev, uint64_t addr, uint32_t size)
{
	uint8_t byte;

	if (!size || size % LOOM_SHM_PAGE || size > LOOM_CC_SHM_MAX || addr % LOOM_SHM_PAGE ||
	    addr + size < addr)
		return LOOM_BOOT_ERR_LENGTH;
	for (uint32_t off = 0; off < size; off += LOOM_SHM_PAGE)
		if (fetch(dev, addr + off, &byte, 1))
			return LOOM_BOOT_ERR_DMA;
	return LOOM_BOOT_ERR_NONE;
}

enum loom_boot_error loom_boot_rom(struct loom_dev *dev, uint64_t fw_addr, uint32_t fw_size,
				   uint64_t shm_addr, uint32_t shm_size, uint32_t *entry)
{
	uint8_t *tcm = dev->cc.tcm;
	struct loom_fw_hdr hdr;
	enum loom_boot_error err;

	if (fw_size < sizeof(hdr) || fw_addr + fw_size < fw_addr)
		return LOOM_BOOT_ERR_LENGTH;
	if (fetch(dev, fw_addr, &hdr, sizeof(hdr)))
		return LOOM_BOOT_ERR_DMA;
	err = check_header(&hdr, fw_size);
	if (err)
		return err;
	if (fetch(dev, fw_addr + sizeof(hdr), tcm, hdr.payload_bytes))
		return LOOM_BOOT_ERR_DMA;
	/* Of the copy, which nobody else can change any more. */
	if (!digest_ok(tcm, hdr.payload_bytes, hdr.sha256))
		return LOOM_BOOT_ERR_DIGEST;
	err = check_shm(dev, shm_addr, shm_size);
	if (err)
		return err;
	memset(tcm + hdr.payload_bytes, 0, LOOM_CC_TCM_BYTES - hdr.payload_bytes);
	*entry = hdr.entry;
	return LOOM_BOOT_ERR_NONE;
}
