// SPDX-License-Identifier: GPL-2.0
#include <linux/workqueue.h>

int loom_probe(void);
int loom_probe(void)
{
	return WQ_PERCPU;
}
