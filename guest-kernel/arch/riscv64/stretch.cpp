// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/stretch.h"

#include <cstring>

#include "arch/riscv64/csr.h"
#include "arch/riscv64/hart.h"
#include "device-tree/machine.h"
#include "lib/spinlock.h"

namespace kernel::arch {

bool stretches_measured = false;

namespace {

// The trampoline's instructions, before the first and after the last that is counted.
constexpr uint64_t outside = 33 + 20;

constexpr unsigned kept = 64;
spinlock lock;
ouros_stretch longest[kept]; // longest first; one for each entry
unsigned count;

bool same_kind(const ouros_stretch& a, const ouros_stretch& b) {
    return a.entry == b.entry && a.ended_at == b.ended_at;
}

// In its place, and out of the one that its kind had.
void keep(const ouros_stretch& one) {
    lock_guard guard(lock);
    unsigned old = 0;
    while (old < count && !same_kind(longest[old], one))
        old++;
    if (old < count && longest[old].instructions >= one.instructions)
        return;
    if (old == count && count < kept)
        count++;
    else if (old == count && longest[--old].instructions >= one.instructions)
        return;
    for (; old > 0 && longest[old - 1].instructions < one.instructions; old--)
        longest[old] = longest[old - 1];
    longest[old] = one;
}

} // namespace

void stretches_start() {
    stretches_measured = machine_argument("stretches");
    if (!stretches_measured)
        return;
    for (unsigned i = 0; i < hart_count(); i++) {
        hart& h = hart_at(i);
        h.leave_measured = h.leave;
        h.leave = reinterpret_cast<uint64_t>(measured_leave_syscall);
    }
}

extern "C" void end_stretch(uint64_t ended_at) {
    uint64_t end = read_csr<csr_instret>();
    hart& self = this_hart();
    uint64_t began = self.stretch_began;
    if (began) // not the first one after the hart's start
        keep({end - began + (ended_at ? 0 : outside), self.stretch_entry, ended_at});
    self.stretch_began = read_csr<csr_instret>();
}

void stretch_is_work() {
    this_hart().stretch_entry = OUROS_STRETCH_WORK;
}

unsigned longest_stretches(ouros_stretch* out, unsigned limit, bool forget) {
    lock_guard guard(lock);
    unsigned given = count < limit ? count : limit;
    memcpy(out, longest, given * sizeof *out);
    if (forget)
        count = 0;
    return given;
}

} // namespace kernel::arch
