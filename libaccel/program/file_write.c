// SPDX-License-Identifier: MIT
/* Programs to ELF files. */
#define _GNU_SOURCE /* mkostemp */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <glib.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "graph_bytes.h"
#include "libaccel/error.h"
#include "uapi/loom/isa_table.h"

void accel_file_sum(const void *data, uint64_t len, uint8_t sum[ACCEL_SUM_BYTES])
{
	GChecksum *c = g_checksum_new(G_CHECKSUM_SHA256);
	const uint8_t *p = data;
	gsize n = ACCEL_SUM_BYTES;

	for (uint64_t at = 0; at < len;) {
		uint64_t part = len - at < 1 << 24 ? len - at : 1 << 24;

		g_checksum_update(c, p + at, (gssize)part);
		at += part;
	}
	g_checksum_get_digest(c, sum, &n);
	g_checksum_free(c);
}

/**
 * struct out - an ELF file under construction
 * @names: section names
 * @strings: symbol names
 * @symbols: Elf64_Sym records
 * @owned: buffers that must live until the file is written
 */
struct out {
	Elf *elf;
	struct accel_writer names, strings, symbols;
	void **owned;
	int num_owned;
	uint32_t symtab;
	bool failed;
};

static uint32_t add_string(struct accel_writer *w, const char *s)
{
	uint32_t at = (uint32_t)w->len;

	accel_put(w, s, strlen(s) + 1);
	return at;
}

/* A section with @len bytes at @data, which must stay. Return: its index, 0 on failure. */
static uint32_t add_section(struct out *o, const char *name, uint32_t type, uint64_t flags, uint64_t align,
			    const void *data, size_t len, uint64_t entry)
{
	Elf_Scn *scn = elf_newscn(o->elf);
	Elf_Data *d = scn ? elf_newdata(scn) : NULL;
	Elf64_Shdr *h = scn ? elf64_getshdr(scn) : NULL;

	if (!d || !h) {
		o->failed = true;
		return 0;
	}
	d->d_buf = (void *)(uintptr_t)data;
	d->d_size = len;
	d->d_align = align;
	d->d_type = ELF_T_BYTE;
	h->sh_name = add_string(&o->names, name);
	h->sh_type = type;
	h->sh_flags = flags;
	h->sh_entsize = entry;
	h->sh_addralign = align;
	return (uint32_t)elf_ndxscn(scn);
}

static void set_link(struct out *o, uint32_t section, uint32_t link, uint32_t info)
{
	Elf_Scn *scn = elf_getscn(o->elf, section);
	Elf64_Shdr *h = scn ? elf64_getshdr(scn) : NULL;

	if (!h) {
		o->failed = true;
		return;
	}
	h->sh_link = link;
	h->sh_info = info;
}

static void add_symbol(struct out *o, const char *name, unsigned char bind, unsigned char type, uint16_t section,
		       uint64_t value, uint64_t size)
{
	Elf64_Sym s = {
		.st_name = add_string(&o->strings, name), .st_info = ELF64_ST_INFO(bind, type), .st_shndx = section,
		.st_value = value, .st_size = size,
	};

	accel_put(&o->symbols, &s, sizeof(s));
}

/* A local function symbol for each run of descriptors with the same node. */
static void add_node_symbols(struct out *o, const struct accel_program *p, uint32_t stream, uint32_t section)
{
	const struct accel_stream *s = &p->streams[stream];
	uint32_t first = 0, node = UINT32_MAX;

	for (uint32_t slot = 0; slot <= s->slots;) {
		const uint8_t *at = s->data + (size_t)slot * LOOM_SLOT_BYTES;
		const struct loom_op_info *op = slot < s->slots ? loom_op_find(at[0]) : NULL;
		struct loom_desc d = { .node = 0 };

		if (slot < s->slots)
			memcpy(&d, at, sizeof(d));
		if ((slot == s->slots || d.node != node) && node < (uint32_t)p->graph->num_nodes)
			add_symbol(o, p->graph->nodes[node].name, STB_LOCAL, STT_FUNC, (uint16_t)section,
				   (uint64_t)first * LOOM_SLOT_BYTES, (uint64_t)(slot - first) * LOOM_SLOT_BYTES);
		if (slot == s->slots || d.node != node)
			first = slot;
		node = d.node;
		slot += op ? op->slots : 1;
	}
}

