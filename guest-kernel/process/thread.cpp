// SPDX-License-Identifier: BSD-2-Clause
#include "process/thread.h"

#include "arch/riscv64/page_table.h"

namespace kernel {

namespace {

constexpr unsigned frame_slots = sizeof(process::frames_used) * 8;
constexpr unsigned default_priority = 32;

// -1: all in use. With the process's lock.
int take_slot(process& p) {
    for (unsigned word = 0; word < frame_slots / 64; word++)
        if (p.frames_used[word] != ~0ull) {
            unsigned bit = unsigned(__builtin_ctzll(~p.frames_used[word]));
            p.frames_used[word] |= 1ull << bit;
            return int(word * 64 + bit);
        }
    return -1;
}

void return_slot(process& p, unsigned slot) {
    p.frames_used[slot / 64] &= ~(1ull << slot % 64);
}

} // namespace

thread::thread(process& owner_process, int thread_id)
    : schedulable(kind_of::thread, default_priority)
    , id(thread_id)
    , process_(&owner_process) {
    owner = &owner_process;
}

thread* thread::create(process& p, int id) {
    auto t = ref<thread>::adopt(new (std::nothrow) thread(p, id));
    if (!t)
        return nullptr;
    int slot;
    {
        lock_guard guard(p.lock);
        slot = take_slot(p);
    }
    if (slot < 0)
        return nullptr;
    t->frame_slot = unsigned(slot);
    t->frame_user = arch::frame_address(unsigned(slot));
    auto* frame = static_cast<arch::user_frame*>(p.space->frame_page(unsigned(slot)));
    if (!frame) {
        lock_guard guard(p.lock);
        return_slot(p, unsigned(slot));
        return nullptr;
    }
    *frame = {};
    t->frame = frame;
    lock_guard guard(p.lock);
    p.threads.push_back(*t);
    p.live_threads++;
    return t.release();
}

thread::~thread() {
    if (!frame)
        return;
    process& p = *process_;
    lock_guard guard(p.lock);
    p.counters.add(counters);
    p.syscalls += frame->syscalls;
    return_slot(p, frame_slot);
}

void thread::collect_result() {
    if (state.load(std::memory_order_acquire) != completed)
        return;
    frame->x[arch::reg_a0] = uint64_t(call.take_result());
    call = {};
    state.store(running, std::memory_order_relaxed);
}

} // namespace kernel
