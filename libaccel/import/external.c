// SPDX-License-Identifier: MIT
/* Tensors whose data are in another file of the model's folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libaccel/error.h"
#include "libaccel/import/import.h"

#define MAX_PATH	4096

static int refuse(int err, const char *tensor, const char *location, const char *why)
{
	return accel_error(err, "tensor '%.64s': its data in '%.128s': %s", tensor, location, why);
}

/* Where the data are, as the model says. */
struct place {
	const char *location;
	uint64_t offset;
	uint64_t length;
	bool has_length;
};

/* Digits alone, as far as they go into 64 bits. */
static bool parse_number(const char *text, uint64_t *out)
{
	*out = 0;
	for (const char *c = text; *c; c++)
		if (*c < '0' || *c > '9' || __builtin_mul_overflow(*out, 10u, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(*c - '0'), out))
			return false;
	return *text;
}

static int read_place(const Onnx__TensorProto *t, const char *name, struct place *p)
{
	for (size_t i = 0; i < t->n_external_data; i++) {
		const char *key = accel_import_text(t->external_data[i]->key);
		const char *value = accel_import_text(t->external_data[i]->value);

		if (!strcmp(key, "location"))
			p->location = value;
		p->has_length |= !strcmp(key, "length");
		if ((!strcmp(key, "offset") && !parse_number(value, &p->offset)) ||
			 (!strcmp(key, "length") && !parse_number(value, &p->length)))
			return accel_error(EBADMSG, "tensor '%.64s': its data have %s '%.32s'; the file is corrupt", name, key, value);
	}
	return p->location && *p->location ? 0 :
		accel_error(EBADMSG, "tensor '%.64s': its data are in another file that is not named; the file is corrupt", name);
}

/* The folder of the model file @path. */
static int open_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[MAX_PATH];

	if (!slash)
		return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (slash - path >= MAX_PATH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/*
 * Opens @location below the folder @at, which is closed. It is walked name by name, and no link is followed: whatever a model says,
 * and whoever changes the folder meanwhile, nothing outside of it is read.
 */
static int open_below(int at, const char *tensor, const char *location)
{
	const char *from = location, *why = NULL;

	if (*location == '/')
		why = "an absolute path; data must be in the model's folder";
	while (at >= 0 && !why) {
		size_t len = strcspn(from, "/");
		bool last = !from[len];
		char part[256];
		int next;

		if (len >= sizeof(part)) {
			why = "a name is too long";
			break;
		}
		snprintf(part, sizeof(part), "%.*s", (int)len, from);
		if (!strcmp(part, "..")) {
			why = "the path leaves the model's folder";
			break;
		}
		next = openat(at, len ? part : ".", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
		if (next < 0) {
			int err = errno;
			struct stat st;
			bool link = !fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);

			close(at);
			return link ? refuse(EBADMSG, tensor, location, "a symbolic link, which is not followed; put the file itself there")
				    : refuse(err, tensor, location, strerror(err));
		}
		close(at);
		at = next;
		if (last)
			return at;
		from += len + 1;
	}
	close(at);
	return refuse(EBADMSG, tensor, location, why);
}

/* Is there what @p says, @bytes of it? */
static int check_file(int fd, const char *name, struct place *p, uint64_t bytes)
{
	struct stat st;
	uint64_t end;

	if (fstat(fd, &st))
		return refuse(errno, name, p->location, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(EBADMSG, name, p->location, "not a regular file");
	if (p->has_length && p->length != bytes)
		return refuse(EBADMSG, name, p->location, "their length is not that of the tensor");
	if (__builtin_add_overflow(p->offset, bytes, &end) || end > (uint64_t)st.st_size)
		return refuse(EBADMSG, name, p->location, "the file ends before them");
	return 0;
}

int accel_import_external_open(const char *path, const char *name, const Onnx__TensorProto *t, uint64_t bytes, uint64_t *offset)
{
	struct place p = { 0 };
	int ret = read_place(t, name, &p), fd;

	if (ret)
		return ret;
	if (!path)
		return refuse(EOPNOTSUPP, name, p.location, "a model in memory has no folder; load it from its file");
	fd = open_folder(path);
	if (fd < 0)
		return accel_error(errno, "opening the folder of model '%.128s': %s", path, strerror(errno));
	fd = open_below(fd, name, p.location);
	ret = fd < 0 ? fd : check_file(fd, name, &p, bytes);
	if (ret && fd >= 0)
		close(fd);
	*offset = p.offset;
	return ret ? ret : fd;
}

int accel_import_external_read(int fd, const char *name, void *data, uint64_t bytes, uint64_t offset)
{
	uint64_t have = 0;

	while (have < bytes) {
		ssize_t n = pread(fd, (char *)data + have, bytes - have, (off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return accel_error(n ? errno : EBADMSG, "tensor '%.64s': reading its data: %s", name,
					   n ? strerror(errno) : "the file became shorter");
		have += (uint64_t)n;
	}
	return 0;
}
