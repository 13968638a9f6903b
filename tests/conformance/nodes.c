// SPDX-License-Identifier: MIT
/*
 * Every single-operator model of libonnx-testdata either gives what ONNX's reference gave, on the CPU and on the
 * simulated NPU, or is refused by name. Inputs that decide a shape are given as constants where it cannot do without.
 * Leaves a table by operator in build/conformance/operators.txt.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libaccel/graph/build.h"
#include "model.h"
#include "table.h"

#define ROOT	"/usr/share/libonnx-testdata/data/node"
#define FLOOR	819		/* as many pass at least */

enum verdict { PASSED, REFUSED, WRONG };

static const char *const devices[] = { "cpu", "sim" };
static struct accel_device *device[2];
static int counts[3];
static char folder[500];	/* for what is left behind */

/* Compiled for device @d and run on it: are the outputs right? */
static bool run(const struct model *m, struct accel_program *p, int d, char *why, size_t size)
{
	struct accel_session *s;
	bool ok = true;

	if (accel_session_new(device[d], p, &s)) {
		snprintf(why, size, "%s", accel_errmsg());
		return false;
	}
	for (int i = 0; i < accel_program_num_inputs(p) && ok; i++) {
		const struct accel_value *v = &m->given->values[i];
		size_t bytes;
		void *to = accel_input(s, i, &bytes);

		ok = i < m->num_inputs && bytes == (size_t)accel_value_bytes(v);
		if (ok)
			memcpy(to, v->data, bytes);
		else
			snprintf(why, size, "input %d does not fit the data", i);
	}
	if (ok && accel_run(s)) {
		ok = false;
		snprintf(why, size, "%s", accel_errmsg());
	}
	if (ok && accel_program_num_outputs(p) != m->wanted->num_values) {
		ok = false;
		snprintf(why, size, "%d outputs, wanted %d", accel_program_num_outputs(p), m->wanted->num_values);
	}
	for (int i = 0; i < accel_program_num_outputs(p) && ok; i++) {
		struct accel_tensor_info info;

		accel_program_output_info(p, i, &info);
		ok = model_same(&info, accel_output(s, i, NULL), &m->wanted->values[i], why, size);
	}
	accel_session_free(s);
	return ok;
}

/* @p as it comes back from a program file, whose CPU nodes are checked then. */
static bool through_file(struct accel_program **p, char *why, size_t size)
{
	struct accel_program *loaded = NULL;
	char path[520];
	bool ok;

	snprintf(path, sizeof(path), "%s/program.elf", folder);
	ok = !accel_program_save(*p, path) && !accel_program_load(path, &loaded);
	if (!ok)
		snprintf(why, size, "%s", accel_errmsg());
	unlink(path);
	accel_program_unref(*p);
	*p = loaded;
	return ok;
}

/* With the inputs from @first on constant. Whether it is imported and compiled is left in @ret. */
static bool attempt(const struct model *m, int first, int d, int *ret, struct accel_program **p, char *why, size_t size)
{
	struct accel_graph *g;
	bool ok = false;

	*p = NULL;
	*ret = model_parse(m, first, &g);
	if (!*ret) {
		*ret = accel_compile(g, device[d], NULL, p);
		accel_graph_unref(g);
	}
	if (*ret)
		snprintf(why, size, "%s", accel_errmsg());
	else
		ok = (d || through_file(p, why, size)) && run(m, *p, d, why, size);
	return ok;
}

/* Is there an operator in @g, or in graphs inside of it, that @why names? */
static bool names_operator(const Onnx__GraphProto *g, const char *why)
{
	for (size_t i = 0; i < g->n_node; i++) {
		const Onnx__NodeProto *n = g->node[i];

		if (strstr(why, n->op_type))
			return true;
		for (size_t k = 0; k < n->n_attribute; k++)
			if (n->attribute[k]->g && names_operator(n->attribute[k]->g, why))
				return true;
	}
	return false;
}

/* A refusal says what is refused: the operator, or the input or tensor. */
static bool names_it(const struct model *m, const char *why)
{
	return names_operator(m->proto->graph, why) || strstr(why, "input '") || strstr(why, "tensor '") ||
	       strstr(why, "operator set");
}

static void add_placement(const struct accel_program *p)
{
	for (int i = 0; i < accel_program_num_nodes(p); i++) {
		struct accel_node_info info;
		struct table_row *r;

		accel_program_node_info(p, i, &info);
		r = table_row(info.op);
		r->npu += info.on_npu;
		r->cpu += !info.on_npu;
		if (!info.on_npu && !*r->why)
			snprintf(r->why, sizeof(r->why), "CPU: %.150s", info.reason);
	}
}

/*
 * With the inputs from @first on constant: right on both devices where it compiles. Where this is the @last way of
 * trying, a refusal must be one: that it depends on the contents of an input is none.
 */
static enum verdict judge_at(const struct model *m, int first, bool last, char *why, size_t size)
{
	enum verdict v = PASSED;

