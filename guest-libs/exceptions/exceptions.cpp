// SPDX-License-Identifier: BSD-2-Clause
//
// Setting up a thread's handlers, outside of them.

#include "state.hpp"

#include <cerrno>
#include <ouros/calls.hpp>
#include <sys/mman.h>

extern "C" {
void ouros_exceptions_entry();
extern char __start_ouros_exceptions_text[], __stop_ouros_exceptions_text[];
constinit thread_local uint64_t ouros_exceptions_lowest = 0; // where a handler's stack may end
constinit thread_local uint64_t ouros_exceptions_guard = 0;
}

namespace ouros::exceptions {

constinit thread_local thread_state state = {};

namespace {

constexpr size_t page = 4096;
constexpr size_t stack_pages = 4;
constexpr size_t guard_pages = 1;
constexpr size_t mapped = (guard_pages + stack_pages) * page;
// For what the entry calls, and its own context.
constexpr size_t reserve = 1024;

// Of a thread that ends. libc's own last steps find the kernel's way again.
struct release {
    ~release() {
        kernel::user_exceptions(0);
        munmap(state.stack, mapped);
        state.stack = nullptr;
    }
};

bool bring_in(const char* from, const char* to, uint64_t access) {
    auto at = reinterpret_cast<uint64_t>(from) & ~(page - 1);
    for (; at < reinterpret_cast<uint64_t>(to); at += page)
        if (kernel::fault_in(at, access) < 0)
            return false;
    return true;
}

int64_t prepare() {
    if (state.stack)
        return 0;
    if (int64_t error = kernel::user_exceptions(0); error < 0)
        return error;
    void* area = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        return -ENOMEM;
    char* guard = static_cast<char*>(area);
    char* bottom = guard + guard_pages * page;
    char* top = guard + mapped;
    auto* thread_data = reinterpret_cast<const char*>(&state);
    if (mprotect(guard, guard_pages * page, PROT_NONE) != 0 || !bring_in(bottom, top, PROT_WRITE) ||
        !bring_in(thread_data, thread_data + sizeof state, PROT_WRITE) ||
        !bring_in(__start_ouros_exceptions_text, __stop_ouros_exceptions_text, PROT_EXEC)) {
        munmap(area, mapped);
        return -ENOMEM;
    }
    thread_local release at_end;
    (void)at_end;
    state.stack = guard;
    ouros_exceptions_lowest = reinterpret_cast<uint64_t>(bottom) + reserve;
    ouros_exceptions_guard = reinterpret_cast<uint64_t>(guard);
    return 0;
}

void use(fast_entry* entry, size_t room) {
    uintr::off_guard off;
    uint64_t scratch = reinterpret_cast<uint64_t>(state.stack) + mapped - room;
    asm volatile("csrw " OUROS_CSR_NAME(OUROS_CSR_USCRATCH) ", %0" ::"r"(scratch) : "memory");
    uintr::take_over(entry);
}

} // namespace

int64_t set_handler(cause of, handler* function, void* data) {
    if (int64_t error = prepare(); error < 0)
        return error;
    state.slots[static_cast<unsigned>(of)] = {function, data};
    use(ouros_exceptions_entry, sizeof(context));
    state.mask |= bit(of);
    return kernel::user_exceptions(state.mask) < 0 ? -EINVAL : 0;
}

void clear_handler(cause of) {
    state.mask &= ~bit(of);
    kernel::user_exceptions(state.mask);
    state.slots[static_cast<unsigned>(of)] = {};
}

int64_t set_fast_entry(fast_entry* entry, uint64_t mask) {
    if (int64_t error = prepare(); error < 0)
        return error;
    if (int64_t error = kernel::user_exceptions(0); error < 0)
        return error;
    use(entry, 0);
    state.mask = mask;
    int64_t result = kernel::user_exceptions(mask);
    return result < 0 ? result : 0;
}

} // namespace ouros::exceptions
