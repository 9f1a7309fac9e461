// SPDX-License-Identifier: BSD-2-Clause
//
// What a client and a server share: slots that hold a request and then its reply, and two rings of
// slot numbers.
//
//   client                                     server
//     slot k: request's bytes
//     request[tail % slots] = k, length
//     request_tail + 1  --- release/acquire -->  takes the entries, serves in any order
//     server_sleeps? uipi ------------------->   interrupt
//                                                slot k: reply's bytes
//                                                reply[tail % slots] = k, length or -errno
//     takes the entries <-- release/acquire ---  reply_tail + 1
//     interrupt         <--------------------- client_sleeps? uipi
//
// A slot has one owner: the client's while it is free and after the reply, the server's in between.
// There are as many ring entries as slots, so neither ring can be full.
//
//   field          written by   read by   meaning
//   request_tail   client       server    requests since the beginning
//   client_sleeps  client       server    1: interrupt me when there is a reply
//   reply_tail     server       client    replies since the beginning
//   server_sleeps  server       client    1: interrupt me when there is a request
//   closed         server       client    1: nobody serves any more
//   slots, size    server       client    once, before the invitation
//   request[]      client       server    entries, 8 bytes, each read in one load
//   reply[]        server       client
//
// Who is about to block stores 1 into its `sleeps`, then (full fence) looks at the ring a last
// time; who has stored a tail looks (full fence) at the other's `sleeps`. One of the two sees the
// other, so no notification is lost; while a side polls, none is made.
//
// No side relies on the other. An entry is copied before it is looked at. A tail too far ahead, a
// slot that is not the other's to give or a length beyond the slot breaks the channel, for both.
// The bytes in a slot can change while they are read: copy what is checked.
#ifndef OUROS_IPC_CHANNEL_HPP
#define OUROS_IPC_CHANNEL_HPP

#include <cstddef>
#include <cstdint>

namespace ouros::ipc {

struct shared_channel {
    alignas(64) uint32_t request_tail;
    uint32_t client_sleeps;
    alignas(64) uint32_t reply_tail;
    uint32_t server_sleeps;
    uint32_t closed;
    alignas(64) uint32_t slots;
    uint32_t slot_size;
};

static_assert(offsetof(shared_channel, reply_tail) == 64);
static_assert(offsetof(shared_channel, slots) == 128);
static_assert(sizeof(shared_channel) == 192);

// An entry: the slot's number, and above it a length, or in a reply -errno.
constexpr uint64_t make_entry(uint32_t slot, int64_t length) {
    return slot | static_cast<uint64_t>(length) << 32;
}
constexpr uint32_t entry_slot(uint64_t entry) {
    return static_cast<uint32_t>(entry);
}
constexpr int32_t entry_length(uint64_t entry) {
    return static_cast<int32_t>(entry >> 32);
}

// Where things are in the memory.
struct layout {
    uint32_t slots;     // a power of two, up to 1024
    uint32_t slot_size; // a multiple of 64, up to 1 MiB

    static constexpr uint32_t most_slots = 1024;
    static constexpr uint32_t largest_slot = 1u << 20;

    constexpr bool valid() const {
        return slots && slots <= most_slots && !(slots & (slots - 1)) && slot_size &&
               slot_size <= largest_slot && slot_size % 64 == 0;
    }
    constexpr size_t requests() const { return sizeof(shared_channel); }
    constexpr size_t replies() const { return requests() + slots * sizeof(uint64_t); }
    constexpr size_t data() const { return (replies() + slots * sizeof(uint64_t) + 63) / 64 * 64; }
    constexpr size_t size() const { return data() + size_t{slots} * slot_size; }
};

} // namespace ouros::ipc

#endif // OUROS_IPC_CHANNEL_HPP
