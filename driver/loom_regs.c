// SPDX-License-Identifier: GPL-2.0
/* Register dump, by name. Reading a register changes nothing in this device. */
#include <drm/drm_print.h>

#include "loom_device.h"
#include "loom_regs.h"

/**
 * struct loom_reg - a register that the dump has
 * @name: as in loom/regs.h, without LOOM_ and _64
 * @offset: in BAR0, or in its block
 * @wide: it has 64 bits
 */
struct loom_reg {
	const char *name;
	u16 offset;
	bool wide;
};

static const struct loom_reg loom_regs[] = {
	{ "MAGIC", LOOM_REG_MAGIC },
	{ "REVISION", LOOM_REG_REVISION },
	{ "FEATURES", LOOM_REG_FEATURES_64, true },
	{ "ISA_VERSION", LOOM_REG_ISA_VERSION },
	{ "ARRAY_DIM", LOOM_REG_ARRAY_DIM },
	{ "NUM_CORES", LOOM_REG_NUM_CORES },
	{ "SPM_BYTES", LOOM_REG_SPM_BYTES },
	{ "ACC_BYTES", LOOM_REG_ACC_BYTES },
	{ "DRAM_BPC", LOOM_REG_DRAM_BPC },
	{ "CLOCK_MAX_KHZ", LOOM_REG_CLOCK_MAX_KHZ },
	{ "NUM_QUEUES", LOOM_REG_NUM_QUEUES },
	{ "NUM_AS", LOOM_REG_NUM_AS },
	{ "VA_BITS", LOOM_REG_VA_BITS },
	{ "TCM_BYTES", LOOM_REG_TCM_BYTES },
	{ "BOOT_STATUS", LOOM_REG_BOOT_STATUS },
	{ "FW_ADDR", LOOM_REG_FW_ADDR_64, true },
	{ "FW_SIZE", LOOM_REG_FW_SIZE },
	{ "SHM_ADDR", LOOM_REG_SHM_ADDR_64, true },
	{ "SHM_SIZE", LOOM_REG_SHM_SIZE },
	{ "TRAP_CAUSE", LOOM_REG_TRAP_CAUSE },
	{ "TRAP_PC", LOOM_REG_TRAP_PC },
	{ "TRAP_VALUE", LOOM_REG_TRAP_VALUE },
	{ "CLOCK_KHZ", LOOM_REG_CLOCK_KHZ },
	{ "TEMP_MC", LOOM_REG_TEMP_MC },
	{ "POWER_MW", LOOM_REG_POWER_MW },
	{ "CLOCK_SET_KHZ", LOOM_REG_CLOCK_SET_KHZ },
	{ "CLOCK_CAP_KHZ", LOOM_REG_CLOCK_CAP_KHZ },
	{ "THROTTLE", LOOM_REG_THROTTLE },
	{ "THROTTLE_COUNT", LOOM_REG_THROTTLE_COUNT },
	{ "THROTTLE_NS", LOOM_REG_THROTTLE_NS_64, true },
};

static const struct loom_reg loom_core_regs[] = {
	{ "CYCLES", LOOM_CORE_CYCLES_64, true },
	{ "MACS", LOOM_CORE_MACS_64, true },
	{ "BYTES_IN", LOOM_CORE_BYTES_IN_64, true },
	{ "BYTES_OUT", LOOM_CORE_BYTES_OUT_64, true },
	{ "DESCS", LOOM_CORE_DESCS_64, true },
	{ "JOBS", LOOM_CORE_JOBS_64, true },
	{ "BUSY_CTRL", LOOM_CORE_BUSY_64(0), true },
	{ "BUSY_DMA_IN", LOOM_CORE_BUSY_64(1), true },
	{ "BUSY_DMA_OUT", LOOM_CORE_BUSY_64(2), true },
	{ "BUSY_MXU", LOOM_CORE_BUSY_64(3), true },
	{ "BUSY_VPU", LOOM_CORE_BUSY_64(4), true },
};

static const struct loom_reg loom_as_regs[] = {
	{ "PGD", LOOM_AS_PGD_64, true },
	{ "CTRL", LOOM_AS_CTRL },
	{ "INV_VA", LOOM_AS_INV_VA_64, true },
	{ "INV_PAGES", LOOM_AS_INV_PAGES },
	{ "INV", LOOM_AS_INV },
};

