// SPDX-License-Identifier: BSD-2-Clause
//
// Threads that count, lock, hand over turns and use floating point, on however many harts there
// are: the results are the same. With the argument "exit" the program ends while threads run.
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int workers = 8, rounds = 5, additions = 1000;

double work(int worker, int round) {
    double sum = 0;
    for (int k = 1; k < 500; k++)
        sum += std::sqrt(double(k) * worker + round);
    return sum;
}

int count_and_take_turns() {
    std::atomic<long> total{0};
    double sum = 0, expected = 0;
    for (int round = 0; round < rounds; round++) {
        std::mutex lock;
        std::condition_variable changed;
        int turn = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < workers; i++) {
            expected += work(i, round);
            threads.emplace_back([&, i] {
                for (int k = 0; k < additions; k++)
                    total++;
                double mine = work(i, round);
                std::unique_lock guard(lock);
                changed.wait(guard, [&] { return turn == i; });
                turn++;
                sum += mine;
                changed.notify_all();
            });
        }
        for (std::thread& t : threads)
            t.join();
    }
    // Taken in turns, the sums are added in the same order.
    if (total == long(workers) * rounds * additions && sum == expected)
        return 0;
    printf("wrong: %ld, %.17g instead of %.17g\n", total.load(), sum, expected);
    return 1;
}

int end_with_threads_running() {
    for (int i = 0; i < 4; i++)
        std::thread([] {
            for (;;)
                asm volatile("");
        }).detach();
    std::thread([] { std::this_thread::sleep_for(std::chrono::hours(1)); }).detach();
    std::thread([] {
        char c;
        (void)!read(0, &c, 1);
        pause();
    }).detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    _exit(5);
}

} // namespace

int main(int argc, char** argv) {
    return argc > 1 && !strcmp(argv[1], "exit") ? end_with_threads_running()
                                                : count_and_take_turns();
}
