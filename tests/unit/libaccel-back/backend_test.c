// SPDX-License-Identifier: MIT
/* Devices and sessions: what cannot be opened says why, sessions run side by side, faults name their node. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uapi/loom/isa_table.h"

static void refused(const char *spec, int err, const char *says)
{
	struct accel_device *dev = (void *)1;
	int ret = accel_open(spec, &dev);

	if (ret != -err)
		fail_msg("%s: %d, not %d: %s", spec, ret, -err, accel_errmsg());
	assert_null(dev);
	if (!strstr(accel_errmsg(), says))
		fail_msg("%s: no '%s' in '%s'", spec, says, accel_errmsg());
}

static void bad_specs(void **state)
{
	refused("gpu", EINVAL, "gpu");
	refused("", EINVAL, "not a device");
	refused("sim:array=7", EINVAL, "open sim");
	refused("sim:array=", EINVAL, "array=");
	refused("sim:bogus=1", EINVAL, "bogus");
	refused("sim:spm=99999999999999999999", EINVAL, "spm");
	refused("sim:array=32x", EINVAL, "array");
	refused("/dev/accel/accel63", ENOENT, "modprobe loom");
	refused("/dev/null", EINVAL, "not a DRM device");
	refused("0000:7f:1f.7", ENOENT, "lspci");
}

/* As a user who may not open the node. */
static void forbidden(void **state)
{
	char path[64];
	pid_t pid;
	int status;

	if (geteuid())
		skip();
	snprintf(path, sizeof(path), "/tmp/backend_test.%d", getpid());
	close(open(path, O_CREAT | O_RDWR, 0600));
	pid = fork();
	if (!pid) {
		struct accel_device *dev;

		if (seteuid(65534))
			_exit(2);
		_exit(accel_open(path, &dev) == -EACCES && strstr(accel_errmsg(), "group") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void reports_geometry(void **state)
{
	struct accel_device_info info;
	struct accel_device *dev;

	must(accel_open("sim:array=64,cores=3,spm=131072,acc=32768,bpc=16,clock=500000,timing=0", &dev));
	accel_device_get_info(dev, &info);
	assert_int_equal(info.kind, ACCEL_DEVICE_SIM);
	assert_int_equal(info.array_dim, 64);
	assert_int_equal(info.num_cores, 3);
	assert_int_equal(info.spm_bytes, 131072);
	assert_int_equal(info.acc_bytes, 32768);
	assert_int_equal(info.dram_bpc, 16);
	assert_int_equal(info.clock_khz, 500000);
	accel_close(dev);
}

#define THREADS	6
#define RUNS	30

struct worker {
	struct accel_device *dev;
	struct accel_program *p;
	int id, bad;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct accel_session *s;
	float *in, first[64];
	const float *out;
	size_t bytes, n;

	if (accel_session_new(w->dev, w->p, &s))
		return w->bad = 1, NULL;
	in = accel_input(s, 0, &n);
	for (size_t i = 0; i < n / 4; i++)
		in[i] = (float)((i * 7 + (size_t)w->id) % 19) / 19;
	for (int i = 0; i < RUNS && !w->bad; i++) {
		w->bad = accel_submit(s) || accel_wait(s);
		out = accel_output(s, 0, &bytes);
		bytes = bytes < sizeof(first) ? bytes : sizeof(first);
		if (!i)
			memcpy(first, out, bytes);
		w->bad |= memcmp(first, out, bytes) != 0;
	}
	accel_session_free(s);
	return NULL;
}

static void side_by_side(void **state)
{
	const struct run_options o = { .batch = 1 };
	struct accel_graph *g = random_graph(12);
	struct worker w[THREADS];
	pthread_t t[THREADS];
	struct accel_device *dev;
	struct accel_program *p;

	must(accel_open("sim:cores=3", &dev));
	p = compile_on(dev, g, &o);
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ dev, p, i, 0 };
		assert_int_equal(pthread_create(&t[i], NULL, work, &w[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		assert_int_equal(w[i].bad, 0);
	}
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
}

static void order_of_calls(void **state)
{
	const struct run_options o = { .batch = 1 };
	struct accel_graph *g = random_graph(12);
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	struct accel_stats st;
	size_t bytes;

	must(accel_open("sim", &dev));
	p = compile_on(dev, g, &o);
	must(accel_session_new(dev, p, &s));
	assert_int_equal(accel_wait(s), -EINVAL);
	must(accel_submit(s));
	assert_int_equal(accel_submit(s), -EBUSY);
	must(accel_wait(s));
	accel_session_stats(s, &st);
	assert_true(st.cycles > 0 && st.bytes_in > 0 && st.wall_ns > 0);
	assert_null(accel_input(s, 1, &bytes));
	assert_null(accel_output(s, -1, &bytes));
	/* Freed with a run in flight. */
	must(accel_submit(s));
	accel_session_free(s);
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
}

/* The first descriptor with opcode @op of stream 0. */
static struct loom_desc *find(struct accel_program *p, unsigned int op)
{
	struct accel_stream *s = &p->streams[0];

	for (uint32_t slot = 0; slot < s->slots;) {
		uint8_t *at = s->data + (size_t)slot * LOOM_SLOT_BYTES;

		if (at[0] == op)
			return (struct loom_desc *)at;
		slot += loom_op_find(at[0])->slots;
	}
	fail_msg("no operation 0x%02x", op);
	return NULL;
}

static void expect_fault(struct accel_device *dev, struct accel_program *p, const char *const *says)
{
	struct accel_session *s;

	must(accel_session_new(dev, p, &s));
	assert_int_equal(accel_run(s), -EIO);
	for (; *says; says++)
		if (!strstr(accel_errmsg(), *says))
			fail_msg("no '%s' in '%s'", *says, accel_errmsg());
	accel_session_free(s);
}

static void faults(void **state)
{
	const struct run_options o = { .batch = 1 };
	struct rng r = { .s = 3 };
	int64_t in[2] = { 4, 30 }, w[2] = { 30, 20 };
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_graph *g;
	struct loom_mm *mm;
	struct loom_dma *st;
	int v[2];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 2, in);
	v[1] = add_const(g, &r, 2, w, 1);
	v[0] = accel_graph_op(g, "MatMul", "the_product", v, 2, NULL);
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	must(accel_open("sim", &dev));
	p = compile_on(dev, g, &o);

	mm = (struct loom_mm *)find(p, LOOM_OP_MM);
	mm->a += 1;
	expect_fault(dev, p, (const char *const[]){ "illegal", "mm", "the_product", "aligned", NULL });
	mm->a -= 1;
	st = (struct loom_dma *)find(p, LOOM_OP_STORE);
	st->va += 1 << 30;
	expect_fault(dev, p, (const char *const[]){ "write at address", "store", "the_product", "mapped", NULL });
	st->va -= 1 << 30;
	mm->d.wait_value[0] += 1000;
	expect_fault(dev, p, (const char *const[]){ "waited for each other", NULL });
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_specs), cmocka_unit_test(forbidden), cmocka_unit_test(reports_geometry),
		cmocka_unit_test(side_by_side), cmocka_unit_test(order_of_calls), cmocka_unit_test(faults),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("devices and sessions", tests, NULL, NULL);
}