static void *own(struct out *o, void *p)
{
	void **q = reallocarray(o->owned, (size_t)o->num_owned + 1, sizeof(*q));

	if (!p || !q) {
		free(p);
		o->failed = true;
		return NULL;
	}
	o->owned = q;
	q[o->num_owned++] = p;
	return p;
}

/* Relocations of a stream; the regions' symbols are global, and so come last: @first_global is the first. */
static void add_relocs(struct out *o, const struct accel_stream *s, const char *name, uint32_t section,
		       uint32_t first_global)
{
	Elf64_Rela *r = own(o, calloc((size_t)s->num_relocs + 1, sizeof(*r)));
	uint32_t index;

	if (!r)
		return;
	for (uint32_t i = 0; i < s->num_relocs; i++) {
		uint64_t addend;

		memcpy(&addend, s->data + s->relocs[i].offset, sizeof(addend));
		r[i].r_offset = s->relocs[i].offset;
		r[i].r_info = ELF64_R_INFO((uint64_t)first_global + s->relocs[i].region, ACCEL_RELOC_ABS64);
		r[i].r_addend = (int64_t)addend;
	}
	index = add_section(o, name, SHT_RELA, SHF_INFO_LINK, 8, r, s->num_relocs * sizeof(*r), sizeof(*r));
	set_link(o, index, o->symtab, section);
}

static void add_note(struct out *o, const struct accel_program *p)
{
	const struct accel_file_note note = {
		.version = ACCEL_FILE_VERSION, .isa_version = p->target.isa_version, .array_dim = p->target.array_dim,
		.spm_bytes = p->target.spm_bytes, .acc_bytes = p->target.acc_bytes, .precision = p->precision,
		.num_streams = p->num_streams, .features = p->target.features, .batch = (uint64_t)p->batch, .const_bytes = p->const_bytes,
		.arena_bytes = p->arena_bytes, .io_bytes = p->io_bytes, .arena_bound = p->arena_bound,
		.kept_bytes = p->kept_bytes, .kept_values = p->kept_values,
	};
	struct accel_writer w = { 0 };

	accel_put_u32(&w, 8);		/* name, padded */
	accel_put_u32(&w, sizeof(note));
	accel_put_u32(&w, ACCEL_NOTE_TYPE);
	accel_put(&w, ACCEL_NOTE_NAME "\0\0\0", 8);
	accel_put(&w, &note, sizeof(note));
	o->failed |= w.failed;
	if (own(o, w.data))
		add_section(o, ACCEL_SEC_NOTE, SHT_NOTE, 0, 4, w.data, w.len, 0);
}

static void add_streams(struct out *o, const struct accel_program *p)
{
	uint32_t *section = own(o, calloc((size_t)p->num_streams + 1, sizeof(*section)));
	uint32_t locals;
	char name[64];

	if (!section)
		return;
	accel_put(&o->symbols, &(Elf64_Sym){ 0 }, sizeof(Elf64_Sym));
	for (uint32_t i = 0; i < p->num_streams; i++) {
		snprintf(name, sizeof(name), "%s.%u", ACCEL_SEC_STREAM, i);
		section[i] = add_section(o, name, SHT_PROGBITS, SHF_ALLOC, LOOM_SLOT_BYTES, p->streams[i].data,
					 (size_t)p->streams[i].slots * LOOM_SLOT_BYTES, LOOM_SLOT_BYTES);
		add_node_symbols(o, p, i, section[i]);
	}
	locals = (uint32_t)(o->symbols.len / sizeof(Elf64_Sym));
	for (int r = 0; r < ACCEL_NUM_REGIONS; r++)
		add_symbol(o, accel_region_name((enum accel_region)r), STB_GLOBAL, STT_OBJECT, SHN_ABS, 0, 0);
	o->symtab = add_section(o, ".symtab", SHT_SYMTAB, 0, 8, o->symbols.data, o->symbols.len, sizeof(Elf64_Sym));
	set_link(o, o->symtab, add_section(o, ".strtab", SHT_STRTAB, 0, 1, o->strings.data, o->strings.len, 0), locals);
	for (uint32_t i = 0; i < p->num_streams; i++) {
		snprintf(name, sizeof(name), "%s.%u", ACCEL_SEC_RELA, i);
		add_relocs(o, &p->streams[i], name, section[i], locals);
	}
}

