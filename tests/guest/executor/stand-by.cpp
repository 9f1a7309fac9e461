// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel's part of S8: a thread with a worker that blocks in a system call loses the worker,
// with receiver, timer and handler, to one that stands by, and enters the process at the agreed
// address when the call is over, its registers as the call left them.

#include "../libs/expect.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ouros/calls.hpp>
#include <ouros/io.hpp>
#include <ouros/timer.hpp>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace uintr = ouros::uintr;
namespace kernel = ouros::kernel;

// What the thread finds when it has lost its worker: utval points to one, and so does nothing else.
struct lost_record {
    uint64_t times;
    uint64_t cause;
    uint64_t status;
};

extern "C" void lost_entry();
asm(".pushsection .text.lost_entry, \"ax\", @progbits\n.balign 4\n.globl lost_entry\nlost_entry:\n"
    "addi sp, sp, -16\nsd t0, 0(sp)\nsd t1, 8(sp)\n"
    "csrr t0, " OUROS_CSR_NAME(
        OUROS_CSR_UTVAL) "\n"
                         "ld t1, 0(t0)\naddi t1, t1, 1\nsd t1, 0(t0)\n"
                         "csrr t1, " OUROS_CSR_NAME(
                             OUROS_CSR_UCAUSE) "\nsd t1, 8(t0)\n"
                                               "csrr t1, " OUROS_CSR_NAME(
                                                   OUROS_CSR_USTATUS) "\nsd t1, 16(t0)\n"
                                                                      "ld t0, 0(sp)\nld t1, "
                                                                      "8(sp)\naddi sp, sp, 16\n"
                                                                      ".word 0x00200073\n" // uret
                                                                      ".popsection\n");

namespace {

struct stood_by {
    int64_t result;
    uint64_t number;
};

stood_by stand_by(uint64_t self) {
    register long a7 asm("a7") = OUROS_SYS_stand_by;
    register uint64_t a0 asm("a0") = self;
    register uint64_t a1 asm("a1") = 0;
    asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a7) : "memory");
    return {static_cast<int64_t>(a0), a1};
}

constexpr unsigned vector = 7;
constexpr int rounds = 50;
std::atomic<int> takeovers;
volatile int interrupts, timers;
uint64_t self_sender;

// uie goes with the worker; the library sets it but once.
void enable_vectors() {
    asm volatile("csrsi " OUROS_CSR_NAME(OUROS_CSR_UIE) ", 1" ::: "memory");
}

void vectored(unsigned, void*) {
    interrupts = interrupts + 1;
}
void timed(void*) {
    timers = timers + 1;
}

// Gets the worker, finds all that belongs to it, and lets it go.
void* stands_by(void*) {
    static thread_local lost_record lost;
    uintr::set_handler(vector, vectored); // the table is the thread's; utvec will be the worker's
    uintr::timer::set_handler(timed);
    uintr::disable();
    stood_by got = stand_by(reinterpret_cast<uint64_t>(&lost));
    for (;;) {
        expect(got.result == 0 && got.number == 0x1234, "stand_by gives the worker",
               long(got.result));
        int before = interrupts;
        uintr::enable();
        uintr::raise(uint64_t{1} << vector);
        expect(interrupts == before + 1, "the receiver has come with it", interrupts - before);
        before = interrupts;
        expect(uintr::send(self_sender) == OUROS_UIPI_SENT, "its sender is valid");
        expect(interrupts == before + 1, "and reaches the new thread", interrupts - before);
        before = timers;
        uintr::timer::arm_at(0);
        expect(timers == before + 1, "so has the timer", timers - before);
        uintr::disable();
        takeovers++;
        got = stand_by(reinterpret_cast<uint64_t>(&lost));
    }
    return nullptr;
}

void blocking_calls() {
    lost_record lost = {};
    for (int i = 0; i < rounds; i++) {
        ouros::check(kernel::uintr_setup(), "uintr_setup");
        int fd = int(ouros::check(kernel::uintr_create_fd(vector), "uintr_create_fd"));
        self_sender = uint64_t(ouros::check(kernel::uintr_register_sender(fd), "register"));
        uintr::set_handler(vector, vectored);
        uintr::timer::set_handler(timed);
        enable_vectors();
        ouros::check(kernel::worker_bind(0x1234, reinterpret_cast<uint64_t>(lost_entry),
                                         reinterpret_cast<uint64_t>(&lost)),
                     "worker_bind");
        uintr::enable();
        double pi = 3.25 * (i + 1); // in a register over the call
        asm volatile("" : "+f"(pi));
        int64_t result = 0;
        timespec little = {0, 100'000};
        while (lost.times == uint64_t(i) && result == 0) // until the other one stands by
            result = nanosleep(&little, nullptr);
        asm volatile("" : "+f"(pi));
        expect(result == 0, "the call has its result", long(result));
        expect(pi == 3.25 * (i + 1), "and the registers are kept");
        expect(lost.times == uint64_t(i) + 1, "told once", long(lost.times));
        expect(lost.cause == OUROS_CAUSE_WORKER_LOST, "by its cause", long(lost.cause));
        expect((lost.status & 0x11) == 0x10, "interrupts off, as in a trap", long(lost.status));
        while (takeovers == i)
            sched_yield();
        expect(takeovers == i + 1, "one takeover", takeovers);
        kernel::uintr_unregister_sender(self_sender);
        close(fd);
    }
}

void keeps_it() {
    lost_record lost = {};
    int before = takeovers;
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    ouros::check(kernel::worker_bind(0x1234, reinterpret_cast<uint64_t>(lost_entry),
                                     reinterpret_cast<uint64_t>(&lost)),
                 "worker_bind");
    uintr::disable();
    timespec little = {0, 1'000'000};
    nanosleep(&little, nullptr);
    expect(takeovers == before && !lost.times, "with interrupts off nothing is handed over");
    uintr::disable();
    expect(kernel::wait(1'000'000) == -ETIME, "wait ends");
    expect(takeovers == before && !lost.times, "wait does not hand over");
    kernel::worker_bind(0, 0, 0);
    uintr::enable();
    nanosleep(&little, nullptr);
    expect(takeovers == before && !lost.times, "nothing is bound any more");
    uintr::disable();
}

// All that are left stand by: the process ends.
void ends() {
    pid_t child = fork();
    if (child == 0) {
        pthread_t t;
        pthread_create(
            &t, nullptr,
            [](void*) -> void* {
                stand_by(0);
                return nullptr;
            },
            nullptr);
        pthread_exit(nullptr);
    }
    int status = -1;
    expect(waitpid(child, &status, 0) == child && WIFEXITED(status), "it ends", status);
}

} // namespace

int main() {
    pthread_t other;
    pthread_create(&other, nullptr, stands_by, nullptr);
    blocking_calls();
    keeps_it();
    ends();
    return failures != 0;
}