static const struct loom_reg loom_queue_regs[] = {
	{ "CTRL", LOOM_QUEUE_CTRL },
	{ "HEAD", LOOM_QUEUE_HEAD },
	{ "TAIL", LOOM_QUEUE_TAIL },
	{ "AS", LOOM_QUEUE_AS },
};

/**
 * struct loom_regs_view - where registers are read, and what becomes of them
 * @ldev: device, or NULL to read from @saved
 * @saved: copy of BAR0, as far as it was saved
 * @image: NULL, or where registers go instead of being printed
 * @num_cores: cores that there are
 * @p: where they are printed
 */
struct loom_regs_view {
	struct loom_device *ldev;
	const u32 *saved;
	u32 *image;
	u32 num_cores;
	struct drm_printer *p;
};

static u32 loom_regs_read(struct loom_regs_view *view, u32 offset)
{
	u32 value;

	if (!view->ldev)
		return view->saved[offset / sizeof(u32)];
	value = loom_read(view->ldev, offset);
	if (view->image)
		view->image[offset / sizeof(u32)] = value;
	return value;
}

static void loom_regs_block(struct loom_regs_view *view, const char *prefix, u32 base,
			    const struct loom_reg *regs, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		u32 offset = base + regs[i].offset;
		u64 value = loom_regs_read(view, offset);

		if (regs[i].wide)
			value |= (u64)loom_regs_read(view, offset + sizeof(u32)) << 32;
		if (view->image)
			continue;
		if (regs[i].wide)
			drm_printf(view->p, "%04x %s%s %#018llx\n", offset, prefix, regs[i].name,
				   value);
		else
			drm_printf(view->p, "%04x %s%s %#010llx\n", offset, prefix, regs[i].name,
				   value);
	}
}

static void loom_regs_walk(struct loom_regs_view *view)
{
	char prefix[16];

	loom_regs_block(view, "", 0, loom_regs, ARRAY_SIZE(loom_regs));
	for (u32 i = 0; i < view->num_cores; i++) {
		snprintf(prefix, sizeof(prefix), "CORE%u.", i);
		loom_regs_block(view, prefix, LOOM_REG_CORE(i), loom_core_regs,
				ARRAY_SIZE(loom_core_regs));
	}
	for (u32 i = 0; i < LOOM_NUM_AS; i++) {
		if (!loom_regs_read(view, LOOM_REG_AS(i) + LOOM_AS_CTRL))
			continue;
		snprintf(prefix, sizeof(prefix), "AS%u.", i);
		loom_regs_block(view, prefix, LOOM_REG_AS(i), loom_as_regs,
				ARRAY_SIZE(loom_as_regs));
	}
	for (u32 i = 0; i < LOOM_NUM_QUEUES; i++) {
		if (!loom_regs_read(view, LOOM_REG_QUEUE(i) + LOOM_QUEUE_CTRL))
			continue;
		snprintf(prefix, sizeof(prefix), "QUEUE%u.", i);
		loom_regs_block(view, prefix, LOOM_REG_QUEUE(i), loom_queue_regs,
				ARRAY_SIZE(loom_queue_regs));
	}
}

/**
 * loom_regs_show() - print BAR0: all cores, and the address spaces and queues that are enabled
 * @ldev: device that is there
 * @p: where to
 */
void loom_regs_show(struct loom_device *ldev, struct drm_printer *p)
{
	struct loom_regs_view view = { .ldev = ldev, .num_cores = ldev->info.num_cores, .p = p };

	loom_regs_walk(&view);
}

/**
 * loom_regs_save() - copy what loom_regs_show() prints
 * @ldev: device that is there
 * @image: LOOM_REGS_BYTES
 */
void loom_regs_save(struct loom_device *ldev, u32 *image)
{
	struct loom_regs_view view = {
		.ldev = ldev, .image = image, .num_cores = ldev->info.num_cores,
	};

	loom_regs_walk(&view);
}

/**
 * loom_regs_show_saved() - print a copy
 * @image: from loom_regs_save()
 * @num_cores: cores of the device
 * @p: where to
 */
void loom_regs_show_saved(const u32 *image, u32 num_cores, struct drm_printer *p)
{
	struct loom_regs_view view = { .saved = image, .num_cores = num_cores, .p = p };

	loom_regs_walk(&view);
}
