// SPDX-License-Identifier: BSD-2-Clause
//
// Linux's io_uring on a queue pair of the asyscall device.
//
//   io_uring_enter --- submit.cpp: copies entries to the queue pair, rings its doorbell
//                          device: serves them, or forwards them to the kernel: operations.cpp
//   completions        are the device's, in memory that the program reads. io_uring_enter, poll
//                      and the eventfd wait for its notification, which it sends to a receiver
//                      of the kernel: wait.cpp
//
// The queue pair is bound to the memory of the process that made the ring, and ends with it, when
// it executes another program, or with the last descriptor (io_uring_file). A child that has
// inherited the descriptor can only close it.
#pragma once

#include "async/task.h"
#include "async/wait_queue.h"
#include "fs/file.h"
#include "io_uring/abi.h"
#include "io_uring/memory.h"
#include "io_uring/registered.h"
#include "lib/list.h"
#include "ring/ring.h"
#include "uintr/receiver.h"

namespace kernel {

class io_uring final : public ref_counted, public ring_user {
  public:
    // Entries of the device's SQ, for so many of io_uring's: what the device does not take yet
    // (IOSQE_IO_DRAIN) waits there.
    static uint32_t device_entries_for(uint32_t sq_entries);

    io_uring(process& of, uint32_t setup_flags, ref<io_uring_memory> memory,
             uint32_t device_entries);

    // setup.cpp. Creates the queue pair; 0 or -errno.
    task<long> open();
    // The last descriptor is closed: the queue pair goes, by itself.
    void close_soon();
    void describe_offsets(io_uring_params& p) const;

    // submit.cpp. By the owner: how many of the entries were taken. -EAGAIN: the device has no
    // room. must_wait: another thread is at it.
    long submit(uint32_t count);
    // The same, when that is done.
    task<long> submit_later(caller& who, uint32_t count);
    // Of what was forwarded, the kernel has not begun something.
    bool has_unbegun();
    task<long> wait_until_begun(caller& who);

    // wait.cpp. Completions that overflowed go to the CQ, as far as there is room.
    void flush();
    bool has_completions(uint32_t count) const;
    // Until there are so many, or a timeout has come to its end: 0, -ETIME, -EINTR.
    task<long> wait(caller& who, uint32_t count, nanoseconds deadline);
    uint32_t poll() const;
    wait_queue& arrivals_of_any();

    bool belongs_to(const process& p) const { return owner_ == &p && open_; }
    uint32_t sq_entries() const { return words().sq_entries; }
    uint32_t cq_entries() const { return cq_entries_; }
    const ref<io_uring_memory>& memory() const { return memory_; }

    const uint32_t setup_flags;
    std::atomic<bool> enabled;               // not IORING_SETUP_R_DISABLED any more
    std::atomic<thread*> submitter{nullptr}; // IORING_SETUP_SINGLE_ISSUER: to compare only

    // register.cpp, operations.cpp
    registered_files files;
    registered_buffers buffers;
    // An eventfd, or null. -EBUSY, -ENXIO: there is one already, or none.
    long set_eventfd(ref<file> f);
    bool signals(const file& f) const { return eventfd_shown_.load() == &f; }
    // cancel.cpp. IORING_REGISTER_SYNC_CANCEL: returns when what it asks for has ended.
    task<long> cancel(caller& who, const sync_cancel& wanted, nanoseconds deadline);
    // By the kernel: a completion that answers no entry.
    long post(uint64_t user_data, int32_t result, uint32_t flags);

    // A group of provided buffers is the device's: entries 0 ends it.
    task<long> set_buffer_group(uint32_t group, uint64_t at, uint32_t entries);
    // The next buffer of the group, for what the kernel serves: into memory of the kernel.
    task<long> take_buffer(uint32_t group, io_uring_buf& out);

    // ring_user
    long begin(ring_request& who, const io_uring_sqe& entry, task<long>& later) override;
    void begun() override;
    void stopped() override;
    void closed() override;

  private:
    struct sleeper : list_node<sleeper> {
        uint32_t target; // cq_tail that it waits for
        uint32_t seen;   // so far there is no end of a timeout
    };
    // The kernel's receiver for the device's notifications.
    struct listener : uintr_receiver {
        explicit listener(io_uring& of)
            : uintr_receiver(heard)
            , of(of) {}
        static void heard(uintr_receiver& r) { static_cast<listener&>(r).of.notified(); }
        io_uring& of;
    };

    io_uring_words& words() const { return memory_->words(); }
    void ring_doorbell(uint32_t which);
    class chain;
    io_uring_sqe& device_entry(uint32_t index) const {
        return memory_->device_entries()[index & (device_entries_ - 1)];
    }
    const io_uring_cqe& completion(uint32_t index) const {
        return memory_->completions()[index & (cq_entries_ - 1)];
    }
    long take_entries(uint32_t count);
    // 0, or the error that the entry is answered with.
    long translate(const io_uring_sqe& from, io_uring_sqe& to);
    void arm(); // with lock_
    void notified();
    bool reached(uint32_t target) const;
    bool timed_out(sleeper& s) const;
    struct cancelled {
        uint64_t token;
        uint8_t opcode;
    };
    long interrupt_matching(const sync_cancel& wanted, cancelled& last);
    bool has_request(uint64_t token);

    const ref<io_uring_memory> memory_;
    process* const owner_;
    const uint32_t sq_mask_, cq_entries_, device_entries_;
    uint32_t queue_pair_ = 0;
    std::atomic<bool> open_{false};

    // Of whoever submits:
    uint32_t sq_head_ = 0;
    uint32_t device_tail_ = 0;

    std::atomic<bool> has_timeouts_{false};           // since the first one
    std::atomic<const file*> eventfd_shown_{nullptr}; // eventfd_, to compare only

    spinlock lock_; // what follows
    ring* ring_ = nullptr;
    bool submitting_ = false;
    wait_queue submitted_, begun_;
    list<sleeper> sleepers_;
    bool stopped_ = false;
    bool notify_always_ = false; // somebody polls
    wait_queue arrivals_;
    ref<file> eventfd_;
    uint32_t eventfd_tail_ = 0; // cq_tail, when it was signalled last

    listener listener_{*this};
    bool listens_ = false;
    bool closes_ = false; // without a descriptor
};

// What a descriptor stands for.
class io_uring_file final : public file {
  public:
    explicit io_uring_file(ref<io_uring> of);
    ~io_uring_file() override;

    io_uring* as_io_uring() override { return uring_.get(); }
    long attributes(file_attributes& out) override;
    uint32_t poll() override { return uring_->poll(); }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override;
    result<ref<page_object>> shared_pages() override { return ref<page_object>(uring_->memory()); }

  private:
    const ref<io_uring> uring_;
};

} // namespace kernel
