// SPDX-License-Identifier: MIT
/* mkimage - make the firmware image (loom/fw.h) of a linked ELF file: mkimage VERSION IN.elf OUT.bin */
#include <elf.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <loom/fw.h>
#include <loom/regs.h>

static void die(const char *what, const char *which)
{
	fprintf(stderr, "mkimage: %s: %s\n", which, what);
	exit(1);
}

/* The one segment that is loaded, checked to lie inside of the file. */
static const Elf32_Phdr *find_segment(const char *elf, gsize len, const char *name)
{
	const Elf32_Ehdr *e = (const Elf32_Ehdr *)elf;
	const Elf32_Phdr *p, *found = NULL;

	if (len < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_ident[EI_CLASS] != ELFCLASS32 ||
	    e->e_machine != EM_RISCV)
		die("not a 32-bit RISC-V ELF file", name);
	if (e->e_phoff > len || (gsize)e->e_phnum * sizeof(*p) > len - e->e_phoff)
		die("program headers lie outside of the file", name);
	p = (const Elf32_Phdr *)(elf + e->e_phoff);
	for (unsigned int i = 0; i < e->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		if (found)
			die("more than one segment", name);
		found = &p[i];
	}
	if (!found || found->p_vaddr != LOOM_CC_TCM)
		die("no segment at the start of the TCM", name);
	if (found->p_offset > len || found->p_filesz > len - found->p_offset ||
	    found->p_memsz < found->p_filesz)
		die("segment lies outside of the file", name);
	if (found->p_memsz > LOOM_CC_TCM_BYTES)
		die("does not fit the TCM", name);
	return found;
}

static void digest(const char *payload, gsize len, __u8 out[32])
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize n = 32;

	g_checksum_update(sum, (const guchar *)payload, (gssize)len);
	g_checksum_get_digest(sum, out, &n);
	g_checksum_free(sum);
}

int main(int argc, char **argv)
{
	struct loom_fw_hdr hdr = {
		.magic = LOOM_FW_MAGIC,
		.hdr_version = LOOM_FW_HDR_VERSION,
		.hdr_bytes = sizeof(hdr),
		.hw_revision = LOOM_REVISION & 0xffff0000u,
		.proto_version = LOOM_FW_PROTO_VERSION,
	};
	const Elf32_Phdr *segment;
	GError *error = NULL;
	gsize len, payload;
	char *elf, *image;

	if (argc != 4)
		die("usage: mkimage VERSION IN.elf OUT.bin", "arguments");
	if (!g_file_get_contents(argv[2], &elf, &len, &error))
		die(error->message, argv[2]);
	segment = find_segment(elf, len, argv[2]);
	payload = (segment->p_filesz + 3) & ~(gsize)3;

	image = g_malloc0(sizeof(hdr) + payload);
	memcpy(image + sizeof(hdr), elf + segment->p_offset, segment->p_filesz);
	hdr.payload_bytes = (__u32)payload;
	hdr.bss_bytes = segment->p_memsz > payload ? (__u32)(segment->p_memsz - payload) : 0;
	hdr.entry = ((const Elf32_Ehdr *)elf)->e_entry;
	g_strlcpy(hdr.version, argv[1], sizeof(hdr.version));
	digest(image + sizeof(hdr), payload, hdr.sha256);
	memcpy(image, &hdr, sizeof(hdr));
	if (!g_file_set_contents(argv[3], image, (gssize)(sizeof(hdr) + payload), &error))
		die(error->message, argv[3]);
	g_free(image);
	g_free(elf);
	return 0;
}
