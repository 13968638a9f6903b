// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware: image, boot, handshake, heartbeat.
 */
#include <linux/dma-mapping.h>
#include <linux/firmware.h>
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/string.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <loom/fw.h>

#include "loom_device.h"
#include "loom_fw.h"
#include "loom_mbox.h"

/* How long a job that is on a core when the system goes to sleep may take to end. */
#define LOOM_FW_REST_MS		2000

/* A busy firmware whose heartbeat stands still for so long is asked whether it lives. */
#define LOOM_FW_STALL_NS	(3 * LOOM_HEARTBEAT_MS * NSEC_PER_MSEC)

MODULE_FIRMWARE(LOOM_FW_NAME);

/**
 * struct loom_fw - the unit's state; written at probe and in reset, the heartbeat by the watch
 * @image: copy of the file for the boot ROM to read, kept for resets
 * @dma: its bus address
 * @size: its bytes
 * @beat: heartbeat when it was looked at last
 * @still_ns: how long it has not changed while there was something to do
 */
struct loom_fw {
	void *image;
	dma_addr_t dma;
	size_t size;
	u32 beat;
	u64 still_ns;
};

static const char * const loom_boot_errors[] = {
	[LOOM_BOOT_ERR_NONE] = "no reason given",
	[LOOM_BOOT_ERR_DMA] = "the device could not read it",
	[LOOM_BOOT_ERR_MAGIC] = "it is not a Loom firmware",
	[LOOM_BOOT_ERR_VERSION] = "it is for other hardware, or of an unknown format",
	[LOOM_BOOT_ERR_LENGTH] = "its lengths disagree, or it is too large",
	[LOOM_BOOT_ERR_DIGEST] = "it is corrupt (SHA-256)",
	[LOOM_BOOT_ERR_ENTRY] = "its entry point is wrong",
	[LOOM_BOOT_ERR_TRAP] = "it trapped",
	[LOOM_BOOT_ERR_PANIC] = "it panicked",
};

static const char *loom_boot_error(u32 status)
{
	u32 code = status >> 8 & 0xff;

	if (code < ARRAY_SIZE(loom_boot_errors) && loom_boot_errors[code])
		return loom_boot_errors[code];
	return "for an unknown reason";
}

static int loom_fw_boot(struct loom_device *ldev)
{
	struct loom_fw *fw = ldev->fw;
	u32 status;
	int ret;

	loom_write64(ldev, LOOM_REG_FW_ADDR_64, fw->dma);
	loom_write(ldev, LOOM_REG_FW_SIZE, fw->size);
	loom_write(ldev, LOOM_REG_BOOT_CTRL, 1);
	ret = read_poll_timeout(loom_read, status, (status & 0xff) != LOOM_BOOT_OFF, 100,
				LOOM_BOOT_TIMEOUT_MS * 1000, false, ldev, LOOM_REG_BOOT_STATUS);
	if (ret) {
		drm_err(&ldev->drm, "the boot ROM did not finish\n");
		return ret;
	}

	switch (status & 0xff) {
	case LOOM_BOOT_RUNNING:
		return 0;
	case LOOM_BOOT_FAILED:
		drm_err(&ldev->drm, "firmware %s was refused: %s (boot status %#x)\n",
			LOOM_FW_NAME, loom_boot_error(status), status);
		return -ENOEXEC;
	case LOOM_BOOT_HALTED:
		drm_err(&ldev->drm, "firmware halted: %s (cause %#x, pc %#x, value %#x)\n",
			loom_boot_error(status), loom_read(ldev, LOOM_REG_TRAP_CAUSE),
			loom_read(ldev, LOOM_REG_TRAP_PC), loom_read(ldev, LOOM_REG_TRAP_VALUE));
		return -EIO;
	default:
		drm_err(&ldev->drm, "unknown boot status %#x\n", status);
		return -EIO;
	}
}

/**
 * loom_fw_is_halted() - whether the control core has stopped for good
 * @ldev: device; any context
 *
 * Return: it took a trap that nobody handled, or the firmware gave up.
 */
bool loom_fw_is_halted(struct loom_device *ldev)
{
	return (loom_read(ldev, LOOM_REG_BOOT_STATUS) & 0xff) == LOOM_BOOT_HALTED;
}

static int loom_fw_refuse_protocol(struct loom_device *ldev, u32 version)
{
	drm_err(&ldev->drm,
		"firmware %s speaks protocol %u.%u, this driver %u.%u: install the matching firmware\n",
		LOOM_FW_NAME, version >> 16, version & 0xffff, LOOM_FW_PROTO_VERSION >> 16,
		LOOM_FW_PROTO_VERSION & 0xffff);
	return -EPROTONOSUPPORT;
}

