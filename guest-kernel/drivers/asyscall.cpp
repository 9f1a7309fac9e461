// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/asyscall.h"

#include <atomic>
#include <new>

#include "arch/riscv64/mmio.h"
#include "device-tree/machine.h"
#include "lib/print.h"

namespace kernel {

asyscall_device* asyscall_device::instance_;

namespace {

// Everything the driver knows how to use; what it would be wrong to run without is checked.
constexpr uint64_t wanted_features =
    ASYSCALL_F_EVENT_INDEX | ASYSCALL_F_SV39 | ASYSCALL_F_CONSOLE | ASYSCALL_F_EXPORT |
    ASYSCALL_F_EXPORT_READONLY | ASYSCALL_F_LATENCY | ASYSCALL_F_NOTIFY_DELAY | ASYSCALL_F_URGENT |
    ASYSCALL_F_POST | ASYSCALL_F_SOCKETS | ASYSCALL_F_BUFFERS | ASYSCALL_F_MULTISHOT |
    ASYSCALL_F_SET_FLAGS;

uint32_t load_acquire(const uint32_t& word) {
    return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}
void store_release(uint32_t& word, uint32_t value) {
    __atomic_store_n(&word, value, __ATOMIC_RELEASE);
}

io_uring_sqe command(uint8_t opcode, uint32_t queue_pair) {
    io_uring_sqe entry{};
    entry.opcode = opcode;
    entry.fd = static_cast<int32_t>(queue_pair);
    return entry;
}

} // namespace

void asyscall_call::await_suspend(std::coroutine_handle<> self) noexcept {
    suspend_at(self);
    finished = [](asyscall_request& request) {
        executor::make_ready(static_cast<asyscall_call&>(request));
    };
    device_.submit(*this);
    // The result may be there already and the frame gone: nothing of it is touched from here.
}

// Registers

uint32_t asyscall_device::read32(uint32_t offset) const {
    return arch::mmio_read<uint32_t>(registers_ + offset);
}
uint64_t asyscall_device::read64(uint32_t offset) const {
    return arch::mmio_read<uint64_t>(registers_ + offset);
}
void asyscall_device::write32(uint32_t offset, uint32_t value) {
    arch::mmio_write<uint32_t>(registers_ + offset, value);
}
void asyscall_device::write64(uint32_t offset, uint64_t value) {
    arch::mmio_write<uint64_t>(registers_ + offset, value);
}

void asyscall_device::ring_doorbell(uint32_t which) {
    arch::mmio_write<uint32_t>(doorbell_page(0) + which, 1);
}

// Start: virtio's order (virtio 1.2, 3.1.1).

void asyscall_device::initialise() {
    if (!machine.asyscall)
        return;
    auto* device = new (std::nothrow) asyscall_device(machine.asyscall.start);
    const char* problem = device ? device->start() : "no memory";
    if (problem) {
        print("asyscall: not used: %s\n", problem);
        delete device;
        return;
    }
    instance_ = device;
}

const char* asyscall_device::start() {
    if (read32(ASYSCALL_REG_MAGIC) != ASYSCALL_MAGIC)
        return "not an asyscall device";
    if (read32(ASYSCALL_REG_VERSION) != ASYSCALL_VERSION)
        return "unknown version";
    write32(ASYSCALL_REG_STATUS, 0);
    uint32_t status = ASYSCALL_STATUS_ACKNOWLEDGE | ASYSCALL_STATUS_DRIVER;
    write32(ASYSCALL_REG_STATUS, status);

    features_ = read64(ASYSCALL_REG_DEVICE_FEATURES) & wanted_features;
    write64(ASYSCALL_REG_DRIVER_FEATURES, features_);
    status |= ASYSCALL_STATUS_FEATURES_OK;
    write32(ASYSCALL_REG_STATUS, status);
    if (!(read32(ASYSCALL_REG_STATUS) & ASYSCALL_STATUS_FEATURES_OK))
        return "it refuses the features";

    queue_pairs_ = read32(ASYSCALL_REG_QUEUE_PAIRS);
    max_entries_ = read32(ASYSCALL_REG_MAX_ENTRIES);
    max_inflight_ = read32(ASYSCALL_REG_MAX_INFLIGHT);
    max_fds_ = read32(ASYSCALL_REG_MAX_FDS);
    if (queue_pairs_ == 0 || max_entries_ < cq_entries)
        return "its queues are too small";

    size_t ring_size = asyscall_ring_size(sq_entries, cq_entries);
    void* ring = allocate_pages(order_for(ring_size));
    void* forward = allocate_pages(order_for(forward_entries * sizeof(asyscall_forward)));
    if (!ring || !forward) {
        free_pages(ring);
        free_pages(forward);
        return "no memory";
    }
    __builtin_memset(ring, 0, ring_size);
    ring_ = static_cast<asyscall_ring*>(ring);
    forward_ = static_cast<asyscall_forward*>(forward);
    for (uint32_t i = 0; i < sq_entries; i++)
        slots_[i].next_free = i + 1 < sq_entries ? i + 1 : no_slot;
    first_free_ = 0;

    write64(ASYSCALL_REG_CONTROL_RING, to_physical(ring));
    write32(ASYSCALL_REG_CONTROL_SQ_ENTRIES, sq_entries);
    write32(ASYSCALL_REG_CONTROL_CQ_ENTRIES, cq_entries);
    write64(ASYSCALL_REG_FORWARD_RING, to_physical(forward));
    write32(ASYSCALL_REG_FORWARD_ENTRIES, forward_entries);
    status |= ASYSCALL_STATUS_DRIVER_OK;
    write32(ASYSCALL_REG_STATUS, status);
    if (!(read32(ASYSCALL_REG_STATUS) & ASYSCALL_STATUS_DRIVER_OK))
        return "it refuses the control ring";
    return nullptr;
}

uint32_t asyscall_device::poll_socket(uint64_t handle) {
    lock_guard guard(poll_lock_);
    write32(ASYSCALL_REG_POLL, static_cast<uint32_t>(handle));
    return read32(ASYSCALL_REG_POLL);
}

// Submission

io_uring_cqe* asyscall_device::completions() const {
    return reinterpret_cast<io_uring_cqe*>(reinterpret_cast<uint8_t*>(ring_) + ASYSCALL_CQ_OFFSET);
}

io_uring_sqe* asyscall_device::submissions() const {
    return reinterpret_cast<io_uring_sqe*>(reinterpret_cast<uint8_t*>(ring_) +
                                           asyscall_sq_offset(cq_entries));
}

// With submit_lock_. False: no room, and nothing has changed.
bool asyscall_device::push(asyscall_request& request) {
    if (first_free_ == no_slot)
        return false;
    if (sq_tail_ - load_acquire(ring_->device.sq_head) >= sq_entries)
        return false;
    uint32_t index = first_free_;
    slot& mine = slots_[index];
    first_free_ = mine.next_free;
    mine.request = &request;
    mine.generation++;
    request.entry.user_data = index | uint64_t{mine.generation} << 32;
    submissions()[sq_tail_ & (sq_entries - 1)] = request.entry;
    store_release(ring_->driver.sq_tail, ++sq_tail_);
    return true;
}

void asyscall_device::submit(asyscall_request& request) {
    lock_guard guard(submit_lock_);
    // Those that wait already go first, so that requests of one submitter keep their order.
    if (!waiting_.empty() || !push(request)) {
        waiting_.push_back(request);
        return;
    }
    ring_doorbell(ASYSCALL_DOORBELL_SUBMIT);
}

bool asyscall_device::push_quietly(const asyscall_answer& answer) {
    lock_guard guard(submit_lock_);
    if (!waiting_.empty() || sq_tail_ - load_acquire(ring_->device.sq_head) >= sq_entries)
        [[unlikely]]
        return false;
    io_uring_sqe& e = submissions()[sq_tail_ & (sq_entries - 1)];
    e.opcode = answer.opcode;
    e.flags = IOSQE_CQE_SKIP_SUCCESS;
    e.ioprio = 0;
    e.fd = static_cast<int32_t>(answer.queue_pair);
    e.off = answer.off;
    e.addr = answer.addr;
    e.len = answer.len;
    e.rw_flags = static_cast<int32_t>(answer.flags);
    e.user_data = quiet;
    e.buf_index = 0;
    e.personality = 0;
    e.splice_fd_in = 0;
    store_release(ring_->driver.sq_tail, ++sq_tail_);
    return true;
}

void asyscall_device::push_waiting() {
    lock_guard guard(submit_lock_);
    bool pushed = false;
    while (asyscall_request* request = waiting_.front()) {
        // Off the list first: once pushed it may be finished by anyone.
        waiting_.remove(*request);
        if (!push(*request)) {
            waiting_.push_front(*request);
            break;
        }
        pushed = true;
    }
    if (pushed)
        ring_doorbell(ASYSCALL_DOORBELL_SUBMIT);
}

// Completion

void asyscall_device::interrupt() {
    // Acknowledge before looking: what arrives later raises the line again.
    uint32_t why = read32(ASYSCALL_REG_INTERRUPT_STATUS);
    write32(ASYSCALL_REG_INTERRUPT_ACK, why);
    if (why & ASYSCALL_INTERRUPT_CONFIG &&
        read32(ASYSCALL_REG_STATUS) & ASYSCALL_STATUS_NEEDS_RESET)
        panic("asyscall: the device has stopped (needs reset)");
    drain();
    push_waiting();
}

void asyscall_device::drain() {
    lock_guard guard(drain_lock_);
    for (;;) {
        uint32_t tail = load_acquire(ring_->device.cq_tail);
        while (cq_head_ != tail) {
            io_uring_cqe entry = completions()[cq_head_ & (cq_entries - 1)];
            // The place is free once it has been read, not once it has been dealt with.
            store_release(ring_->driver.cq_head, ++cq_head_);
            if (entry.flags & ASYSCALL_CQE_EVENT)
                dispatch(entry);
            else
                finish(entry);
        }
        if (load_acquire(ring_->device.flags) & ASYSCALL_RING_STATUS_OVERFLOW)
            ring_doorbell(ASYSCALL_DOORBELL_FLUSH);
        // The device stores cq_tail, fences, then looks at the flags; they never say "quiet"
        // here, so an entry that is not seen now has its interrupt still to come.
        if (load_acquire(ring_->device.cq_tail) == cq_head_)
            return;
    }
}

void asyscall_device::finish(const io_uring_cqe& entry) {
    uint32_t index = static_cast<uint32_t>(entry.user_data);
    asyscall_request* request = nullptr;
    {
        lock_guard guard(submit_lock_);
        if (index < sq_entries && slots_[index].request &&
            slots_[index].generation == entry.user_data >> 32) {
            request = slots_[index].request;
            slots_[index].request = nullptr;
            slots_[index].next_free = first_free_;
            first_free_ = index;
        }
    }
    if (!request && entry.user_data == quiet)
        return;
    if (!request) {
        print("asyscall: completion %lx answers no request\n",
              static_cast<unsigned long>(entry.user_data));
        return;
    }
    request->result = entry.res;
    request->finished(*request);
}

void asyscall_device::dispatch(const io_uring_cqe& event) {
    uint64_t token = event.user_data;
    uint32_t kind = ASYSCALL_CQE_EVENT_KIND(event.flags);
    if (!events_) {
        print("asyscall: event %u without a ring\n", kind);
        return;
    }
    bool has_slot = event.res >= 0 && static_cast<uint32_t>(event.res) < forward_entries;
    switch (kind) {
    case ASYSCALL_EVENT_FORWARD:
        if (has_slot)
            events_->forwarded(token, forward_[event.res]);
        break;
    case ASYSCALL_EVENT_FAULT:
        if (has_slot)
            events_->faulted(token, forward_[event.res]);
        break;
    case ASYSCALL_EVENT_CANCEL:
        events_->cancelled(token);
        break;
    case ASYSCALL_EVENT_BROKEN:
        events_->broken(ASYSCALL_TOKEN_QUEUE_PAIR(token), event.res);
        break;
    default:
        print("asyscall: unknown event %u\n", kind);
    }
}

// Commands

asyscall_call asyscall_device::create(uint32_t queue_pair, const asyscall_queue_pair& description) {
    io_uring_sqe entry = command(ASYSCALL_CTL_CREATE, queue_pair);
    entry.addr = to_physical(&description);
    return call(entry);
}

asyscall_call asyscall_device::modify(uint32_t queue_pair, const asyscall_queue_pair& description) {
    io_uring_sqe entry = command(ASYSCALL_CTL_MODIFY, queue_pair);
    entry.addr = to_physical(&description);
    return call(entry);
}

asyscall_call asyscall_device::destroy(uint32_t queue_pair) {
    return call(command(ASYSCALL_CTL_DESTROY, queue_pair));
}

asyscall_call asyscall_device::set_fd(uint32_t queue_pair, uint32_t fd, uint64_t handle,
                                      uint32_t rights) {
    io_uring_sqe entry = command(ASYSCALL_CTL_SET_FD, queue_pair);
    entry.off = fd;
    entry.addr = handle;
    entry.len = rights;
    return call(entry);
}

asyscall_call asyscall_device::invalidate(uint32_t queue_pair, uint64_t address, uint64_t length,
                                          bool cancel) {
    io_uring_sqe entry = command(ASYSCALL_CTL_INVALIDATE, queue_pair);
    entry.addr = address;
    entry.off = length;
    entry.len = cancel;
    return call(entry);
}

asyscall_call asyscall_device::quiesce(uint32_t queue_pair, bool cancel) {
    io_uring_sqe entry = command(ASYSCALL_CTL_QUIESCE, queue_pair);
    entry.len = cancel;
    return call(entry);
}

asyscall_call asyscall_device::resume_queue(uint32_t queue_pair) {
    return call(command(ASYSCALL_CTL_CONTINUE, queue_pair));
}

asyscall_call asyscall_device::complete(uint64_t token, int32_t result, uint32_t cqe_flags) {
    io_uring_sqe entry = command(ASYSCALL_CTL_COMPLETE, 0);
    entry.off = token;
    entry.len = static_cast<uint32_t>(result);
    entry.rw_flags = static_cast<int32_t>(cqe_flags);
    return call(entry);
}

asyscall_call asyscall_device::resume(uint64_t token, long error) {
    io_uring_sqe entry = command(ASYSCALL_CTL_RESUME, 0);
    entry.off = token;
    entry.len = static_cast<uint32_t>(static_cast<int32_t>(error));
    return call(entry);
}

} // namespace kernel
