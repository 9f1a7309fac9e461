// SPDX-License-Identifier: BSD-2-Clause
//
// epoll and timerfd. Clocks all count from boot, so every clock is the same here.
#include <asm/poll.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/timerfd.h>

#include "fs/epoll.h"
#include "fs/fd_table.h"
#include "fs/timer_file.h"
#include "process/process.h"
#include "syscalls/file_calls.h"
#include "syscalls/syscall.h"
#include "syscalls/temporary_mask.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace call {

namespace {

long install(caller& who, ref<file> made, uint64_t flags) {
    return made ? who.owner->files->install(std::move(made), flags & O_CLOEXEC) : -ENOMEM;
}

// -EBADF, -EINVAL: it is another kind of file.
long find_set(caller& who, uint64_t fd, ref<file>& opened, epoll_set*& set) {
    opened = who.owner->files->get(fd);
    if (!opened)
        return -EBADF;
    set = opened->as_epoll_set();
    return set ? 0 : -EINVAL;
}

constexpr unsigned most_at_a_time = 32;
constexpr uint64_t most_events = 0x7fffffff / sizeof(epoll_event);

// What there is, into the process's memory: how many.
long report(caller& who, epoll_set& set, uint64_t to, uint64_t most) {
    epoll_event events[most_at_a_time];
    unsigned count = set.collect(events, most < most_at_a_time ? unsigned(most) : most_at_a_time);
    if (count)
        if (long error = copy_to_user(*who.owner->space, to, events, count * sizeof(epoll_event));
            error < 0)
            return error;
    return long(count);
}

long wait_now(caller& who, uint64_t fd, uint64_t to, uint64_t most, nanoseconds deadline) {
    ref<file> opened;
    epoll_set* set;
    if (int32_t(most) <= 0 || uint32_t(most) > most_events)
        return -EINVAL;
    if (long error = find_set(who, fd, opened, set); error < 0)
        return error;
    long count = report(who, *set, to, uint32_t(most));
    return count == 0 && deadline > now() ? must_wait : count;
}

task<long> wait_later(caller& who, uint64_t fd, uint64_t to, uint64_t most, nanoseconds deadline,
                      uint64_t mask, uint64_t mask_size) {
    ref<file> opened;
    epoll_set* set;
    if (long error = find_set(who, fd, opened, set); error < 0)
        co_return error;
    temporary_mask masked;
    if (long error = masked.begin(who, mask, mask_size); error < 0)
        co_return error;
    for (;;) {
        if (long count = report(who, *set, to, uint32_t(most)))
            co_return masked.end(count);
        wait_entry entry;
        entry.queue = &set->arrivals();
        long error = co_await wait_any(
            who, std::span(&entry, 1), deadline,
            [](void* s) { return static_cast<epoll_set*>(s)->something_to_look_at(); }, set);
        if (error == -ETIMEDOUT)
            co_return masked.end(report(who, *set, to, uint32_t(most)));
        if (error < 0)
            co_return masked.end(error);
    }
}

nanoseconds deadline_of(uint64_t milliseconds) {
    auto ms = int32_t(milliseconds);
    return ms < 0 ? never : now() + nanoseconds(ms) * 1'000'000;
}

} // namespace

long epoll_create1(caller& who, uint64_t flags) {
    if (flags & ~uint64_t(EPOLL_CLOEXEC))
        return -EINVAL;
    return install(who, make_epoll(), flags);
}

long epoll_ctl(caller& who, uint64_t set_fd, uint64_t operation, uint64_t fd, uint64_t event_at) {
    epoll_event event{};
    auto what = int(operation);
    if (what != EPOLL_CTL_DEL)
        if (long error = read_user(*who.owner->space, event, event_at); error < 0)
            return error;
    ref<file> opened, watched = who.owner->files->get(fd);
    epoll_set* set;
    if (long error = find_set(who, set_fd, opened, set); error < 0)
        return error;
    if (!watched)
        return -EBADF;
    wait_queue* queues[2] = {};
    watched->poll_queues(queues[0], queues[1]);
    if (!queues[0] && !queues[1])
        return -EPERM; // it is always ready
    if (what != EPOLL_CTL_ADD && what != EPOLL_CTL_DEL && what != EPOLL_CTL_MOD)
        return -EINVAL;
    if (watched->as_epoll_set())
        return -EINVAL; // sets of sets are not there
    return set->control_watch(what, int(fd), *watched, event);
}

