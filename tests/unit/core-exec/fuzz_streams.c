/* SPDX-License-Identifier: MIT */
/* Streams that bytes choose. */
#include <stdlib.h>

#include "trial.h"

const char *fuzz_streams(struct fuzz *f)
{
	static struct trial *t;

	if (!t)
		t = trial_new();
	if (!t)
		abort();
	if (fuzz_below(f, 3) == 2)
		return trial_paused(t, f);
	return trial_bytes(t, f) ? "differs from the reference" : NULL;
}
