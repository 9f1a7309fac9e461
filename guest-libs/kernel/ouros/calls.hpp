// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel's own calls (ouros/kernel.h) as functions: a value or -errno, errno untouched. Unit
// tests on the build machine link other definitions of them.
#ifndef OUROS_CALLS_HPP
#define OUROS_CALLS_HPP

#include <cstdint>
#include <ouros/image.h>
#include <ouros/kernel.h>

namespace ouros::kernel {

inline constexpr uint64_t forever = UINT64_MAX;

int64_t ring_setup(uint32_t sq_entries, uint32_t cq_entries, ouros_ring* out);
int64_t ring_close();
// With user interrupts off (ustatus.UIE clear); they are on when it returns.
int64_t wait(uint64_t timeout_ns);
int64_t uintr_setup();
int64_t uintr_create_fd(unsigned vector);
int64_t uintr_register_sender(int fd);
int64_t uintr_unregister_sender(uint64_t index);
int64_t uintr_send(uint64_t index);
int64_t user_device(const char* name, ouros_user_device* out);
// Which exceptions of this thread go to its utvec; the mask before. access: PROT_READ, ...
int64_t user_exceptions(uint64_t mask);
int64_t fault_in(uint64_t address, uint64_t access);
int64_t worker_bind(uint64_t number, uint64_t entry, uint64_t self);
// Gives this thread a word for its priority, or changes the mode.
int64_t priorities(ouros_priorities* out, uint64_t mode);
int64_t statistics(ouros_statistics* out);

// Finds the scheduler image that the kernel has mapped. False: this is not Ouros, or its image has
// another version.
bool bind_scheduler(ouros_scheduler* scheduler);

} // namespace ouros::kernel

#endif // OUROS_CALLS_HPP
