// SPDX-License-Identifier: BSD-2-Clause
//
// A ring's service: the kernel coroutine that begins what its thread has asked for. It runs on a
// hart that has nothing to do, or when the thread has run out of work; at the latest at the tick,
// so that nothing waits for ever behind a thread that never does.
#include <ouros/kernel.h>

#include "arch/riscv64/hart.h"
#include "process/process.h"
#include "process/thread.h"
#include "ring/opcodes.h"
#include "ring/request.h"
#include "ring/ring.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

// Requests that are begun before others have a turn.
constexpr unsigned most_in_a_turn = 32;
// Requests kept for reuse.
constexpr unsigned most_spare = 64;

// Until something is queued, or the ring ends.
struct rest {
    ring& r;
    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self) noexcept {
        lock_guard guard(r.lock);
        if (r.first_queued || r.ended)
            return false;
        r.service_place.coroutine = self;
        r.resting = true;
        return true;
    }
    void await_resume() noexcept {}
};

// What a request is served with: what an entry's ioprio asks for, in Linux's classes, or the
// priority of the thread with the ring.
uint8_t priority_of(const ring_request& q) {
    constexpr unsigned levels = 8, real_time = 1, best_effort = 2, idle = 3;
    unsigned wanted = q.kind == ring_request::kind_of::entry ? q.slot->sqe.ioprio : 0;
    switch (wanted >> 13) {
    case real_time: // before all that is not
        return uint8_t(3 * (wanted % levels));
    case best_effort: // 4, Linux's default, is an ordinary thread's
        return uint8_t(24 + 2 * (wanted % levels));
    case idle:
        return lowest_priority;
    default:
        return uint8_t(work_for(q.of->priority.load(std::memory_order_relaxed)));
    }
}

ring_request* next_queued(ring& r) {
    lock_guard guard(r.lock);
    ring_request* q = r.first_queued;
    if (q)
        r.first_queued = r.requests.next(*q);
    return q;
}

// The thread is ready to run on this hart, and is kept waiting.
bool in_the_way(ring& r) {
    lock_guard guard(r.lock);
    thread* t = r.of_thread;
    return t && t->last_hart == arch::this_hart().index &&
           t->state.load(std::memory_order_relaxed) == thread::running;
}

long begin_fault(ring_request& q) {
    const asyscall_fault& fault = q.slot->fault;
    uint8_t access = fault.access & ASYSCALL_RIGHT_WRITE ? protection_write : protection_read;
    return q.owner->space->fault(fault.address, access);
}

// Now, or in a coroutine if it has to wait.
void begin(ring_request& q) {
    long value = must_wait;
    task<long> work;
    arch::this_hart().work_priority = q.priority; // what it goes on with if it has to wait
    if (q.killed()) {
        value = q.kind == ring_request::kind_of::fault ? -EFAULT : -ECANCELED;
    } else if (q.kind == ring_request::kind_of::fault) {
        value = begin_fault(q);
    } else if (q.kind == ring_request::kind_of::entry) {
        value = q.of->user ? q.of->user->begin(q, q.slot->sqe, work)
                           : begin_operation(q, q.slot->sqe, work);
    } else {
        if (call_begin begin = q.call.what->begin)
            value = begin(q, q.call.arguments);
        if (value == must_wait)
            work = q.call.what->later(q, q.call.arguments);
    }
    if (value != must_wait)
        finish_request(q, value);
    else
        continue_request(q, std::move(work));
}

task<long> serve(ring& r) {
    asyscall_device& device = *asyscall_device::get();
    for (;;) {
        co_await rest{r};
        unsigned count = 0;
        bool interrupts = in_the_way(r);
        while (ring_request* q = next_queued(r)) {
            begin(*q);
            if (++count < most_in_a_turn)
                continue;
            r.count_served(count, interrupts);
            count = 0;
            device.kick();
            co_await yield();
            interrupts = in_the_way(r);
        }
        r.count_served(count, interrupts);
        device.kick();
        if (r.user)
            r.user->begun();
        lock_guard guard(r.lock);
        if (r.ended)
            co_return 0;
    }
}

