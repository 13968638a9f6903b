// SPDX-License-Identifier: MIT
/* Weights in files beside the model: found below its folder, and nowhere else; checked before they are read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "onnx_model.h"

static const float numbers[] = { 1, 2, 3, 4 };
static char top[] = "/tmp/external_test.XXXXXX", folder[64], model[96];
static struct accel_graph *g;

static void write_file(const char *name, const void *data, size_t bytes)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, bytes, f), bytes);
	assert_int_equal(fclose(f), 0);
}

/* TOP/secret, TOP/m/data, TOP/m/sub/data, links out of TOP/m and within it. */
static int set_up(void **state)
{
	char path[160];

	assert_non_null(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/m", top);
	snprintf(model, sizeof(model), "%s/net.onnx", folder);
	assert_int_equal(mkdir(folder, 0777), 0);
	snprintf(path, sizeof(path), "%s/sub", folder);
	assert_int_equal(mkdir(path, 0777), 0);
	write_file("secret", numbers, sizeof(numbers));
	write_file("m/data", numbers, sizeof(numbers));
	write_file("m/sub/data", numbers, sizeof(numbers));
	snprintf(path, sizeof(path), "%s/link", folder);
	assert_int_equal(symlink("../secret", path), 0);
	snprintf(path, sizeof(path), "%s/out", folder);
	assert_int_equal(symlink("..", path), 0);
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0666), 0);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "m/net.onnx", "m/data", "m/sub/data", "m/sub", "m/link", "m/out", "m/fifo", "m", "secret" };
	char path[160];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", top, names[i]);
		remove(path);
	}
	return rmdir(top);
}

static int drop(void **state)
{
	accel_graph_unref(g);
	g = NULL;
	return 0;
}

/* y = x + w, with the two numbers of w elsewhere; loaded from the file. */
static int load(const char *location, const char *offset, const char *length)
{
	Onnx__ModelProto *m = model_new(13);
	size_t bytes;
	void *data;

	put_external(add_tensor(m->graph, "w", ONNX_TYPE(FLOAT), 1, (int64_t[]){ 2 }, NULL), location, offset, length);
	add_input(m->graph, "x", ONNX_TYPE(FLOAT), 1, (int64_t[]){ 2 });
	add_output(m->graph, "y");
	add_node(m->graph, "Add", "x w", "y");
	data = model_pack(m, &bytes);
	write_file("m/net.onnx", data, bytes);
	free(data);
	model_free(m);
	return accel_graph_load_onnx(model, &g);
}

static void assert_loads(const char *location, const char *offset, const char *length, const float *want)
{
	if (load(location, offset, length))
		fail_msg("%s", accel_errmsg());
	assert_memory_equal(g->values[g->nodes[0].in[1]].data, want, 2 * sizeof(*want));
	drop(NULL);
}

static void assert_refused(const char *location, const char *offset, const char *length, int want, const char *text)
{
	int ret = load(location, offset, length);

	if (ret != want || !strstr(accel_errmsg(), text) || !strstr(accel_errmsg(), "tensor 'w'"))
		fail_msg("returned %d, wanted %d; '%s' does not say '%s'", ret, want, accel_errmsg(), text);
}

static void found(void **state)
{
	assert_loads("data", NULL, "8", numbers);
	assert_loads("data", "8", "8", numbers + 2);
	assert_loads("data", "4", NULL, numbers + 1);
	assert_loads("./sub//data", "0", "8", numbers);
}

static void found_from_the_folder_itself(void **state)
{
	char here[400];

	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(load("data", NULL, NULL), 0);
	drop(NULL);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(accel_graph_load_onnx("net.onnx", &g), 0);
	assert_int_equal(chdir(here), 0);
}

