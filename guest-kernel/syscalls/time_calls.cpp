// SPDX-License-Identifier: BSD-2-Clause
//
// Clocks. All of them count from boot: the machine has no idea of the date, so that two runs are
// the same.
#include "async/timer.h"
#include "process/family.h"
#include "process/thread.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

constexpr uint64_t clocks = 12, clock_of_process = 2, clock_of_thread = 3;

// Clocks of processor time of others have negative numbers: ~id << 3, 4 for a thread, and which
// time, of which the last is all there is (clock_getcpuclockid, pthread_getcpuclockid).
struct processor_clock {
    explicit processor_clock(uint64_t clock)
        : id(int(~(int32_t(clock) >> 3)))
        , of_thread(clock & 4) {}
    int id; // 0: the caller's
    bool of_thread;
};

bool is_processor_clock(uint64_t clock) {
    return clock == clock_of_process || clock == clock_of_thread ||
           (int32_t(clock) < 0 && (clock & 3) < 3);
}
bool known_clock(uint64_t clock) {
    return clock < clocks && clock != 10;
}

// -EINVAL: there is no such process, or it has no such thread.
long processor_time(uint64_t clock, nanoseconds& time) {
    processor_clock which(clock);
    if (clock == clock_of_process || clock == clock_of_thread) {
        which.id = 0;
        which.of_thread = clock == clock_of_thread;
    }
    uint64_t ticks = 0;
    if (which.of_thread) {
        process& p = current_process();
        lock_guard guard(p.lock);
        thread* found = which.id ? nullptr : &current_thread();
        for (thread& t : p.threads)
            if (t.id == which.id)
                found = &t;
        if (!found)
            return -EINVAL;
        ticks = found->run_time.total();
    } else {
        ref<process> p = which.id ? find_process(which.id) : ref<process>(&current_process());
        if (!p)
            return -EINVAL;
        ticks = usage_of(*p).ticks;
    }
    time = ticks_to_ns(ticks);
    return 0;
}

long processor_clock_gettime(uint64_t clock, uint64_t to) {
    nanoseconds time;
    if (!is_processor_clock(clock))
        return -EINVAL;
    if (long error = processor_time(clock, time); error < 0)
        return error;
    return write_user(current_space(), to, time_value::from(time));
}

long sys_clock_gettime(uint64_t clock, uint64_t to) {
    if (!known_clock(clock) || clock == clock_of_process || clock == clock_of_thread)
        return processor_clock_gettime(clock, to);
    return write_user(current_space(), to, time_value::from(now()));
}

long sys_clock_getres(uint64_t clock, uint64_t to) {
    nanoseconds ignored;
    if (!known_clock(clock) && !is_processor_clock(clock))
        return -EINVAL;
    if (int32_t(clock) < 0)
        if (long error = processor_time(clock, ignored); error < 0)
            return error;
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

// When it is to end; -EINVAL, -EFAULT.
long read_end(caller& who, bool absolute, uint64_t request, nanoseconds& deadline) {
    time_value wanted;
    if (long error = read_user(*who.owner->space, wanted, request); error < 0)
        return error;
    if (!wanted.valid())
        return -EINVAL;
    deadline = absolute ? wanted.total() : add_saturating(now(), wanted.total());
    return 0;
}

long sleep_now(caller& who, bool absolute, uint64_t request) {
    nanoseconds deadline;
    if (long error = read_end(who, absolute, request, deadline); error < 0)
        return error;
    return deadline <= now() ? 0 : must_wait;
}

task<long> sleep_later(caller& who, bool absolute, uint64_t request, uint64_t remaining_at) {
    nanoseconds deadline;
    if (long error = read_end(who, absolute, request, deadline); error < 0)
        co_return error;
    co_return co_await sleep_call(who, deadline, absolute ? 0 : remaining_at);
}

long sys_times(uint64_t to) {
    constexpr nanoseconds tick = 1'000'000'000 / 100; // AT_CLKTCK
    int64_t ticks = int64_t(now() / tick);
    process& p = current_process();
    resource_usage own = usage_of(p), children = usage_of_children(p);
    int64_t tms[4] = {int64_t(own.user_time() / tick), int64_t(own.kernel_time() / tick),
                      int64_t(children.user_time() / tick), int64_t(children.kernel_time() / tick)};
    if (to)
        if (long error = write_user(current_space(), to, tms); error < 0)
            return error;
    return ticks;
}

} // namespace

namespace call {

long nanosleep(caller& who, uint64_t request, uint64_t) {
    return sleep_now(who, false, request);
}
task<long> nanosleep_later(caller& who, uint64_t request, uint64_t remaining_at) {
    return sleep_later(who, false, request, remaining_at);
}

constexpr uint64_t flag_absolute = 1; // TIMER_ABSTIME

long clock_nanosleep(caller& who, uint64_t clock, uint64_t flags, uint64_t request, uint64_t) {
    if (!known_clock(clock) || clock == clock_of_thread || (flags & ~flag_absolute))
        return -EINVAL;
    if (clock == clock_of_process)
        return -EOPNOTSUPP;
    return sleep_now(who, flags & flag_absolute, request);
}
task<long> clock_nanosleep_later(caller& who, uint64_t, uint64_t flags, uint64_t request,
                                 uint64_t remaining_at) {
    return sleep_later(who, flags & flag_absolute, request, remaining_at);
}

} // namespace call

const syscall_entry time_calls[] = {
    CALL_QUICK(clock_gettime),
    CALL(clock_getres),
    CALL_QUICK(gettimeofday),
    CALL_PAIR(nanosleep),
    CALL_PAIR(clock_nanosleep),
    CALL(times),
    {},
};

} // namespace kernel
