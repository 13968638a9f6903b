// SPDX-License-Identifier: MIT
/* Programs from ELF files. Nothing in the file is believed: sums first, then every size, index and offset. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "graph_bytes.h"
#include "libaccel/error.h"
#include "uapi/loom/isa_table.h"
#include "uapi/loom/regs.h"

/* Files beyond this are not read whole. */
#define MAX_FILE (4ull << 30)

struct in {
	const char *path;
	uint8_t *data;
	uint64_t len;		/* without trailer */
	Elf *elf;
	size_t names;
	struct accel_file_note note;
};

static int corrupt(const struct in *in, const char *what)
{
	return accel_error(EBADMSG, "load %s: %s: the file is not a program, or damaged: compile it again", in->path, what);
}

static int read_file(struct in *in)
{
	int fd = open(in->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 1;

	if (fd < 0)
		return accel_error(errno, "load %s: %s", in->path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return accel_error(EBADMSG, "load %s: not a regular file", in->path);
	}
	if (st.st_size < ACCEL_TRAILER_BYTES || (uint64_t)st.st_size > MAX_FILE) {
		close(fd);
		return corrupt(in, st.st_size < ACCEL_TRAILER_BYTES ? "too short" : "too long");
	}
	in->data = malloc((size_t)st.st_size);
	while (in->data && n > 0 && in->len < (uint64_t)st.st_size) {
		n = read(fd, in->data + in->len, (size_t)((uint64_t)st.st_size - in->len));
		in->len += n > 0 ? (uint64_t)n : 0;
	}
	close(fd);
	if (!in->data)
		return accel_enomem("the program file");
	if (in->len != (uint64_t)st.st_size)
		return corrupt(in, "it could not be read to its end");
	return 0;
}

static int check_sum(struct in *in)
{
	uint8_t sum[ACCEL_SUM_BYTES];
	const uint8_t *trailer;

	if (in->len < SELFMAG + ACCEL_TRAILER_BYTES || memcmp(in->data, ELFMAG, SELFMAG))
		return corrupt(in, "no ELF header");
	in->len -= ACCEL_TRAILER_BYTES;
	trailer = in->data + in->len;
	if (memcmp(trailer, ACCEL_SUM_MAGIC, ACCEL_SUM_MAGIC_BYTES))
		return corrupt(in, "no checksum at its end (truncated?)");
	accel_file_sum(in->data, in->len, sum);
	if (memcmp(sum, trailer + ACCEL_SUM_MAGIC_BYTES, sizeof(sum)))
		return corrupt(in, "its checksum is wrong");
	return 0;
}

/* Contents of the section called @name and of type @type; false where there is none. */
static bool section(struct in *in, const char *name, uint32_t type, const uint8_t **data, uint64_t *len, uint32_t *info)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr h;

	while ((scn = elf_nextscn(in->elf, scn))) {
		const char *s;

		if (!gelf_getshdr(scn, &h) || h.sh_type != type)
			continue;
		s = elf_strptr(in->elf, in->names, h.sh_name);
		if (!s || strcmp(s, name))
			continue;
		if (h.sh_offset > in->len || h.sh_size > in->len - h.sh_offset)
			return false;
		*data = in->data + h.sh_offset;
		*len = h.sh_size;
		if (info)
			*info = h.sh_info;
		return true;
	}
	return false;
}

static int open_elf(struct in *in)
{
	GElf_Ehdr eh;

	elf_version(EV_CURRENT);
	in->elf = elf_memory((char *)in->data, in->len);
	if (!in->elf || elf_kind(in->elf) != ELF_K_ELF || !gelf_getehdr(in->elf, &eh) ||
	    elf_getshdrstrndx(in->elf, &in->names) || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_ident[EI_DATA] != ELFDATA2LSB)
		return corrupt(in, "its ELF structure is broken");
	if (eh.e_machine != ACCEL_FILE_MACHINE)
		return corrupt(in, "an ELF file, but not for a Loom");
	return 0;
}

