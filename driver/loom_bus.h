/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_BUS_H
#define LOOM_BUS_H

struct loom_device;
struct pci_error_handlers;

extern const struct pci_error_handlers loom_pci_err_handler;

int loom_bus_init(struct loom_device *ldev);
void loom_bus_fini(struct loom_device *ldev);

#endif
