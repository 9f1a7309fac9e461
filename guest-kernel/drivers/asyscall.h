// SPDX-License-Identifier: BSD-2-Clause
//
// Driver of the asyscall device: queue pair 0 and the events that come out of it. The rings of
// processes are made with its commands by ring/; the host's files are reached with it by
// fs/host_*.
//
// A command is an awaitable that lives in the frame of the coroutine that awaits it:
//
//     long error = co_await device->create(queue_pair, description);
//
// Nothing is allocated and submitting can't fail: what finds the queue or the table of requests
// in flight full waits in a list and goes out as earlier ones complete. Completions and events
// arrive by the device's interrupt, on whatever hart takes it. Buffers are physical addresses
// and must stay where they are until the result is there.
#pragma once

#include <cstdint>
#include <ouros/asyscall.h>

#include "async/executor.h"
#include "lib/list.h"
#include "lib/spinlock.h"
#include "memory/pages.h"

namespace kernel {

class asyscall_device;

// A command that needs no answer; fields as in the entry.
struct asyscall_answer {
    uint8_t opcode;
    uint32_t queue_pair;
    uint64_t off;
    uint64_t addr;
    uint32_t len;
    uint32_t flags;

    io_uring_sqe entry() const {
        io_uring_sqe e{};
        e.opcode = opcode;
        e.fd = static_cast<int32_t>(queue_pair);
        e.off = off;
        e.addr = addr;
        e.len = len;
        e.rw_flags = static_cast<int32_t>(flags);
        return e;
    }
};

// A request to queue pair 0 that is waiting or in flight. `finished` is called when its CQE is
// there, in interrupt context, and owns the request from then on.
struct asyscall_request : list_node<asyscall_request> {
    io_uring_sqe entry{};
    long result = 0;
    void (*finished)(asyscall_request&) = nullptr;
};

// A request whose result a coroutine awaits.
class [[nodiscard]] asyscall_call : asyscall_request, work_item {
  public:
    asyscall_call(asyscall_device& device, const io_uring_sqe& sqe)
        : device_(device) {
        entry = sqe;
    }
    asyscall_call(const asyscall_call&) = delete;
    asyscall_call& operator=(const asyscall_call&) = delete;

    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) noexcept;
    long await_resume() noexcept { return result; }

  private:
    asyscall_device& device_;
};

// What comes from the queue pairs of processes. Called in interrupt context, one at a time:
// implementations queue work and return. A slot belongs to the kernel until it is answered by
// complete() or resume(); its contents can't change, only the device writes there.
class asyscall_events {
  public:
    virtual void forwarded(uint64_t token, const asyscall_forward& slot) = 0;
    virtual void faulted(uint64_t token, const asyscall_forward& slot) = 0;
    // A forwarded request is to be cancelled; complete() is still owed.
    virtual void cancelled(uint64_t token) = 0;
    // The queue pair of the token has stopped: its ring is bad.
    virtual void broken(uint32_t queue_pair, long error) = 0;

  protected:
    ~asyscall_events() = default;
};

class asyscall_device {
  public:
    // Null when the machine has none, or when it can't be used (the log says why).
    static asyscall_device* get() { return instance_; }
    // Boot: finds the device, negotiates, starts queue pair 0. Needs the heap and the PLIC.
    static void initialise();

    void set_events(asyscall_events& events) { events_ = &events; }

    bool has(uint64_t feature) const { return (features_ & feature) != 0; }
    uint32_t queue_pairs() const { return queue_pairs_; }
    uint32_t max_entries() const { return max_entries_; }
    uint32_t max_inflight() const { return max_inflight_; }
    uint32_t max_fds() const { return max_fds_; }
    physical_address doorbell_page(uint32_t queue_pair) const {
        return registers_ + uint64_t{ASYSCALL_PAGE_SIZE} * (queue_pair + 1);
    }

