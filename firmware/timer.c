// SPDX-License-Identifier: MIT
#include "fw.h"

/* Half of what the driver may rely on. */
#define HEARTBEAT_US	(LOOM_HEARTBEAT_MS * 1000u / 2)

static bool wanted;
static uint32_t wanted_us;
static bool beating;
static uint32_t last_beat;

static uint64_t mtime(void)
{
	uint32_t hi, lo;

	do {
		hi = sys_read(LOOM_CC_MTIME_64 + 4);
		lo = sys_read(LOOM_CC_MTIME_64);
	} while (hi != sys_read(LOOM_CC_MTIME_64 + 4));
	return (uint64_t)hi << 32 | lo;
}

uint32_t now_us(void)
{
	return sys_read(LOOM_CC_MTIME_64);
}

void timer_begin(void)
{
	wanted = false;
}

void timer_want(uint32_t us)
{
	if (!wanted || us < wanted_us)
		wanted_us = us;
	wanted = true;
}

void timer_commit(void)
{
	uint64_t at = wanted ? mtime() + wanted_us : UINT64_MAX;

	/* In this order no value in between is earlier than both. */
	sys_write(LOOM_CC_MTIMECMP_64, 0xffffffffu);
	sys_write(LOOM_CC_MTIMECMP_64 + 4, (uint32_t)(at >> 32));
	sys_write(LOOM_CC_MTIMECMP_64, (uint32_t)at);
}

void heartbeat(bool work)
{
	uint32_t now;

	if (!work) {
		beating = false;
		return;
	}
	now = now_us();
	if (!beating || now - last_beat >= HEARTBEAT_US) {
		shm()->heartbeat++;
		last_beat = now;
		beating = true;
	}
	timer_want(HEARTBEAT_US - (now - last_beat));
}
