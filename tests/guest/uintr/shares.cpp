// SPDX-License-Identifier: BSD-2-Clause
//
// U13: a receiver that is flooded, and waits for each interrupt before it works on, does not get
// more of its hart than somebody of its priority who only computes: time slices are accounted, not
// wakes. Run with --icount on two harts; the sender has the other one.
#include "../libs/expect.hpp"

#include <atomic>
#include <ctime>
#include <ouros/io.hpp>
#include <ouros/poller.hpp>
#include <ouros/uintr.hpp>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

struct shared_state {
    std::atomic<int> begun;
    std::atomic<bool> stop;
    std::atomic<long> worker_did; // how often it computed
};

shared_state* state;
volatile long interrupts;

constexpr long millisecond = 1'000'000;
constexpr long duration = 200 * millisecond; // twenty time slices
constexpr int per_wait = 4;                  // what the receiver does for each interrupt

extern "C" void share_received(uint64_t) {
    interrupts = interrupts + 1;
}

} // namespace

OUROS_UINTR_ENTRY(share_entry, share_received);

namespace {

void pin(unsigned hart) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart, &set);
    expect(sched_setaffinity(0, sizeof set, &set) == 0, "setaffinity");
}

long time_now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// Some microseconds of computing, and then the emulator may turn to the other hart.
void compute() {
    for (volatile int i = 0; i < 1000;)
        i = i + 1;
    ouros::relax();
}

// From when all three are there.
void meet() {
    state->begun++;
    while (state->begun < 3)
        sched_yield();
}

void flood(int fd) {
    pin(0);
    auto sender =
        static_cast<uint64_t>(ouros::check(kernel::uintr_register_sender(fd), "register_sender"));
    meet();
    while (!state->stop) {
        uintr::send(sender);
        compute();
    }
}

void work() {
    meet();
    long did = 0;
    for (long end = time_now() + duration; time_now() < end; did++)
        compute();
    state->worker_did = did;
    state->stop = true;
}

template <class F>
pid_t start(F&& does) {
    std::fflush(stdout);
    pid_t id = fork();
    if (id == 0) {
        does();
        std::fflush(stdout);
        _exit(failures != 0);
    }
    return id;
}

} // namespace

int main() {
    state = static_cast<shared_state*>(
        mmap(nullptr, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pin(1);
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    uintr::set_entry(share_entry);
    int fd = static_cast<int>(ouros::check(kernel::uintr_create_fd(2), "create_fd"));
    pid_t worker = start(work), flooder = start([fd] { flood(fd); });

    meet();
    long waits = 0;
    while (!state->stop) {
        uintr::disable();
        kernel::wait(10 * millisecond);
        waits++;
        for (int i = 0; i < per_wait; i++)
            compute();
    }

    for (pid_t id : {worker, flooder}) {
        int status = -1;
        expect(waitpid(id, &status, 0) == id && status == 0, "a process's end", status);
    }
    long own = waits * per_wait, others = state->worker_did;
    std::printf("%ld interrupts; the receiver did %ld, the worker %ld\n", interrupts, own, others);
    expect(interrupts > 5, "interrupts", interrupts);
    // A slice more or less.
    expect(others >= (own + others) * 45 / 100, "the worker's share in per cent",
           others * 100 / (own + others));
    return failures != 0;
}
