// SPDX-License-Identifier: BSD-2-Clause
//
// executables [--seed N] [--files N]
//
// Executable files that nobody would make: this program's own with fields of its headers changed,
// segments that overlap, are huge, misaligned, writable and executable, outside the file or the
// address space; cut off anywhere; scripts with interpreters like that. Executing one is an error,
// or the process that did dies or ends; the kernel goes on, and has back what it gave.
#include "runner.hpp"

#include <algorithm>
#include <elf.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace fuzz {
namespace {

using bytes = std::vector<uint8_t>;

uint64_t bad_value(generator& random) {
    static constexpr uint64_t all[] = {0,
                                       1,
                                       0xfff,
                                       0x1000,
                                       0x10000,
                                       0x8020'0000,
                                       0x3e'0000'0000,
                                       0x3f'0000'0000,
                                       0x3f'ffff'f000,
                                       0x40'0000'0000,
                                       1ull << 62,
                                       1ull << 63,
                                       ~0ull,
                                       ~0xfffull};
    return random.percent(70) ? random.one_of(all) + (random.percent(30) ? random.below(4096) : 0)
                              : random.next();
}

template <class T>
T* at(bytes& file, size_t offset) {
    return offset + sizeof(T) <= file.size() ? reinterpret_cast<T*>(file.data() + offset) : nullptr;
}

void change_file_header(bytes& file, generator& random) {
    auto* e = at<Elf64_Ehdr>(file, 0);
    if (!e)
        return;
    switch (random.below(9)) {
    case 0:
        e->e_entry = bad_value(random);
        break;
    case 1:
        e->e_phoff = bad_value(random);
        break;
    case 2:
        e->e_phnum = Elf64_Half(bad_value(random));
        break;
    case 3:
        e->e_phentsize = Elf64_Half(random.below(128));
        break;
    case 4:
        e->e_type = Elf64_Half(random.below(6));
        break;
    case 5:
        e->e_machine = Elf64_Half(random.next());
        break;
    case 6:
        e->e_ident[random.below(EI_NIDENT)] = uint8_t(random.next());
        break;
    case 7:
        e->e_phnum = Elf64_Half(e->e_phnum + random.below(8)); // what follows are no headers
        break;
    default:
        e->e_type = ET_DYN; // elsewhere than it was linked for
    }
}

Elf64_Phdr* segment(bytes& file, unsigned index) {
    auto* e = at<Elf64_Ehdr>(file, 0);
    return e && e->e_phoff < file.size()
               ? at<Elf64_Phdr>(file, e->e_phoff + index * sizeof(Elf64_Phdr))
               : nullptr;
}

void change_segment(bytes& file, generator& random) {
    Elf64_Phdr* p = segment(file, unsigned(random.below(6)));
    Elf64_Phdr* other = segment(file, unsigned(random.below(6)));
    if (!p || !other)
        return;
    switch (random.below(9)) {
    case 0:
        p->p_vaddr = bad_value(random);
        break;
    case 1:
        p->p_memsz = bad_value(random);
        break;
    case 2:
        p->p_filesz = bad_value(random);
        break;
    case 3:
        p->p_offset = bad_value(random);
        break;
    case 4:
        p->p_flags = Elf64_Word(random.below(8));
        break;
    case 5:
        p->p_type = random.percent(50) ? Elf64_Word(random.below(8)) : PT_INTERP;
        break;
    case 6:
        p->p_vaddr = other->p_vaddr + random.below(3) * 4096; // they overlap
        break;
    case 7:
        p->p_memsz = p->p_filesz + (1ull << random.below(40)); // huge, and zero
        break;
    default:
        *p = *other;
    }
}

bytes make_script(generator& random) {
    static constexpr const char* starts[] = {
        "#!",  "#! ", "#!/", "#!/bin/nothing\n", "#!/host\n", "#!/tmp/elf\n", "#!/host/GPL-3 x\n",
        "#!\n"};
    std::string text = random.one_of(starts);
    if (random.percent(50))
        text += std::string(random.below(6000), random.percent(50) ? '/' : 'a');
    return {text.begin(), text.end()};
}

bytes make_file(const bytes& original, generator& random) {
    if (random.percent(8))
        return make_script(random);
    bytes file = original;
    unsigned changes = unsigned(random.between(1, 4));
    for (unsigned i = 0; i < changes; i++)
        random.percent(40) ? change_file_header(file, random) : change_segment(file, random);
    if (random.percent(15))
        file.resize(random.percent(50) ? random.below(200) : random.below(file.size()));
    if (random.percent(20))
        for (unsigned i = 0; i < 64; i++)
            if (!file.empty())
                file[random.below(std::min<size_t>(file.size(), 4096))] = uint8_t(random.next());
    return file;
}

bool write_file(const char* path, const bytes& file) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    bool good = fd >= 0;
    for (size_t done = 0; good && done < file.size();) {
        ssize_t n = write(fd, file.data() + done, file.size() - done);
        good = n > 0;
        done += good ? size_t(n) : 0;
    }
    close(fd);
    return good;
}

