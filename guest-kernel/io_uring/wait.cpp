// SPDX-License-Identifier: BSD-2-Clause
//
// Completions: the device writes them, and notifies the kernel only if somebody waits for them.
//
//   nobody waits     EVENT_INDEX, the index half a turn of the numbers away
//   threads wait     EVENT_INDEX, at the completion that the first of them needs; the next one, in
//                    a ring with timeouts, since the end of one ends every wait
//   somebody polls,
//   or an eventfd    no EVENT_INDEX: every time that something is published
//
// When completions overflow the index holds nothing back, so the kernel hears of it, and sets
// IORING_SQ_CQ_OVERFLOW for the program.
#include <asm/poll.h>

#include "io_uring/io_uring.h"

namespace kernel {

namespace {

uint32_t load_acquire(const uint32_t& word) {
    return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}
void store(uint32_t& word, uint32_t value) {
    __atomic_store_n(&word, value, __ATOMIC_RELAXED);
}

} // namespace

bool io_uring::reached(uint32_t target) const {
    return int32_t(load_acquire(memory_->device().device.cq_tail) - target) >= 0;
}

void io_uring::arm() {
    asyscall_ring& shared = memory_->device();
    uint32_t tail = load_acquire(shared.device.cq_tail);
    uint32_t event = tail + (1u << 31);
    for (sleeper& s : sleepers_)
        if (int32_t(s.target - 1 - event) < 0 || event == tail + (1u << 31))
            event = s.target - 1;
    if (has_timeouts_ && !sleepers_.empty())
        event = tail;
    store(shared.driver.cq_event, event);
    store(shared.driver.flags, notify_always_ || eventfd_ ? 0 : ASYSCALL_RING_EVENT_INDEX);
    // Of this and the device's look at the index after its store to cq_tail, one sees the other.
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

// Also by who has submitted, for what was served at once: its news may come later than the program
// that looks at completions without asking the kernel, and finds the eventfd behind them.
void io_uring::notified() {
    lock_guard guard(lock_);
    asyscall_ring_device& device = memory_->device().device;
    const bool overflows = load_acquire(device.flags) & ASYSCALL_RING_STATUS_OVERFLOW;
    if (overflows)
        __atomic_fetch_or(&words().sq_flags, IORING_SQ_CQ_OVERFLOW, __ATOMIC_RELEASE);
    arrivals_.wake_all();
    const uint32_t tail = load_acquire(device.cq_tail);
    ref<file> signalled;
    if (tail != std::exchange(eventfd_tail_, tail) || overflows)
        signalled = eventfd_;
    guard.unlock();
    if (signalled && !(load_acquire(words().cq_flags) & IORING_CQ_EVENTFD_DISABLED))
        signalled->signal();
}

long io_uring::set_eventfd(ref<file> f) {
    ref<file> old; // goes without the lock
    lock_guard guard(lock_);
    if (f ? eventfd_ != nullptr : eventfd_ == nullptr)
        return f ? -EBUSY : -ENXIO;
    old = std::exchange(eventfd_, std::move(f));
    eventfd_shown_ = eventfd_.get();
    eventfd_tail_ = load_acquire(memory_->device().device.cq_tail);
    arm();
    guard.unlock();
    return 0;
}

void io_uring::stopped() {
    lock_guard guard(lock_);
    stopped_ = true;
    arrivals_.wake_all();
}

void io_uring::flush() {
    uint32_t& status = memory_->device().device.flags;
    uint32_t& shown = words().sq_flags;
    auto overflows = [&] { return load_acquire(status) & ASYSCALL_RING_STATUS_OVERFLOW; };
    if (!overflows() && !(load_acquire(shown) & IORING_SQ_CQ_OVERFLOW)) [[likely]]
        return;
    ring_doorbell(ASYSCALL_DOORBELL_FLUSH);
    __atomic_fetch_and(&shown, ~IORING_SQ_CQ_OVERFLOW, __ATOMIC_SEQ_CST);
    if (overflows())
        __atomic_fetch_or(&shown, IORING_SQ_CQ_OVERFLOW, __ATOMIC_SEQ_CST);
}

bool io_uring::has_completions(uint32_t count) const {
    return reached(load_acquire(memory_->device().driver.cq_head) + count);
}

// Whether one of the completions that are new to the sleeper is a timeout's, as Linux ends a wait.
bool io_uring::timed_out(sleeper& s) const {
    const asyscall_ring& shared = memory_->device();
    const uint32_t tail = load_acquire(shared.device.cq_tail);
    if (tail - s.seen > cq_entries_)
        s.seen = tail - cq_entries_;
    bool found = false;
    for (; s.seen != tail; s.seen++)
        found |= int32_t(__atomic_load_n(&completion(s.seen).res, __ATOMIC_RELAXED)) == -ETIME;
    return found;
}

task<long> io_uring::wait(caller& who, uint32_t count, nanoseconds deadline) {
    sleeper self;
    self.target = load_acquire(memory_->device().driver.cq_head) + count;
    self.seen = load_acquire(memory_->device().device.cq_tail);
    long error = 0;
    lock_guard guard(lock_);
    sleepers_.push_back(self);
    for (;;) {
        arm();
        flush(); // the queue looked full until the program's cq_head was seen
        if (reached(self.target) || stopped_ || !ring_ || (has_timeouts_ && timed_out(self)))
            break;
        error = co_await arrivals_.wait(guard, who, deadline);
        if (error < 0)
            break;
    }
    guard.unlock();
    guard.relock();
    list<sleeper>::remove(self);
    arm();
    guard.unlock();
    if (error < 0 && has_completions(1))
        co_return 0;
    co_return error == -ETIMEDOUT ? -ETIME : error;
}

uint32_t io_uring::poll() const {
    uint32_t found = has_completions(1) ? POLLIN | POLLRDNORM : 0;
    if (load_acquire(words().sq_tail) - load_acquire(words().sq_head) <= sq_mask_)
        found |= POLLOUT | POLLWRNORM;
    return found;
}

wait_queue& io_uring::arrivals_of_any() {
    lock_guard guard(lock_);
    notify_always_ = true;
    arm();
    return arrivals_;
}

} // namespace kernel
