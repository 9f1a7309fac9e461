// SPDX-License-Identifier: BSD-2-Clause
//
// Traps from user mode other than system calls, and faults in the kernel. See trap.S for the way
// here and back.
#include "arch/riscv64/context.h"
#include "arch/riscv64/csr.h"
#include "arch/riscv64/hart.h"
#include "arch/riscv64/interrupts.h"
#include "arch/riscv64/kernel_section.h"
#include "lib/print.h"
#include "memory/failing.h"
#include "process/exit.h"
#include "process/fault.h"
#include "process/load.h"
#include "process/thread.h"
#include "schedule/scheduler.h"
#include "signals/frame.h"
#include "signals/signals.h"
#include "uintr/exceptions.h"

namespace kernel::arch {

namespace {

uint8_t access_of(uint64_t cause) {
    switch (cause) {
    case cause_instruction_page_fault:
        return protection_execute;
    case cause_store_page_fault:
        return protection_write;
    default:
        return protection_read;
    }
}

[[noreturn]] void handle_interrupt(thread& t, uint64_t number) {
    switch (number) {
    case 5:
        t.counters.timer_interrupts++;
        this_hart().interrupts[1]++;
        load_sample_if_due();
        break;
    case 9:
        t.counters.device_interrupts++;
        this_hart().interrupts[2]++;
        break;
    default: // another hart has work for this one
        t.counters.other_traps++;
        this_hart().interrupts[0]++;
        break;
    }
    schedule(leaving::interrupted); // looks at what is pending
}

void handle_fault(thread& t, uint64_t cause, uint64_t value) {
    switch (cause) {
    case cause_instruction_page_fault:
    case cause_load_page_fault:
    case cause_store_page_fault: {
        t.counters.page_faults++;
        long error = t.parent().space->fault(value, access_of(cause));
        if (error < 0)
            memory_fault(t, value, access_of(cause), error);
        break;
    }
    case cause_illegal_instruction:
        t.counters.other_traps++;
        if (!first_float_use(t))
            fault_signal(t, signal_info::of_fault(signal_ill, code_ill_opcode, t.frame->pc()),
                         "illegal instruction", value);
        break;
    case cause_breakpoint:
        t.counters.other_traps++;
        fault_signal(t, signal_info::of_fault(signal_trap, code_trap_break, t.frame->pc()),
                     "breakpoint", value);
        break;
    case cause_load_misaligned:
    case cause_store_misaligned:
    case cause_instruction_misaligned:
        t.counters.other_traps++;
        fault_signal(t, signal_info::of_fault(signal_bus, code_bus_align, t.frame->pc()),
                     "misaligned access", value);
        break;
    default:
        t.counters.other_traps++;
        fault_signal(t, signal_info::of_fault(signal_segv, code_segv_access, t.frame->pc()),
                     "access fault", value);
        break;
    }
}

[[noreturn]] void return_with_signals(thread& t) {
    if (t.parent().exiting)
        end_thread(t);
    if (t.signal_state.attention.load(std::memory_order_relaxed)) {
        switch (handle_signals(t)) {
        case next_step::go_on:
            break;
        case next_step::wait:
            schedule(leaving::blocked);
        case next_step::end:
            end_thread(t);
        }
    }
    resume_current();
}

void return_from_handler(thread& t) {
    if (!pop_signal_frame(t))
        fault_signal(t, signal_info::from(signal_segv, code_kernel, 0), "not a signal frame",
                     t.frame->x[reg_sp]);
}

} // namespace

extern "C" {

[[noreturn]] void handle_user_trap(user_frame* frame, uint64_t cause, uint64_t value);
[[noreturn]] void syscall_pending();
[[noreturn]] void kernel_trap(uint64_t cause, uint64_t pc, uint64_t value, uint64_t ra,
                              uint64_t sp);

void handle_user_trap(user_frame*, uint64_t cause, uint64_t value) {
    thread& t = *this_hart().current;
    if (t.killed())
        end_thread(t);
    if (cause & cause_interrupt)
        handle_interrupt(t, cause & 0xff);
    if (!pass_to_user_handler(t, cause, value)) {
        kernel_section timed;
        [[maybe_unused]] fault_allocations exempt;
        handle_fault(t, cause, value);
    }
    return_with_signals(t);
}

void syscall_pending() {
    hart& self = this_hart();
    uint64_t why = self.pending;
    self.pending = 0;
    thread& t = *self.current;
    if (t.ended)
        schedule(leaving::ended);
    if (why & pending_blocked) {
        if (t.worker.number) [[unlikely]]
            hand_over_worker(t);
        schedule(leaving::blocked);
    }
    if (why & pending_sigreturn)
        return_from_handler(t);
    if (why & pending_reschedule)
        schedule(leaving::yielded);
    if (why & pending_give_way)
        schedule(leaving::interrupted);
    return_with_signals(t);
}

void kernel_trap(uint64_t cause, uint64_t pc, uint64_t value, uint64_t ra, uint64_t sp) {
    hart& self = this_hart();
    uint64_t bottom = self.stack_top - kernel_stack_size;
    if (value < bottom && value >= bottom - page_size)
        panic("kernel stack overflow: pc 0x%lx, sp 0x%lx", pc, sp);
    panic("trap in the kernel: cause %lu, pc 0x%lx, value 0x%lx, ra 0x%lx, sp 0x%lx", cause, pc,
          value, ra, sp);
}

} // extern "C"

} // namespace kernel::arch
