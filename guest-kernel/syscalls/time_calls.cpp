// SPDX-License-Identifier: BSD-2-Clause
//
// Clocks. All of them count from boot: the machine has no idea of the date, so that two runs are
// the same.
#include "async/timer.h"
#include "process/thread.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

constexpr uint64_t clocks = 12;

bool known_clock(uint64_t clock) {
    return clock < clocks && clock != 10;
}

long sys_clock_gettime(uint64_t clock, uint64_t to) {
    if (!known_clock(clock))
        return -EINVAL;
    return write_user(current_space(), to, time_value::from(now()));
}

long sys_clock_getres(uint64_t clock, uint64_t to) {
    if (!known_clock(clock))
        return -EINVAL;
    return to ? write_user(current_space(), to, time_value{0, 100}) : 0;
}

long sys_gettimeofday(uint64_t to) {
    nanoseconds t = now();
    time_value microseconds{int64_t(t / 1'000'000'000), int64_t(t % 1'000'000'000 / 1000)};
    return to ? write_user(current_space(), to, microseconds) : 0;
}

task<long> sleep_call(caller& who, nanoseconds deadline, uint64_t remaining_at) {
    long outcome = co_await sleep_until(who, deadline);
    if (outcome != -EINTR)
        co_return 0;
    if (remaining_at) {
        nanoseconds t = now();
        auto left = time_value::from(deadline > t ? deadline - t : 0);
        if (write_user(*who.owner->space, remaining_at, left) < 0)
            co_return -EFAULT;
    }
    co_return -EINTR;
}

long sleep_common(bool absolute, uint64_t request, uint64_t remaining_at) {
    time_value wanted;
    if (long error = read_user(current_space(), wanted, request); error < 0)
        return error;
    if (!wanted.valid())
        return -EINVAL;
    nanoseconds deadline = absolute ? wanted.total() : add_saturating(now(), wanted.total());
    if (deadline <= now())
        return 0;
    return wait_for(sleep_call(current_thread(), deadline, absolute ? 0 : remaining_at));
}

long sys_nanosleep(uint64_t request, uint64_t remaining_at) {
    return sleep_common(false, request, remaining_at);
}

long sys_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t request, uint64_t remaining_at) {
    constexpr uint64_t absolute = 1; // TIMER_ABSTIME
    if (!known_clock(clock) || (flags & ~absolute))
        return -EINVAL;
    return sleep_common(flags & absolute, request, remaining_at);
}

long sys_times(uint64_t to) {
    constexpr nanoseconds tick = 1'000'000'000 / 100; // AT_CLKTCK
    int64_t ticks = int64_t(now() / tick);
    int64_t tms[4] = {ticks, 0, 0, 0};
    if (to)
        if (long error = write_user(current_space(), to, tms); error < 0)
            return error;
    return ticks;
}

} // namespace

const syscall_entry time_calls[] = {
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(gettimeofday),
    CALL(nanosleep),
    CALL(clock_nanosleep),
    CALL(times),
    {},
};

} // namespace kernel