static int write_elf(const struct accel_program *p, int fd)
{
	struct out o = { 0 };
	struct accel_writer graph = { 0 };
	Elf64_Ehdr *eh;
	Elf_Scn *scn;

	elf_version(EV_CURRENT);
	o.elf = elf_begin(fd, ELF_C_WRITE, NULL);
	eh = o.elf ? elf64_newehdr(o.elf) : NULL;
	if (!eh)
		return -ENOMEM;
	eh->e_ident[EI_DATA] = ELFDATA2LSB;
	eh->e_machine = ACCEL_FILE_MACHINE;
	eh->e_type = ET_REL;
	eh->e_version = EV_CURRENT;
	add_string(&o.names, "");
	add_string(&o.strings, "");
	accel_put_program(&graph, p);
	add_note(&o, p);
	add_section(&o, ACCEL_SEC_CONST, SHT_PROGBITS, SHF_ALLOC, 4096, p->consts, p->const_bytes, 0);
	add_section(&o, ACCEL_SEC_GRAPH, SHT_PROGBITS, 0, 8, graph.data, graph.len, 0);
	add_streams(&o, p);
	eh->e_shstrndx = (uint16_t)add_section(&o, ".shstrtab", SHT_STRTAB, 0, 1, NULL, 0, 0);
	/* Its own name is the last one in it. */
	scn = elf_getscn(o.elf, eh->e_shstrndx);
	if (scn) {
		Elf_Data *d = elf_getdata(scn, NULL);

		d->d_buf = o.names.data;
		d->d_size = o.names.len;
	}
	o.failed |= !scn || graph.failed || o.names.failed || o.strings.failed || o.symbols.failed;
	if (!o.failed && elf_update(o.elf, ELF_C_WRITE) < 0)
		o.failed = true;
	elf_end(o.elf);
	for (int i = 0; i < o.num_owned; i++)
		free(o.owned[i]);
	free(o.owned);
	free(o.names.data);
	free(o.strings.data);
	free(o.symbols.data);
	free(graph.data);
	return o.failed ? -EIO : 0;
}

static int append_sum(int fd)
{
	uint8_t trailer[ACCEL_TRAILER_BYTES] = ACCEL_SUM_MAGIC;
	struct stat st;
	void *p;

	if (fstat(fd, &st))
		return -errno;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	accel_file_sum(p, (uint64_t)st.st_size, trailer + ACCEL_SUM_MAGIC_BYTES);
	munmap(p, (size_t)st.st_size);
	if (lseek(fd, 0, SEEK_END) < 0 || write(fd, trailer, sizeof(trailer)) != sizeof(trailer))
		return errno ? -errno : -EIO;
	return fsync(fd) ? -errno : 0;
}

int accel_program_save(const struct accel_program *prog, const char *path)
{
	char temporary[4096];
	int fd, err;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return accel_error(ENAMETOOLONG, "save %s: the name is too long", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return accel_error(errno, "save %s: cannot create %s: %s", path, temporary, strerror(errno));
	err = write_elf(prog, fd);
	if (!err)
		err = append_sum(fd);
	if (!err && fchmod(fd, 0644))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (!err)
		return 0;
	unlink(temporary);
	return accel_error(-err, "save %s: cannot write: %s", path, strerror(-err));
}
