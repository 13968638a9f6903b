// SPDX-License-Identifier: GPL-2.0
#include <linux/workqueue.h>

void loom_probe(struct work_struct *work);
void loom_probe(struct work_struct *work)
{
	queue_work(system_dfl_wq, work);
}
