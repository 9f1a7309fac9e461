// SPDX-License-Identifier: BSD-2-Clause
#include "uintr/sender_table.h"

#include <cstring>
#include <ouros/uintr.h>

namespace kernel {

namespace {

spinlock tables_lock; // taken before a table's
list<sender_table> tables;

} // namespace

void forget_slot(unsigned slot) {
    lock_guard guard(tables_lock);
    for (sender_table& table : tables)
        table.forget(slot);
}

sender_table::sender_table() {
    lock_guard guard(tables_lock);
    tables.push_back(*this);
}

sender_table::~sender_table() {
    {
        lock_guard guard(tables_lock);
        list<sender_table>::remove(*this);
    }
    for (uint32_t i = 0; i < used_; i++)
        at(i)->target.reset();
    for (sender* block : blocks_)
        if (block)
            free_pages(block);
    for (volatile uint64_t* array : entries_)
        if (array)
            free_pages(const_cast<uint64_t*>(array));
}

sender_table::sender* sender_table::at(uint64_t index) {
    return index < used_ ? &blocks_[index / block_entries][index % block_entries] : nullptr;
}

void sender_table::write(uint32_t index, uint64_t entry) {
    for (unsigned size = 0; size < grown_; size++)
        if (index < page_entries << size)
            entries_[size][index] = entry;
}

long sender_table::grow() {
    if (grown_ == sizes)
        return -ENOSPC;
    size_t pages = size_t(1) << grown_;
    void* array = allocate_pages(grown_);
    if (!array)
        return -ENOMEM;
    memset(array, 0, pages * page_size);
    if (grown_)
        memcpy(array, const_cast<uint64_t*>(entries_[grown_ - 1]), capacity() * sizeof(uint64_t));
    entries_[grown_++] = static_cast<volatile uint64_t*>(array);
    suist_.store(OUROS_SUIST_ENABLE | pages << OUROS_SUIST_SIZE_SHIFT |
                     to_physical(array) >> page_shift,
                 std::memory_order_release);
    return 0;
}

long sender_table::add(const uintr_target& target) {
    lock_guard guard(lock_);
    uint32_t index;
    if (free_) {
        index = free_ - 1;
        free_ = at(index)->next_free;
    } else {
        if (used_ == capacity())
            if (long error = grow(); error < 0)
                return error;
        sender*& block = blocks_[used_ / block_entries];
        if (!block) {
            constexpr size_t size = block_entries * sizeof(sender);
            block = static_cast<sender*>(allocate_pages(order_for(size)));
            if (!block)
                return -ENOMEM;
            memset(static_cast<void*>(block), 0, size);
        }
        index = used_++;
    }
    sender& s = *at(index);
    s.target = target.receiver;
    s.vector = target.vector;
    lock_guard receiver_guard(s.target->lock);
    write(index, s.target->entry_for(s.vector));
    return long(index);
}

long sender_table::remove(uint64_t index) {
    ref<uintr_receiver> target; // its end, if it is that, is without the lock
    lock_guard guard(lock_);
    sender* s = at(index);
    if (!s || !s->target)
        return -EINVAL;
    write(uint32_t(index), 0);
    target = std::move(s->target);
    s->next_free = free_;
    free_ = uint32_t(index) + 1;
    guard.unlock();
    return 0;
}

long sender_table::send(uint64_t index) {
    lock_guard guard(lock_);
    sender* s = at(index);
    if (!s || !s->target)
        return -EINVAL;
    lock_guard receiver_guard(s->target->lock);
    write(uint32_t(index), s->target->entry_for(s->vector));
    return s->target->send(s->vector);
}

void sender_table::forget(unsigned slot) {
    lock_guard guard(lock_);
    if (!grown_)
        return;
    const volatile uint64_t* newest = entries_[grown_ - 1];
    for (uint32_t i = 0; i < used_; i++)
        if ((newest[i] & OUROS_UISTE_VALID) && newest[i] >> OUROS_UISTE_RECEIVER_SHIFT == slot)
            write(i, 0);
}

} // namespace kernel
