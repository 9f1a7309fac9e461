// SPDX-License-Identifier: BSD-2-Clause
//
// nice and the scheduling policies, on the kernel's 64 priorities:
//
//    0..23   SCHED_FIFO and SCHED_RR, 99 to 1: four of Linux's levels, or five, are one here
//   24..31   nice -20 to -1
//   32..51   nice 0 to 19: SCHED_OTHER, SCHED_BATCH
//   63       SCHED_IDLE
//
// What is ready and has the highest priority runs, real time or not: nice 1 gets what nice 0
// leaves.
#include <cstring>

#include "process/family.h"
#include "process/thread.h"
#include "schedule/scheduler.h"
#include "syscalls/syscall.h"
#include "syscalls/threads_by_id.h"

namespace kernel {

namespace {

enum : uint64_t { of_process = 0, of_group = 1, of_user = 2 };
constexpr uint32_t reset_on_fork = 0x40000000;

bool real_time(unsigned policy) {
    return policy == policy_fifo || policy == policy_round_robin;
}

bool valid(unsigned policy, uint64_t level) {
    if (real_time(policy))
        return level >= 1 && level <= 99;
    return (policy == policy_other || policy == policy_batch || policy == policy_idle) &&
           level == 0;
}

void change(thread& t, unsigned policy, unsigned level, int nice) {
    t.priorities.set(policy, level, nice);
    priority_changed(t);
    priority_changed_for_owners(t);
}

long set_nice(thread& t, int nice) {
    change(t, t.priorities.policy, t.priorities.real_time, nice);
    return 0;
}

// Linux's unit is the thread here, too: PRIO_PROCESS with a process's id means its first thread.
long sys_setpriority(uint64_t which, uint64_t who, uint64_t value) {
    if (which > of_user)
        return -EINVAL;
    int64_t wanted = int32_t(value);
    int nice = int(wanted < -20 ? -20 : wanted > 19 ? 19 : wanted);
    if (which == of_process) {
        ref<thread> t = thread_with(who);
        return t ? set_nice(*t, nice) : -ESRCH;
    }
    struct wanted_group {
        int group;
        bool everybody, found;
        int nice;
    } g{who ? int(who) : current_process().group, which == of_user, false, nice};
    each_process(
        [](process& p, void* context) {
            auto& g = *static_cast<wanted_group*>(context);
            if (!g.everybody && p.group != g.group)
                return;
            lock_guard guard(p.lock);
            for (thread& t : p.threads) {
                set_nice(t, g.nice);
                g.found = true;
            }
        },
        &g);
    return g.found ? 0 : -ESRCH;
}

// 1..40: the C library takes it from 20.
long sys_getpriority(uint64_t which, uint64_t who) {
    if (which > of_user)
        return -EINVAL;
    if (which == of_process) {
        ref<thread> t = thread_with(who);
        return t ? 20 - t->priorities.nice : -ESRCH;
    }
    struct wanted_group {
        int group;
        bool everybody;
        long best;
    } g{who ? int(who) : current_process().group, which == of_user, 0};
    each_process(
        [](process& p, void* context) {
            auto& g = *static_cast<wanted_group*>(context);
            if (!g.everybody && p.group != g.group)
                return;
            lock_guard guard(p.lock);
            for (thread& t : p.threads)
                g.best = 20 - t.priorities.nice > g.best ? 20 - t.priorities.nice : g.best;
        },
        &g);
    return g.best ? g.best : -ESRCH;
}

long set_scheduler(uint64_t id, unsigned policy, uint64_t parameter_at) {
    uint32_t level;
    if (int(id) < 0 || !parameter_at)
        return -EINVAL;
    if (long error = read_user(current_space(), level, parameter_at); error < 0)
        return error;
    if (!valid(policy, level))
        return -EINVAL;
    ref<thread> t = thread_with(id);
    if (!t)
        return -ESRCH;
    change(*t, policy, level, t->priorities.nice);
    return 0;
}

long sys_sched_setscheduler(uint64_t id, uint64_t policy, uint64_t parameter_at) {
    return set_scheduler(id, uint32_t(policy) & ~reset_on_fork, parameter_at);
}

long sys_sched_setparam(uint64_t id, uint64_t parameter_at) {
    ref<thread> t = thread_with(id);
    if (!t)
        return -ESRCH;
    return set_scheduler(id, t->priorities.policy, parameter_at);
}

long sys_sched_getscheduler(uint64_t id) {
    if (int(id) < 0)
        return -EINVAL;
    ref<thread> t = thread_with(id);
    return t ? t->priorities.policy.load() : -ESRCH;
}

long sys_sched_getparam(uint64_t id, uint64_t parameter_at) {
    if (int(id) < 0 || !parameter_at)
        return -EINVAL;
    ref<thread> t = thread_with(id);
    if (!t)
        return -ESRCH;
    uint32_t level = t->priorities.real_time;
    return write_user(current_space(), parameter_at, level);
}

long sys_sched_get_priority_max(uint64_t policy) {
    return real_time(unsigned(policy)) ? 99 : valid(unsigned(policy), 0) ? 0 : -EINVAL;
}
long sys_sched_get_priority_min(uint64_t policy) {
    return real_time(unsigned(policy)) ? 1 : valid(unsigned(policy), 0) ? 0 : -EINVAL;
}

// FIFO has none on Linux; here the threads of one priority take turns whatever their policy.
long sys_sched_rr_get_interval(uint64_t id, uint64_t out) {
    ref<thread> t = thread_with(id);
    if (!t)
        return -ESRCH;
    uint64_t slice[2] = {0, time_slice_ns};
    return copy_to_user(current_space(), out, slice, sizeof slice);
}

} // namespace

const syscall_entry priority_calls[] = {CALL(setpriority),
                                        CALL(getpriority),
                                        CALL(sched_setscheduler),
                                        CALL(sched_setparam),
                                        CALL(sched_getscheduler),
                                        CALL(sched_getparam),
                                        CALL(sched_get_priority_max),
                                        CALL(sched_get_priority_min),
                                        CALL(sched_rr_get_interval),
                                        {}};

} // namespace kernel
