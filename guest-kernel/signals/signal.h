// SPDX-License-Identifier: BSD-2-Clause
//
// Signals as programs see them: numbers, sets, siginfo, sigaction. The layouts are Linux's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

enum signal_number : int {
    signal_hangup = 1,
    signal_interrupt = 2,
    signal_quit = 3,
    signal_ill = 4,
    signal_trap = 5,
    signal_abort = 6,
    signal_bus = 7,
    signal_fpe = 8,
    signal_kill = 9,
    signal_segv = 11,
    signal_pipe = 13,
    signal_alarm = 14,
    signal_child = 17,
    signal_continue = 18,
    signal_stop = 19,
    signal_stop_typed = 20, // SIGTSTP
    signal_stop_input = 21, // SIGTTIN
    signal_stop_output = 22,
    signal_urgent = 23,
    signal_window = 28,
    signal_sys = 31,
};
inline constexpr int signal_count = 64;
inline constexpr int first_real_time_signal = 32; // as the kernel counts: SIGRTMIN is the library's

using signal_set = uint64_t; // bit n - 1 is signal n
inline constexpr signal_set set_of(int signal) {
    return 1ull << (signal - 1);
}
template <class... S>
constexpr signal_set set_of(int first, S... others) {
    return set_of(first) | set_of(others...);
}
inline constexpr bool valid_signal(uint64_t signal) {
    return signal >= 1 && signal <= uint64_t(signal_count);
}

inline constexpr signal_set unmaskable_signals = set_of(signal_kill, signal_stop);
inline constexpr signal_set synchronous_signals =
    set_of(signal_segv, signal_bus, signal_ill, signal_trap, signal_fpe, signal_sys);
inline constexpr signal_set stop_signals =
    set_of(signal_stop, signal_stop_typed, signal_stop_input, signal_stop_output);
inline constexpr signal_set ignored_by_default =
    set_of(signal_child, signal_continue, signal_urgent, signal_window);

enum signal_code : int {
    code_user = 0,       // SI_USER: kill
    code_kernel = 0x80,  // SI_KERNEL
    code_queue = -1,     // SI_QUEUE
    code_timer = -2,     // SI_TIMER
    code_thread = -6,    // SI_TKILL
    code_ill_opcode = 1, // ILL_ILLOPC
    code_trap_break = 1, // TRAP_BRKPT
    code_bus_align = 1,  // BUS_ADRALN
    code_bus_end = 2,    // BUS_ADRERR: behind the end of what is mapped
    code_segv_map = 1,   // SEGV_MAPERR
    code_segv_access = 2,
    code_child_exited = 1, // CLD_EXITED and on
    code_child_killed = 2,
    code_child_stopped = 5,
    code_child_continued = 6,
};

// Statuses of children that have not ended.
inline constexpr int child_continued = 0xffff;
inline constexpr int child_stopped(int signal) {
    return signal << 8 | 0x7f;
}

// siginfo_t: 48 bytes that are used, of 128.
struct signal_info {
    int32_t number = 0;
    int32_t error = 0;
    int32_t code = 0;
    int32_t padding = 0;
    union {
        struct {
            int32_t process;
            uint32_t user;
            uint64_t value;
        } sender; // kill, sigqueue
        struct {
            uint64_t address;
        } fault;
        struct {
            int32_t id;
            int32_t overruns;
            uint64_t value;
        } timer;
        struct {
            int32_t process;
            uint32_t user;
            int32_t status;
            int32_t padding;
            int64_t user_time;
            int64_t system_time;
        } child;
        uint64_t words[4] = {};
    };

    static signal_info of_fault(int number, int code, uint64_t address);
    static signal_info from(int number, int code, int process);
    static signal_info of_child(int process, int status); // as wait4 reports it
};
static_assert(sizeof(signal_info) == 48);
inline constexpr size_t user_signal_info_size = 128;

inline signal_info signal_info::of_fault(int number, int code, uint64_t address) {
    signal_info info;
    info.number = number;
    info.code = code;
    info.fault.address = address;
    return info;
}
inline signal_info signal_info::from(int number, int code, int process) {
    signal_info info;
    info.number = number;
    info.code = code;
    info.sender = {process, 0, 0};
    return info;
}

inline signal_info signal_info::of_child(int process, int status) {
    signal_info info;
    info.number = signal_child;
    int low = status & 0x7f, high = status >> 8 & 0xff;
    if (status == child_continued)
        info.code = code_child_continued, high = signal_continue;
    else if (low == 0x7f)
        info.code = code_child_stopped;
    else if (low)
        info.code = code_child_killed, high = low;
    else
        info.code = code_child_exited;
    info.child = {process, 0, high, 0, 0, 0};
    return info;
}

inline constexpr uint64_t default_action = 0, ignore_action = 1; // SIG_DFL, SIG_IGN

enum signal_flag : uint64_t { // SA_
    action_no_child_stop = 1,
    action_no_child_wait = 2,
    action_info = 4,
    action_expose_tags = 0x800,
    action_on_stack = 0x08000000,
    action_restart = 0x10000000,
    action_no_defer = 0x40000000,
    action_reset = 0x80000000,
};
inline constexpr uint64_t known_action_flags = action_no_child_stop | action_no_child_wait |
                                               action_info | action_expose_tags | action_on_stack |
                                               action_restart | action_no_defer | action_reset;

struct signal_action { // struct sigaction as the kernel call has it
    uint64_t handler = default_action;
    uint64_t flags = 0;
    signal_set mask = 0;
};

// Whether the signal would do nothing.
inline bool ignores(const signal_action& action, int signal) {
    return action.handler == ignore_action ||
           (action.handler == default_action && (ignored_by_default & set_of(signal)));
}

} // namespace kernel
