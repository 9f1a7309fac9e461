// SPDX-License-Identifier: BSD-2-Clause
//
// What a system call is in the kernel. Three shapes:
//
//   long sys_getpid();                                      never waits: a plain function, called
//   long sys_brk(uint64_t address);                         straight from the trap
//
//   task<long> call::openat(caller& who, uint64_t ...);     waits: a coroutine, CALL_OF(openat)
//
//   long call::read(caller& who, uint64_t fd, ...);         waits sometimes: a plain function that
//   task<long> call::read_later(...);                       returns must_wait if it would have to,
//                                                           and a coroutine then: CALL_PAIR(read)
//
// Arguments are the registers a0.., all uint64_t. Calls are listed by subject, in the file that
// defines them, and gathered by table.cpp:
//
//   const syscall_entry memory_calls[] = {CALL(brk), CALL(mmap), {}};
#pragma once

#include <asm/unistd.h>
#include <cstdint>

#include "arch/riscv64/kernel_section.h"
#include "async/task.h"
#include "async/wait_queue.h"
#include "memory/user_memory.h"

namespace kernel {

class process;
class thread;

// Of the hart's running thread: in plain functions only, not after a co_await.
thread& current_thread();
process& current_process();
address_space& current_space();

// The current system call's result is what `work` returns, now or later. Return what it returns.
long wait_for(task<long> work);

using syscall_function = void (*)(); // called as long(uint64_t...), with the registers as they are

struct syscall_entry {
    unsigned number = 0;
    const char* name = nullptr;
    syscall_function function = nullptr; // nullptr ends a list
};

caller& current_caller(); // the current thread, as that

// Neither a value nor an errno: what a function that does not wait returns when it would have to.
inline constexpr long must_wait = -0x100000;

namespace detail {

// A function of (caller&, arguments...) as the trap entry calls it.
template <auto F>
struct adapted;
template <class... A, long (*F)(caller&, A...)>
struct adapted<F> {
    static long call(A... arguments) {
        arch::kernel_section timed;
        return F(current_caller(), arguments...);
    }
};
template <class... A, task<long> (*F)(caller&, A...)>
struct adapted<F> {
    static long call(A... arguments) {
        arch::kernel_section timed;
        return wait_for(F(current_caller(), arguments...));
    }
};

// A function of (arguments...) whose time counts as the kernel's.
template <auto F>
struct timed_call;
template <class... A, long (*F)(A...)>
struct timed_call<F> {
    static long call(A... arguments) {
        arch::kernel_section timed;
        return F(arguments...);
    }
};

template <auto F, auto Later>
struct adapted_pair;
template <class... A, long (*F)(caller&, A...), task<long> (*Later)(caller&, A...)>
struct adapted_pair<F, Later> {
    static long call(A... arguments) {
        arch::kernel_section timed;
        long value = F(current_caller(), arguments...);
        if (value != must_wait) [[likely]]
            return value;
        return wait_for(Later(current_caller(), arguments...));
    }
};

} // namespace detail

template <class F>
syscall_function erase(F* function) {
    return reinterpret_cast<syscall_function>(function);
}

#define CALL(name)                                                                                 \
    { __NR_##name, #name, ::kernel::erase(::kernel::detail::timed_call<sys_##name>::call) }
// That only looks something up: reading the clock would cost more than it does.
#define CALL_QUICK(name)                                                                           \
    { __NR_##name, #name, ::kernel::erase(sys_##name) }
// call::NAME(caller&, ...): waits or not, by its type
#define CALL_OF(name)                                                                              \
    { __NR_##name, #name, ::kernel::erase(::kernel::detail::adapted<::kernel::call::name>::call) }
// call::NAME, and call::NAME_later when that returns must_wait
#define CALL_PAIR(name)                                                                            \
    {                                                                                              \
        __NR_##name, #name,                                                                        \
            ::kernel::erase(::kernel::detail::adapted_pair<::kernel::call::name,                   \
                                                           ::kernel::call::name##_later>::call)    \
    }

extern const syscall_entry process_calls[], child_calls[], memory_calls[], time_calls[],
    signal_calls[], information_calls[], futex_calls[], file_calls[], affinity_calls[],
    socket_calls[], timer_calls[];

// Boot: fills the table.
void syscalls_start();
// nullptr: not a call this kernel has.
const char* syscall_name(unsigned number);

} // namespace kernel
