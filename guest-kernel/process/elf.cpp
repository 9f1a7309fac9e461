// SPDX-License-Identifier: BSD-2-Clause
#include "process/elf.h"

#include <cstring>
#include <elf.h>

namespace kernel {

namespace {

constexpr uint64_t page_mask = page_size - 1;
constexpr user_address pie_base = 0x10'0000'0000;
constexpr unsigned max_segments = 64;

uint8_t protection_of(const Elf64_Phdr& h) {
    return uint8_t((h.p_flags & PF_R ? protection_read : 0) |
                   (h.p_flags & PF_W ? protection_write : 0) |
                   (h.p_flags & PF_X ? protection_execute : 0));
}

// nullptr, or what is wrong with the file header.
const char* check_header(const Elf64_Ehdr& e, size_t size) {
    if (memcmp(e.e_ident, ELFMAG, SELFMAG) != 0)
        return "not an ELF file";
    if (e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_ident[EI_DATA] != ELFDATA2LSB ||
        e.e_machine != EM_RISCV)
        return "not a 64-bit RISC-V program";
    if (e.e_type != ET_EXEC && e.e_type != ET_DYN)
        return "not an executable";
    if (e.e_phentsize != sizeof(Elf64_Phdr) || e.e_phnum == 0 || e.e_phnum > max_segments ||
        e.e_phoff > size || size - e.e_phoff < e.e_phnum * sizeof(Elf64_Phdr) ||
        e.e_phoff % alignof(Elf64_Phdr))
        return "damaged: program headers outside the file";
    return nullptr;
}

const char* check_segment(const Elf64_Phdr& h, uint64_t base, size_t size) {
    if (h.p_filesz > h.p_memsz || h.p_offset > size || h.p_filesz > size - h.p_offset)
        return "damaged: a segment outside the file";
    if ((h.p_offset & page_mask) != (h.p_vaddr & page_mask))
        return "damaged: a segment is not page-aligned";
    if (h.p_vaddr > user_end || h.p_memsz > user_end || base + h.p_vaddr < user_start ||
        base + h.p_vaddr + h.p_memsz > mmap_top)
        return "a segment outside the address space";
    if ((h.p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
        return "a segment is both writable and executable";
    return nullptr;
}

long map_segment(address_space& space, const ref<memory_object>& file, const Elf64_Phdr& h,
                 uint64_t base) {
    user_address start = (base + h.p_vaddr) & ~page_mask;
    user_address end = (base + h.p_vaddr + h.p_memsz + page_mask) & ~page_mask;
    uint64_t skipped = h.p_vaddr & page_mask;
    if (start == end)
        return 0;
    if (!h.p_filesz)
        return space.map(start, end - start, protection_of(h));
    return space.map(start, end - start, protection_of(h), file, h.p_offset - skipped,
                     h.p_offset + h.p_filesz);
}

} // namespace

long load_elf(address_space& space, ref<memory_object> file, loaded_program& out,
              const char*& why) {
    why = "not an ELF file";
    Elf64_Ehdr e;
    if (!file->read(0, &e, sizeof e))
        return -ENOEXEC;
    if ((why = check_header(e, file->size())))
        return -ENOEXEC;
    uint64_t base = e.e_type == ET_DYN ? pie_base : 0;
    user_address end = 0;
    for (unsigned i = 0; i < e.e_phnum; i++) {
        Elf64_Phdr h;
        if (!file->read(e.e_phoff + i * sizeof h, &h, sizeof h)) {
            why = "damaged: program headers outside the file";
            return -ENOEXEC;
        }
        if (h.p_type == PT_INTERP) {
            why = "dynamically linked: link it with -static";
            return -ENOEXEC;
        }
        if (h.p_type != PT_LOAD)
            continue;
        if ((why = check_segment(h, base, file->size())))
            return -ENOEXEC;
        if (long error = map_segment(space, file, h, base); error < 0) {
            why = error == -EEXIST ? "segments overlap" : "out of memory";
            return error == -EEXIST ? -ENOEXEC : error;
        }
        if (e.e_phoff >= h.p_offset && e.e_phoff < h.p_offset + h.p_filesz)
            out.headers = base + h.p_vaddr + (e.e_phoff - h.p_offset);
        user_address segment_end = base + h.p_vaddr + h.p_memsz;
        end = segment_end > end ? segment_end : end;
    }
    out.entry = base + e.e_entry;
    out.header_count = e.e_phnum;
    out.end = (end + page_mask) & ~page_mask;
    if (!end || out.entry >= user_end || (out.entry & 1)) {
        why = "no entry point";
        return -ENOEXEC;
    }
    return 0;
}

} // namespace kernel
