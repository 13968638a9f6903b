/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_IRQ_H
#define LOOM_IRQ_H

struct loom_device;

int loom_irq_init(struct loom_device *ldev);
void loom_irq_fini(struct loom_device *ldev);

#endif
