// SPDX-License-Identifier: BSD-2-Clause
//
// What a child of fork sees is the memory of one moment, whatever the parent's other threads write:
// of what each has written, in its order, everything up to some point. A writer writes its round
// into its pages from the lowest address to the highest, so in the child no page has a later round
// than the one before it. Some pages are written by system calls, and in the middle of each round
// one is written that was not there before, below all others.
//
// fork-moment FORKS [ring]    with a ring fork copies the pages at once
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ouros/ouros.hpp>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr size_t page = 4096, fresh_pages = 512, pages = 200, writers = 3;

using word = std::atomic<uint64_t>;
uint8_t* areas[writers]; // fresh pages, then those of each round
std::atomic<bool> end{false};

word& fresh(size_t writer, uint64_t round) {
    return *reinterpret_cast<word*>(areas[writer] + round * page);
}
word& at(size_t writer, size_t index) {
    return *reinterpret_cast<word*>(areas[writer] + (fresh_pages + index) * page);
}

// By the kernel.
void store_by_call(int (&pipe)[2], word& to, uint64_t round) {
    if (write(pipe[1], &round, sizeof round) != sizeof round ||
        read(pipe[0], &to, sizeof round) != sizeof round)
        abort();
}

void* write_rounds(void* number) {
    auto w = reinterpret_cast<size_t>(number);
    int through[2];
    if (pipe(through) < 0)
        abort();
    for (uint64_t round = 1; !end; round++)
        for (size_t i = 0; i < pages; i++) {
            if (i % 20 == 7)
                store_by_call(through, at(w, i), round);
            else
                at(w, i).store(round, std::memory_order_relaxed);
            if (i == pages / 2 && round < fresh_pages)
                fresh(w, round).store(round, std::memory_order_relaxed);
        }
    return nullptr;
}

// In the child: what is wrong, or 0.
int look() {
    for (size_t w = 0; w < writers; w++) {
        uint64_t first = at(w, 0), before = first;
        for (size_t i = 0; i < pages; i++) {
            uint64_t now = at(w, i);
            if (now > before)
                return 1; // came too early
            if (now + 1 < first)
                return 2; // a round is missing
            before = now;
        }
        if (first > 1 && first - 1 < fresh_pages && fresh(w, first - 1) != first - 1)
            return 3; // the last round's new page
        if (first < fresh_pages && at(w, pages / 2 + 1) == first && fresh(w, first) != first)
            return 4; // this round's
    }
    return 0;
}

int fork_often(int rounds) {
    pthread_t threads[writers];
    for (size_t w = 0; w < writers; w++) {
        areas[w] =
            static_cast<uint8_t*>(mmap(nullptr, (fresh_pages + pages) * page,
                                       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        pthread_create(&threads[w], nullptr, write_rounds, reinterpret_cast<void*>(w));
    }
    int wrong = 0;
    for (int i = 0; i < rounds; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(look());
        int status = -1;
        if (waitpid(child, &status, 0) != child || status) {
            printf("fork %d: status 0x%x\n", i, unsigned(status));
            wrong++;
        }
    }
    end = true;
    for (pthread_t t : threads)
        pthread_join(t, nullptr);
    return wrong;
}

ouros::task<int> with_ring(int rounds) {
    co_await ouros::nop(); // the ring is there
    co_return fork_often(rounds);
}

} // namespace

int main(int argc, char** argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 20;
    int wrong = argc > 2 ? ouros::run(with_ring(rounds)) : fork_often(rounds);
    return wrong != 0;
}
