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
    if (error == -ENXIO) {
        if (force_signal(t, signal_info::of_fault(signal_bus, code_bus_end, address)))
            return;
        process_message(p, "access behind the end of a file: cannot %s address 0x%lx at pc 0x%lx",
                        access_name(access), address, t.frame->pc());
        exit_process(p, signal_bus);
        return;
    }
    int code = p.space->is_mapped(address & ~(page_size - 1), page_size) ? code_segv_access
                                                                         : code_segv_map;
    if (force_signal(t, signal_info::of_fault(signal_segv, code, address)))
        return;
    bool stack = p.space->is_stack_guard(address);
    process_message(p, "%s: cannot %s address 0x%lx at pc 0x%lx",
                    stack ? "stack overflow" : "segmentation fault", access_name(access), address,
                    t.frame->pc());
    exit_process(p, signal_segv);
}

void fault_signal(thread& t, const signal_info& info, const char* what, uint64_t value) {
    if (force_signal(t, info))
        return;
    process_message(t.parent(), "%s at pc 0x%lx (value 0x%lx)", what, t.frame->pc(), value);
    exit_process(t.parent(), info.number);
}

} // namespace kernel