bytes read_file(const char* path) {
    bytes file(4 << 20);
    int fd = open(path, O_RDONLY);
    size_t size = 0;
    for (ssize_t n; fd >= 0 && (n = read(fd, file.data() + size, file.size() - size)) > 0;)
        size += size_t(n);
    close(fd);
    file.resize(size);
    return file;
}

constexpr const char* path = "/tmp/elf";
constexpr int refused = 77, ran = 3;

int run(const char* self, uint64_t seed, unsigned files) {
    printf("seed %lu, %u files\n", seed, files);
    fflush(stdout);
    block_child_signal();
    bytes original = read_file(self);
    if (original.size() < 1000) {
        printf("WRONG: %s can't be read\n", self);
        return 1;
    }
    auto& still = *shared_memory<std::atomic<uint64_t>>();
    generator random(seed);
    unsigned errors = 0, deaths = 0, runs = 0;
    in_use before{};
    for (unsigned i = 0; i < files; i++) {
        // The first one is as it was: it must run.
        if (!write_file(path, i ? make_file(original, random) : original)) {
            printf("WRONG: writing file %u: errno %d\n", i, errno);
            return 1;
        }
        pid_t id = fork();
        if (id == 0) {
            int null = open("/dev/null", O_RDWR);
            for (int fd : {0, 1, 2})
                dup2(null, fd);
            char* arguments[] = {const_cast<char*>(path), const_cast<char*>("ran"), nullptr};
            execv(path, arguments);
            _exit(refused);
        }
        int status = end_of(id, still, 300'000'000); // a damaged program may loop
        if (WIFSIGNALED(status))
            deaths++;
        else if (WEXITSTATUS(status) == refused)
            errors++;
        else
            runs++;
        if (i == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != ran)) {
            printf("WRONG: the program as it is ends with status 0x%x\n", unsigned(status));
            return 1;
        }
        unlink(path);
        if (i == files / 4)
            before = steady();
    }
    char where[40];
    snprintf(where, sizeof where, "seed %lu", seed);
    if (!same(before, settle(before), where))
        return 1;
    printf("passed: %u files: %u refused, %u died, %u ran\n", files, errors, deaths, runs);
    return 0;
}

} // namespace
} // namespace fuzz

int main(int argc, char** argv) {
    if (argc > 1 && !strcmp(argv[1], "ran"))
        return fuzz::ran;
    uint64_t seed = 1, files = 200;
    for (int i = 1; i + 1 < argc; i += 2)
        (!strcmp(argv[i], "--seed") ? seed : files) = strtoull(argv[i + 1], nullptr, 0);
    const char* slash = strrchr(argv[0], '/');
    std::string self = std::string("/bin/") + (slash ? slash + 1 : argv[0]);
    return fuzz::run(self.c_str(), seed, unsigned(files));
}
