// SPDX-License-Identifier: BSD-2-Clause
#include "process/fault.h"

#include "process/exit.h"
#include "process/thread.h"

namespace kernel {

namespace {

const char* access_name(uint8_t access) {
    return access & protection_execute ? "execute" : access & protection_write ? "write" : "read";
}

} // namespace

void memory_fault(thread& t, uint64_t address, uint8_t access, long error) {
    process& p = t.parent();
    if (error == -ENOMEM) {
        process_message(p, "out of memory: killed at pc 0x%lx, address 0x%lx", t.frame->pc(),
                        address);
        exit_process(p, signal_kill);
        return;
    }
    bool stack = p.space->is_stack_guard(address);
    process_message(p, "%s: cannot %s address 0x%lx at pc 0x%lx",
                    stack ? "stack overflow" : "segmentation fault", access_name(access), address,
                    t.frame->pc());
    exit_process(p, signal_segv);
}

void fatal_signal(thread& t, int signal, const char* what, uint64_t value) {
    process_message(t.parent(), "%s at pc 0x%lx (value 0x%lx)", what, t.frame->pc(), value);
    exit_process(t.parent(), signal);
}

} // namespace kernel
