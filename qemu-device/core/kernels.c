/* SPDX-License-Identifier: MIT */
#include "kernels.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const struct loom_kernels *_Atomic chosen;

static int has_avx2(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	       __builtin_cpu_supports("f16c");
#else
	return 0;
#endif
}

int loom_kernels_select(const char *name)
{
	if (!strcmp(name, "scalar")) {
		atomic_store(&chosen, &loom_kernels_scalar);
		return 0;
	}
	if (strcmp(name, "avx2"))
		return -ENOENT;
#if defined(__x86_64__)
	if (has_avx2()) {
		atomic_store(&chosen, &loom_kernels_avx2);
		return 0;
	}
#endif
	return -EOPNOTSUPP;
}

const struct loom_kernels *loom_kernels(void)
{
	const struct loom_kernels *k = atomic_load_explicit(&chosen, memory_order_acquire);
	const char *name;

	if (k)
		return k;
	name = getenv("LOOM_CORE_KERNELS");
	if ((!name || loom_kernels_select(name)) && loom_kernels_select("avx2"))
		loom_kernels_select("scalar");
	return atomic_load(&chosen);
}
