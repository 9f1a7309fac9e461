// SPDX-License-Identifier: BSD-2-Clause
//
// Processes and the memory that they get on demand.

#include "measure.hpp"

#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <ouros/io.hpp>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

constexpr const char* smallest = "/tmp/true";

// The smallest program there is: exit(0).
void write_smallest() {
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segment;
        uint32_t code[3];
    } file{};
    constexpr uint64_t base = 0x10000;
    std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    file.header.e_ident[EI_DATA] = ELFDATA2LSB;
    file.header.e_ident[EI_VERSION] = EV_CURRENT;
    file.header.e_type = ET_EXEC;
    file.header.e_machine = EM_RISCV;
    file.header.e_version = EV_CURRENT;
    file.header.e_entry = base + offsetof(decltype(file), code);
    file.header.e_phoff = offsetof(decltype(file), segment);
    file.header.e_ehsize = sizeof file.header;
    file.header.e_phentsize = sizeof file.segment;
    file.header.e_phnum = 1;
    file.segment = {PT_LOAD, PF_R | PF_X, 0, base, base, sizeof file, sizeof file, 4096};
    file.code[0] = 0x00000513; // li a0, 0
    file.code[1] = 0x05e00893; // li a7, 94 (exit_group)
    file.code[2] = 0x00000073; // ecall
    int fd = ouros::check(::open(smallest, O_CREAT | O_WRONLY | O_TRUNC, 0755), smallest);
    if (::write(fd, &file, sizeof file) != sizeof file)
        ouros::check(-EIO, smallest);
    ::close(fd);
}

void wait_for(pid_t id) {
    int status = 0;
    if (waitpid(id, &status, 0) != id || status != 0)
        ouros::check(-ECHILD, "a child");
}

void faults(const char* name, int flags) {
    constexpr int pages = 1100;
    auto* memory = static_cast<volatile char*>(
        mmap(nullptr, pages * 4096, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0));
    int at = 0;
    measure(name, 1000, 1, [&] { memory[at++ * 4096] = 1; });
    munmap(const_cast<char*>(memory), pages * 4096);
}

void processes(const char*) {
    faults("memory.anonymous_fault", MAP_PRIVATE);
    faults("memory.shared_fault", MAP_SHARED);
    measure("process.fork_exit_wait", 200, 1, [] {
        pid_t id = fork();
        if (id == 0)
            _exit(0);
        wait_for(id);
    });
    measure("process.vfork_exit_wait", 200, 1, [] {
        pid_t id = vfork();
        if (id == 0)
            _exit(0);
        wait_for(id);
    });
    write_smallest();
    char* arguments[] = {const_cast<char*>(smallest), nullptr};
    char* environment[] = {nullptr};
    measure("process.spawn", 200, 1, [&] {
        pid_t id = 0;
        if (int error = posix_spawn(&id, smallest, nullptr, nullptr, arguments, environment))
            ouros::check(-error, smallest);
        wait_for(id);
    });
    ::unlink(smallest);
}

const subject here{"processes", harts::one, processes, order::first};

} // namespace

} // namespace bench
