// SPDX-License-Identifier: MIT
#include "fw.h"
#include "version.h"

const char fw_version[32] = LOOM_FW_VERSION;

int main(void);

int main(void)
{
	if (!mbox_init())
		panic(PANIC_SHM);
	sched_init();
	log_line(LOG_INFO, "loom firmware %s, protocol %x, %u cores", fw_version,
		 (uint32_t)LOOM_FW_PROTO_VERSION, sys_read(LOOM_CC_NUM_CORES));
	enable_wake_up(MIE_TIMER | MIE_EXTERNAL);
	for (;;) {
		uint32_t irq = sys_read(LOOM_CC_IRQ);

		timer_begin();
		if (irq & LOOM_CC_IRQ_MBOX)
			sys_write(LOOM_CC_MBOX_ACK, 1);
		if (irq & LOOM_CC_IRQ_CORE)
			sched_core_events();
		if (irq & LOOM_CC_IRQ_DOORBELL)
			queue_doorbells();
		sched_watch_stops();
		/* What is owed goes before what the next messages bring. */
		queue_report();
		mbox_receive();
		sched_dispatch();
		queue_report();
		sched_report();
		mbox_flush();
		heartbeat(sched_busy());
		timer_commit();
		wait_for_interrupt();
	}
}
