// SPDX-License-Identifier: BSD-2-Clause
//
// queues [--seed N] [--rounds N] HOST-FILE
//
// Processes that write random bytes over everything they share with the kernel and the device - the
// scheduler's queue and tasks of theirs, the memory of their ring, entries, indices - and ring the
// doorbell. Beside them a healthy process reads a file through its ring: every read is right, and
// none is missing. What the hostile ones had comes back.
#include "runner.hpp"

#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <string>
#include <vector>

namespace fuzz {
namespace {

constexpr unsigned readers = 8;

struct shared_state {
    std::atomic<uint64_t> served{0}; // reads of the healthy process
    std::atomic<uint64_t> rounds{0}; // of the hostile ones
};

// ---- The healthy one ----

ouros::task<int> read_all(const char* path, const std::vector<uint8_t>& expected, uint64_t seed,
                          unsigned count, shared_state& s) {
    auto fd = static_cast<int>(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    generator random(seed);
    std::vector<uint8_t> buffer(2000);
    int wrong = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t at = random.below(expected.size() - buffer.size());
        int64_t n = co_await ouros::read(fd, buffer, ouros::at(at));
        wrong += n != int64_t(buffer.size()) ||
                 memcmp(buffer.data(), expected.data() + at, buffer.size()) != 0;
        s.served++;
    }
    co_await ouros::close(fd);
    co_return wrong;
}

ouros::task<int> healthy(const char* path, uint64_t seed, unsigned count, shared_state& s) {
    std::vector<uint8_t> expected(1 << 16);
    auto fd = static_cast<int>(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    expected.resize(size_t(ouros::check(co_await ouros::read(fd, expected, ouros::at(0)), path)));
    co_await ouros::close(fd);
    std::vector<ouros::task<int>> all;
    for (unsigned i = 0; i < readers; i++)
        all.push_back(read_all(path, expected, seed + i, count, s));
    int wrong = 0;
    for (int each : co_await ouros::when_all(std::move(all)))
        wrong += each;
    co_return wrong != 0;
}

// ---- The hostile ones ----

void scribble(generator& random, void* over, size_t size, unsigned times) {
    auto* bytes = static_cast<uint8_t*>(over);
    for (unsigned i = 0; i < times; i++) {
        uint64_t value = random.percent(50) ? random.next() : random.below(70);
        size_t at = random.below(size / 8) * 8, some = random.between(1, 8);
        memcpy(bytes + at, &value, some);
    }
}

// Does a little with a ring and the library's scheduler, with bytes that change under it.
[[noreturn]] void be_hostile(generator random, shared_state& s) {
    for (int fd : {0, 1, 2})
        close(fd);
    ouros_ring where{};
    uint32_t cq = 16u << random.below(4), sq = cq >> random.below(3);
    if (ouros::kernel::ring_setup(sq, cq, &where))
        _exit(2);
    size_t size = asyscall_ring_size(sq, cq);
    static ouros_queue queue;
    static ouros_task tasks[8];
    ouros_scheduler scheduler{};
    bool bound = ouros::kernel::bind_scheduler(&scheduler);
    if (bound)
        scheduler.init(&queue, nullptr);
    auto* ring = reinterpret_cast<uint8_t*>(where.ring);
    auto* doorbell = reinterpret_cast<volatile uint32_t*>(where.doorbell);
    for (unsigned i = 0; i < 60; i++) {
        scribble(random, ring, size, unsigned(random.between(1, 40)));
        if (random.percent(50)) // a tail that looks right, so that entries are taken
            reinterpret_cast<asyscall_ring*>(ring)->driver.sq_tail +=
                uint32_t(random.below(sq + 2));
        doorbell[random.below(1024)] = uint32_t(random.next());
        doorbell[ASYSCALL_DOORBELL_SUBMIT / 4] = 1;
        scribble(random, &queue, sizeof queue, 4);
        scribble(random, tasks, sizeof tasks, 4);
        if (random.percent(30))
            ouros::kernel::wait(random.below(20'000));
        s.rounds++;
    }
    if (bound && random.percent(50)) // over a queue like this: it dies, or goes on
        for (auto& t : tasks)
            scheduler.wake(&queue, &t);
    if (random.percent(30))
        for (;;) // until it is killed
            doorbell[ASYSCALL_DOORBELL_SUBMIT / 4] = 1;
    _exit(0);
}

int run(uint64_t seed, unsigned rounds, const char* path) {
    printf("seed %lu, %u hostile processes\n", seed, rounds);
    fflush(stdout);
    block_child_signal();
    shared_state& s = *shared_memory<shared_state>();
    generator random(seed);
    in_use before{};
    bool good = true;
    constexpr unsigned reads = 300;
    for (unsigned round = 0; good && round < rounds; round += 10) {
        s.served = 0;
        pid_t well = fork();
        if (well == 0)
            _exit(ouros::run(healthy(path, seed + round, reads, s)));
        for (unsigned i = 0; i < 10; i++) {
            uint64_t seed_of_child = random.next();
            pid_t id = fork();
            if (id == 0)
                be_hostile(generator(seed_of_child), s);
            (void)end_of(id, s.rounds, 20'000'000);
        }
        int status = 0;
        while (waitpid(well, &status, 0) != well)
            ;
        if (status || s.served != readers * reads) {
            printf("WRONG: seed %lu, round %u: the healthy process: status 0x%x, %lu of %u reads\n",
                   seed, round, unsigned(status), s.served.load(), readers * reads);
            good = false;
        }
        if (round == 0)
            before = steady();
    }
    if (!good || !same(before, settle(before), "of the hostile processes"))
        return 1;
    printf("passed: each of %u healthy processes had %u reads, all of them right\n",
           (rounds + 9) / 10, readers * reads);
    return 0;
}

} // namespace
} // namespace fuzz

int main(int argc, char** argv) {
    uint64_t seed = 1, rounds = 60;
    for (int i = 1; i + 2 < argc; i += 2)
        (!strcmp(argv[i], "--seed") ? seed : rounds) = strtoull(argv[i + 1], nullptr, 0);
    return fuzz::run(seed, unsigned(rounds), argv[argc - 1]);
}
