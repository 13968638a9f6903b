// SPDX-License-Identifier: MIT
/* Program files: what is loaded is what was saved; whatever is damaged is refused. */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libaccel/backend/backend.h"
#include "libaccel/program/file.h"
#include "uapi/loom/isa.h"

#define SPEC "sim:array=16,spm=65536,acc=16384"

struct fixture {
	struct accel_device *dev;
	struct accel_graph *g;
	struct accel_program *p;
	char path[64], other[64];
	uint8_t *data;
	size_t len;
};

static uint8_t *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p;
	long n;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	p = malloc((size_t)n + 1);
	assert_non_null(p);
	*len = fread(p, 1, (size_t)n, f);
	assert_int_equal(*len, n);
	fclose(f);
	return p;
}

static void spill(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

/* A network with a Softmax along the outer axis, so that the file has NPU and CPU steps. */
static struct accel_graph *network(void)
{
	struct rng r = { .s = 5 };
	int64_t in[4] = { 1, 2, 7, 7 }, w[4] = { 5, 2, 3, 3 }, m[2] = { 125, 9 };
	struct accel_graph *g;
	int v[3];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	v[1] = add_const(g, &r, 4, w, 0.3f);
	v[0] = accel_graph_op(g, "Conv", "conv", v, 2, NULL);
	v[0] = accel_graph_op(g, "Relu", "relu", v, 1, NULL);
	v[0] = accel_graph_op(g, "Flatten", "flatten", v, 1, NULL);
	v[1] = add_const(g, &r, 2, m, 0.1f);
	v[2] = add_const(g, &r, 1, m + 1, 0.1f);
	v[0] = accel_graph_op(g, "Gemm", "gemm", v, 3, NULL);
	v[0] = accel_graph_op(g, "Transpose", "transpose", v, 1, NULL);
	v[0] = accel_graph_op(g, "Softmax", "softmax", v, 1, (const struct accel_attr[]){
		{ .name = "axis", .i = 0 }, { .name = NULL } });
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	return g;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct run_options o = { .batch = 1, .check = true };

	assert_non_null(f);
	must(accel_open(SPEC, &f->dev));
	f->g = network();
	f->p = compile_on(f->dev, f->g, &o);
	snprintf(f->path, sizeof(f->path), "/tmp/program_test.%d.elf", getpid());
	snprintf(f->other, sizeof(f->other), "/tmp/program_test.%d.bad", getpid());
	must(accel_program_save(f->p, f->path));
	f->data = slurp(f->path, &f->len);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	unlink(f->other);
	accel_program_unref(f->p);
	accel_graph_unref(f->g);
	accel_close(f->dev);
	free(f->data);
	free(f);
	return 0;
}

static void run(struct accel_device *dev, struct accel_program *p, float out[9])
{
	struct accel_session *s;
	size_t bytes;
	float *in;

	must(accel_session_new(dev, p, &s));
	in = accel_input(s, 0, &bytes);
	assert_int_equal(bytes, 98 * sizeof(float));
	for (int i = 0; i < 98; i++)
		in[i] = (float)i / 98;
	must(accel_run(s));
	memcpy(out, accel_output(s, 0, &bytes), 9 * sizeof(float));
	accel_session_free(s);
}

static void round_trip(void **state)
{
	struct fixture *f = *state;
	struct accel_program *p;
	struct accel_node_info a, b;
	float want[9], got[9];
	size_t len;
	uint8_t *again;

	must(accel_program_load(f->path, &p));
	run(f->dev, f->p, want);
	run(f->dev, p, got);
	assert_memory_equal(want, got, sizeof(want));
	assert_int_equal(accel_program_num_nodes(p), accel_program_num_nodes(f->p));
	for (int i = 0; i < accel_program_num_nodes(p); i++) {
		must(accel_program_node_info(p, i, &a));
		must(accel_program_node_info(f->p, i, &b));
		assert_string_equal(a.name, b.name);
		assert_string_equal(a.op, b.op);
		assert_string_equal(a.reason, b.reason);
		assert_int_equal(a.on_npu, b.on_npu);
	}
	/* Saved again it is the same file. */
	must(accel_program_save(p, f->other));
	again = slurp(f->other, &len);
	assert_int_equal(len, f->len);
	assert_memory_equal(again, f->data, len);
	free(again);
	accel_program_unref(p);
}

static void for_the_cpu(void **state)
{
	struct fixture *f = *state;
	const struct run_options o = { .batch = 1 };
	struct accel_program *p, *q;
	struct accel_device *cpu;
	struct accel_session *s;
	float want[9], got[9];

	must(accel_open("cpu", &cpu));
	p = compile_on(cpu, f->g, &o);
	must(accel_program_save(p, f->other));
	must(accel_program_load(f->other, &q));
	run(cpu, p, want);
	run(cpu, q, got);
	assert_memory_equal(want, got, sizeof(want));
	assert_int_equal(accel_session_new(f->dev, q, &s), -EINVAL);
	assert_int_equal(accel_session_new(cpu, f->p, &s), -EINVAL);
	accel_program_unref(p);
	accel_program_unref(q);
	accel_close(cpu);
}

static void other_geometry(void **state)
{
	struct fixture *f = *state;
	struct accel_device *dev;
	struct accel_session *s;

	must(accel_open("sim:array=32", &dev));
	assert_int_equal(accel_session_new(dev, f->p, &s), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "16 x 16"));
	assert_non_null(strstr(accel_errmsg(), "32 x 32"));
	accel_close(dev);
}

