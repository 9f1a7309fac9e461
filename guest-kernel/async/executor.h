// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel executor: coroutines of the kernel that can go on. They run when a hart enters the
// scheduler (a thread blocked, the tick, idle), never in the middle of a user thread's time slice.
#pragma once

#include <coroutine>

#include "lib/list.h"

namespace kernel {

// What a suspended coroutine is queued by; part of the awaiter, so waking can't fail.
struct work_item : list_node<work_item> {
    std::coroutine_handle<> coroutine;
};

namespace executor {

// From any hart. Afterwards the item must not be touched: it may be running already.
void make_ready(work_item& item);

// Runs what is ready, up to a bound so that user threads get their turn. True: more is left.
bool run_ready();

bool has_ready();

} // namespace executor

// co_await yield(): lets other kernel work and user threads run.
struct [[nodiscard]] yield : work_item {
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) noexcept {
        coroutine = self;
        executor::make_ready(*this);
    }
    void await_resume() noexcept {}
};

} // namespace kernel