long epoll_pwait(caller& who, uint64_t set, uint64_t events, uint64_t most, uint64_t timeout_ms,
                 uint64_t mask, uint64_t) {
    if (mask && !who.as_thread)
        return -EINVAL;
    return wait_now(who, set, events, most, deadline_of(timeout_ms));
}
task<long> epoll_pwait_later(caller& who, uint64_t set, uint64_t events, uint64_t most,
                             uint64_t timeout_ms, uint64_t mask, uint64_t mask_size) {
    return wait_later(who, set, events, most, deadline_of(timeout_ms), mask, mask_size);
}

long epoll_pwait2(caller& who, uint64_t set, uint64_t events, uint64_t most, uint64_t timeout,
                  uint64_t mask, uint64_t) {
    nanoseconds deadline;
    if (long error = read_deadline(who, timeout, deadline); error < 0)
        return error;
    if (mask && !who.as_thread)
        return -EINVAL;
    return wait_now(who, set, events, most, deadline);
}
task<long> epoll_pwait2_later(caller& who, uint64_t set, uint64_t events, uint64_t most,
                              uint64_t timeout, uint64_t mask, uint64_t mask_size) {
    nanoseconds deadline;
    if (long error = read_deadline(who, timeout, deadline); error < 0)
        co_return error;
    co_return co_await wait_later(who, set, events, most, deadline, mask, mask_size);
}

namespace {

struct timer_setting { // struct itimerspec
    time_value interval, value;
};

timer_setting to_user(const timer_file::setting& s) {
    return {time_value::from(s.interval), time_value::from(s.left)};
}

long find_timer_file(caller& who, uint64_t fd, ref<file>& opened, timer_file*& found) {
    opened = who.owner->files->get(fd);
    if (!opened)
        return -EBADF;
    found = opened->as_timer_file();
    return found ? 0 : -EINVAL;
}

} // namespace

long timerfd_create(caller& who, uint64_t clock, uint64_t flags) {
    constexpr uint64_t real = 0, monotonic = 1, boot = 7, real_alarm = 8, boot_alarm = 9;
    if ((flags & ~uint64_t(TFD_CLOEXEC | TFD_NONBLOCK)) ||
        (clock != real && clock != monotonic && clock != boot && clock != real_alarm &&
         clock != boot_alarm))
        return -EINVAL;
    return install(who, make_timer_file(uint32_t(flags)), flags);
}

long timerfd_settime(caller& who, uint64_t fd, uint64_t flags, uint64_t new_at, uint64_t old_at) {
    timer_setting wanted;
    if (long error = read_user(*who.owner->space, wanted, new_at); error < 0)
        return error;
    if ((flags & ~uint64_t(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
        !wanted.interval.valid() || !wanted.value.valid())
        return -EINVAL;
    ref<file> opened;
    timer_file* t;
    if (long error = find_timer_file(who, fd, opened, t); error < 0)
        return error;
    nanoseconds first = wanted.value.total();
    if (!first)
        first = never;
    else if (!(flags & TFD_TIMER_ABSTIME))
        first = add_saturating(now(), first);
    timer_file::setting old = t->set(first, wanted.interval.total());
    return old_at ? write_user(*who.owner->space, old_at, to_user(old)) : 0;
}

long timerfd_gettime(caller& who, uint64_t fd, uint64_t to) {
    ref<file> opened;
    timer_file* t;
    if (long error = find_timer_file(who, fd, opened, t); error < 0)
        return error;
    return write_user(*who.owner->space, to, to_user(t->get()));
}

} // namespace call

const syscall_entry event_calls[] = {
    CALL_OF(epoll_create1),   CALL_OF(epoll_ctl),
    CALL_PAIR(epoll_pwait),   CALL_PAIR(epoll_pwait2),
    CALL_OF(timerfd_create),  CALL_OF(timerfd_settime),
    CALL_OF(timerfd_gettime), {},
};

} // namespace kernel
