// SPDX-License-Identifier: BSD-2-Clause
//
// The sender tables of processes: made by the first registration, loaded into the harts that run
// the process.
#include <new>

#include "arch/riscv64/hart.h"
#include "arch/riscv64/interrupts.h"
#include "arch/riscv64/user_interrupts.h"
#include "lib/error.h"
#include "process/thread.h"
#include "uintr/receiver.h"
#include "uintr/sender_table.h"

namespace kernel {

namespace {

// null: out of memory.
sender_table* table_of(process& p) {
    lock_guard guard(p.lock);
    if (!p.senders)
        p.senders = new (std::nothrow) sender_table;
    return p.senders;
}

// Other harts that run the process have the table's former place, or none: they load it when they
// come back from the kernel.
void tell_other_harts(process& p) {
    for (unsigned i = 0; i < arch::hart_count(); i++)
        if (arch::hart& other = arch::hart_at(i);
            &other != &arch::this_hart() && other.current_process == &p)
            arch::interrupts::send(i);
}

} // namespace

void load_senders(process& p) {
    if (sender_table* table = p.senders)
        arch::set_senders(table->suist());
}

long uintr_register_sender(thread& t, const uintr_target& target) {
    if (!uintr_available())
        return -ENODEV;
    process& p = t.parent();
    sender_table* table = table_of(p);
    if (!table)
        return -ENOMEM;
    uint64_t before = table->suist();
    long index = table->add(target);
    if (table->suist() != before) {
        load_senders(p);
        tell_other_harts(p);
    }
    return index;
}

long uintr_unregister_sender(process& p, uint64_t index) {
    sender_table* table = p.senders;
    return table ? table->remove(index) : -EINVAL;
}

long uintr_send(process& p, uint64_t index) {
    sender_table* table = p.senders;
    if (!table)
        return -EINVAL;
    load_senders(p); // another thread may have made or moved the table
    return table->send(index);
}

void release_senders(process& p) {
    delete p.senders.exchange(nullptr);
}

} // namespace kernel
