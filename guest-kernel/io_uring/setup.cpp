// SPDX-License-Identifier: BSD-2-Clause
//
// io_uring_setup, and the end.
#include <cstddef>
#include <linux/fcntl.h>
#include <new>

#include "arch/riscv64/hart.h"
#include "drivers/asyscall.h"
#include "fs/fd_table.h"
#include "io_uring/calls.h"
#include "io_uring/io_uring.h"
#include "process/family.h"
#include "process/thread.h"
#include "syscalls/syscall.h"
#include "uintr/slots.h"

namespace kernel {

namespace {

constexpr uint32_t known_flags =
    IORING_SETUP_IOPOLL | IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF | IORING_SETUP_CQSIZE |
    IORING_SETUP_CLAMP | IORING_SETUP_ATTACH_WQ | IORING_SETUP_R_DISABLED |
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | setup_no_sq_array;

constexpr uint32_t features =
    IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_RW_CUR_POS | IORING_FEAT_FAST_POLL |
    IORING_FEAT_POLL_32BITS | IORING_FEAT_SQPOLL_NONFIXED | IORING_FEAT_EXT_ARG |
    IORING_FEAT_NATIVE_WORKERS | IORING_FEAT_CQE_SKIP | IORING_FEAT_LINKED_FILE;

std::atomic<unsigned> closing; // rings without a descriptor that still have their queue pair

uint32_t power_of_two_from(uint32_t n) {
    return n <= 1 ? 1 : 1u << (32 - __builtin_clz(n - 1));
}

// As Linux checks them.
long check_flags(caller& who, const io_uring_params& p) {
    uint32_t flags = p.flags;
    if (flags & ~known_flags)
        return -EINVAL;
    if ((flags & IORING_SETUP_SQ_AFF) && !(flags & IORING_SETUP_SQPOLL))
        return -EINVAL;
    if ((flags & IORING_SETUP_SQ_AFF) && p.sq_thread_cpu >= arch::hart_count())
        return -EINVAL;
    // There is no task work to be done by a thread.
    if ((flags & IORING_SETUP_SQPOLL) &&
        (flags &
         (IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_DEFER_TASKRUN)))
        return -EINVAL;
    if ((flags & IORING_SETUP_TASKRUN_FLAG) &&
        !(flags & (IORING_SETUP_COOP_TASKRUN | IORING_SETUP_DEFER_TASKRUN)))
        return -EINVAL;
    if ((flags & IORING_SETUP_DEFER_TASKRUN) && !(flags & IORING_SETUP_SINGLE_ISSUER))
        return -EINVAL;
    if (flags & IORING_SETUP_ATTACH_WQ) { // there are no workers to share, but it must be a ring
        ref<file> other = who.owner->files->get(p.wq_fd);
        if (!other)
            return -ENXIO;
        if (!other->as_io_uring())
            return -EINVAL;
    }
    return 0;
}

long choose_sizes(uint32_t wanted, io_uring_params& p) {
    const uint32_t most = asyscall_device::get()->max_entries();
    const bool clamps = p.flags & IORING_SETUP_CLAMP;
    if (!wanted)
        return -EINVAL;
    if (wanted > most) {
        if (!clamps)
            return -EINVAL;
        wanted = most;
    }
    p.sq_entries = power_of_two_from(wanted);
    if (!(p.flags & IORING_SETUP_CQSIZE)) {
        p.cq_entries = p.sq_entries * 2 < most ? p.sq_entries * 2 : most;
        return 0;
    }
    if (!p.cq_entries)
        return -EINVAL;
    if (p.cq_entries > most) {
        if (!clamps)
            return -EINVAL;
        p.cq_entries = most;
    }
    p.cq_entries = power_of_two_from(p.cq_entries);
    return p.cq_entries < p.sq_entries ? -EINVAL : 0;
}

} // namespace

io_uring::io_uring(process& of, uint32_t setup_flags, ref<io_uring_memory> memory,
                   uint32_t device_entries)
    : setup_flags(setup_flags)
    , enabled(!(setup_flags & IORING_SETUP_R_DISABLED))
    , memory_(std::move(memory))
    , owner_(&of)
    , sq_mask_(memory_->words().sq_mask)
    , cq_entries_(memory_->words().cq_entries)
    , device_entries_(device_entries) {
    if (setup_flags & IORING_SETUP_SQPOLL)
        words().sq_flags = IORING_SQ_NEED_WAKEUP;
}

void io_uring::describe_offsets(io_uring_params& p) const {
    uint32_t device = memory_->device_offset();
    p.sq_off = {};
    p.sq_off.head = offsetof(io_uring_words, sq_head);
    p.sq_off.tail = offsetof(io_uring_words, sq_tail);
    p.sq_off.ring_mask = offsetof(io_uring_words, sq_mask);
    p.sq_off.ring_entries = offsetof(io_uring_words, sq_entries);
    p.sq_off.flags = offsetof(io_uring_words, sq_flags);
    p.sq_off.dropped = offsetof(io_uring_words, sq_dropped);
    if (!(setup_flags & setup_no_sq_array))
        p.sq_off.array = sizeof(io_uring_words);
    p.cq_off = {};
    p.cq_off.head = device + offsetof(asyscall_ring_driver, cq_head);
    p.cq_off.tail =
        device + offsetof(asyscall_ring, device) + offsetof(asyscall_ring_device, cq_tail);
    p.cq_off.ring_mask = offsetof(io_uring_words, cq_mask);
    p.cq_off.ring_entries = offsetof(io_uring_words, cq_entries);
    p.cq_off.overflow = offsetof(io_uring_words, cq_overflow);
    p.cq_off.flags = offsetof(io_uring_words, cq_flags);
    p.cq_off.cqes = device + ASYSCALL_CQ_OFFSET;
    p.features = features;
}

task<long> io_uring::open() {
    if (long error = owner_->space->begin_transfers(); error < 0)
        co_return error;
    long error = uintr_listen(listener_);
    if (error < 0)
        co_return error;
    listens_ = true;
    ring* r;
    // A program may close rings and make others faster than they go.
    for (;;) {
        const uint64_t seen = ring_ends();
        const bool may_wait = closing.load(std::memory_order_acquire) != 0;
        r = new_ring(*owner_, error);
        if (r || error != -EMFILE || !may_wait)
            break;
        co_await next_ring_end(seen);
    }
    if (!r) {
        listens_ = false;
        slots::end(listener_);
        co_return error;
    }
    asyscall_queue_pair& d = r->description;
    d.ring = to_physical(&memory_->device());
    d.sq_entries = device_entries_;
    d.cq_entries = cq_entries_;
    uintr_message message = uintr_message_for(listener_, 0);
    d.notify_address = message.address;
    d.notify_data = message.data;
    queue_pair_ = r->queue_pair;
    ring_ = r;
    r->user = this;
    add_ref(); // the ring's, until closed()
    open_ = true;
    arm();
    co_return co_await open_ring(*r);
}

void io_uring::closed() {
    open_ = false;
    if (std::exchange(listens_, false))
        slots::end(listener_);
    if (closes_) // before the end is counted: ring_ends
        closing.fetch_sub(1, std::memory_order_release);
    files.end(*owner_->files);
    ref<file> eventfd; // goes without the lock
    {
        lock_guard guard(lock_);
        eventfd = std::move(eventfd_);
        ring_ = nullptr;
        arrivals_.wake_all();
        begun_.wake_all();
    }
    ref<io_uring>::adopt(this).reset();
}

void io_uring::close_soon() {
    lock_guard guard(lock_);
    if (!ring_)
        return;
    ring& r = *ring_;
    ref<process> p(r.owner); // it is there while its list has the ring
    if (!claim_ring(*p, r))
        return;
    guard.unlock();
    closes_ = true;
    closing.fetch_add(1, std::memory_order_relaxed);
    if (spawn(close_ring(p, r)))
        return;
    // No memory: it goes with the process.
    closes_ = false;
    closing.fetch_sub(1, std::memory_order_relaxed);
    unclaim_ring(*p, r);
}

io_uring_file::io_uring_file(ref<io_uring> of)
    : file(O_RDWR)
    , uring_(std::move(of)) {}

io_uring_file::~io_uring_file() {
    end_watches();
    uring_->close_soon();
}

long io_uring_file::attributes(file_attributes& out) {
    out = {};
    out.mode = 0600;
    out.links = 1;
    return 0;
}

void io_uring_file::poll_queues(wait_queue*& readable, wait_queue*& writable) {
    readable = &uring_->arrivals_of_any();
    writable = nullptr;
}

namespace call {

task<long> io_uring_setup(caller& who, uint64_t entries, uint64_t params_at) {
    process& owner = *who.owner;
    if (!asyscall_device::get() || !uintr_available())
        co_return -ENOSYS;
    io_uring_params p;
    if (long error = read_user(*owner.space, p, params_at); error < 0)
        co_return error;
    for (uint32_t word : p.resv)
        if (word)
            co_return -EINVAL;
    if (long error = check_flags(who, p); error < 0)
        co_return error;
    if (long error = choose_sizes(uint32_t(entries), p); error < 0)
        co_return error;
    if (!owner.has_own_space)
        co_return -EINVAL; // as for ring_setup: it is lent
    uint32_t device_entries = io_uring::device_entries_for(p.sq_entries);
    auto memory = io_uring_memory::create(p.sq_entries, p.cq_entries, device_entries);
    if (!memory)
        co_return -ENOMEM;
    auto made = ref<io_uring>::adopt(
        new (std::nothrow) io_uring(owner, p.flags, std::move(memory), device_entries));
    if (!made)
        co_return -ENOMEM;
    made->describe_offsets(p);
    if ((p.flags & IORING_SETUP_SINGLE_ISSUER) && !(p.flags & IORING_SETUP_R_DISABLED))
        made->submitter = who.as_thread;
    if (long error = write_user(*owner.space, params_at, p); error < 0)
        co_return error;
    long error = co_await made->open();
    if (error < 0)
        co_return error;
    auto opened = ref<file>::adopt(new (std::nothrow) io_uring_file(made));
    if (!opened) {
        made->close_soon();
        co_return -ENOMEM;
    }
    co_return owner.files->install(std::move(opened), true);
}

} // namespace call
} // namespace kernel
