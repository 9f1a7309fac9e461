// SPDX-License-Identifier: BSD-2-Clause
//
// primes LIMIT [WORKERS]: counts the primes below LIMIT with one coroutine per block of numbers, on
// WORKERS workers, while another coroutine answers at once to what is typed and a third one says
// how far it is. None of them knows of the others: those that compute are preempted, the one that
// reads standard input by a blocking call parks its own thread only.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ouros/ouros.hpp>
#include <string>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;

namespace {

constexpr unsigned urgent = 2, background = 30;
std::atomic<uint64_t> looked_at, found;

bool is_prime(uint64_t n) {
    if (n < 4)
        return n > 1;
    if (n % 2 == 0)
        return false;
    for (uint64_t d = 3; d * d <= n; d += 2)
        if (n % d == 0)
            return false;
    return true;
}

ouros::task<uint64_t> count(uint64_t from, uint64_t to) {
    uint64_t primes = 0;
    for (uint64_t n = from; n < to; n++) {
        primes += is_prime(n);
        looked_at.fetch_add(1, std::memory_order_relaxed);
    }
    found += primes;
    co_return primes;
}

// By system calls that block, as any library would do it.
ouros::task<void> answer() {
    char line[256];
    while (ssize_t length = read(STDIN_FILENO, line, sizeof line)) {
        if (length < 0)
            break;
        std::string reply = "so far " + std::to_string(looked_at) + " numbers, " +
                            std::to_string(found) + " primes\n";
        if (write(STDOUT_FILENO, reply.data(), reply.size()) < 0)
            break;
    }
    co_return;
}

ouros::task<int> program(uint64_t limit) {
    ouros::spawn(answer(), urgent);
    constexpr uint64_t blocks = 64;
    std::vector<ouros::spawned<uint64_t>> all;
    for (uint64_t i = 0; i < blocks; i++)
        all.push_back(
            ouros::spawn(count(limit * i / blocks, limit * (i + 1) / blocks), background));
    uint64_t primes = 0;
    for (auto& each : all)
        primes += co_await each;
    std::printf("%lu primes below %lu\n", primes, limit);
    co_return 0;
}

} // namespace

int main(int argc, char** argv) {
    uint64_t limit = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 200'000;
    unsigned workers = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 2;
    return ouros::run(program(limit), {.workers = workers, .slice = 1ms, .threads = 8});
}