static void kept_inside(void **state)
{
	char absolute[160];

	snprintf(absolute, sizeof(absolute), "%s/data", folder);
	assert_refused(absolute, NULL, "8", -EBADMSG, "absolute");
	assert_refused("../secret", NULL, "8", -EBADMSG, "leaves");
	assert_refused("sub/../data", NULL, "8", -EBADMSG, "leaves");
	assert_refused("..", NULL, "8", -EBADMSG, "leaves");
	assert_refused("link", NULL, "8", -EBADMSG, "symbolic link");
	assert_refused("out/secret", NULL, "8", -EBADMSG, "symbolic link");
	assert_refused("sub", NULL, "8", -EBADMSG, "regular file");
	assert_refused("fifo", NULL, "8", -EBADMSG, "regular file");
	assert_refused("data/more", NULL, "8", -ENOTDIR, "'data/more'");
	assert_refused("nothing", NULL, "8", -ENOENT, "'nothing'");
	assert_refused("", NULL, "8", -EBADMSG, "not named");
	assert_refused(NULL, NULL, NULL, -EBADMSG, "not named");
}

static void sizes(void **state)
{
	assert_refused("data", NULL, "4", -EBADMSG, "length");
	assert_refused("data", NULL, "0", -EBADMSG, "length");
	assert_refused("data", NULL, "12", -EBADMSG, "length");
	assert_refused("data", "12", "8", -EBADMSG, "ends before");
	assert_refused("data", "9", NULL, -EBADMSG, "ends before");
	assert_refused("data", "18446744073709551612", "8", -EBADMSG, "ends before");
	assert_refused("data", "18446744073709551616", "8", -EBADMSG, "offset");
	assert_refused("data", "-8", "8", -EBADMSG, "offset");
	assert_refused("data", "", "8", -EBADMSG, "offset");
	assert_refused("data", "0x8", "8", -EBADMSG, "offset");
	assert_refused("data", "0", "8 ", -EBADMSG, "length");
}

/* A model in memory has no folder. */
static void in_memory(void **state)
{
	Onnx__ModelProto *m = model_new(13);

	put_external(add_tensor(m->graph, "w", ONNX_TYPE(FLOAT), 1, (int64_t[]){ 2 }, NULL), "data", NULL, "8");
	add_input(m->graph, "x", ONNX_TYPE(FLOAT), 1, (int64_t[]){ 2 });
	add_output(m->graph, "y");
	add_node(m->graph, "Add", "x w", "y");
	assert_int_equal(model_parse(m, &g), -EOPNOTSUPP);
	assert_non_null(strstr(accel_errmsg(), "load it from its file"));
	model_free(m);
}

/* A tensor of an attribute, and more elements than any file has. */
static void other_tensors(void **state)
{
	Onnx__ModelProto *m = model_new(13);
	size_t bytes;
	void *data;

	put_external(attr_tensor(add_node(m->graph, "Constant", "", "w"), "value", ONNX_TYPE(FLOAT), 1, (int64_t[]){ 2 }, NULL),
		     "data", "8", NULL);
	put_external(add_tensor(m->graph, "huge", ONNX_TYPE(FLOAT), 2, (int64_t[]){ 1 << 20, 1 << 18 }, NULL), "data", NULL, NULL);
	add_input(m->graph, "x", ONNX_TYPE(FLOAT), 1, (int64_t[]){ 2 });
	add_output(m->graph, "y");
	add_node(m->graph, "Add", "x w", "y");
	for (int i = 0; i < 2; i++) {
		data = model_pack(m, &bytes);
		write_file("m/net.onnx", data, bytes);
		free(data);
		if (!i) {
			assert_int_equal(accel_graph_load_onnx(model, &g), -EBADMSG);
			assert_non_null(strstr(accel_errmsg(), "tensor 'huge'"));
			onnx__tensor_proto__free_unpacked(m->graph->initializer[--m->graph->n_initializer], NULL);
		}
	}
	assert_int_equal(accel_graph_load_onnx(model, &g), 0);
	assert_memory_equal(g->values[g->nodes[0].in[1]].data, numbers + 2, 8);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(found, drop),
		cmocka_unit_test_teardown(found_from_the_folder_itself, drop),
		cmocka_unit_test_teardown(kept_inside, drop),
		cmocka_unit_test_teardown(sizes, drop),
		cmocka_unit_test_teardown(in_memory, drop),
		cmocka_unit_test_teardown(other_tensors, drop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: weights in files of their own", tests, set_up, tear_down);
}
