/* SPDX-License-Identifier: MIT */
#include "kernels.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const struct loom_kernels *_Atomic chosen;

#if defined(__x86_64__)
/* Not every compiler has a name for it. */
static bool has_f16c(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && c & bit_F16C;
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

static bool has_vnni(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vnni");
}
#endif

static bool has_any(void)
{
	return true;
}

/* Best first. */
static const struct {
	const struct loom_kernels *kernels;
	bool (*supported)(void);
} sets[] = {
#if defined(__x86_64__)
	{ &loom_kernels_vnni, has_vnni },
	{ &loom_kernels_avx2, has_avx2 },
#endif
#if defined(__aarch64__)
	{ &loom_kernels_neon, has_any },
#endif
	{ &loom_kernels_scalar, has_any },
};

#define NUM_SETS (sizeof(sets) / sizeof(sets[0]))

int loom_kernels_select(const char *name)
{
	for (size_t i = 0; i < NUM_SETS; i++) {
		if (strcmp(name, sets[i].kernels->name))
			continue;
		if (!sets[i].supported())
			return -EOPNOTSUPP;
		atomic_store(&chosen, sets[i].kernels);
		return 0;
	}
	return -ENOENT;
}

const struct loom_kernels *loom_kernels(void)
{
	const struct loom_kernels *k = atomic_load_explicit(&chosen, memory_order_acquire);
	const char *name;

	if (k)
		return k;
	name = getenv("LOOM_CORE_KERNELS");
	if (!name || loom_kernels_select(name))
		for (size_t i = 0; i < NUM_SETS && loom_kernels_select(sets[i].kernels->name); i++)
			;
	return atomic_load(&chosen);
}