    // Queue pairs of processes. `description` must stay until the result is there.
    asyscall_call create(uint32_t queue_pair, const asyscall_queue_pair& description);
    asyscall_call modify(uint32_t queue_pair, const asyscall_queue_pair& description);
    asyscall_call destroy(uint32_t queue_pair);
    asyscall_call set_fd(uint32_t queue_pair, uint32_t fd, uint64_t handle, uint32_t rights);
    asyscall_call invalidate(uint32_t queue_pair, uint64_t address, uint64_t length, bool cancel);
    asyscall_call quiesce(uint32_t queue_pair, bool cancel);
    asyscall_call resume_queue(uint32_t queue_pair); // CONTINUE: the word is C++'s

    // Answers to events.
    asyscall_call complete(uint64_t token, int32_t result, uint32_t cqe_flags);
    asyscall_call resume(uint64_t token, long error);

    // Anything else: io_uring's own opcodes with device handles for fds.
    asyscall_call call(const io_uring_sqe& entry) { return asyscall_call(*this, entry); }
    void submit(asyscall_request& request);

    // Commands whose success nobody waits for. They are in the queue, in order with the others; the
    // device looks there when it is told to. False: there is no room, nothing has happened.
    bool push_quietly(const asyscall_answer& answer);
    void kick() { ring_doorbell(ASYSCALL_DOORBELL_SUBMIT); }

    // What holds of a socket now: POLLIN, ...
    uint32_t poll_socket(uint64_t handle);

    // The device's interrupt.
    void interrupt();
    // The same without an interrupt, if there is something; else it takes no lock.
    void poll() {
        if (completions_waiting())
            interrupt();
    }

  private:
    // In flight: user_data = index in the table | generation << 32, so that a CQE that answers
    // nothing (a bug of the device) is told from one that does.
    struct slot {
        asyscall_request* request = nullptr;
        uint32_t generation = 0;
        uint32_t next_free = 0;
    };
    static constexpr uint32_t sq_entries = 128;
    static constexpr uint32_t cq_entries = 512;
    static constexpr uint32_t forward_entries = 2048;
    static constexpr uint32_t no_slot = ~0u;
    // user_data of what is pushed quietly: its completion, an error, is for nobody.
    static constexpr uint64_t quiet = ~0ull;

    explicit asyscall_device(physical_address registers)
        : registers_(registers) {}
    const char* start(); // null, or what is wrong

    uint32_t read32(uint32_t offset) const;
    uint64_t read64(uint32_t offset) const;
    void write32(uint32_t offset, uint32_t value);
    void write64(uint32_t offset, uint64_t value);
    void ring_doorbell(uint32_t which);

    io_uring_cqe* completions() const;
    io_uring_sqe* submissions() const;
    bool push(asyscall_request& request);
    void push_waiting();
    bool completions_waiting() const {
        // Another hart may be draining: then it does not matter which of the two this says. Who
        // drains looks again, in order.
        return __atomic_load_n(&ring_->device.cq_tail, __ATOMIC_RELAXED) !=
                   __atomic_load_n(&cq_head_, __ATOMIC_RELAXED) ||
               __atomic_load_n(&ring_->device.flags, __ATOMIC_RELAXED) &
                   ASYSCALL_RING_STATUS_OVERFLOW;
    }
    void drain();
    void finish(const io_uring_cqe& entry);
    void dispatch(const io_uring_cqe& event);

    static asyscall_device* instance_;

    const physical_address registers_;
    uint64_t features_ = 0;
    uint32_t queue_pairs_ = 0;
    uint32_t max_entries_ = 0;
    uint32_t max_inflight_ = 0;
    uint32_t max_fds_ = 0;
    asyscall_events* events_ = nullptr;

    spinlock poll_lock_; // the register POLL

    spinlock submit_lock_; // the SQ, the table, the waiting list
    asyscall_ring* ring_ = nullptr;
    asyscall_forward* forward_ = nullptr;
    uint32_t sq_tail_ = 0;
    slot slots_[sq_entries];
    uint32_t first_free_ = no_slot;
    list<asyscall_request, asyscall_request> waiting_;

    spinlock drain_lock_; // the CQ; held while a CQE is handed on, so that events keep order
    uint32_t cq_head_ = 0;
};

} // namespace kernel
