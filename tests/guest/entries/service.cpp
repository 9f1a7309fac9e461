// SPDX-License-Identifier: BSD-2-Clause
//
// A1 from the kernel's side: while a thread has something to do, entries that the kernel has to
// serve cost it no trap, and its hart does nothing for them; they are served by a hart that has
// nothing to do, if there is one, and otherwise when the thread waits. A call by token costs its
// ecall and nothing else.
//
// Argument: the number of harts. Run with --icount, so that the tick is far away.
#include "entries.hpp"

#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace {

constexpr unsigned count = 32;

ouros_statistics now() {
    ouros_statistics s{};
    ouros::kernel::statistics(&s);
    return s;
}

void work(unsigned amount) {
    for (unsigned i = 0; i < amount; i++)
        asm volatile(".word 0x0100000f"); // pause: an emulator runs the other harts now
}

unsigned arrived_of(uint64_t first) {
    unsigned n = 0;
    take_completions();
    for (unsigned i = 0; i < count; i++)
        n += arrived.count(first + i);
    return n;
}

void check(const char* what, bool by_token, bool several_harts) {
    static char memory[4096];
    take_completions();
    arrived.clear();
    ouros_statistics before = now();
    uint64_t first = next_user_data;
    for (unsigned i = 0; i < count; i++) {
        if (by_token)
            call{SYS_madvise, {address(memory) & ~4095ull, 4096, MADV_NORMAL}}.hand_over();
        else
            submit({IORING_OP_MADVISE, -1, address(memory) & ~4095ull, 4096, 0, MADV_NORMAL});
    }
    unsigned early = 0;
    for (int i = 0; i < 200 && early < count; i++) {
        work(2000);
        early = arrived_of(first);
        if (!several_harts && i > 20)
            break;
    }
    ouros_statistics busy = now();
    std::string name = what;
    // The two calls that count are calls themselves.
    expect_equal(name + ": system calls while busy", int64_t(busy.syscalls - before.syscalls),
                 1 + (by_token ? count : 0));
    expect_equal(name + ": waits while busy", int64_t(busy.waits - before.waits), 0);
    expect_equal(name + ": submissions by ecall", int64_t(busy.submissions - before.submissions),
                 0);
    expect_equal(name + ": interrupts of completions",
                 int64_t(busy.completion_interrupts - before.completion_interrupts), 0);
    expect_equal(name + ": interrupts of devices",
                 int64_t(busy.device_interrupts - before.device_interrupts), 0);
    expect_equal(name + ": other traps", int64_t(busy.other_traps - before.other_traps), 0);
    expect_equal(name + ": served in its way",
                 int64_t(busy.ring_served_in_the_way - before.ring_served_in_the_way), 0);
    if (several_harts)
        expect_equal(name + ": served by another hart", early, count);
    else
        expect_equal(name + ": served before there was time", early, 0);
    for (unsigned i = 0; i < count; i++)
        expect_equal(name, result_of(first + i), 0);
    ouros_statistics after = now();
    expect_equal(name + ": served", int64_t(after.ring_served - before.ring_served), count);
    expect_equal(name + ": in its way at last",
                 int64_t(after.ring_served_in_the_way - before.ring_served_in_the_way), 0);
    expect_equal(name + ": by token", int64_t(after.token_calls - before.token_calls),
                 by_token ? count : 0);
}

} // namespace

int main(int, char** argv) {
    bool several = std::strcmp(argv[1], "1") != 0;
    open_ring();
    check("ring", false, several);
    check("token", true, several);
    return wrong != 0;
}
