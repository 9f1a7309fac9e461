// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/user_traps.h"

#include "arch/riscv64/csr.h"
#include "arch/riscv64/sbi.h"
#include "device-tree/machine.h"
#include "process/thread.h"

namespace kernel::arch {

namespace {

constexpr uint64_t no_timer = ~0ull;

enum : uint8_t { nothing, without_timer, with_timer } available; // N; with it utimecmp
uint64_t delegable;

void stop_timer() {
    if (available == with_timer && read_csr<csr_utimecmp>() != no_timer)
        write_csr<csr_utimecmp>(no_timer);
}

void clear_registers() {
    write_csr<csr_uie>(0);
    write_csr<csr_sedeleg>(0);
    write_csr<csr_utvec>(0);
    write_csr<csr_uscratch>(0);
    write_csr<csr_uepc>(0);
    write_csr<csr_ucause>(0);
    write_csr<csr_utval>(0);
}

} // namespace

bool start_user_traps() {
    if (!try_write_csr<csr_uie>(0))
        return false;
    // A misaligned LR, SC or AMO traps (the harts do other misaligned accesses to memory
    // themselves). Firmware can't emulate those; it need not see them if it can let go of them.
    sbi::delegate_misaligned();
    write_csr<csr_sideleg>(OUROS_UIP_USIP | OUROS_UIP_UTIP | OUROS_UIP_UEIP);
    write_csr<csr_sedeleg>(~0ull);
    delegable = read_csr<csr_sedeleg>();
    available = try_write_csr<csr_utimecmp>(no_timer) ? with_timer : without_timer;
    clear_user_traps();
    return true;
}

bool user_traps_available() {
    return available != nothing;
}

uint64_t directly_delegable(uint64_t causes) {
    return causes & delegable;
}

void clear_user_traps() {
    clear_registers();
    stop_timer();
}

void switch_in_user_traps(thread& t) {
    if (available == nothing)
        return;
    if (!t.user_traps)
        return clear_registers();
    const user_frame& f = *t.frame;
    write_csr<csr_utvec>(f.utvec);
    write_csr<csr_uscratch>(f.uscratch);
    write_csr<csr_uepc>(f.uepc);
    write_csr<csr_ucause>(f.ucause);
    write_csr<csr_utval>(f.utval);
    write_csr<csr_uie>(f.uie);
    write_csr<csr_sedeleg>(f.sedeleg);
    if (f.utimecmp != no_timer)
        write_csr<csr_utimecmp>(f.utimecmp);
}

void switch_out_user_traps(thread& t) {
    const auto has = available;
    if (has == nothing)
        return;
    user_frame& f = *t.frame;
    f.uie = read_csr<csr_uie>();
    write_csr<csr_uie>(0); // what is enabled here and pending would keep the hart from sleeping
    f.utimecmp = no_timer;
    if (has == with_timer) {
        if (uint64_t ticks = read_csr<csr_utimecmp>(); ticks != no_timer) {
            f.utimecmp = ticks;
            write_csr<csr_utimecmp>(no_timer);
        }
    }
    if (!t.user_traps)
        return;
    f.utvec = read_csr<csr_utvec>();
    f.uscratch = read_csr<csr_uscratch>();
    f.uepc = read_csr<csr_uepc>();
    f.ucause = read_csr<csr_ucause>();
    f.utval = read_csr<csr_utval>();
}

void move_user_traps(thread& to) {
    user_frame& f = *to.frame;
    f.uie = read_csr<csr_uie>();
    write_csr<csr_uie>(0);
    f.utvec = read_csr<csr_utvec>();
    f.uscratch = read_csr<csr_uscratch>();
    f.uepc = f.ucause = f.utval = 0;
    f.utimecmp = no_timer;
    if (available == with_timer) {
        f.utimecmp = read_csr<csr_utimecmp>();
        stop_timer();
    }
    to.user_traps = true;
}

void set_user_exceptions(user_frame& f, uint64_t causes) {
    f.sedeleg = directly_delegable(causes);
    write_csr<csr_sedeleg>(f.sedeleg);
}

void enter_user_handler(user_frame& f, uint64_t cause, uint64_t value) {
    write_csr<csr_uepc>(f.pc());
    write_csr<csr_ucause>(cause);
    write_csr<csr_utval>(value);
    bool on = f.status & sstatus_uie;
    f.status = (f.status & ~(sstatus_uie | sstatus_upie)) | (on ? sstatus_upie : 0);
    f.pc() = read_csr<csr_utvec>() & ~3ull;
}

nanoseconds user_timer_deadline() {
    if (available != with_timer || !(read_csr<csr_uie>() & OUROS_UIP_UTIP))
        return never;
    uint64_t ticks = read_csr<csr_utimecmp>();
    uint64_t tick_ns = 1'000'000'000 / machine.timebase;
    return ticks > (never - 1) / tick_ns ? never : ticks * tick_ns;
}

} // namespace kernel::arch
