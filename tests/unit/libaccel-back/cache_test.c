// SPDX-License-Identifier: MIT
/* The cache of programs: hits are the same program, whatever differs misses, damage and limits are dealt with. */
#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64], dir[80];

/* Files in the cache; the name of one, the time of its last use and the sum of sizes. */
static int files(char *name, size_t size, struct stat *last, uint64_t *bytes)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int num = 0;

	*bytes = 0;
	while (d && (e = readdir(d))) {
		char path[400];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		assert_int_equal(stat(path, last), 0);
		*bytes += (uint64_t)last->st_size;
		snprintf(name, size, "%s", path);
		num++;
	}
	if (d)
		closedir(d);
	return num;
}

static int count(void)
{
	char name[400];
	struct stat st;
	uint64_t bytes;

	return files(name, sizeof(name), &st, &bytes);
}

static void empty(void)
{
	char name[400];
	struct stat st;
	uint64_t bytes;

	while (files(name, sizeof(name), &st, &bytes))
		assert_int_equal(unlink(name), 0);
}

static int set_up(void **state)
{
	strcpy(top, "/tmp/cache_test.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(dir, sizeof(dir), "%s/programs", top);
	setenv("LOOM_CACHE", top, 1);
	unsetenv("LOOM_PROGRAM_CACHE");
	return 0;
}

static int tear_down(void **state)
{
	empty();
	rmdir(dir);
	return rmdir(top);
}

/* Output of @seed's graph as it comes from the cache or goes there. */
static struct result run_cached(uint64_t seed, const char *spec, const struct accel_compile_options *o)
{
	struct accel_graph *g = random_graph(seed);
	struct accel_program *p;
	struct accel_device *dev;
	struct accel_session *s;
	struct result r;
	struct rng rng = { .s = 9 };
	const void *out;
	size_t bytes;
	float *in;

	must(accel_open(spec, &dev));
	must(accel_compile_cached(g, dev, o, &p));
	accel_graph_unref(g);
	must(accel_session_new(dev, p, &s));
	in = accel_input(s, 0, &bytes);
	for (size_t i = 0; i < bytes / sizeof(*in); i++)
		in[i] = rng_unit(&rng);
	must(accel_run(s));
	out = accel_output(s, 0, &bytes);
	r.count = bytes / sizeof(float);
	r.data = malloc(bytes);
	memcpy(r.data, out, bytes);
	accel_session_free(s);
	accel_program_unref(p);
	accel_close(dev);
	return r;
}

static void hits_are_the_same(void **state)
{
	const struct accel_compile_options o = { .size = sizeof(o), .precision = ACCEL_PREC_FP16 };

	empty();
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct result a = run_cached(seed, "sim", &o), b;
		struct stat first, second;
		char name[400];
		uint64_t bytes;

		assert_int_equal(files(name, sizeof(name), &first, &bytes), 1);
		b = run_cached(seed, "sim", &o);
		assert_int_equal(files(name, sizeof(name), &second, &bytes), 1);
		/* Read and marked as used, not written again. */
		assert_true(first.st_ino == second.st_ino);
		assert_same(&b, &a, "from the cache");
		free(a.data);
		free(b.data);
		empty();
	}
}

static void what_differs_misses(void **state)
{
	struct accel_compile_options o = { .size = sizeof(o), .precision = ACCEL_PREC_FP16 };
	int want = 0;

	empty();
	free(run_cached(1, "sim", &o).data);
	assert_int_equal(count(), ++want);
	free(run_cached(2, "sim", &o).data);
	assert_int_equal(count(), ++want);
	o.precision = ACCEL_PREC_BF16;
	free(run_cached(1, "sim", &o).data);
	assert_int_equal(count(), ++want);
	o.batch = 2;
	free(run_cached(1, "sim", &o).data);
	assert_int_equal(count(), ++want);
	free(run_cached(1, "sim:array=8", &o).data);
	assert_int_equal(count(), ++want);
	free(run_cached(1, "sim:cores=2", &o).data);
	assert_int_equal(count(), ++want);
	free(run_cached(1, "cpu", &o).data);
	assert_int_equal(count(), ++want);
	/* And again: all are there. */
	free(run_cached(1, "cpu", &o).data);
	assert_int_equal(count(), want);
}

#define SAMPLES	2
#define ELEMS	(4 * 5 * 5)

static struct accel_graph *named_graph(void)
{
	int64_t in[4] = { -1, 4, 5, 5 }, w[4] = { 8, 4, 3, 3 };
	struct accel_graph *g;
	struct rng r = { .s = 1 };
	int v[2];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	v[1] = add_const(g, &r, 4, w, 0.3f);
	v[0] = accel_graph_op(g, "Conv", "first", v, 2, NULL);
	w[1] = 8;
	v[1] = add_const(g, &r, 4, w, 0.3f);
	v[0] = accel_graph_op(g, "Conv", "second", v, 2, NULL);
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	return g;
}

