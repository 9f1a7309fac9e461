// SPDX-License-Identifier: BSD-2-Clause
//
// What the two sockets of a pair share: for each end the messages that it has not received yet. All
// functions are called with `lock` held, close() aside.
#pragma once

#include "fs/tmpfs_nodes.h"
#include "fs/unix_socket.h"

namespace kernel {

// The bytes follow it.
struct unix_message : list_node<unix_message> {
    size_t size;
    size_t taken = 0; // of a stream: received already
    file_bundle files;
    unsigned sockets = 0; // among the files

    static unix_message* make(size_t size); // nullptr: out of memory
    static void free(unix_message* message);
    uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
};

struct unix_pair : ref_counted {
    static constexpr size_t step = 8192;         // bytes of a stream that are moved at once
    static constexpr size_t capacity = 212992;   // of a queue, in bytes: as Linux
    static constexpr size_t largest = 131072;    // message that is not a stream's
    static constexpr size_t most_messages = 512; // in a queue: empty ones cost memory, too

    struct end_state {
        const uint64_t number = new_inode_number();
        list<unix_message> received;
        size_t bytes = 0, messages = 0;
        bool open = true;
        bool no_more_in = false, no_more_out = false; // shut down
        int error = 0;                                // told once
        wait_queue readable;                          // this end's
        wait_queue writable;                          // room in this end's queue: its peer waits
        // With the lock of unix_pair.cpp.
        unsigned in_flight = 0;      // how often this socket is in a queue
        unsigned sockets_queued = 0; // in its queue
    };

    explicit unix_pair(socket_type kind)
        : type(kind) {}

    size_t room(unsigned from) const;
    // One message, or for a stream as much as there is room for. `files` go with the first bytes.
    long send(unsigned from, user_buffers& data, file_bundle& files);
    long receive(unsigned end, user_buffers& to, received_message& out, uint32_t flags);
    void shut_down(unsigned end, bool receiving, bool sending);
    uint32_t poll(unsigned end);
    void close(unsigned end);

    const socket_type type;
    spinlock lock;
    end_state ends[2];

  private:
    bool at_end(const end_state& own, const end_state& peer) const;
    long send_one(end_state& to, user_buffers& data, size_t size, file_bundle& files);
    long take(unix_message& m, user_buffers& to, received_message& out, uint32_t flags);
    long check_flight(end_state& to, const file_bundle& files, unsigned& sockets);
    void take_files(end_state& own, unix_message& m, file_bundle& to);
    void remove(end_state& own, unix_message& m);
};

} // namespace kernel
