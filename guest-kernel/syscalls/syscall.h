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
//
// The last two don't care who calls, a thread by ecall or a request (ring/request.h): what a call
// by token or an entry of a ring does is begun by the same functions. The first kind is about the
// running thread, and so by token it is done in the hand-over, by the thread; THREAD_CALL is one
// that makes no sense but as the thread's own next step.
#pragma once

#include <asm/unistd.h>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "arch/riscv64/kernel_section.h"
#include "async/task.h"
#include "async/wait_queue.h"
#include "lib/registry.h"
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

// For any caller, with the arguments in an array.
using call_begin = long (*)(caller&, const uint64_t*); // may return must_wait: then the next
using call_later = task<long> (*)(caller&, const uint64_t*);

struct syscall_entry {
    unsigned number = 0;
    const char* name = nullptr;
    syscall_function function = nullptr; // nullptr ends a list
    call_begin begin = nullptr;
    call_later later = nullptr;
    bool for_threads_only = false;
};

caller& current_caller(); // the current thread, as that
// Who waits if this call of the current thread has to: the thread, or the request that it hands
// over.
caller& waiting_caller();

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

// The same functions with the arguments in an array.
template <auto F>
struct by_array;
template <class R, class... A, R (*F)(caller&, A...)>
struct by_array<F> {
    template <size_t... I>
    static R with(caller& who, const uint64_t* a, std::index_sequence<I...>) {
        return F(who, a[I]...);
    }
    static R call(caller& who, const uint64_t* a) {
        return with(who, a, std::index_sequence_for<A...>());
    }
    static constexpr bool waits = !std::is_same_v<R, long>;
    static constexpr call_begin begin() {
        if constexpr (waits)
            return nullptr;
        else
            return call;
    }
    static constexpr call_later later() {
        if constexpr (waits)
            return call;
        else
            return nullptr;
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
    {                                                                                              \
        __NR_##name, #name,                                                                        \
            ::kernel::erase(::kernel::detail::adapted<::kernel::call::name>::call),                \
            ::kernel::detail::by_array<::kernel::call::name>::begin(),                             \
            ::kernel::detail::by_array<::kernel::call::name>::later()                              \
    }
// call::NAME, and call::NAME_later when that returns must_wait
#define CALL_PAIR(name)                                                                            \
    {                                                                                              \
        __NR_##name, #name,                                                                        \
            ::kernel::erase(::kernel::detail::adapted_pair<::kernel::call::name,                   \
                                                           ::kernel::call::name##_later>::call),   \
            ::kernel::detail::by_array<::kernel::call::name>::call,                                \
            ::kernel::detail::by_array<::kernel::call::name##_later>::call                         \
    }
// sys_NAME for a thread, call::NAME for others
#define CALL_BOTH(name)                                                                            \
    {                                                                                              \
        __NR_##name, #name, ::kernel::erase(sys_##name),                                           \
            ::kernel::detail::by_array<::kernel::call::name>::begin()                              \
    }
#define THREAD_CALL(name)                                                                          \
    {                                                                                              \
        __NR_##name, #name, ::kernel::erase(::kernel::detail::timed_call<sys_##name>::call),       \
            nullptr, nullptr, true                                                                 \
    }

extern const syscall_entry process_calls[], child_calls[], memory_calls[], time_calls[],
    signal_calls[], information_calls[], futex_calls[], file_calls[], affinity_calls[],
    priority_calls[], event_calls[];
// Lists of what can be left out of the kernel register themselves.
using syscall_list = const syscall_entry*;
REGISTRY(syscall_list, calls)
#define REGISTER_CALLS(list) REGISTER(calls) constinit const syscall_list registered_##list = list;

// Boot: fills the table.
void syscalls_start();
// nullptr: not a call this kernel has.
const syscall_entry* find_syscall(unsigned number);
// What a call that this kernel does not have gives; names it once, on the process's stderr.
long unknown_syscall(process& p, uint64_t number);

} // namespace kernel