static void truncated(void **state)
{
	struct fixture *f = *state;
	struct accel_program *p;

	for (size_t len = 0; len < f->len; len += len < 300 || len + 300 > f->len ? 1 : 61) {
		spill(f->other, f->data, len);
		assert_int_equal(accel_program_load(f->other, &p), -EBADMSG);
		assert_null(p);
	}
}

static void flipped(void **state)
{
	struct fixture *f = *state;
	struct accel_program *p;

	for (size_t i = 0; i < f->len; i += i < 128 || i + 128 > f->len ? 1 : 37) {
		f->data[i] ^= (uint8_t)(1u << (i % 8));
		spill(f->other, f->data, f->len);
		f->data[i] ^= (uint8_t)(1u << (i % 8));
		assert_int_equal(accel_program_load(f->other, &p), -EBADMSG);
	}
}

/* With a right checksum nothing else is to be believed either; what is still accepted must run without harm. */
static void forged(void **state)
{
	struct fixture *f = *state;
	size_t body = f->len - ACCEL_TRAILER_BYTES;
	uint8_t *copy = malloc(f->len);
	struct accel_session *s;
	struct accel_program *p;
	struct rng r = { .s = 77 };
	int refused = 0, ran = 0;

	for (int i = 0; i < 3000; i++) {
		int n = rng_range(&r, 1, 3);

		memcpy(copy, f->data, f->len);
		while (n--)
			copy[rng_next(&r) % body] = (uint8_t)(rng_range(&r, 0, 2) ? rng_next(&r) : 0xff);
		accel_file_sum(copy, body, copy + body + ACCEL_SUM_MAGIC_BYTES);
		spill(f->other, copy, f->len);
		if (accel_program_load(f->other, &p)) {
			refused++;
			continue;
		}
		if (accel_session_new(f->dev, p, &s) == 0) {
			ran += accel_run(s) == 0;
			accel_session_free(s);
		}
		accel_program_unref(p);
	}
	print_message("# 3000 forged files: %d refused, %d ran\n", refused, ran);
	assert_true(refused > 100);
	free(copy);
}

static void other_version(void **state)
{
	struct fixture *f = *state;
	size_t body = f->len - ACCEL_TRAILER_BYTES;
	uint8_t *copy = malloc(f->len), *note = NULL;
	struct accel_program *p;

	memcpy(copy, f->data, f->len);
	for (size_t i = 0; i + 8 < body && !note; i++)
		if (!memcmp(copy + i, "Loom\0\0\0", 8))
			note = copy + i + 8;
	assert_non_null(note);
	note[0]++;
	accel_file_sum(copy, body, copy + body + ACCEL_SUM_MAGIC_BYTES);
	spill(f->other, copy, f->len);
	assert_int_equal(accel_program_load(f->other, &p), -EPROTO);
	assert_non_null(strstr(accel_errmsg(), "version 6"));
	free(copy);
}