static int read_note(struct in *in)
{
	const uint8_t *d;
	uint64_t len;

	if (!section(in, ACCEL_SEC_NOTE, SHT_NOTE, &d, &len, NULL) || len != 20 + sizeof(in->note) ||
	    memcmp(d + 12, ACCEL_NOTE_NAME, sizeof(ACCEL_NOTE_NAME)))
		return corrupt(in, "it has no note that describes it");
	memcpy(&in->note, d + 20, sizeof(in->note));
	if (in->note.version != ACCEL_FILE_VERSION)
		return accel_error(EPROTO, "load %s: its format is version %u, this library reads version %u: compile it again "
				   "with this library", in->path, in->note.version, ACCEL_FILE_VERSION);
	if (in->note.array_dim && !accel_isa_runs(LOOM_ISA_VERSION, in->note.isa_version))
		return accel_error(EPROTO, "load %s: it needs instruction set %u.%u, this library knows %u.%u: compile it "
				   "again with this library", in->path, in->note.isa_version >> 16,
				   in->note.isa_version & 0xffff, LOOM_ISA_VERSION >> 16, LOOM_ISA_VERSION & 0xffff);
	if (in->note.precision > ACCEL_PREC_INT8 || !in->note.batch || in->note.batch > INT64_MAX ||
	    in->note.io_bytes > 1ull << 40 || in->note.arena_bytes > 1ull << 40 || in->note.num_streams > 1 << 20 ||
	    in->note.arena_bound > in->note.arena_bytes)
		return corrupt(in, "a number in its note is out of range");
	return 0;
}

static uint64_t region_bytes(const struct accel_program *p, uint32_t region)
{
	switch (region) {
	case ACCEL_REGION_CONST:
		return p->const_bytes;
	case ACCEL_REGION_ARENA:
		return p->arena_bytes;
	default:
		return p->io_bytes;
	}
}

/* Offset of a descriptor's address field, 0 where it has none. */
static size_t va_offset(const struct loom_op_info *op)
{
	for (uint32_t i = 0; i < op->num_fields; i++)
		if (op->fields[i].kind == LOOM_FIELD_VA)
			return op->fields[i].offset;
	return 0;
}

/* Every descriptor is one, the last is END, and exactly the address fields are relocated. */
static bool stream_ok(const struct accel_program *p, const struct accel_stream *s)
{
	uint32_t next = 0, last = 0;

	for (uint32_t slot = 0; slot < s->slots;) {
		const uint8_t *at = s->data + (size_t)slot * LOOM_SLOT_BYTES;
		const struct loom_op_info *op = loom_op_find(at[0]);
		size_t va = op ? va_offset(op) : 0;

		if (!op || op->slots > s->slots - slot)
			return false;
		if (va && op->opcode != LOOM_OP_FILL) {
			const struct accel_reloc *r = &s->relocs[next];
			uint64_t off;

			if (next == s->num_relocs || r->offset != slot * LOOM_SLOT_BYTES + va)
				return false;
			memcpy(&off, at + va, sizeof(off));
			if (r->region >= ACCEL_NUM_REGIONS || off >= region_bytes(p, r->region))
				return false;
			next++;
		}
		last = op->opcode;
		slot += op->slots;
	}
	return next == s->num_relocs && last == LOOM_OP_END;
}

static int read_relocs(struct in *in, struct accel_stream *s, uint32_t index, uint32_t first_global)
{
	const uint8_t *d;
	uint64_t len;
	char name[64];

	snprintf(name, sizeof(name), "%s.%u", ACCEL_SEC_RELA, index);
	if (!section(in, name, SHT_RELA, &d, &len, NULL) || len % sizeof(Elf64_Rela) || len / sizeof(Elf64_Rela) > s->slots)
		return corrupt(in, "a stream has no relocations");
	s->num_relocs = s->cap_relocs = (uint32_t)(len / sizeof(Elf64_Rela));
	s->relocs = calloc((size_t)s->num_relocs + 1, sizeof(*s->relocs));
	if (!s->relocs)
		return accel_enomem("the program");
	for (uint32_t i = 0; i < s->num_relocs; i++) {
		Elf64_Rela r;
		uint64_t sym;

		memcpy(&r, d + i * sizeof(r), sizeof(r));
		sym = ELF64_R_SYM(r.r_info) - first_global;
		if (ELF64_R_TYPE(r.r_info) != ACCEL_RELOC_ABS64 || ELF64_R_SYM(r.r_info) < first_global ||
		    sym >= ACCEL_NUM_REGIONS || r.r_offset > (uint64_t)s->slots * LOOM_SLOT_BYTES - 8 || r.r_addend < 0)
			return corrupt(in, "a relocation is out of range");
		s->relocs[i] = (struct accel_reloc){ (uint32_t)r.r_offset, (uint32_t)sym };
		memcpy(s->data + r.r_offset, &r.r_addend, sizeof(r.r_addend));
	}
	return 0;
}

