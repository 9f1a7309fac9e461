// SPDX-License-Identifier: BSD-2-Clause
#include "schedule/priorities.h"

#include <cstring>
#include <ouros/kernel.h>
#include <ouros/sched.h>

#include "memory/user_memory.h"
#include "process/thread.h"

namespace kernel {

namespace {

// The page that every process may map, read-only.
void* system_page;

static_assert(sizeof(ouros_published) <= published_page::slot_size);

// Pages of the process's for the words, and the common one, in its address space.
long make_page(process& p) {
    auto* made = new (std::nothrow) published_page;
    if (!made)
        return -ENOMEM;
    address_space& space = *p.space;
    long error = -ENOMEM;
    if ((made->page = allocate_page())) {
        memset(made->page, 0, page_size);
        error = space.map_fixed_pages(to_physical(made->page), page_size,
                                      protection_read | protection_write);
        made->address = uint64_t(error);
    }
    if (error >= 0) {
        error = space.map_fixed_pages(to_physical(system_page), page_size, protection_read);
        made->system_address = uint64_t(error);
        if (error < 0)
            space.unmap_fixed_pages(made->address, page_size);
    }
    if (error >= 0) {
        lock_guard guard(p.lock);
        if (!p.published) {
            p.published = made;
            return 0;
        }
        guard.unlock(); // another thread was faster
        space.unmap_fixed_pages(made->address, page_size);
        space.unmap_fixed_pages(made->system_address, page_size);
    }
    delete made;
    return error < 0 ? error : 0;
}

long take_slot(thread& t) {
    process& p = t.parent();
    lock_guard guard(p.lock);
    published_page& page = *p.published;
    if (page.used == ~0ull)
        return -ENOSPC;
    t.priorities.slot = unsigned(__builtin_ctzll(~page.used));
    page.used |= 1ull << t.priorities.slot;
    auto* word = reinterpret_cast<ouros_published*>(static_cast<uint8_t*>(page.page) +
                                                    t.priorities.slot * published_page::slot_size);
    word->ready = OUROS_PRIORITY_IDLE;
    word->ceiling = t.priorities.base;
    t.priorities.published = word;
    return 0;
}

void set_strict(thread& t, bool strict) {
    if (t.priorities.strict == strict)
        return;
    t.priorities.strict = strict;
    strict_threads.fetch_add(strict ? 1 : -1u, std::memory_order_seq_cst);
}

} // namespace

std::atomic<uint32_t> strict_threads{0};
volatile uint32_t* system_priority;

unsigned thread_priorities::current() const {
    unsigned priority = base.load(std::memory_order_relaxed);
    if (published) {
        // Each is read once; the process may write anything at any time.
        uint32_t word = published->ready;
        if (word > lowest_priority)
            word = published->ceiling;
        // Who has made itself nice can't publish itself out of it.
        unsigned limit = priority > ordinary ? priority : 0;
        priority = word > lowest_priority ? lowest_priority : word;
        priority = priority < limit ? limit : priority;
    }
    unsigned waiting = inherited.load(std::memory_order_relaxed);
    return priority < waiting ? priority : waiting;
}

void thread_priorities::inherit(const thread_priorities& other) {
    base = other.base.load();
    policy = other.policy.load();
    real_time = other.real_time.load();
    nice = other.nice.load();
}

void thread_priorities::set(unsigned new_policy, unsigned new_real_time, int new_nice) {
    constexpr unsigned real_time_levels = 24, linux_levels = 99, above_ordinary = 8;
    unsigned now;
    if (new_real_time)
        now = (linux_levels - new_real_time) * real_time_levels / linux_levels;
    else if (new_policy == policy_idle)
        now = lowest_priority;
    else if (new_nice < 0) // 20 levels in the 8 that are between
        now = ordinary - unsigned(-new_nice * int(above_ordinary) + 19) / 20;
    else
        now = ordinary + unsigned(new_nice);
    policy = uint8_t(new_policy);
    real_time = uint8_t(new_real_time);
    nice = int8_t(new_nice);
    base = uint8_t(now);
}

published_page::~published_page() {
    if (page)
        free_pages(page);
}

bool priorities_start() {
    system_page = allocate_page();
    if (!system_page)
        return false;
    memset(system_page, 0, page_size);
    system_priority = static_cast<volatile uint32_t*>(system_page);
    *system_priority = OUROS_PRIORITY_IDLE;
    return true;
}

long priorities(thread& t, uint64_t out, uint64_t size, uint64_t mode) {
    process& p = t.parent();
    if (mode == OUROS_PRIORITIES_NONE) {
        forget_published(t);
        return 0;
    }
    if (size < sizeof(ouros_priorities) || mode > OUROS_PRIORITIES_STRICT)
        return -EINVAL;
    if (!p.has_own_space) // it would be mapped where the lender does not expect it
        return -EINVAL;
    if (long error = zero_user(*p.space, out, sizeof(ouros_priorities)); error < 0)
        return error;
    if (!p.published)
        if (long error = make_page(p); error < 0)
            return error;
    if (!t.priorities.published)
        if (long error = take_slot(t); error < 0)
            return error;
    set_strict(t, mode == OUROS_PRIORITIES_STRICT);
    ouros_priorities answer{
        p.published->address + t.priorities.slot * published_page::slot_size,
        p.published->system_address,
        t.priorities.base,
        uint32_t(mode),
    };
    return write_user(*p.space, out, answer);
}

void forget_published(thread& t) {
    set_strict(t, false);
    if (!t.priorities.published)
        return;
    t.priorities.published = nullptr;
    process& p = t.parent();
    lock_guard guard(p.lock);
    p.published->used &= ~(1ull << t.priorities.slot);
}

void move_published(thread& from, thread& to) {
    to.priorities.published = from.priorities.published;
    to.priorities.slot = from.priorities.slot;
    to.priorities.strict = from.priorities.strict;
    to.priorities.inherit(from.priorities);
    from.priorities.published = nullptr;
    from.priorities.strict = false;
}

} // namespace kernel
