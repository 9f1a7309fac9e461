// SPDX-License-Identifier: BSD-2-Clause
//
// U2, U8, U11: a thread whose handler is interrupted by the kernel and goes on on another hart,
// over and over, returns to where it was with what it had in its registers, integer and floating
// point. Another thread sends to it and moves it while it is in the handler.

#include "../libs/expect.hpp"

#include <atomic>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

constexpr int moves = 100;

std::atomic<pid_t> target{0};
std::atomic<int> fd{-1};
std::atomic<bool> stop{false};
std::atomic<long> entered{0}, left{0}; // of the handler
std::atomic<long> moved{0};            // what the handler waits for, as often as it was entered
std::atomic<int> moved_to{0};
std::atomic<long> moved_inside{0}; // it began on one hart and ended on another
unsigned harts;

int hart_now() {
    // A system call in a handler is as good as anywhere else.
    register long a7 asm("a7") = 168; // getcpu
    unsigned cpu = ~0u;
    register long a0 asm("a0") = reinterpret_cast<long>(&cpu);
    register long a1 asm("a1") = 0;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1) : "memory");
    return int(cpu);
}

extern "C" void migration_received(uint64_t) {
    int began = hart_now();
    entered = entered + 1;
    while (moved < entered || hart_now() != moved_to) // if it is not moved, the test times out
        ;
    left = left + 1;
    if (hart_now() != began)
        moved_inside = moved_inside + 1;
}

} // namespace

OUROS_UINTR_ENTRY(migration_entry, migration_received);

namespace {

// Every register that a program has for itself holds a number of its own, round after round.
// Returns how many rounds until something was different; 0 while `stop` is not set.
[[gnu::noinline]] long spin_with_full_registers(const std::atomic<bool>& end) {
    long rounds = 0, wrong = 0;
    asm volatile(
        // integer: all but sp, gp, tp and the operands
        ".irp n, 5,6,7,8,9,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "  li x\\n, 0x1000 + \\n\n"
        ".endr\n"
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,"
        "30,31\n"
        "  li a5, 0x2000 + \\n\n"
        "  fmv.d.x f\\n, a5\n"
        ".endr\n"
        "fsrmi 2\n"
        "1:\n"
        "addi %[rounds], %[rounds], 1\n"
        ".irp n, 5,6,7,8,9,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "  li a5, 0x1000 + \\n\n"
        "  bne a5, x\\n, 3f\n"
        ".endr\n"
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,"
        "30,31\n"
        "  li a5, 0x2000 + \\n\n"
        "  fmv.x.d a6, f\\n\n"
        "  bne a5, a6, 3f\n"
        ".endr\n"
        // Dirty for a while, only read for a while: the kernel may keep them differently.
        "slli a5, %[rounds], 51\n"
        "bgez a5, 2f\n"
        "fsgnj.d f31, f31, f31\n"
        "2:\n"
        "frrm a5\n"
        "li a6, 2\n"
        "bne a5, a6, 3f\n"
        "lbu a5, 0(%[end])\n"
        "beqz a5, 1b\n"
        "j 4f\n"
        "3: li %[wrong], 1\n"
        "4: fsrmi 0\n"
        : [rounds] "+&r"(rounds), [wrong] "+&r"(wrong)
        : [end] "r"(&end)
        : "t0", "t1", "t2", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
          "t3", "t4", "t5", "t6", "a5", "a6", "memory", "ft0", "ft1", "ft2", "ft3", "ft4", "ft5",
          "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2",
          "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10",
          "ft11");
    return wrong ? -rounds : rounds;
}

// So that a hart does not still have by chance what the other thread should have there.
void overwrite_float_registers() {
    asm volatile(".irp n, 0,1,2,3,4,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31\n"
                 "  fmv.d.x f\\n, zero\n"
                 ".endr\n" ::
                     : "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fa0", "fa1", "fa2",
                       "fa3", "fa4", "fa5", "fa6", "fa7", "ft8", "ft9", "ft10", "ft11");
}

void pin(pid_t thread, unsigned hart) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart, &set);
    expect(sched_setaffinity(thread, sizeof set, &set) == 0, "setaffinity");
}

} // namespace

int main() {
    harts = unsigned(std::thread::hardware_concurrency());
    std::thread spins([] {
        ouros::check(kernel::uintr_setup(), "uintr_setup");
        uintr::set_entry(migration_entry);
        fd = static_cast<int>(ouros::check(kernel::uintr_create_fd(40), "create_fd"));
        target = gettid();
        uintr::enable();
        long rounds = spin_with_full_registers(stop);
        expect(rounds > 0, "every register is what it was", rounds);
        uintr::disable();
    });
    while (!target)
        sched_yield();
    auto sender =
        static_cast<uint64_t>(ouros::check(kernel::uintr_register_sender(fd), "register_sender"));
    for (int i = 0; i < moves; i++) {
        long before = entered;
        expect(uintr::send(sender) == OUROS_UIPI_SENT || kernel::uintr_send(sender) == 0, "send");
        while (entered == before) { // if it is lost, the test times out
            overwrite_float_registers();
            sched_yield();
        }
        moved_to = i % int(harts);
        pin(target, unsigned(i) % harts);
        moved++;
        while (left != entered)
            sched_yield();
    }
    stop = true;
    spins.join();
    expect(entered == moves && left == moves, "one handler for each", entered);
    expect(harts == 1 || moved_inside >= moves - 1, "moved while in the handler", moved_inside);
    return failures != 0;
}