/* With @o the program is none that was there before; the next time it is. */
static void is_new(const struct accel_compile_options *o, const char *what)
{
	struct accel_graph *g = named_graph();
	struct accel_program *p;
	struct accel_device *dev;
	int before = count();

	must(accel_open("sim", &dev));
	for (int i = 0; i < 2; i++) {
		must(accel_compile_cached(g, dev, o, &p));
		accel_program_unref(p);
		if (count() != before + 1)
			fail_msg("%s, time %d: %d programs, not %d", what, i + 1, count(), before + 1);
	}
	accel_close(dev);
	accel_graph_unref(g);
}

/* Every option, one at a time: another value of it is another program. */
static void every_option_counts(void **state)
{
	struct accel_node_precision nodes[2] = { { "first", ACCEL_PREC_FP16 }, { "second", ACCEL_PREC_FP16 } };
	struct accel_compile_options o = { .size = sizeof(o) };
	float calib[SAMPLES * ELEMS];

	empty();
	for (int i = 0; i < SAMPLES * ELEMS; i++)
		calib[i] = (float)(i % 17) / 17;
	is_new(&o, "nothing set");
	o.precision = ACCEL_PREC_BF16;
	is_new(&o, "precision");
	o.batch = 3;
	is_new(&o, "batch");
	o.npu_only = 1;
	is_new(&o, "npu_only");
	o.prune = ACCEL_PRUNE_2_4;
	is_new(&o, "prune");
	o.node_precisions = nodes;
	o.num_node_precisions = 1;
	is_new(&o, "node_precisions");
	nodes[0].precision = ACCEL_PREC_FP32;
	is_new(&o, "a node's precision");
	nodes[0].node = "second";
	is_new(&o, "a node's name");
	nodes[1].node = "first";
	o.num_node_precisions = 2;
	is_new(&o, "another node's precision");
	o.calib_data = calib;
	o.calib_count = SAMPLES;
	nodes[1].precision = ACCEL_PREC_INT8;
	is_new(&o, "one node in int8");
	o.precision = ACCEL_PREC_INT8;
	is_new(&o, "int8");
	calib[5] = 2;
	is_new(&o, "calib_data");
	o.calib_count = 1;
	is_new(&o, "calib_count");
	o.calib_percentile = 99;
	is_new(&o, "calib_percentile");
	o.calib_percentile = 0;
	o.calib_method = ACCEL_CALIB_ENTROPY;
	is_new(&o, "calib_method");
	o.calib_method = ACCEL_CALIB_MSE;
	is_new(&o, "another calib_method");
}

static void damage_is_repaired(void **state)
{
	const struct accel_compile_options o = { .size = sizeof(o) };
	struct result a, b;
	char name[400];
	struct stat st;
	uint64_t bytes, now;
	int byte;
	FILE *f;

	empty();
	a = run_cached(3, "sim", &o);
	assert_int_equal(files(name, sizeof(name), &st, &bytes), 1);
	for (int k = 0; k < 2; k++) {
		if (k) {
			assert_int_equal(truncate(name, st.st_size / 2), 0);
		} else {
			f = fopen(name, "r+b");
			assert_non_null(f);
			fseek(f, (long)st.st_size / 2, SEEK_SET);
			byte = fgetc(f);
			fseek(f, (long)st.st_size / 2, SEEK_SET);
			fputc(byte ^ 0x55, f);
			fclose(f);
		}
		b = run_cached(3, "sim", &o);
		assert_same(&b, &a, "after damage");
		free(b.data);
		assert_int_equal(files(name, sizeof(name), &st, &now), 1);
		assert_true(now == bytes);
	}
	free(a.data);
}

static void limits_and_off(void **state)
{
	const struct accel_compile_options o = { .size = sizeof(o) };
	char name[400];
	struct stat st;
	uint64_t bytes;

	empty();
	setenv("LOOM_PROGRAM_CACHE", "off", 1);
	free(run_cached(1, "sim", &o).data);
	assert_int_equal(count(), 0);
	setenv("LOOM_PROGRAM_CACHE", "1", 1);
	for (uint64_t seed = 1; seed <= 30; seed++) {
		free(run_cached(seed, "sim", &o).data);
		files(name, sizeof(name), &st, &bytes);
		assert_true(bytes <= 1 << 20);
	}
	assert_in_range(count(), 1, 29);
	unsetenv("LOOM_PROGRAM_CACHE");
	/* Nowhere to write: compiled all the same. */
	setenv("LOOM_CACHE", "/dev/null", 1);
	free(run_cached(1, "sim", &o).data);
	setenv("LOOM_CACHE", top, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits_are_the_same), cmocka_unit_test(what_differs_misses), cmocka_unit_test(every_option_counts),
		cmocka_unit_test(damage_is_repaired), cmocka_unit_test(limits_and_off),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
