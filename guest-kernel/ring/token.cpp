// SPDX-License-Identifier: BSD-2-Clause
//
// System calls by token: the thread hands the call over and goes on; what the call gives comes as a
// completion in the thread's ring. The ring's service begins it, like an entry of the ring; a call
// that is about the thread itself is done by the thread, in the hand-over.
#include <ouros/kernel.h>

#include "process/thread.h"
#include "ring/request.h"
#include "ring/ring.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

// Completions wait in the device for room in the queue: no more are promised until they are out.
bool overflows(const ring& r) {
    auto* shared = static_cast<const asyscall_ring*>(r.memory);
    return __atomic_load_n(&shared->device.flags, __ATOMIC_RELAXED) & ASYSCALL_RING_STATUS_OVERFLOW;
}

// By the running thread. If it has to wait, wait_for takes the request over.
void do_now(thread& t, ring_request& q, long value, syscall_function function, const uint64_t* a) {
    using any_call = long (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
    if (function) {
        t.handing_over = &q;
        value = reinterpret_cast<any_call>(function)(a[0], a[1], a[2], a[3], a[4], a[5]);
        if (!std::exchange(t.handing_over, nullptr))
            return;
    }
    finish_request(q, value);
    asyscall_device::get()->kick();
}

} // namespace

long token_call(thread& t, uint64_t number, uint64_t token, const uint64_t* a) {
    t.counters.token_calls++;
    ring* r = t.ring_pair;
    if (!r)
        return -EINVAL;
    const syscall_entry* what = find_syscall(unsigned(number));
    if (number >= OUROS_SYS_first || (what && what->for_threads_only)) [[unlikely]]
        return -EINVAL;
    lock_guard guard(r->lock);
    if (r->request_count >= r->description.cq_entries || overflows(*r)) [[unlikely]]
        return -EAGAIN;
    if (r->closing || !r->takes_calls) [[unlikely]]
        return r->closing ? -EINVAL : -ENODEV;
    ring_request* q = new_request(*r, ring_request::kind_of::call, token);
    if (!q)
        return -ENOMEM;
    q->call.what = what;
    for (unsigned i = 0; i < 6; i++)
        q->call.arguments[i] = a[i];
    if (what && (what->begin || what->later)) [[likely]] {
        queue_request(*q, guard);
        return OUROS_PENDING;
    }
    r->requests.push_front(*q);
    r->request_count++;
    guard.unlock();
    long missing = what ? 0 : unknown_syscall(t.parent(), number);
    do_now(t, *q, missing, what ? what->function : nullptr, a);
    return OUROS_PENDING;
}

} // namespace kernel
