/* SPDX-License-Identifier: MIT */
#include "core_bench.h"
void bench_cycles(void) {}
