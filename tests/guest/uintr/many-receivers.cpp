// SPDX-License-Identifier: BSD-2-Clause
//
// U2, U3, U12: more receivers than the UINTC has slots, the threads of two processes. A child of
// each sends two vectors to each of them, round after round. Some of the receivers wait in the
// kernel, some run on, so that slots are taken away and given back all the time. Each receiver gets
// each of its vectors once per round, and no other. The argument is the number of receivers in each
// process.

#include "../libs/expect.hpp"

#include <atomic>
#include <cstdlib>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

constexpr int rounds = 6, groups = 2, vectors_each = 2;

struct progress { // of one group, shared by its receivers' process and its sender's
    std::atomic<int> ready;
    std::atomic<int> done[rounds];
    std::atomic<int> wrong;
};

struct receiver {
    int number = 0;
    int fds[vectors_each] = {};
    uint64_t expected = 0;
    volatile uint64_t seen = 0;  // in this round
    volatile uint64_t wrong = 0; // twice in one round, or somebody else's
};

progress* group;
thread_local receiver* mine;

extern "C" void many_received(uint64_t vectors) {
    mine->wrong = mine->wrong | (mine->seen & vectors) | (vectors & ~mine->expected);
    mine->seen = mine->seen | vectors;
}

} // namespace

OUROS_UINTR_ENTRY(many_entry, many_received);

namespace {

void wait_for_all(bool block) {
    uintr::disable();
    while ((mine->seen & mine->expected) != mine->expected) {
        if (block) {
            kernel::wait(kernel::forever);
        } else {
            uintr::enable();
            sched_yield();
        }
        uintr::disable();
    }
    mine->seen = 0;
    uintr::enable();
}

void* receive(void* argument) {
    mine = static_cast<receiver*>(argument);
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    uintr::set_entry(many_entry);
    for (int n = 0; n < vectors_each; n++) {
        unsigned vector = unsigned(mine->number + 37 * n) % 64;
        mine->expected |= uint64_t{1} << vector;
        mine->fds[n] = static_cast<int>(ouros::check(kernel::uintr_create_fd(vector), "fd"));
    }
    uintr::enable();
    group->ready++;
    for (std::atomic<int>& done : group->done) {
        wait_for_all(mine->number % 8 != 0);
        done++;
    }
    // What comes now, came twice.
    for (int i = 0; i < 3; i++)
        sched_yield();
    uintr::disable();
    if (mine->wrong || mine->seen)
        group->wrong++;
    return nullptr;
}

[[noreturn]] void send_all(const std::vector<receiver>& receivers) {
    std::vector<uint64_t> senders;
    for (int n = 0; n < vectors_each; n++)
        for (const receiver& r : receivers)
            senders.push_back(static_cast<uint64_t>(
                ouros::check(kernel::uintr_register_sender(r.fds[n]), "register")));
    long by_kernel = 0;
    size_t step = senders.size() % 7919 ? 7919 : 7907; // both are prime
    for (int round = 0; round < rounds; round++) {
        for (size_t n = 0, at = size_t(round); n < senders.size(); n++, at += step) {
            uint64_t sender = senders[at % senders.size()];
            if (uintr::send(sender) == OUROS_UIPI_SENT)
                continue;
            by_kernel++;
            if (int64_t error = kernel::uintr_send(sender))
                expect(false, "uintr_send", error);
        }
        while (group->done[round] != int(receivers.size()))
            sched_yield();
    }
    std::printf("%ld of %zu sends by the kernel\n", by_kernel, rounds * senders.size());
    std::fflush(stdout);
    _exit(failures != 0);
}

[[noreturn]] void run_group(int count) {
    std::vector<receiver> receivers(static_cast<size_t>(count));
    std::vector<pthread_t> threads;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 32768);
    for (receiver& r : receivers) {
        r.number = static_cast<int>(&r - receivers.data());
        pthread_t made;
        if (int error = pthread_create(&made, &attributes, receive, &r)) {
            expect(false, "pthread_create", error);
            _exit(1);
        }
        threads.push_back(made);
    }
    while (group->ready != count)
        sched_yield();
    pid_t sends = fork();
    if (sends == 0)
        send_all(receivers);
    for (pthread_t t : threads)
        pthread_join(t, nullptr);
    int status = -1;
    waitpid(sends, &status, 0);
    expect(status == 0, "the sender", status);
    expect(group->wrong == 0, "receivers that got something wrong", group->wrong);
    std::fflush(stdout);
    _exit(failures != 0);
}

} // namespace

int main(int argc, char** argv) {
    int count = argc > 1 ? atoi(argv[1]) : 350;
    auto* shared =
        static_cast<progress*>(mmap(nullptr, sizeof(progress) * groups, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    for (int n = 0; n < groups; n++) {
        group = &shared[n];
        if (fork() == 0)
            run_group(count);
    }
    for (int n = 0; n < groups; n++) {
        int status = -1;
        expect(wait(&status) > 0 && status == 0, "a group", status);
    }
    return failures != 0;
}
