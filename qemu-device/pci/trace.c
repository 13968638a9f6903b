/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace events, registered on request: QEMU's generated file would do so in any process. */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "loom_pci.h"

#undef trace_init
#define trace_init(function)		\
	void loom_register_trace(void)	\
	{				\
		function();		\
	}

#include "trace-loom.c.inc"
