// SPDX-License-Identifier: BSD-2-Clause
//
// A ring of the actor's own: entries of every kind, cancelled, left in flight when it is closed.
// Each gets one completion with a result that it may have; after the ring is closed nothing is
// written to a buffer any more.
#include "state.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <ouros/calls.hpp>
#include <ouros/opcodes.h>
#include <ouros/ring.hpp>
#include <ouros/uintr.hpp>
#include <sys/stat.h>

namespace torture {

namespace {

using namespace ouros;

enum class kind : uint8_t {
    none,
    nop,
    read_host,
    short_timeout,
    long_timeout, // ends when it is cancelled
    empty_pipe,   // likewise
    write_pipe,
    open_file,
    bad_opcode,
    bad_fd,
    bad_address,
    cancel,
    sync,
    count
};

constexpr unsigned most = 24;
constexpr size_t buffer_size = 2048;
constexpr uint64_t dead = 0x5eed;

struct request {
    kind of = kind::none;
    uint64_t user_data = 0;
    size_t offset = 0; // in the host's file
    size_t size = 0;
    __kernel_timespec time{};
    alignas(16) uint8_t buffer[buffer_size];
};

} // namespace

struct ring_state {
    bool open = false;
    ring queue;
    request requests[most];
    unsigned in_flight = 0;
    uint64_t generation = 0;
    int host = -1, pipe[2] = {-1, -1};
    uint64_t piped = 0;   // bytes written to it
    bool watched = false; // the buffers say `dead`: nobody may write to them
    uint64_t vectors = 0;
};

namespace {

thread_local uintr::flag flag;

request* free_request(ring_state& r) {
    for (request& q : r.requests)
        if (q.of == kind::none)
            return &q;
    return nullptr;
}

void open_it(actor& a) {
    ring_state& r = *a.ring;
    static constexpr unsigned sizes[] = {4, 16, 32};
    unsigned sq = a.random.one_of(sizes), cq = sq << a.random.below(3);
    ouros_ring where{};
    int64_t error = kernel::ring_setup(sq, cq, &where);
    check(error == 0, "ring_setup", error);
    r.queue = ring(where);
    r.open = true;
    r.watched = false;
    r.host = int(must(open(a.in.host_path, O_RDONLY | O_CLOEXEC), "open of the host's file"));
    must(pipe2(r.pipe, O_CLOEXEC), "pipe2");
    r.piped = 0;
    for (request& q : r.requests)
        q.of = kind::none;
    r.in_flight = 0;
    uintr::set_flag(&flag);
    uintr::enable();
    check(kernel::ring_setup(sq, cq, &where) == -EBUSY, "a second ring");
}

void close_it(actor& a) {
    ring_state& r = *a.ring;
    int64_t error = kernel::ring_close();
    check(error == 0, "ring_close", error);
    uintr::disable();
    r.open = false;
    r.queue = ring();
    // The device has let go of them.
    for (request& q : r.requests) {
        q.of = kind::none;
        fill(q.buffer, dead);
    }
    r.watched = true;
    close(r.host);
    close(r.pipe[0]);
    close(r.pipe[1]);
    check(kernel::ring_close() == -EINVAL, "a ring that is closed");
}

bool ends_by_itself(kind k) {
    return k != kind::long_timeout && k != kind::empty_pipe;
}

void make(actor& a, ring_state& r, request& q, io_uring_sqe* entry) {
    q.of = kind(a.random.between(1, unsigned(kind::count) - 1));
    q.user_data = uint64_t(&q - r.requests) | ++r.generation << 8;
    q.size = a.random.between(1, buffer_size);
    auto address = reinterpret_cast<uint64_t>(q.buffer);
    auto make_one = [&](uint8_t opcode, int fd, uint64_t at, size_t size, uint64_t offset = 0,
                        uint32_t flags = 0) {
        ring::fill(entry, opcode, fd, at, uint32_t(size), offset, q.user_data, flags);
    };
    switch (q.of) {
    case kind::read_host:
        q.offset = a.random.below(a.in.host_bytes.size() - buffer_size);
        memset(q.buffer, 0, sizeof q.buffer);
        return make_one(IORING_OP_READ, r.host, address, q.size, q.offset);
    case kind::short_timeout:
    case kind::long_timeout:
        q.time = {q.of == kind::long_timeout ? 1000 : 0, (long long)(a.random.below(100'000))};
        return make_one(IORING_OP_TIMEOUT, -1, reinterpret_cast<uint64_t>(&q.time), 1);
    case kind::empty_pipe:
        return make_one(IORING_OP_READ, r.pipe[0], address, 16, ~uint64_t{0});
    case kind::write_pipe:
        if (r.piped > 30'000) { // it must not block
            q.of = kind::nop;
            return make_one(IORING_OP_NOP, -1, 0, 0);
        }
        q.size = q.size % 16 + 1;
        r.piped += q.size;
        fill(q.buffer, q.user_data);
        return make_one(IORING_OP_WRITE, r.pipe[1], address, q.size, ~uint64_t{0});
    case kind::open_file:
        memcpy(q.buffer, "/tmp", 5);
        return make_one(IORING_OP_OPENAT, AT_FDCWD, address, 0, 0,
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    case kind::bad_opcode:
        return make_one(uint8_t(a.random.between(100, OUROS_OP_CALL - 1)), -1, 0, 0);
    case kind::bad_fd:
        return make_one(IORING_OP_READ, 900, address, 16);
    case kind::bad_address:
        return make_one(IORING_OP_READ, r.host, 0x10, 64, 0);
    case kind::cancel:
        q.offset = r.requests[a.random.below(most)].user_data;
        return make_one(IORING_OP_ASYNC_CANCEL, -1, q.offset, 0);
    case kind::sync:
        return make_one(IORING_OP_FSYNC, r.host, 0, 0);
    default:
        q.of = kind::nop;
        return make_one(IORING_OP_NOP, -1, 0, 0);
    }
}

// Whether the request may have this result.
bool possible(actor& a, const request& q, int32_t result) {
    // Anything that has not begun may be cancelled.
    if (result == -ECANCELED || result == -EINTR)
        return q.of != kind::cancel && q.of != kind::nop;
    switch (q.of) {
    case kind::nop:
        return result == 0;
    case kind::sync:
        return result == 0 || result == -EINVAL || result == -EBADF;
    case kind::read_host:
        return result > 0 && size_t(result) <= q.size &&
               !memcmp(q.buffer, a.in.host_bytes.data() + q.offset, size_t(result));
    case kind::short_timeout:
    case kind::long_timeout:
        return result == -ETIME;
    case kind::empty_pipe:
        return result > 0 && result <= 16;
    case kind::write_pipe:
        return result == int(q.size);
    case kind::open_file:
        return result >= 3;
    case kind::bad_opcode:
        return result == -EINVAL;
    case kind::bad_fd:
        return result == -EBADF;
    case kind::bad_address:
        return result == -EFAULT;
    case kind::cancel:
        return result == 0 || result == -ENOENT || result == -EALREADY || result == 1;
    default:
        return false;
    }
}

unsigned reap(actor& a) {
    ring_state& r = *a.ring;
    unsigned count = 0;
    uintr::off_guard off;
    r.queue.reap([&](uint64_t user_data, int32_t result, uint32_t flags) {
        request& q = r.requests[(user_data & 0xff) % most];
        check((user_data & 0xff) < most && q.of != kind::none && q.user_data == user_data,
              "a completion that belongs to no request", long(user_data));
        check(!(flags & IORING_CQE_F_MORE), "a completion that is not the last one", long(flags));
        if (!possible(a, q, result)) {
            char what[80];
            snprintf(what, sizeof what, "the result of a request of kind %u", unsigned(q.of));
            wrong(what, result);
        }
        if (q.of == kind::open_file && result >= 0)
            must(close(result), "close of what the ring has opened");
        q.of = kind::none;
        r.in_flight--;
        count++;
    });
    check(!r.queue.broken(), "the ring is broken");
    return count;
}

void submit(actor& a) {
    ring_state& r = *a.ring;
    if (!r.open)
        return open_it(a);
    unsigned count = unsigned(a.random.between(1, 8));
    for (unsigned i = 0; i < count; i++) {
        // One place stays free for the cancel of those that do not end by themselves.
        request* q = r.in_flight + 1 < most ? free_request(r) : nullptr;
        io_uring_sqe* entry = q ? r.queue.try_get() : nullptr;
        if (!entry)
            break;
        make(a, r, *q, entry);
        r.in_flight++;
    }
    r.queue.submit();
    if (a.random.percent(50))
        reap(a);
}

void look(actor& a) {
    if (a.ring->open)
        reap(a);
    else
        open_it(a);
}

// Until something has come, or a moment.
void wait_for_some(actor& a) {
    ring_state& r = *a.ring;
    if (!r.open)
        return open_it(a);
    uintr::disable();
    if (r.queue.ready()) {
        uintr::enable();
    } else {
        int64_t result = kernel::wait(200'000);
        check(result == 0 || result == -ETIME || result == -EINTR, "wait", result);
    }
    reap(a);
}

bool submit_one(ring_state& r, uint8_t opcode, uint64_t target) {
    request* q = free_request(r);
    io_uring_sqe* entry = q ? r.queue.try_get() : nullptr;
    if (!entry)
        return false;
    q->of = kind::cancel;
    q->user_data = uint64_t(q - r.requests) | ++r.generation << 8;
    ring::fill(entry, opcode, -1, target, 0, 0, q->user_data);
    r.in_flight++;
    return true;
}

[[noreturn]] void never_end(const ring_state& r) {
    char what[300];
    int n = snprintf(what, sizeof what, "requests that never end, of kind (user data):");
    for (const request& q : r.requests)
        if (q.of != kind::none && n < int(sizeof what))
            n += snprintf(what + n, sizeof what - size_t(n), " %u (%lx)", unsigned(q.of),
                          q.user_data);
    wrong(what, long(r.in_flight));
}

// Without the cancels, of which settle makes more and more.
unsigned requests_left(const ring_state& r) {
    unsigned count = 0;
    for (const request& q : r.requests)
        count += q.of != kind::none && q.of != kind::cancel;
    return count;
}

// Everything in flight comes to its end: what waits for ever is cancelled.
void settle(actor& a) {
    ring_state& r = *a.ring;
    if (!r.open)
        return open_it(a);
    reap(a);
    unsigned left = requests_left(r);
    for (patience p; r.in_flight;) {
        if (unsigned now = requests_left(r); now != left) {
            left = now;
            p.begin_anew();
        }
        if (p.over())
            never_end(r);
        for (request& q : r.requests)
            if (q.of != kind::none && !ends_by_itself(q.of) &&
                !submit_one(r, IORING_OP_ASYNC_CANCEL, q.user_data))
                break;
        r.queue.submit();
        uintr::disable();
        if (r.queue.ready())
            uintr::enable();
        else
            kernel::wait(1'000'000);
        reap(a);
    }
}

void close_in_flight(actor& a) {
    if (!a.ring->open)
        return open_it(a);
    submit(a);
    close_it(a);
}

void watch(actor& a) {
    ring_state& r = *a.ring;
    if (!r.watched || r.open)
        return look(a);
    for (const request& q : r.requests)
        check(filled(q.buffer, dead), "a buffer was written to after the ring was closed");
}

} // namespace

std::shared_ptr<ring_state> make_ring_state() {
    return std::make_shared<ring_state>();
}

void end_of(ring_state& s) {
    actor& a = *this_actor;
    if (!s.open)
        return;
    if (a.random.percent(50))
        settle(a);
    close_it(a);
}

bool has_ring(const ring_state& s) {
    return s.open;
}

void give_up_ring(actor& a) {
    close_it(a);
}

void take_user_interrupts() {
    uintr::set_flag(&flag);
    uintr::enable();
}

uint64_t take_vectors(actor&) {
    return flag.take();
}

const operation ring_operations[] = {
    {"submit", 500, submit},
    {"reap", 300, look},
    {"wait for completions", 60, wait_for_some},
    {"settle", 30, settle},
    {"close with requests in flight", 12, close_in_flight},
    {"watch closed buffers", 100, watch},
    {},
};

} // namespace torture
