// SPDX-License-Identifier: BSD-2-Clause
//
// Uses all memory there is. The kernel says so and ends the program, as by SIGKILL; a panic of the
// kernel would be status 125.
#include <cstdio>
#include <sys/mman.h>

int main() {
    for (long total = 0;; total += 16) {
        void* p =
            mmap(nullptr, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            printf("mmap fails after %ld MiB\n", total);
            return 1;
        }
        for (int i = 0; i < 16 << 20; i += 4096)
            static_cast<volatile char*>(p)[i] = 1;
    }
}
