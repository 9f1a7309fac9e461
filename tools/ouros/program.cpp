// SPDX-License-Identifier: BSD-2-Clause
#include "program.h"

#include "failure.h"
#include "unique_fd.h"

#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace ouros {
namespace {

constexpr std::string_view how_to_build = "build it with: riscv64-linux-gnu-g++ -static";

std::string machine_name(unsigned machine) {
    switch (machine) {
    case EM_X86_64:
        return "x86-64";
    case EM_386:
        return "i386";
    case EM_AARCH64:
        return "AArch64";
    case EM_ARM:
        return "ARM";
    case EM_PPC64:
        return "PowerPC64";
    case EM_S390:
        return "s390";
    default:
        return fmt::format("machine type {}", machine);
    }
}

// Headers are copied out: nothing says that they are aligned in the file.
template <class T>
bool copy_at(std::span<const std::byte> file, size_t offset, T& header) {
    if (offset > file.size() || file.size() - offset < sizeof(T))
        return false;
    std::memcpy(&header, file.data() + offset, sizeof(T));
    return true;
}

std::optional<std::string> why_header_is_wrong(std::span<const std::byte> file,
                                               const Elf64_Ehdr& header) {
    const auto* ident = header.e_ident;
    if (ident[EI_DATA] != ELFDATA2LSB || ident[EI_VERSION] != EV_CURRENT)
        return "is a damaged ELF file";
    if (header.e_machine != EM_RISCV)
        return fmt::format("is an executable for {}, not for riscv64; {}",
                           machine_name(header.e_machine), how_to_build);
    if (ident[EI_CLASS] != ELFCLASS64)
        return fmt::format("is an executable for riscv32, not for riscv64; {}", how_to_build);
    if (header.e_type == ET_REL)
        return "is an object file, not an executable; link it with: riscv64-linux-gnu-g++ -static";
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return "is an ELF file, but not an executable";
    if (header.e_phnum == 0 || header.e_phnum == PN_XNUM ||
        header.e_phentsize != sizeof(Elf64_Phdr))
        return "is a damaged ELF file: no program headers";
    const size_t headers = size_t{header.e_phnum} * sizeof(Elf64_Phdr);
    if (header.e_phoff > file.size() || file.size() - header.e_phoff < headers)
        return "is a truncated ELF file";
    return std::nullopt;
}

} // namespace

std::optional<std::string> why_not_runnable(std::span<const std::byte> file) {
    if (file.empty())
        return "is empty";
    if (file.size() >= 2 && std::memcmp(file.data(), "#!", 2) == 0)
        return fmt::format("is a script; only static riscv64 programs run: {}", how_to_build);
    if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0)
        return fmt::format("is not an ELF executable; {}", how_to_build);
    Elf64_Ehdr header;
    if (!copy_at(file, 0, header))
        return "is a truncated ELF file";
    if (auto wrong = why_header_is_wrong(file, header))
        return wrong;

    bool loadable = false;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        if (!copy_at(file, header.e_phoff + i * sizeof(Elf64_Phdr), segment))
            return "is a truncated ELF file";
        if (segment.p_type == PT_INTERP)
            return "is dynamically linked; link it statically: riscv64-linux-gnu-g++ -static";
        if (segment.p_type != PT_LOAD)
            continue;
        if (segment.p_offset > file.size() || file.size() - segment.p_offset < segment.p_filesz)
            return "is a truncated ELF file";
        if (segment.p_memsz < segment.p_filesz)
            return "is a damaged ELF file: a segment is larger in the file than in memory";
        loadable = true;
    }
    // A shared library has neither an interpreter nor, as a rule, an entry point.
    if (!loadable || header.e_entry == 0)
        return fmt::format("is not an executable: it has no {}; {}",
                           loadable ? "entry point" : "loadable segment", how_to_build);
    return std::nullopt;
}

std::string base_name(std::string_view path) {
    return std::string(path.substr(path.find_last_of('/') + 1));
}

std::vector<std::byte> read_program(const std::string& path) {
    // O_NONBLOCK: a FIFO without a writer must not hang the launcher.
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd)
        throw Failure(errno == ENOENT || errno == ENOTDIR ? status_not_found : status_not_runnable,
                      fmt::format("{}: {}", path, std::strerror(errno)));
    struct stat status;
    if (::fstat(fd.get(), &status) != 0)
        throw Failure(status_not_runnable, fmt::format("{}: {}", path, std::strerror(errno)));
    if (S_ISDIR(status.st_mode))
        throw Failure(status_not_runnable, fmt::format("{}: is a directory", path));
    if (!S_ISREG(status.st_mode))
        throw Failure(status_not_runnable, fmt::format("{}: is not a regular file", path));

    std::vector<std::byte> bytes(static_cast<size_t>(status.st_size));
    size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t n = ::read(fd.get(), bytes.data() + filled, bytes.size() - filled);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            throw Failure(status_not_runnable, fmt::format("{}: {}", path, std::strerror(errno)));
        if (n == 0)
            break;
        filled += static_cast<size_t>(n);
    }
    bytes.resize(filled);
    if (auto problem = why_not_runnable(bytes))
        throw Failure(status_not_runnable, fmt::format("{}: {}", path, *problem));
    return bytes;
}

} // namespace ouros
