// SPDX-License-Identifier: BSD-2-Clause

#include "fake-kernel.hpp"

#include <cstdio>
#include <ouros/calls.hpp>
#include <ouros/token.hpp>
#include <ouros/uintr.hpp>

fake_kernel& fake_kernel::instance() {
    static fake_kernel kernel;
    return kernel;
}

namespace ouros {

namespace kernel {

int64_t ring_setup(uint32_t sq_entries, uint32_t cq_entries, ouros_ring* out) {
    auto& self = fake_kernel::instance();
    if (self.setup_error)
        return self.setup_error;
    self.device.emplace(sq_entries, cq_entries);
    self.device->serve = [&self](const io_uring_sqe& entry) {
        if (!self.hold(entry))
            return self.serve(entry);
        self.held.push_back(entry);
        return fake_device::later;
    };
    *out = self.device->describe();
    return 0;
}

int64_t ring_close() {
    fake_kernel::instance().held.clear();
    return 0;
}

int64_t wait(uint64_t) {
    auto& self = fake_kernel::instance();
    self.waits++;
    if (self.device->flush() + self.device->accept() == 0) {
        if (self.held.empty()) {
            std::fputs("nothing left to run, nothing in flight: a wake was lost\n", stderr);
            std::abort();
        }
        for (; !self.held.empty(); self.held.pop_back())
            self.device->complete(self.held.back().user_data, self.serve(self.held.back()));
    }
    return 0;
}

int64_t hand_over(uint64_t token, long number, const uint64_t (&)[6]) {
    return fake_kernel::instance().take_call(token, number);
}
int64_t worker_bind(uint64_t, uint64_t, uint64_t) {
    return 0;
}
int64_t uintr_send(uint64_t) {
    return 0;
}
int64_t priorities(ouros_priorities* out, uint64_t mode) {
    if (mode == OUROS_PRIORITIES_NONE)
        return 0;
    auto& self = fake_kernel::instance();
    self.published = {OUROS_PRIORITY_IDLE, 32};
    *out = {reinterpret_cast<uint64_t>(&self.published),
            reinterpret_cast<uint64_t>(&self.system_priority), 32, static_cast<uint32_t>(mode)};
    return 0;
}

bool bind_scheduler(ouros_scheduler* scheduler) {
    *scheduler = {
        ouros_sched_init,           ouros_sched_task_init,    ouros_sched_wake,
        ouros_sched_yield,          ouros_sched_suspend,      ouros_sched_exit,
        ouros_sched_reschedule,     ouros_sched_set_priority, ouros_sched_remove,
        ouros_sched_drain,          ouros_sched_post,         ouros_sched_yield_strict,
        ouros_sched_suspend_strict, ouros_sched_exit_strict,  ouros_sched_reschedule_strict,
        ouros_sched_wake_next,      ouros_sched_give_turn};
    return true;
}

} // namespace kernel

uint64_t uintr::send(uint64_t) {
    return OUROS_UIPI_SENT;
}

extern "C" void uintr::ouros_uintr_dispatch(uint64_t) {}

} // namespace ouros
