// SPDX-License-Identifier: BSD-2-Clause
//
// The coroutine library on top of all this: a small program of coroutines in the actor's thread.
#include "state.hpp"

#include <cstring>
#include <fcntl.h>
#include <ouros/ouros.hpp>

namespace torture {

namespace {

struct program {
    actor& a;
    unsigned ended = 0;
};

ouros::task<unsigned> leaf(program& p, int fd, uint64_t what) {
    uint8_t bytes[600];
    generator random(what);
    unsigned rounds = unsigned(random.between(1, 3));
    for (unsigned i = 0; i < rounds; i++) {
        switch (random.below(4)) {
        case 0:
            co_await ouros::yield();
            break;
        case 1: {
            int64_t result = co_await ouros::sleep(std::chrono::nanoseconds(random.below(100'000)));
            check(result == 0, "a coroutine's sleep", result);
            break;
        }
        case 2: {
            int64_t result = co_await ouros::nop();
            check(result == 0, "a coroutine's nop", result);
            break;
        }
        default: {
            size_t at = random.below(p.a.in.host_bytes.size() - sizeof bytes);
            int64_t n = co_await ouros::read(fd, bytes, sizeof bytes, at);
            check(n > 0 && !memcmp(bytes, p.a.in.host_bytes.data() + at, size_t(n)),
                  "what a coroutine has read", n);
        }
        }
    }
    p.ended++;
    co_return rounds;
}

ouros::task<unsigned> tree(program& p, int fd, uint64_t what, unsigned depth) {
    generator random(what);
    if (depth == 0 || random.percent(30))
        co_return co_await leaf(p, fd, what);
    uint64_t left = random.next(), right = random.next();
    auto [a, b] = co_await ouros::when_all(tree(p, fd, left, depth - 1), leaf(p, fd, right));
    co_return a + b;
}

ouros::task<int> main_task(program& p) {
    auto fd = int(co_await ouros::open(p.a.in.host_path, O_RDONLY | O_CLOEXEC));
    check(fd >= 0, "a coroutine's open", fd);
    std::vector<ouros::spawned<unsigned>> all;
    unsigned count = unsigned(p.a.random.between(1, 12));
    for (unsigned i = 0; i < count; i++)
        all.push_back(
            ouros::spawn(tree(p, fd, p.a.random.next(), 2), unsigned(p.a.random.below(64))));
    unsigned sum = 0;
    for (auto& one : all)
        sum += co_await one;
    check(sum >= count, "rounds of coroutines", sum);
    check(p.ended >= count, "coroutines that have ended", p.ended);
    co_await ouros::close(fd);
    co_return int(count);
}

void run_some(actor& a) {
    if (has_ring(*a.ring)) // the library makes its own
        give_up_ring(a);
    program p{a};
    ouros::worker_options options;
    options.sq_entries = 8u << a.random.below(4);
    options.cq_entries = options.sq_entries * 2;
    int result = ouros::run(main_task(p), options);
    check(result >= 1, "a program of coroutines", result);
}

} // namespace

const operation coroutine_operations[] = {
    {"coroutines", 8, run_some},
    {},
};

} // namespace torture
