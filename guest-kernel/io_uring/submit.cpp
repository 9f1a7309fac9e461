// SPDX-License-Identifier: BSD-2-Clause
//
// From io_uring's entries to the queue pair's.
#include <ouros/asyscall.h>

#include "arch/riscv64/mmio.h"
#include "drivers/asyscall.h"
#include "io_uring/io_uring.h"
#include "io_uring/operations.h"
#include "schedule/preempt.h"

namespace kernel {

namespace {

constexpr uint8_t known_entry_flags = IOSQE_FIXED_FILE | IOSQE_IO_DRAIN | IOSQE_IO_LINK |
                                      IOSQE_IO_HARDLINK | IOSQE_ASYNC | IOSQE_BUFFER_SELECT |
                                      IOSQE_CQE_SKIP_SUCCESS;
constexpr uint8_t chain_flags =
    IOSQE_IO_DRAIN | IOSQE_IO_LINK | IOSQE_IO_HARDLINK | IOSQE_CQE_SKIP_SUCCESS;

uint32_t load_acquire(const uint32_t& word) {
    return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}
void store_release(uint32_t& word, uint32_t value) {
    __atomic_store_n(&word, value, __ATOMIC_RELEASE);
}

void answer(const io_uring_sqe& from, io_uring_sqe& to, long result) {
    to = {};
    to.opcode = operation_with_result;
    to.flags = from.flags & chain_flags;
    to.user_data = from.user_data;
    to.off = uint64_t(result);
}

bool is_transfer(uint8_t opcode) {
    return opcode == IORING_OP_READ || opcode == IORING_OP_WRITE || opcode == IORING_OP_READV ||
           opcode == IORING_OP_WRITEV || opcode == IORING_OP_READ_FIXED ||
           opcode == IORING_OP_WRITE_FIXED;
}

// A registered file is the kernel's to look up: registered.h.
void mark_fixed_file(io_uring_sqe& e) {
    switch (e.opcode) {
    case IORING_OP_NOP:
    case IORING_OP_TIMEOUT:
    case IORING_OP_TIMEOUT_REMOVE:
    case IORING_OP_LINK_TIMEOUT:
    case IORING_OP_POLL_REMOVE:
        e.flags &= uint8_t(~IOSQE_FIXED_FILE); // they have none
        return;
    case IORING_OP_ASYNC_CANCEL: // to be compared with what others have
        e.flags &= uint8_t(~IOSQE_FIXED_FILE);
        if (!(e.cancel_flags & IORING_ASYNC_CANCEL_FD_FIXED))
            return;
        e.cancel_flags &= ~IORING_ASYNC_CANCEL_FD_FIXED;
        break;
    default:
        if (!(e.flags & IOSQE_FIXED_FILE))
            return;
    }
    e.fd = uint32_t(e.fd) < registered_files::most ? int32_t(uint32_t(e.fd) | fixed_file_mark) : -1;
}

} // namespace

uint32_t io_uring::device_entries_for(uint32_t sq_entries) {
    constexpr uint32_t least = 256;
    uint32_t wanted = sq_entries * 2 < least ? least : sq_entries * 2;
    uint32_t most = asyscall_device::get()->max_entries();
    return wanted < most ? wanted : most;
}

void io_uring::ring_doorbell(uint32_t which) {
    arch::mmio_write<uint32_t>(asyscall_device::get()->doorbell_page(queue_pair_) + which, 1);
}

long io_uring::translate(const io_uring_sqe& from, io_uring_sqe& to) {
    if (from.flags & ~known_entry_flags || from.personality || !operation_is_supported(from.opcode))
        return -EINVAL;
    if ((from.flags & IOSQE_BUFFER_SELECT) && from.opcode != IORING_OP_READ &&
        from.opcode != IORING_OP_RECV)
        return -EOPNOTSUPP;
    if (from.opcode == IORING_OP_NOP && (from.rw_flags & ~nop_inject_result))
        return -EINVAL;
    if (is_transfer(from.opcode) && from.ioprio >> 13 > 3) // no class of priorities
        return -EINVAL;
    if (from.opcode == IORING_OP_LINK_TIMEOUT &&
        (from.ioprio || from.buf_index || from.splice_fd_in || from.len != 1))
        return -EINVAL;
    if (from.opcode == IORING_OP_NOP && from.rw_flags) {
        answer(from, to, int32_t(from.len));
        return 0;
    }
    to = from;
    if (from.opcode == IORING_OP_TIMEOUT)
        has_timeouts_ = true;
    if (from.opcode == IORING_OP_READ_FIXED || from.opcode == IORING_OP_WRITE_FIXED) {
        if (long outside = buffers.check(from.buf_index, from.addr, from.len); outside < 0)
            answer(from, to, outside);
        else
            to.opcode = from.opcode == IORING_OP_READ_FIXED ? IORING_OP_READ : IORING_OP_WRITE;
        to.buf_index = 0;
    }
    mark_fixed_file(to);
    return 0;
}

// A chain whose members have to be known before it begins, as Linux has it: one that can't be
// accepted fails the others with -ECANCELED. All of it goes to the device nevertheless, as entries
// that the kernel will answer so: the places of their completions are as they would be.
class io_uring::chain {
  public:
    chain(io_uring& ring)
        : ring_(ring) {}

