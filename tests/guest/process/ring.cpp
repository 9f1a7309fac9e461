// SPDX-License-Identifier: BSD-2-Clause
//
// A process forks while the device reads into its memory: the transfers arrive in the parent, what
// the child does with its copy stays its own, and the ring goes on.
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr int readers = 4, forks = 40, pieces = 64;
constexpr size_t page = 4096, piece = page - 64; // the rest of each page is the program's to write

std::vector<char> expected;
char* buffers; // `pieces` pages for each reader
bool forking = true;
int wrong;
long reads;

ouros::task<int> reader(int fd, int number) {
    char* mine = buffers + size_t(number) * pieces * page;
    iovec vectors[pieces];
    for (int i = 0; i < pieces; i++)
        vectors[i] = {mine + size_t(i) * page, piece};
    while (forking) {
        for (int i = 0; i < pieces; i++)
            memset(vectors[i].iov_base, 0, piece);
        auto n = ouros::check(co_await ouros::readv(fd, vectors, pieces, 0), "readv");
        bool same = size_t(n) == expected.size();
        for (int i = 0; i < pieces; i++)
            same = same && !memcmp(vectors[i].iov_base, expected.data() + size_t(i) * piece, piece);
        wrong += !same;
        reads++;
    }
    co_return 0;
}

// Each page is written to, which would copy it if the child had it, too.
void touch() {
    for (size_t i = 0; i < readers * pieces; i++)
        buffers[i * page + piece]++;
}

ouros::task<int> forker() {
    for (int i = 0; i < forks; i++) {
        // The readers' requests are on their way, and this is some time later.
        co_await ouros::sleep(std::chrono::microseconds(i * 17 % 200));
        pid_t id = fork();
        if (id == 0) {
            memset(buffers, 0xff, readers * pieces * page); // its own copy
            _exit(0);
        }
        touch();
        int status = -1;
        if (waitpid(id, &status, 0) != id || status != 0)
            wrong++;
    }
    forking = false;
    co_return 0;
}

ouros::task<int> program(const char* path) {
    auto fd = int(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    expected.resize(pieces * piece);
    if (ouros::check(co_await ouros::read(fd, expected, ouros::at(0)), path) !=
        int64_t(expected.size()))
        co_return 2;
    buffers = static_cast<char*>(mmap(nullptr, readers * pieces * page, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    co_await ouros::when_all(reader(fd, 0), reader(fd, 1), reader(fd, 2), reader(fd, 3), forker());
    printf("%d wrong of %ld reads\n", wrong, reads);
    co_return wrong != 0;
}

} // namespace

int main(int, char** argv) {
    return ouros::run(program(argv[1]));
}
