// SPDX-License-Identifier: GPL-2.0
/*
 * Temperature, power and clock for hwmon. Programs that look at sensors all the time must not keep
 * a device from sleeping: one that sleeps has nothing to say.
 */
#include <linux/hwmon.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include <drm/drm_print.h>

#include "loom_device.h"
#include "loom_hwmon.h"

static int loom_hwmon_register(struct loom_device *ldev, u32 reg, u32 *value)
{
	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return -ENODEV;
	guard(rwsem_read)(&ldev->reset.lock);
	if (ldev->reset.asleep)
		return -ENODATA;
	*value = loom_read(ldev, reg);
	/* What the bus answers where no device does. */
	return *value == U32_MAX ? -EIO : 0;
}

static umode_t loom_hwmon_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				     int channel)
{
	const struct loom_device *ldev = data;

	if (type == hwmon_temp && attr != hwmon_temp_input && attr != hwmon_temp_label &&
	    !(ldev->info.features & LOOM_FEAT_CLOCK))
		return 0;
	return 0444;
}

/* Register of an attribute of the temperature, and the bits of it that matter: all for a value. */
static u32 loom_hwmon_temp(u32 attr, u32 *bits)
{
	*bits = 0;
	switch (attr) {
	case hwmon_temp_max:
		return LOOM_REG_TEMP_LIMIT_MC;
	case hwmon_temp_max_hyst:
		return LOOM_REG_TEMP_HYST_MC;
	case hwmon_temp_crit:
		return LOOM_REG_TEMP_CRIT_MC;
	case hwmon_temp_max_alarm:
		*bits = LOOM_THROTTLE_THERMAL;
		return LOOM_REG_THROTTLE;
	case hwmon_temp_crit_alarm:
		*bits = LOOM_THROTTLE_CRITICAL;
		return LOOM_REG_THROTTLE;
	default:
		return LOOM_REG_TEMP_MC;
	}
}

static int loom_hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
			   long *value)
{
	struct loom_device *ldev = dev_get_drvdata(dev);
	u32 reg = LOOM_REG_POWER_MW, bits = 0, raw;
	int ret;

	if (type == hwmon_temp)
		reg = loom_hwmon_temp(attr, &bits);
	ret = loom_hwmon_register(ldev, reg, &raw);
	if (ret)
		return ret;
	if (bits)
		*value = !!(raw & bits);
	else
		*value = type == hwmon_temp ? (long)(s32)raw : (long)raw * 1000;
	return 0;
}

static int loom_hwmon_read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr,
				  int channel, const char **text)
{
	*text = type == hwmon_temp ? "die" : "device";
	return 0;
}

static const struct hwmon_ops loom_hwmon_ops = {
	.is_visible = loom_hwmon_is_visible,
	.read = loom_hwmon_read,
	.read_string = loom_hwmon_read_string,
};

static const struct hwmon_channel_info * const loom_hwmon_channels[] = {
	HWMON_CHANNEL_INFO(temp, HWMON_T_INPUT | HWMON_T_LABEL | HWMON_T_MAX | HWMON_T_MAX_HYST |
				 HWMON_T_MAX_ALARM | HWMON_T_CRIT | HWMON_T_CRIT_ALARM),
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT | HWMON_P_LABEL),
	NULL
};

static const struct hwmon_chip_info loom_hwmon_chip = {
	.ops = &loom_hwmon_ops,
	.info = loom_hwmon_channels,
};

/* hwmon has no type for clocks; the name and the unit are those of other DRM drivers. */
static ssize_t freq1_input_show(struct device *dev, struct device_attribute *attr, char *text)
{
	u32 khz;
	int ret;

	ret = loom_hwmon_register(dev_get_drvdata(dev), LOOM_REG_CLOCK_KHZ, &khz);
	return ret ?: sysfs_emit(text, "%llu\n", (u64)khz * 1000);
}
static DEVICE_ATTR_RO(freq1_input);

static ssize_t freq1_label_show(struct device *dev, struct device_attribute *attr, char *text)
{
	return sysfs_emit(text, "cores\n");
}
static DEVICE_ATTR_RO(freq1_label);

static struct attribute *loom_hwmon_attrs[] = {
	&dev_attr_freq1_input.attr,
	&dev_attr_freq1_label.attr,
	NULL
};
ATTRIBUTE_GROUPS(loom_hwmon);

/**
 * loom_hwmon_init() - show the sensors, until the driver is unbound
 * @ldev: registered device
 *
 * A device without hwmon works all the same.
 */
void loom_hwmon_init(struct loom_device *ldev)
{
	struct device *hwmon;

	if (!IS_REACHABLE(CONFIG_HWMON))
		return;
	hwmon = devm_hwmon_device_register_with_info(&ldev->pdev->dev, "loom", ldev,
						     &loom_hwmon_chip, loom_hwmon_groups);
	if (IS_ERR(hwmon))
		drm_warn(&ldev->drm, "no hwmon device (%ld)\n", PTR_ERR(hwmon));
	else
		WRITE_ONCE(ldev->hwmon, hwmon);
}