    // Whether submission may go on behind it.
    bool add(const io_uring_sqe& from) {
        io_uring_sqe& to = ring_.device_entry(ring_.device_tail_++);
        const bool first = length_ == 0;
        length_++;
        long error = ring_.translate(from, to);
        if (error == 0 && from.opcode == IORING_OP_LINK_TIMEOUT &&
            (first || last_ == IORING_OP_LINK_TIMEOUT))
            error = -EINVAL;
        last_ = from.opcode;
        if (error < 0 || failed_)
            fail(from, to, error < 0 && !failed_ ? error : -ECANCELED);
        if (error < 0 && !failed_) {
            for (uint32_t i = 2; i <= length_; i++) {
                io_uring_sqe& before = ring_.device_entry(ring_.device_tail_ - i);
                fail(io_uring_sqe(before), before, -ECANCELED);
            }
            failed_ = true;
        }
        if (from.flags & (IOSQE_IO_LINK | IOSQE_IO_HARDLINK))
            return true;
        length_ = 0;
        failed_ = false;
        return error == 0 || (ring_.setup_flags & IORING_SETUP_SUBMIT_ALL);
    }

  private:
    // Linked hard: the next has an answer of its own.
    static void fail(const io_uring_sqe& from, io_uring_sqe& to, long error) {
        answer(from, to, error);
        if (to.flags & IOSQE_IO_LINK)
            to.flags |= IOSQE_IO_HARDLINK;
    }

    io_uring& ring_;
    uint32_t length_ = 0;
    uint8_t last_ = 0;
    bool failed_ = false;
};

// The words that the program shares are only looked at, once each, and what the kernel goes by is
// its own: a program that changes them meanwhile spoils its own ring.
long io_uring::take_entries(uint32_t count) {
    constexpr uint32_t step = 32;
    io_uring_words& shared = words();
    asyscall_ring& device = memory_->device();
    uint32_t there = load_acquire(shared.sq_tail) - sq_head_;
    if (there > sq_mask_ + 1)
        there = sq_mask_ + 1;
    if (count > there)
        count = there;
    uint32_t used = device_tail_ - load_acquire(device.device.sq_head);
    uint32_t room = used < device_entries_ ? device_entries_ - used : 0;
    if (count && !room)
        return -EAGAIN;
    if (count > room)
        count = room;
    uint32_t taken = 0;
    chain current(*this);
    for (bool go_on = true; taken < count && go_on; taken++) {
        uint32_t index = sq_head_ & sq_mask_;
        if (!(setup_flags & setup_no_sq_array))
            index = __atomic_load_n(&memory_->array()[index], __ATOMIC_RELAXED);
        sq_head_++;
        if (index > sq_mask_) {
            __atomic_fetch_add(&shared.sq_dropped, 1, __ATOMIC_RELAXED);
            break;
        }
        io_uring_sqe entry;
        __builtin_memcpy(&entry, &memory_->entries()[index], sizeof entry);
        asm volatile("" ::: "memory"); // from here on only the copy counts
        go_on = current.add(entry);
        if (taken % step == step - 1)
            preemption_point();
    }
    store_release(shared.sq_head, sq_head_);
    if (taken) {
        store_release(device.driver.sq_tail, device_tail_);
        ring_doorbell(ASYSCALL_DOORBELL_SUBMIT);
        asyscall_device::get()->poll(); // what it has forwarded
        if (eventfd_shown_.load()) [[unlikely]]
            notified();
    }
    return taken;
}

long io_uring::submit(uint32_t count) {
    {
        lock_guard guard(lock_);
        if (submitting_)
            return must_wait;
        submitting_ = true;
    }
    long taken = take_entries(count);
    lock_guard guard(lock_);
    submitting_ = false;
    submitted_.wake();
    return taken;
}

task<long> io_uring::submit_later(caller& who, uint32_t count) {
    for (;;) {
        long taken = submit(count);
        if (taken != must_wait)
            co_return taken;
        lock_guard guard(lock_);
        if (submitting_)
            if (long error = co_await submitted_.wait(guard, who); error < 0)
                co_return error;
    }
}

bool io_uring::has_unbegun() {
    lock_guard guard(lock_);
    if (!ring_)
        return false;
    lock_guard ring_guard(ring_->lock);
    return ring_->first_queued;
}

void io_uring::begun() {
    lock_guard guard(lock_);
    begun_.wake_all();
}

// The memory that entries point to may be reused when io_uring_enter returns, but for what they
// read into or write from; so what the kernel has been handed it looks at before.
task<long> io_uring::wait_until_begun(caller& who) {
    lock_guard guard(lock_);
    for (;;) {
        bool waits = false;
        if (ring_) {
            lock_guard ring_guard(ring_->lock);
            waits = ring_->first_queued;
        }
        if (!waits)
            co_return 0;
        if (long error = co_await begun_.wait(guard, who); error < 0)
            co_return error;
    }
}

} // namespace kernel
