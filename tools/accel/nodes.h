/* SPDX-License-Identifier: MIT */
/* Accel nodes as sysfs shows them, for smi and doctor. */
#ifndef LOOM_TOOLS_ACCEL_NODES_H
#define LOOM_TOOLS_ACCEL_NODES_H

#include <stddef.h>

#define NODES_MAX 64

/**
 * struct node - one /dev/accel/accelN
 * @path: of the device file
 * @driver: bound, "" for none
 * @address: on its bus
 */
struct node {
	char path[64];
	char driver[64];
	char address[64];
};

/** nodes_list - accel nodes of any driver; their number */
int nodes_list(struct node *nodes, int max);
/** nodes_pci - PCI addresses of Loom devices, bound or not; their number. @driver: of each, "" for none */
int nodes_pci(struct node *devices, int max);

#endif
