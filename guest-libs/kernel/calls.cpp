// SPDX-License-Identifier: BSD-2-Clause

#include <ouros/calls.hpp>
#include <sys/auxv.h>

namespace ouros::kernel {

namespace {

int64_t call(long number, uint64_t first = 0, uint64_t second = 0, uint64_t third = 0,
             uint64_t fourth = 0) {
    register long a7 asm("a7") = number;
    register uint64_t a0 asm("a0") = first;
    register uint64_t a1 asm("a1") = second;
    register uint64_t a2 asm("a2") = third;
    register uint64_t a3 asm("a3") = fourth;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3) : "memory");
    return static_cast<int64_t>(a0);
}

uint64_t address(const void* pointer) {
    return reinterpret_cast<uint64_t>(pointer);
}

} // namespace

int64_t ring_setup(uint32_t sq_entries, uint32_t cq_entries, ouros_ring* out) {
    return call(OUROS_SYS_ring_setup, sq_entries, cq_entries, address(out), sizeof *out);
}

int64_t ring_close() {
    return call(OUROS_SYS_ring_close);
}

int64_t wait(uint64_t timeout_ns) {
    return call(OUROS_SYS_wait, timeout_ns, 0);
}

int64_t uintr_setup() {
    return call(OUROS_SYS_uintr_setup, 0);
}

int64_t uintr_create_fd(unsigned vector) {
    return call(OUROS_SYS_uintr_create_fd, vector, 0);
}

int64_t uintr_register_sender(int fd) {
    return call(OUROS_SYS_uintr_register_sender, static_cast<uint64_t>(fd), 0);
}

int64_t uintr_unregister_sender(uint64_t index) {
    return call(OUROS_SYS_uintr_unregister_sender, index);
}

int64_t uintr_send(uint64_t index) {
    return call(OUROS_SYS_uintr_send, index);
}

int64_t user_device(const char* name, ouros_user_device* out) {
    return call(OUROS_SYS_user_device, address(name), address(out), sizeof *out, 0);
}

int64_t user_exceptions(uint64_t mask) {
    return call(OUROS_SYS_user_exceptions, mask, 0);
}

int64_t fault_in(uint64_t address, uint64_t access) {
    return call(OUROS_SYS_fault_in, address, access);
}

int64_t priorities(ouros_priorities* out, uint64_t mode) {
    return call(OUROS_SYS_priorities, reinterpret_cast<uint64_t>(out), sizeof *out, mode);
}

int64_t worker_bind(uint64_t number, uint64_t entry, uint64_t self) {
    return call(OUROS_SYS_worker_bind, number, entry, self, 0);
}

int64_t statistics(ouros_statistics* out) {
    return call(OUROS_SYS_statistics, address(out), sizeof *out);
}

bool bind_scheduler(ouros_scheduler* scheduler) {
    return ouros_scheduler_bind(scheduler, reinterpret_cast<void*>(getauxval(AT_SYSINFO_EHDR)));
}

} // namespace ouros::kernel