static int read_stream(struct in *in, struct accel_program *p, uint32_t index, uint32_t first_global)
{
	struct accel_stream *s = &p->streams[index];
	const uint8_t *d;
	uint64_t len;
	char name[64];
	int err;

	snprintf(name, sizeof(name), "%s.%u", ACCEL_SEC_STREAM, index);
	if (!section(in, name, SHT_PROGBITS, &d, &len, NULL) || !len || len % LOOM_SLOT_BYTES ||
	    len / LOOM_SLOT_BYTES > LOOM_STREAM_SLOTS_MAX)
		return corrupt(in, "a stream is missing or of an odd length");
	s->data = malloc(len);
	if (!s->data)
		return accel_enomem("the program");
	memcpy(s->data, d, len);
	s->slots = s->cap_slots = (uint32_t)(len / LOOM_SLOT_BYTES);
	err = read_relocs(in, s, index, first_global);
	if (err)
		return err;
	return stream_ok(p, s) ? 0 : corrupt(in, "a stream is malformed");
}

static int read_streams(struct in *in, struct accel_program *p)
{
	const uint8_t *d;
	uint64_t len;
	uint32_t locals;
	int err = 0;

	if (!section(in, ".symtab", SHT_SYMTAB, &d, &len, &locals) || len / sizeof(Elf64_Sym) < locals ||
	    len / sizeof(Elf64_Sym) - locals != ACCEL_NUM_REGIONS)
		return corrupt(in, "its symbol table is broken");
	if (in->note.num_streams > in->len / LOOM_SLOT_BYTES ||
	    (uint64_t)in->note.num_streams * ACCEL_STAT_BYTES > p->io_bytes)
		return corrupt(in, "it has too many streams");
	p->streams = calloc((size_t)in->note.num_streams + 1, sizeof(*p->streams));
	if (!p->streams)
		return accel_enomem("the program");
	p->num_streams = in->note.num_streams;
	for (uint32_t i = 0; i < p->num_streams && !err; i++)
		err = read_stream(in, p, i, locals);
	return err;
}

static int read_consts(struct in *in, struct accel_program *p)
{
	const uint8_t *d;
	uint64_t len;

	if (!section(in, ACCEL_SEC_CONST, SHT_PROGBITS, &d, &len, NULL) || len != in->note.const_bytes)
		return corrupt(in, "its constants are missing");
	p->consts = malloc(len + 1);
	if (!p->consts)
		return accel_enomem("the program's constants");
	memcpy(p->consts, d, len);
	p->const_bytes = len;
	return 0;
}

static int read_parts(struct in *in, struct accel_program **out)
{
	struct accel_reader r = { 0 };
	struct accel_graph *g;
	struct accel_program *p;
	uint64_t len;
	int err;

	if (!section(in, ACCEL_SEC_GRAPH, SHT_PROGBITS, &r.at, &len, NULL))
		return corrupt(in, "its graph is missing");
	r.end = r.at + len;
	err = accel_take_graph(&r, &g);
	if (err)
		return corrupt(in, "its graph is malformed");
	p = accel_program_alloc(g);
	if (!p) {
		accel_graph_unref(g);
		return accel_enomem("the program");
	}
	p->target = (struct accel_target){ in->note.isa_version, in->note.array_dim, in->note.spm_bytes,
					   in->note.acc_bytes, in->note.features };
	p->precision = in->note.precision;
	p->batch = (int64_t)in->note.batch;
	p->arena_bytes = in->note.arena_bytes;
	p->arena_bound = in->note.arena_bound;
	p->kept_bytes = in->note.kept_bytes;
	p->kept_values = (uint32_t)in->note.kept_values;
	p->io_bytes = in->note.io_bytes;
	err = read_consts(in, p);
	if (!err)
		err = read_streams(in, p);
	if (!err && accel_take_steps(&r, p))
		err = corrupt(in, "its steps are malformed");
	if (err)
		accel_program_unref(p);
	else
		*out = p;
	return err;
}

int accel_program_load(const char *path, struct accel_program **out)
{
	struct in in = { .path = path };
	int err;

	*out = NULL;
	err = read_file(&in);
	if (!err)
		err = check_sum(&in);
	if (!err)
		err = open_elf(&in);
	if (!err)
		err = read_note(&in);
	if (!err)
		err = read_parts(&in, out);
	if (in.elf)
		elf_end(in.elf);
	free(in.data);
	return err;
}
