// SPDX-License-Identifier: BSD-2-Clause
#include "process/thread.h"

#include "arch/riscv64/page_table.h"
#include "process/replace.h"

namespace kernel {

thread::thread(process& owner_process, int thread_id)
    : schedulable(kind_of::thread, default_thread_priority)
    , id(thread_id)
    , started(now())
    , process_(&owner_process) {
    owner = &owner_process;
    as_thread = this;
}

thread* thread::create(process& p, int id) {
    auto t = ref<thread>::adopt(new (std::nothrow) thread(p, id));
    if (!t)
        return nullptr;
    t->space = p.space;
    t->frame = static_cast<arch::user_frame*>(p.space->take_frame(t->frame_slot));
    if (!t->frame)
        return nullptr;
    t->frame_user = arch::frame_address(t->frame_slot);
    *t->frame = {};
    lock_guard guard(p.lock);
    if (p.exiting || p.replacing) // its threads have been told to end; this one would not know
        return nullptr;
    __builtin_memcpy(t->name, p.name, sizeof t->name);
    p.threads.push_back(*t);
    p.live_threads++;
    return t.release();
}

thread::~thread() {
    delete next;
    if (!frame)
        return;
    space->return_frame(frame_slot);
}

void name_thread(thread& t, const char (&name)[16]) {
    process& p = t.parent();
    lock_guard guard(p.lock);
    __builtin_memcpy(t.name, name, sizeof name);
    if (t.id == p.id)
        __builtin_memcpy(p.name, name, sizeof name);
}

void thread::take_result() {
    long result;
    if (wait.begun()) {
        result = wait.finish();
    } else {
        result = call.take_result();
        call = {};
    }
    if (!signal_state.in_stop) { // that was no call's
        if (result == -EINTR)
            call_was_interrupted(*this);
        frame->x[arch::reg_a0] = uint64_t(result);
    }
    state.store(running, std::memory_order_relaxed);
}

} // namespace kernel
