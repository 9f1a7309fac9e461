// SPDX-License-Identifier: BSD-2-Clause
//
// Two threads and what they wait on: a pipe that fills and empties, an eventfd, poll.
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "report.h"

namespace {

void through_a_pipe() {
    int ends[2];
    if (pipe(ends) < 0)
        std::exit(1);
    constexpr size_t total = 1'000'000;
    std::thread writer([&] {
        std::string bytes(30'000, '\0');
        size_t done = 0;
        for (size_t n = 1; done < total; n = n * 7 % 29'989 + 1) {
            size_t size = std::min(n, total - done);
            for (size_t i = 0; i < size; i++)
                bytes[i] = static_cast<char>((done + i) * 31 + (done + i) / 509);
            if (write(ends[1], bytes.data(), size) != static_cast<long>(size))
                std::exit(2);
            done += size;
        }
        close(ends[1]);
    });
    std::string bytes(20'000, '\0');
    size_t done = 0;
    size_t wrong = 0;
    while (long n = read(ends[0], bytes.data(), bytes.size())) {
        if (n < 0)
            std::exit(3);
        for (size_t i = 0; i < static_cast<size_t>(n); i++)
            wrong += bytes[i] != static_cast<char>((done + i) * 31 + (done + i) / 509);
        done += static_cast<size_t>(n);
    }
    writer.join();
    close(ends[0]);
    say("bytes through a pipe", static_cast<long>(done));
    say("wrong", static_cast<long>(wrong));
}

void back_and_forth() {
    int there = eventfd(0, 0), back = eventfd(0, 0);
    constexpr uint64_t rounds = 500;
    std::thread other([&] {
        uint64_t value;
        for (uint64_t i = 0; i < rounds; i++) {
            if (read(there, &value, 8) != 8)
                std::exit(4);
            value++;
            if (write(back, &value, 8) != 8)
                std::exit(5);
        }
    });
    uint64_t sum = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t value = i + 1;
        if (write(there, &value, 8) != 8 || read(back, &value, 8) != 8)
            std::exit(6);
        sum += value;
    }
    other.join();
    say("sum of the answers", static_cast<long>(sum));
    close(there);
    close(back);
}

void poll_is_woken() {
    int ends[2];
    int event = eventfd(0, 0);
    if (pipe(ends) < 0)
        std::exit(7);
    std::thread other([&] {
        usleep(20'000);
        if (write(ends[1], "x", 1) != 1)
            std::exit(8);
    });
    pollfd set[2] = {{event, POLLIN, 0}, {ends[0], POLLIN, 0}};
    say("poll", poll(set, 2, 10'000));
    say("of the pipe", set[1].revents);
    other.join();
    char byte;
    say("read", read(ends[0], &byte, 1));
    std::thread closing([&] {
        usleep(20'000);
        close(ends[1]);
    });
    say("read until the writer is closed", read(ends[0], &byte, 1));
    closing.join();
    say("poll at the end", poll(set, 2, 10'000));
    close(ends[0]);
    close(event);
}

} // namespace

int main() {
    through_a_pipe();
    back_and_forth();
    poll_is_woken();
}