/* Number @at of the note becomes @value; the checksum is right. */
static void forge_note(struct fixture *f, size_t at, uint32_t value)
{
	size_t body = f->len - ACCEL_TRAILER_BYTES;
	uint8_t *copy = malloc(f->len), *note = NULL;

	memcpy(copy, f->data, f->len);
	for (size_t i = 0; i + 8 < body && !note; i++)
		if (!memcmp(copy + i, "Loom\0\0\0", 8))
			note = copy + i + 8;
	assert_non_null(note);
	memcpy(note + at, &value, sizeof(value));
	accel_file_sum(copy, body, copy + body + ACCEL_SUM_MAGIC_BYTES);
	spill(f->other, copy, f->len);
	free(copy);
}

/* Programs say what they need; what the device or the library has not is refused, in words. */
static void newer_instructions(void **state)
{
	struct fixture *f = *state;
	float calib[98] = { 0.5f, -0.5f, 1 };
	const struct run_options ints = { .batch = 1, .precision = ACCEL_PREC_INT8, .calib = calib, .calib_count = 1 };
	struct accel_program *p = compile_on(f->dev, f->g, &ints), *q;
	struct accel_session *s;
	uint32_t has = f->dev->info.isa_version;

	assert_int_equal(has, LOOM_ISA_VERSION);
	assert_int_equal(f->p->target.isa_version, 0x00010000);
	forge_note(f, offsetof(struct accel_file_note, isa_version), LOOM_ISA_VERSION + 1);
	assert_int_equal(accel_program_load(f->other, &q), -EPROTO);
	assert_non_null(strstr(accel_errmsg(), "needs instruction set 1."));
	forge_note(f, offsetof(struct accel_file_note, isa_version), 0x00020000);
	assert_int_equal(accel_program_load(f->other, &q), -EPROTO);
	/* The note's own number counts where a file is run. */
	forge_note(f, offsetof(struct accel_file_note, isa_version), LOOM_ISA_VERSION);
	must(accel_program_load(f->other, &q));
	f->dev->info.isa_version = LOOM_ISA_VERSION - 1;
	assert_int_equal(accel_session_new(f->dev, q, &s), -EPROTO);
	assert_non_null(strstr(accel_errmsg(), "the device sim has 1.0"));
	accel_program_unref(q);
	/* What needs no more than 1.0 runs there; sums of int8 that are scaled and biased in one pass do. */
	must(accel_session_new(f->dev, f->p, &s));
	accel_session_free(s);
	if (p->target.isa_version > 0x00010000)
		assert_int_equal(accel_session_new(f->dev, p, &s), -EPROTO);
	f->dev->info.isa_version = has;
	assert_true(p->target.isa_version > 0x00010000);
	must(accel_session_new(f->dev, p, &s));
	accel_session_free(s);
	accel_program_unref(p);
}

static void not_there(void **state)
{
	struct accel_program *p;

	assert_int_equal(accel_program_load("/nowhere/x.elf", &p), -ENOENT);
	assert_int_equal(accel_program_load("/tmp", &p), -EBADMSG);
	assert_int_equal(accel_program_save(((struct fixture *)*state)->p, "/nowhere/x.elf"), -ENOENT);
}

static void disassembled(void **state)
{
	struct fixture *f = *state;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	must(accel_program_disassemble(f->p, out));
	fclose(out);
	for (const char *const *want = (const char *const[]){ "Conv \"conv\"", "Gemm \"gemm\"", "load", "store", "mm ", "end",
							      "const+0x", "io+0x", "wait(s", NULL }; *want; want++)
		if (!strstr(text, *want))
			fail_msg("no \"%s\" in:\n%s", *want, text);
	assert_null(strstr(text, "illegal"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(for_the_cpu), cmocka_unit_test(other_geometry),
		cmocka_unit_test(truncated), cmocka_unit_test(flipped), cmocka_unit_test(forged),
		cmocka_unit_test(other_version), cmocka_unit_test(newer_instructions), cmocka_unit_test(not_there), cmocka_unit_test(disassembled),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("program files", tests, set_up, tear_down);
}
