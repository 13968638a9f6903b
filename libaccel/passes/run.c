// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/passes/passes.h"

int accel_passes_run(struct accel_graph *g, const struct accel_compile_options *opts)
{
	struct accel_compile_options o = { 0 };
	int ret;

	if (opts && opts->size < offsetof(struct accel_compile_options, batch))
		return accel_error(EINVAL, "compile options: size is %zu; set it to sizeof(struct accel_compile_options)",
				   opts->size);
	/* a caller built against an older header has a shorter structure; what it lacks is zero */
	if (opts)
		memcpy(&o, opts, opts->size < sizeof(o) ? opts->size : sizeof(o));
	ret = accel_pass_shapes(g, o.batch);
	if (!ret)
		ret = accel_pass_qdq(g);
	if (!ret)
		ret = accel_pass_fold(g);
	if (!ret)
		ret = accel_pass_shapes_known(g);
	if (!ret)
		ret = accel_pass_dead(g);
	if (!ret)
		ret = accel_pass_hard(g);
	if (!ret)
		ret = accel_pass_batchnorm(g);
	if (!ret)
		ret = accel_pass_shuffle(g);
	if (!ret)
		ret = accel_pass_replace(g);
	if (!ret)
		ret = accel_pass_lrn(g);
	if (!ret)
		ret = accel_pass_fold(g);	/* what replacement left constant */
	if (!ret)
		ret = accel_pass_fuse(g);
	if (!ret)
		ret = accel_pass_average(g);
	if (!ret)
		ret = accel_pass_prune(g, o.prune);
	if (!ret)
		ret = accel_pass_node_precision(g, &o);
	if (!ret)
		ret = accel_pass_precision(g, &o);
	if (!ret)
		ret = accel_pass_dead(g);
	return ret ? ret : accel_pass_partition(g, o.npu_only);
}
