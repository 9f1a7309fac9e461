// SPDX-License-Identifier: BSD-2-Clause
//
// Runs in the user-interrupt handler: integer registers only, no allocation, no locks
// (tests/unit/handler-code.py looks at the object code).

#include <ouros/reactor.hpp>
#include <ouros/worker.hpp>

namespace ouros {

// One completion is one wake: an operation has one waiter, which looks at nothing else until then.
void worker::drain_completions() {
    counters_.completions += ring_.reap([this](uint64_t user_data, int32_t result, uint32_t flags) {
        auto* request = reinterpret_cast<operation*>(user_data);
        request->complete(result, flags);
        wake(request->waiter_);
    });
}

extern "C" void ouros_reactor_dispatch(uint64_t vectors) {
    constexpr uint64_t completion = uint64_t{1} << OUROS_VECTOR_COMPLETION;
    worker& here = *worker::here();
    here.count_interrupt();
    if (vectors & completion)
        here.drain_completions();
    if (vectors & ~completion) [[unlikely]]
        uintr::ouros_uintr_dispatch(vectors & ~completion);
}

#if defined(__riscv)
OUROS_UINTR_ENTRY(ouros_reactor_entry, ouros_reactor_dispatch);

void install_reactor() {
    uintr::set_entry(ouros_reactor_entry);
}
void remove_reactor() {
    uintr::set_entry(uintr::ouros_uintr_entry);
}
#else
void install_reactor() {}
void remove_reactor() {}
#endif

} // namespace ouros
