// SPDX-License-Identifier: BSD-2-Clause
#include "uintr/user_device.h"

#include <cstring>
#include <ouros/kernel.h>

#include "arch/riscv64/hart.h"
#include "device-tree/machine.h"
#include "drivers/ns16550.h"
#include "drivers/plic.h"
#include "drivers/spare.h"
#include "process/thread.h"
#include "uintr/receiver.h"

namespace kernel {

// One per hart, as the PLIC has one user context per hart.
struct user_device {
    thread* owner = nullptr; // changed with `lock`
    unsigned hart = 0;
    unsigned spare = 0; // index in machine.spare
    hart_set harts_before = every_hart;
    ref<address_space> space; // where it is mapped: exec replaces the process's
    user_address registers = 0;
    user_address claim_page = 0;

    uint32_t source() const { return machine.spare[spare].interrupt; }
};

namespace {

user_device devices[arch::max_harts]; // by hart
spinlock lock;

// The supervisor interrupt of a device whose owner is blocked. It is withheld
// by now and stays pending until the owner runs.
void wake_owner() {
    lock_guard guard(lock);
    thread* owner = devices[arch::this_hart().index].owner;
    if (!owner)
        return;
    lock_guard receiver_guard(owner->receiver->lock);
    if (owner->receiver->waiting)
        owner->receiver->wake();
}

// The index in machine.spare, or -errno.
long find(const char* name) {
    if (!strcmp(name, machine.uart_name))
        return -EBUSY; // the kernel's log is there
    for (unsigned i = 0; i < machine.spare_count; i++)
        if (!strcmp(name, machine.spare[i].name))
            return long(i);
    return -ENOENT;
}

long read_name(user_address from, char (&name)[sizeof spare_device::name]) {
    for (size_t i = 0; i < sizeof name; i++) {
        if (long error = copy_from_user(current_space(), &name[i], from + i, 1); error < 0)
            return error;
        if (!name[i])
            return 0;
    }
    return -ENOENT; // longer than any
}

// A page is what can be given, and what else is in it would be given, too.
bool is_alone_in_its_pages(const memory_range& r) {
    auto page = [](physical_address a) { return a / page_size; };
    return r.start % page_size == 0 && page(r.start) != page(machine.uart.start);
}

size_t mapped_size(const memory_range& r) {
    return (r.size + page_size - 1) & ~(page_size - 1);
}

void unmap(user_device& d) {
    if (d.registers)
        d.space->unmap_fixed_pages(d.registers, mapped_size(machine.spare[d.spare].registers));
    if (d.claim_page)
        d.space->unmap_fixed_pages(d.claim_page, page_size);
    d.registers = d.claim_page = 0;
    d.space.reset();
}

long map(user_device& d) {
    constexpr uint8_t access = protection_read | protection_write;
    const memory_range& registers = machine.spare[d.spare].registers;
    long at = d.space->map_fixed_pages(registers.start, mapped_size(registers), access);
    if (at < 0)
        return at;
    d.registers = user_address(at);
    at = d.space->map_fixed_pages(plic_user_page(d.hart), page_size, access);
    if (at < 0)
        return at;
    d.claim_page = user_address(at);
    return 0;
}

} // namespace

void user_devices_start() {
    plic_on_watched(wake_owner);
}

long user_device_take(thread& t, user_address name_at, user_address out, uint64_t out_size) {
    unsigned hart = arch::this_hart().index;
    if (out_size < sizeof(ouros_user_device))
        return -EINVAL;
    char name[sizeof spare_device::name];
    if (long error = read_name(name_at, name); error < 0)
        return error;
    if (long error = zero_user(current_space(), out, sizeof(ouros_user_device)); error < 0)
        return error;
    long index = find(name);
    if (index < 0)
        return index;
    const spare_device& spare = machine.spare[index];
    if (!plic_has_user_context(hart) || !is_alone_in_its_pages(spare.registers))
        return -ENODEV;
    if (long error = uintr_setup(t); error < 0)
        return error;
    user_device& d = devices[hart];
    if (t.device || d.owner || !spare_take(unsigned(index)))
        return -EBUSY;

    d.hart = hart;
    d.spare = unsigned(index);
    d.space = t.space;
    d.harts_before = t.harts();
    if (long error = map(d); error < 0) {
        unmap(d);
        spare_return(d.spare);
        return error;
    }
    ns16550(spare.registers.start).quiesce();
    plic_settle(hart, d.source());
    {
        lock_guard guard(lock);
        d.owner = &t;
        t.device = &d;
    }
    set_harts(t, hart_set(1u << hart));
    plic_lend(hart, d.source());
    ouros_user_device answer{d.registers, spare.registers.size, d.claim_page + plic_claim_offset,
                             d.source(), uint32_t(hart)};
    long error = write_user(current_space(), out, answer);
    if (error < 0)
        user_device_release(t);
    return error;
}

void user_device_release(thread& t) {
    user_device& d = *t.device;
    unmap(d); // first: from here on the process can't stir it up again
    ns16550(machine.spare[d.spare].registers.start).quiesce();
    plic_settle(d.hart, d.source());
    t.allow_harts(d.harts_before);
    unsigned spare = d.spare;
    {
        lock_guard guard(lock);
        t.device = nullptr;
        d.owner = nullptr;
    }
    spare_return(spare);
}

void user_device_switch_in(thread& t) {
    user_device& d = *t.device;
    if (d.hart == arch::this_hart().index)
        plic_lend(d.hart, d.source());
}

void user_device_switch_out(thread& t) {
    user_device& d = *t.device;
    if (d.hart != arch::this_hart().index)
        return;
    bool waiting;
    {
        lock_guard guard(t.receiver->lock);
        waiting = t.receiver->waiting;
    }
    if (waiting)
        plic_watch(d.hart, d.source());
    else
        plic_withhold(d.hart, d.source());
}

} // namespace kernel
