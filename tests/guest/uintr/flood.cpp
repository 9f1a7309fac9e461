// SPDX-License-Identifier: BSD-2-Clause
//
// U13: a process sends without end to a receiver in another one. Somebody else who works on the
// receiver's hart gets done all the same, whether the receiver only takes the interrupts or waits
// for each. A receiver that masks them is not disturbed, and finds one of each vector afterwards.

#include "../libs/expect.hpp"

#include <atomic>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

struct shared_state {
    std::atomic<bool> stop;
    std::atomic<long> sent, worked;
};

shared_state* state;
volatile long interrupts;

extern "C" void flood_received(uint64_t) {
    interrupts = interrupts + 1;
}

} // namespace

OUROS_UINTR_ENTRY(flood_entry, flood_received);

namespace {

// More than two time slices of the kernel.
constexpr long enough_work = 5'000'000;

void pin(unsigned hart) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart, &set);
    expect(sched_setaffinity(0, sizeof set, &set) == 0, "setaffinity");
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

void flood(int fd) {
    pin(0);
    auto sender =
        static_cast<uint64_t>(ouros::check(kernel::uintr_register_sender(fd), "register_sender"));
    while (!state->stop) {
        uintr::send(sender);
        state->sent.store(state->sent.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
    }
}

void work() {
    while (state->sent == 0)
        sched_yield();
    while (state->worked < enough_work)
        state->worked.store(state->worked.load(std::memory_order_relaxed) + 1,
                            std::memory_order_relaxed);
    state->stop = true;
}

void await(pid_t id, const char* what) {
    int status = -1;
    expect(waitpid(id, &status, 0) == id && status == 0, what, status);
}

// The flood ends when the work is done. Meanwhile the receiver may get no further than its handler.
template <class F>
void while_flooded(int fd, F&& receive) {
    state->stop = false;
    state->sent = state->worked = 0;
    pid_t worker = start(work);
    pid_t flooder = start([&] { flood(fd); });
    while (!state->stop)
        receive();
    await(worker, "the work");
    await(flooder, "the flood");
    expect(state->worked == enough_work, "work done", state->worked);
}

} // namespace

int main() {
    state = static_cast<shared_state*>(
        mmap(nullptr, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pin(static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN)) - 1);
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    uintr::set_entry(flood_entry);
    int fd = static_cast<int>(ouros::check(kernel::uintr_create_fd(2), "create_fd"));

    uintr::enable();
    while_flooded(fd, [] {});
    expect(interrupts > 0, "interrupts taken", interrupts);
    std::printf("interrupts taken: %ld of %ld sends\n", interrupts, state->sent.load());

    uintr::disable();
    interrupts = 0;
    while_flooded(fd, [] {
        uintr::disable();
        kernel::wait(10'000'000);
    });
    expect(interrupts > 0, "interrupts waited for", interrupts);
    std::printf("waited: %ld of %ld sends\n", interrupts, state->sent.load());

    uintr::disable();
    uintr::take();
    interrupts = 0;
    while_flooded(fd, sched_yield);
    expect(interrupts == 0, "none while they are off", interrupts);
    uintr::enable();
    expect(interrupts == 1, "all sends are one bit", interrupts);
    uintr::disable();
    return failures != 0;
}
