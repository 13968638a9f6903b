// SPDX-License-Identifier: MIT
#include "fw.h"

void panic(enum panic_code code)
{
	sys_write(LOOM_CC_HALT, code);
	for (;;)
		wait_for_interrupt();
}

void trap_report(uint32_t cause, uint32_t pc, uint32_t value)
{
	log_line(LOG_ERROR, "trap: cause %u at %x, value %x", cause, pc, value);
}
