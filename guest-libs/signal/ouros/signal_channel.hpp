// SPDX-License-Identifier: BSD-2-Clause
//
// What one sender of signals and one receiver share. Each sender has a channel of its own, so a bad
// one hurts nobody else's signals.
//
//   sender                                receiver's handler
//     standard |= bit   ----------------->  bits = standard, standard = 0   (one step each)
//     entry[tail % 128]
//     tail + 1          --- release/acquire ->  entries from head to tail, copied
//                       <-- release/acquire --  head
//     uipi send         ----------------->  interrupt
//
//   field     written by   read by            meaning
//   tail      sender       receiver           entries queued since the beginning
//   standard  both (AMO)   both               bit n: signal n (1..31) was sent, not yet taken
//   head      receiver     sender             entries that have been copied: their room is free
//   closed    receiver     sender             1: nobody takes signals any more
//   entries   sender       receiver           signals 32..64 in the order they were sent
//
// No side relies on the other: the receiver copies an entry before it looks at it, drops what is no
// signal, and gives up a channel whose tail is further ahead than there is room; to the sender a
// head that makes no sense is a full queue.
#ifndef OUROS_SIGNAL_CHANNEL_HPP
#define OUROS_SIGNAL_CHANNEL_HPP

#include <cstddef>
#include <cstdint>

namespace ouros::signal {

struct channel_entry {
    uint64_t value;
    uint32_t signo;
    uint32_t reserved;
};

struct shared_channel {
    static constexpr uint32_t capacity = 128;

    alignas(64) uint32_t tail;
    uint32_t standard;
    alignas(64) uint32_t head;
    uint32_t closed;
    alignas(64) channel_entry entries[capacity];
};

static_assert(sizeof(channel_entry) == 16);
static_assert(offsetof(shared_channel, head) == 64);
static_assert(offsetof(shared_channel, entries) == 128);
static_assert(sizeof(shared_channel) <= 4096);

} // namespace ouros::signal

#endif // OUROS_SIGNAL_CHANNEL_HPP