	for (int d = 0; d < 2 && v == PASSED; d++) {
		struct accel_program *p;
		int ret;

		if (!attempt(m, first, d, &ret, &p, why, size)) {
			v = ret && !d ? REFUSED : WRONG;
			if (d)
				snprintf(why + strlen(why), size - strlen(why), " (on sim)");
			if (v == REFUSED && last && (ret != -EOPNOTSUPP || !names_it(m, why)))
				v = WRONG;
		} else if (d) {
			add_placement(p);
		}
		accel_program_unref(p);
	}
	return v;
}

/*
 * With all inputs computed, with all but the first constant, with all constant. One that runs is enough, and none may
 * be wrong. @constant: there was none without constants.
 */
static enum verdict judge(const struct model *m, bool *constant, char *why, size_t size)
{
	int firsts[] = { m->num_inputs, 1, 0 };
	enum verdict best = REFUSED;

	*constant = false;
	if (!model_inputs_are_tensors(m))
		return judge_at(m, m->num_inputs, true, why, size);
	for (int i = 0; i < 3; i++) {
		char text[400];
		enum verdict v;

		if (i && firsts[i] >= firsts[i - 1])
			continue;
		if (best == PASSED && firsts[i] == 0)
			break;
		v = judge_at(m, firsts[i], firsts[i] == 0, text, sizeof(text));
		if (v == WRONG || best == REFUSED)
			snprintf(why, size, "%s (inputs from %d on constant)", text, firsts[i]);
		if (v == WRONG)
			return WRONG;
		if (v == PASSED && best == REFUSED) {
			best = PASSED;
			*constant = i > 0;
		}
	}
	return best;
}

/* Into the row of each operator of the model, once. */
static void enter(const struct model *m, enum verdict v, bool constant, const char *why)
{
	const Onnx__GraphProto *g = m->proto->graph;

	for (size_t i = 0; i < g->n_node; i++) {
		struct table_row *r = table_row(g->node[i]->op_type);
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= !strcmp(g->node[k]->op_type, g->node[i]->op_type);
		if (seen)
			continue;
		r->models++;
		r->passed += v == PASSED;
		r->refused += v == REFUSED;
		r->constant += v == PASSED && constant;
		if (v == REFUSED && strstr(why, r->op))
			snprintf(r->why, sizeof(r->why), "refused: %.150s", why);
	}
}

static void test_model(const char *name)
{
	char dir[512], why[500] = "";
	enum verdict v = WRONG;
	struct model m;
	bool constant;

	snprintf(dir, sizeof(dir), ROOT "/%.200s", name);
	if (getenv("VERBOSE"))
		printf("# %s\n", name);
	if (model_read(&m, dir)) {
		v = judge(&m, &constant, why, sizeof(why));
		enter(&m, v, constant, why);
	} else {
		snprintf(why, sizeof(why), "the model cannot be read");
	}
	if (v == WRONG || (v == REFUSED && getenv("VERBOSE")))
		printf("# %s %s: %s\n", v == WRONG ? "wrong" : "refused", name, why);
	counts[v]++;
	model_free(&m);
}

static int test_all(void)
{
	struct dirent **entries;
	int n = scandir(ROOT, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			test_model(entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return counts[PASSED] + counts[REFUSED] + counts[WRONG];
}

static void make_folder(void)
{
	const char *b = getenv("B");

	snprintf(folder, sizeof(folder), "%s/conformance", b ? b : "build");
	mkdir(folder, 0777);
}

static bool write_table(const char *summary)
{
	char path[520];

	snprintf(path, sizeof(path), "%s/operators.txt", folder);
	printf("# table by operator: %s\n", path);
	return table_write(path, summary);
}

static int report(void)
{
	int number = 0, failures = counts[WRONG] > 0 || counts[PASSED] < FLOOR;
	struct table_row *r;
	char summary[160];

	snprintf(summary, sizeof(summary), "%d models: %d pass, %d are refused by name, %d are wrong",
		 counts[PASSED] + counts[REFUSED] + counts[WRONG], counts[PASSED], counts[REFUSED], counts[WRONG]);
	printf("# %s\n", summary);
	for (size_t i = 0; (r = table_each(i)); i++)
		if (r->models)
			printf("%s %d - %s: %d of %d pass, %d refused\n",
			       r->passed + r->refused == r->models ? "ok" : "not ok", ++number, r->op, r->passed, r->models,
			       r->refused);
	printf("%s %d - no wrong answer\n", counts[WRONG] ? "not ok" : "ok", ++number);
	printf("%s %d - %d pass at least\n", counts[PASSED] < FLOOR ? "not ok" : "ok", ++number, FLOOR);
	if (!write_table(summary)) {
		printf("not ok %d - the table is written\n", ++number);
		failures++;
	}
	printf("1..%d\n", number);
	return failures ? 1 : 0;
}

int main(void)
{
	struct stat st;

	if (stat(ROOT, &st)) {
		printf("1..0 # SKIP libonnx-testdata is not installed\n");
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int d = 0; d < 2; d++)
		if (accel_open(devices[d], &device[d])) {
			printf("Bail out! %s\n", accel_errmsg());
			return 1;
		}
	make_folder();
	test_all();
	for (int d = 0; d < 2; d++)
		accel_close(device[d]);
	return report();
}