static int loom_fw_hello(struct loom_device *ldev)
{
	struct loom_msg msg = {
		.type = cpu_to_le32(LOOM_MSG_HELLO),
		.u.hello.proto_version = cpu_to_le32(LOOM_FW_PROTO_VERSION),
	};
	u32 version;
	int ret;

	ret = loom_mbox_call(ldev, &msg);
	version = le32_to_cpu(msg.u.hello.proto_version);
	if (le32_to_cpu(msg.status) == LOOM_FW_ERR_VERSION ||
	    (!ret && version >> 16 != LOOM_FW_PROTO_VERSION >> 16))
		return loom_fw_refuse_protocol(ldev, version);
	if (ret) {
		drm_err(&ldev->drm, "firmware %s does not answer (%d)\n", LOOM_FW_NAME, ret);
		return ret;
	}

	if (!ldev->info.fw_version[0]) {
		strscpy(ldev->info.fw_version, msg.u.hello.version,
			min(sizeof(ldev->info.fw_version), sizeof(msg.u.hello.version)));
		drm_info(&ldev->drm, "firmware %s, protocol %u.%u\n", ldev->info.fw_version,
			 version >> 16, version & 0xffff);
	}
	return 0;
}

/**
 * loom_fw_post_reset() - start the firmware on a device that is reset
 * @ldev: device whose mailbox is ready
 *
 * Return: 0 or a negative errno, said in the log.
 */
int loom_fw_post_reset(struct loom_device *ldev)
{
	int ret;

	ret = loom_fw_boot(ldev);
	if (ret)
		return ret;
	ret = loom_fw_hello(ldev);
	if (ret)
		return ret;
	ldev->fw->still_ns = 0;
	return 0;
}

/**
 * loom_fw_watch() - see whether the firmware lives
 * @ldev: device
 * @busy: there are jobs, so that the heart must beat
 * @ns: since the last call, or less where the machine stood still
 *
 * A firmware that stands still and does not answer either is reset. From the watch only.
 */
void loom_fw_watch(struct loom_device *ldev, bool busy, u64 ns)
{
	struct loom_fw *fw = ldev->fw;
	struct loom_msg ping = { .type = cpu_to_le32(LOOM_MSG_PING) };
	u32 beat = loom_mbox_heartbeat(ldev);
	int ret;

	if (!busy || beat != fw->beat) {
		fw->beat = beat;
		fw->still_ns = 0;
		return;
	}
	fw->still_ns += ns;
	if (fw->still_ns < LOOM_FW_STALL_NS)
		return;

	scoped_guard(rwsem_read, &ldev->reset.lock)
		ret = loom_mbox_call(ldev, &ping);
	fw->still_ns = 0;
	if (ret)
		loom_device_reset_schedule(ldev, "the firmware stands still");
}

/**
 * loom_fw_rest() - have the firmware start nothing any more, and wait for what is on cores
 * @ldev: device; reset.lock is held for writing. A reset must follow
 */
void loom_fw_rest(struct loom_device *ldev)
{
	struct loom_msg msg = { .type = cpu_to_le32(LOOM_MSG_SUSPEND) };
	u64 on_core;

	/* The answer comes when all cores are idle, which may be late. */
	if (loom_mbox_call(ldev, &msg) == -ETIMEDOUT)
		read_poll_timeout(loom_mbox_on_core, on_core, !on_core, 1000,
				  LOOM_FW_REST_MS * 1000, false, ldev);
}

/* What the boot ROM cannot know; the rest it checks. */
static int loom_fw_check(struct loom_device *ldev, const struct firmware *file)
{
	const struct loom_fw_hdr *hdr = (const void *)file->data;
	u32 version;

	if (file->size < sizeof(*hdr) || file->size > sizeof(*hdr) + LOOM_CC_TCM_BYTES) {
		drm_err(&ldev->drm, "firmware %s was refused: %zu bytes cannot be right\n",
			LOOM_FW_NAME, file->size);
		return -ENOEXEC;
	}
	version = le32_to_cpu(hdr->proto_version);
	if (le32_to_cpu(hdr->magic) == LOOM_FW_MAGIC &&
	    version >> 16 != LOOM_FW_PROTO_VERSION >> 16)
		return loom_fw_refuse_protocol(ldev, version);
	return 0;
}

/**
 * loom_fw_init() - load the image
 * @ldev: device
 *
 * Return: 0 or a negative errno, said in the log.
 */
int loom_fw_init(struct loom_device *ldev)
{
	const struct firmware *file;
	struct loom_fw *fw;
	int ret;

	fw = drmm_kzalloc(&ldev->drm, sizeof(*fw), GFP_KERNEL);
	if (!fw)
		return -ENOMEM;

	ret = request_firmware(&file, LOOM_FW_NAME, &ldev->pdev->dev);
	if (ret) {
		drm_err(&ldev->drm, "firmware %s was not found (%d): is it in /lib/firmware?\n",
			LOOM_FW_NAME, ret);
		return ret;
	}
	ret = loom_fw_check(ldev, file);
	if (ret)
		goto out;

	fw->size = file->size;
	fw->image = dma_alloc_coherent(&ldev->pdev->dev, fw->size, &fw->dma, GFP_KERNEL);
	if (!fw->image) {
		ret = -ENOMEM;
		goto out;
	}
	memcpy(fw->image, file->data, fw->size);
	ldev->fw = fw;
out:
	release_firmware(file);
	return ret;
}

/**
 * loom_fw_fini() - drop the image
 * @ldev: device that is quiet
 */
void loom_fw_fini(struct loom_device *ldev)
{
	struct loom_fw *fw = ldev->fw;

	dma_free_coherent(&ldev->pdev->dev, fw->size, fw->image, fw->dma);
	fw->image = NULL;
}
