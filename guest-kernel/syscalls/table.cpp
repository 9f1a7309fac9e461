// SPDX-License-Identifier: BSD-2-Clause
//
// The system call table: what the trap entry looks functions up in, filled from the lists by
// subject. docs/system-calls.md is made from the same lists.
#include <ouros/kernel.h>

#include "arch/riscv64/frame_offsets.h"
#include "arch/riscv64/hart.h"
#include "process/thread.h"
#include "ring/request.h"
#include "ring/ring.h"
#include "syscalls/names.h"
#include "syscalls/ouros_calls.h"
#include "syscalls/syscall.h"
#include "uintr/receiver.h"

namespace kernel {

namespace {

const syscall_entry* const lists[] = {
    process_calls, child_calls, memory_calls,   time_calls,     signal_calls, information_calls,
    futex_calls,   file_calls,  affinity_calls, priority_calls, event_calls,
};

const syscall_entry* entries[SYSCALL_LIMIT];

} // namespace

long unknown_syscall(process& p, uint64_t number) {
    if (p.first_named(number)) {
        if (const char* name = linux_call_name(number))
            process_message(p, "system call %s (%lu) is not implemented", name, number);
        else
            process_message(p, "system call %lu is not implemented", number);
    }
    return -ENOSYS;
}

namespace {

long sys_unknown() {
    return unknown_syscall(current_process(), current_thread().frame->x[arch::reg_a7]);
}

} // namespace

extern "C" {

syscall_function syscall_functions[SYSCALL_LIMIT];

// Numbers outside the table: the kernel's own calls.
long syscall_beyond_table() {
    thread& t = current_thread();
    const uint64_t* x = t.frame->x;
    uint64_t number = x[arch::reg_a7];
    if (number == OUROS_SYS_wait) // how most of what happens between threads goes on
        return uintr_wait(t, x[arch::reg_a0]);
    if (number & OUROS_CALL_TOKEN)
        return token_call(t, number & ~uint64_t(OUROS_CALL_TOKEN), x[arch::reg_a6],
                          x + arch::reg_a0);
    if (number >= OUROS_SYS_first && number <= OUROS_SYS_last)
        return ouros_call(unsigned(number), x + arch::reg_a0);
    return unknown_syscall(t.parent(), number);
}

} // extern "C"

namespace {

void enter(const syscall_entry* list) {
    for (; list->function; list++)
        syscall_functions[list->number] = list->function, entries[list->number] = list;
}

} // namespace

void syscalls_start() {
    for (syscall_function& f : syscall_functions)
        f = erase(sys_unknown);
    for (const syscall_entry* list : lists)
        enter(list);
    for (const syscall_entry* list : registered_calls())
        enter(list);
}

const syscall_entry* find_syscall(unsigned number) {
    return number < SYSCALL_LIMIT ? entries[number] : nullptr;
}

address_space& current_space() {
    return *current_process().space;
}

caller& current_caller() {
    return current_thread();
}

caller& waiting_caller() {
    thread& t = current_thread();
    if (t.handing_over)
        return *t.handing_over;
    return t;
}

long wait_for(task<long> work) {
    if (!work)
        return -ENOMEM;
    thread& t = current_thread();
    if (t.handing_over) [[unlikely]] {
        continue_request(*std::exchange(t.handing_over, nullptr), std::move(work));
        return 0;
    }
    if (t.priorities.published) // what it has ready now is what the call is for
        t.priority = uint8_t(t.priorities.current());
    t.call = std::move(work);
    t.done = [](task_completion* completion) { static_cast<thread*>(completion)->complete(); };
    t.call.start(t);
    if (t.state.load(std::memory_order_acquire) == thread::completed) {
        long value = t.call.take_result();
        t.call = {};
        t.state.store(thread::running, std::memory_order_relaxed);
        if (value == -EINTR)
            call_was_interrupted(t);
        return value;
    }
    arch::this_hart().pending |= arch::pending_blocked;
    return 0;
}

} // namespace kernel
