// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/context.h"

#include <cstring>

#include "arch/riscv64/csr.h"
#include "arch/riscv64/hart.h"
#include "arch/riscv64/page_table.h"
#include "arch/riscv64/stretch.h"
#include "arch/riscv64/user_traps.h"
#include "lib/mark.h"
#include "process/thread.h"
#include "uintr/receiver.h"
#include "uintr/user_device.h"

namespace kernel::arch {

extern "C" {
void save_float(uint64_t* registers);
void load_float(const uint64_t* registers);
extern char enter_syscall[], enter_trap[];
}

namespace {

void float_on() {
    set_csr<csr_sstatus>(sstatus_fs);
}

// Floating point is saved only when it changed. A thread that changed it in its last turn gets it
// loaded for its next one, unless the hart's registers are still its own. Any other begins with
// floating point off, and gets it when it uses it (first_float_use), unless it handles illegal
// instructions itself: it must not see that one.
void save_float_if_dirty(thread& t) {
    t.float_dirty = (t.frame->status & sstatus_fs) == sstatus_fs_dirty;
    if (!t.float_dirty)
        return;
    float_on();
    save_float(t.frame->f);
    t.frame->status = (t.frame->status & ~sstatus_fs) | sstatus_fs_clean;
    t.float_hart = this_hart().index;
    this_hart().float_owner = &t;
}

void load_float_of(thread& t) {
    hart& self = this_hart();
    if (self.float_owner == &t && t.float_hart == self.index)
        return;
    float_on();
    load_float(t.frame->f);
    self.float_owner = &t;
    t.float_hart = self.index;
}

void load_float_if_needed(thread& t) {
    if (!(t.frame->status & sstatus_fs))
        return;
    if (t.float_dirty || (t.frame->sedeleg >> cause_illegal_instruction & 1))
        load_float_of(t);
    else
        t.frame->status &= ~sstatus_fs;
}

// What the trap entry needs before it can see the kernel.
void set_constants(user_frame& f) {
    f.kernel_satp = this_hart().kernel_satp;
    bool measured = stretches_measured;
    f.enter_syscall = reinterpret_cast<uint64_t>(measured ? measured_enter_syscall : enter_syscall);
    f.enter_trap = reinterpret_cast<uint64_t>(measured ? measured_enter_trap : enter_trap);
}

} // namespace

void switch_in(thread& t) {
    hart& self = this_hart();
    process& p = t.parent();
    self.current = &t;
    self.current_process = &p;
    self.frame = t.frame;
    self.frame_user = t.frame_user;
    self.user_satp = p.space->satp();
    t.frame->hart = reinterpret_cast<uint64_t>(&self);
    mark<OUROS_MARK_THREAD>(uint64_t(p.id) << 32 | uint32_t(t.id));
    p.space->seen_by(self.index);
    fetch_new_instructions();
    load_float_if_needed(t);
    self.clock = &t.run_time;
    t.run_time.start(time_ticks());
    switch_in_user_traps(t);
    if (t.receiver || p.has_senders())
        uintr_switch_in(t);
    if (t.device) [[unlikely]]
        user_device_switch_in(t);
}

void switch_out(thread& t) {
    t.run_time.stop(time_ticks());
    if (uint64_t& spent = this_hart().kernel_ticks; spent) {
        t.kernel_ticks.store(t.kernel_ticks.load(std::memory_order_relaxed) + spent,
                             std::memory_order_relaxed);
        this_hart().kernel_ticks_of_all += spent;
        spent = 0;
    }
    save_float_if_dirty(t);
    if (t.receiver || t.parent().has_senders())
        uintr_switch_out(t);
    switch_out_user_traps(t);
    if (t.device) [[unlikely]]
        user_device_switch_out(t);
}

void save_trap_state(user_frame& f) {
    f.pc() = read_csr<csr_sepc>();
    f.status = read_csr<csr_sstatus>();
}

void load_trap_state(const user_frame& f) {
    write_csr<csr_sepc>(f.x[0]);
    write_csr<csr_sstatus>(f.status);
}

void keep_float(thread& t) {
    save_float_if_dirty(t);
}

bool uses_float(const thread& t) {
    return t.frame->status & sstatus_fs;
}

void replace_float(thread& t) {
    t.frame->status = (t.frame->status & ~sstatus_fs) | sstatus_fs_clean;
    this_hart().float_owner = nullptr;
    load_float_if_needed(t);
}

bool first_float_use(thread& t) {
    if (t.frame->status & sstatus_fs)
        return false;
    t.frame->status |= sstatus_fs_clean;
    load_float_of(t);
    return true;
}

void keep_float_on(thread& t) {
    if (read_csr<csr_sstatus>() & sstatus_fs)
        return;
    float_on();
    load_float(t.frame->f);
    write_csr<csr_sstatus>((read_csr<csr_sstatus>() & ~sstatus_fs) | sstatus_fs_clean);
    this_hart().float_owner = &t;
    t.float_hart = this_hart().index;
}

void prepare_frame(thread& t, unsigned long pc, unsigned long sp) {
    user_frame& f = *t.frame;
    f.pc() = pc;
    f.x[reg_sp] = sp;
    f.status = sstatus_spie;
    set_constants(f);
}

void copy_frame(thread& t, const thread& from) {
    user_frame& f = *t.frame;
    memcpy(f.x, from.frame->x, sizeof f.x);
    f.status = from.frame->status & ~(sstatus_uie | sstatus_upie);
    if ((f.status & sstatus_fs) == sstatus_fs_dirty) {
        save_float(f.f); // what the hart has is newer than the frame
        f.status = (f.status & ~sstatus_fs) | sstatus_fs_clean;
    } else {
        memcpy(f.f, from.frame->f, sizeof f.f);
        f.fcsr = from.frame->fcsr;
    }
    set_constants(f);
}

} // namespace kernel::arch