// What tells the device: the opcode is one of COMPLETE, RESUME and POST.
asyscall_answer answer_to(const ring_request& q, long result) {
    if (q.kind == ring_request::kind_of::fault)
        return {ASYSCALL_CTL_RESUME, 0, q.token, 0, uint32_t(result), 0};
    bool fits = result == int32_t(result);
    uint32_t high = fits ? 0 : uint32_t(uint64_t(result) >> 32) | OUROS_CQE_WIDE;
    if (q.kind == ring_request::kind_of::entry)
        return {ASYSCALL_CTL_COMPLETE, 0, q.token, 0, uint32_t(result), q.cqe_flags | high};
    return {ASYSCALL_CTL_POST, q.of->queue_pair, 0, q.token, uint32_t(result), high};
}

// With the ring's lock.
void give_back(ring& r, ring_request& q) {
    q.~ring_request();
    if (r.spares == most_spare)
        return heap_free(&q);
    auto* free = reinterpret_cast<ring::spare*>(&q);
    free->next = r.first_spare;
    r.first_spare = free;
    r.spares++;
}

// Off the ring's list. The ring may be gone afterwards, if its last request ends with this.
void forget(ring& r, ring_request& q, bool keep) {
    lock_guard guard(r.lock);
    list<ring_request>::remove(q);
    if (!keep)
        give_back(r, q);
    if (--r.request_count == 0 && r.closing)
        r.idle.set();
}

// The device's queue is full: the request itself waits for its turn there, like any command.
void answer_later(ring_request& q, const asyscall_answer& answer) {
    ring& r = *q.of;
    q.work = {};
    auto* waiting = new (&q.answer) late_answer;
    waiting->of = &q;
    waiting->entry = answer.entry();
    waiting->finished = [](asyscall_request& done) {
        heap_free(static_cast<late_answer&>(done).of);
    };
    forget(r, q, true);
    asyscall_device::get()->submit(*waiting);
}

} // namespace

ring_request* new_request(ring& r, ring_request::kind_of kind, uint64_t token) {
    void* at = r.first_spare;
    if (at) {
        r.first_spare = r.first_spare->next;
        r.spares--;
    } else {
        at = heap_allocate(sizeof(ring_request));
        if (!at)
            return nullptr;
    }
    auto* q = new (at) ring_request;
    q->owner = r.owner;
    q->of = &r;
    q->kind = kind;
    q->token = token;
    return q;
}

void queue_request(ring_request& q, lock_guard& guard) {
    ring& r = *q.of;
    r.requests.push_back(q);
    r.request_count++;
    if (!r.first_queued)
        r.first_queued = &q;
    if (r.closing) [[unlikely]]
        q.kill();
    q.priority = priority_of(q);
    bool wake = std::exchange(r.resting, false);
    guard.unlock();
    if (wake) {
        r.service_place.priority = q.priority;
        executor::make_ready(r.service_place);
    }
}

void finish_request(ring_request& q, long result) {
    if (result == -EINTR)
        result = -ECANCELED; // nothing else interrupts it
    asyscall_device& device = *asyscall_device::get();
    asyscall_answer answer = answer_to(q, result);
    if (!device.push_quietly(answer)) [[unlikely]] {
        device.kick();
        if (!device.push_quietly(answer))
            return answer_later(q, answer);
    }
    forget(*q.of, q, false);
}

void continue_request(ring_request& q, task<long> work) {
    if (!work)
        return finish_request(q, -ENOMEM);
    q.work = std::move(work);
    q.done = [](task_completion* completion) {
        auto& ended = *static_cast<ring_request*>(completion);
        finish_request(ended, ended.work.take_result());
        asyscall_device::get()->kick();
    };
    q.work.start(q);
}

bool start_service(ring& r) {
    r.service = serve(r);
    if (!r.service)
        return false;
    r.done = [](task_completion* completion) { static_cast<ring*>(completion)->gone.set(); };
    r.service.start(r);
    return true;
}

task<long> end_service(ring& r) {
    bool wait, wake;
    {
        lock_guard guard(r.lock);
        r.closing = true;
        wait = r.request_count != 0;
        for (ring_request& one : r.requests)
            one.kill();
    }
    if (wait)
        co_await r.idle.wait();
    {
        lock_guard guard(r.lock);
        r.ended = true;
        wake = std::exchange(r.resting, false);
    }
    if (wake)
        executor::make_ready(r.service_place);
    co_await r.gone.wait();
    while (ring::spare* free = r.first_spare) {
        r.first_spare = free->next;
        heap_free(free);
    }
    co_return 0;
}

} // namespace kernel
