// SPDX-License-Identifier: BSD-2-Clause
//
// io_uring_enter.
#include <asm/unistd.h>

#include "fs/fd_table.h"
#include "io_uring/calls.h"
#include "io_uring/io_uring.h"
#include "process/thread.h"
#include "syscalls/syscall.h"
#include "syscalls/temporary_mask.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

constexpr uint32_t known_flags = IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP |
                                 IORING_ENTER_SQ_WAIT | IORING_ENTER_EXT_ARG | enter_absolute_timer;

// A call on its way.
struct entering {
    ref<file> opened;
    io_uring* uring = nullptr;
    uint32_t to_submit = 0, flags = 0;
    uint32_t wanted = 0; // completions; 0: does not wait
    nanoseconds deadline = never;
    uint64_t mask = 0, mask_size = 0;

    bool polls_sq() const { return uring->setup_flags & IORING_SETUP_SQPOLL; }
    bool submits() const { return polls_sq() ? flags & IORING_ENTER_SQ_WAKEUP : to_submit != 0; }
    // What it gives after submission.
    long submitted(long taken) const { return polls_sq() && taken >= 0 ? to_submit : taken; }
    uint32_t most() const { return polls_sq() ? uring->sq_entries() : to_submit; }
};

long read_time(caller& who, uint64_t at, bool absolute, nanoseconds& deadline) {
    time_value wanted;
    if (!at)
        return 0;
    if (long error = read_user(*who.owner->space, wanted, at); error < 0)
        return error;
    deadline = absolute ? wanted.total() : add_saturating(now(), wanted.total());
    return 0;
}

long read_argument(caller& who, entering& e, uint64_t at, uint64_t size) {
    if (!(e.flags & IORING_ENTER_EXT_ARG)) {
        e.mask = at;
        e.mask_size = size;
        return 0;
    }
    io_uring_getevents_arg argument;
    if (size != sizeof argument)
        return -EINVAL;
    if (long error = read_user(*who.owner->space, argument, at); error < 0)
        return error;
    e.mask = argument.sigmask;
    e.mask_size = argument.sigmask_sz;
    return read_time(who, argument.ts, e.flags & enter_absolute_timer, e.deadline);
}

// What does not wait of it. 0: go on.
long prepare(caller& who, entering& e, uint64_t fd, uint64_t to_submit, uint64_t min_complete,
             uint64_t flags, uint64_t argument, uint64_t argument_size) {
    e.flags = uint32_t(flags);
    e.to_submit = uint32_t(to_submit);
    if (e.flags & ~known_flags)
        return -EINVAL;
    e.opened = who.owner->files->get(fd);
    if (!e.opened)
        return -EBADF;
    e.uring = e.opened->as_io_uring();
    if (!e.uring || !e.uring->belongs_to(*who.owner))
        return -EOPNOTSUPP;
    if (!e.uring->enabled)
        return -EBADFD;
    if (e.submits() && (e.uring->setup_flags & IORING_SETUP_SINGLE_ISSUER)) {
        thread* first = nullptr;
        if (!e.uring->submitter.compare_exchange_strong(first, who.as_thread) &&
            first != who.as_thread)
            return -EEXIST;
    }
    if (!(e.flags & IORING_ENTER_GETEVENTS))
        return 0;
    if ((e.uring->setup_flags & IORING_SETUP_DEFER_TASKRUN) &&
        e.uring->submitter.load() != who.as_thread)
        return -EEXIST;
    e.wanted = uint32_t(min_complete) < e.uring->cq_entries() ? uint32_t(min_complete)
                                                              : e.uring->cq_entries();
    return read_argument(who, e, argument, argument_size);
}

// After submission, or with -EAGAIN: whether there is nothing to wait for.
bool is_over(entering& e) {
    if (e.submits() && e.uring->has_unbegun())
        return false;
    if (!(e.flags & IORING_ENTER_GETEVENTS))
        return true;
    e.uring->flush();
    return e.wanted == 0 || e.uring->has_completions(e.wanted);
}

task<long> finish(caller& who, entering e, long submitted) {
    if (submitted == must_wait)
        submitted = e.submitted(co_await e.uring->submit_later(who, e.most()));
    if (submitted < 0)
        co_return submitted;
    if (e.submits())
        co_await e.uring->wait_until_begun(who);
    if (!(e.flags & IORING_ENTER_GETEVENTS))
        co_return submitted;
    e.uring->flush();
    if (e.wanted == 0 || e.uring->has_completions(e.wanted))
        co_return submitted;
    call::temporary_mask masked;
    long error = masked.begin(who, e.mask, e.mask_size);
    if (error == 0) {
        error = co_await e.uring->wait(who, e.wanted, e.deadline);
        error = masked.end(error);
    }
    co_return submitted ? submitted : error;
}

long sys_io_uring_enter(uint64_t fd, uint64_t to_submit, uint64_t min_complete, uint64_t flags,
                        uint64_t argument, uint64_t argument_size) {
    entering e;
    caller& who = waiting_caller();
    long error = prepare(who, e, fd, to_submit, min_complete, flags, argument, argument_size);
    if (error < 0)
        return error;
    long submitted = e.submits() ? e.submitted(e.uring->submit(e.most())) : e.to_submit;
    if (submitted != must_wait && (submitted < 0 || is_over(e)))
        return submitted;
    return wait_for(finish(who, std::move(e), submitted));
}

} // namespace

namespace call {

task<long> io_uring_enter(caller& who, uint64_t fd, uint64_t to_submit, uint64_t min_complete,
                          uint64_t flags, uint64_t argument, uint64_t argument_size) {
    entering e;
    long error = prepare(who, e, fd, to_submit, min_complete, flags, argument, argument_size);
    if (error < 0)
        co_return error;
    long submitted = e.submits() ? e.submitted(e.uring->submit(e.most())) : e.to_submit;
    co_return co_await finish(who, std::move(e), submitted);
}

} // namespace call

const syscall_entry io_uring_calls[] = {
    CALL_OF(io_uring_setup),
    {__NR_io_uring_enter, "io_uring_enter", erase(detail::timed_call<sys_io_uring_enter>::call),
     nullptr, detail::by_array<call::io_uring_enter>::later()},
    CALL_OF(io_uring_register),
    {},
};
REGISTER_CALLS(io_uring_calls)

} // namespace kernel
