// SPDX-License-Identifier: BSD-2-Clause
//
// What each subject keeps from step to step, and its end. Each is defined in the subject's file.
#pragma once

#include "actor.hpp"

namespace torture {

struct memory_state { // memory.cpp
    // What must be in a page: zero for zeros.
    struct region {
        uint8_t* at = nullptr;
        std::vector<uint64_t> tags; // one for each page
        int protection = 0;
        bool shared = false;
    };
    static constexpr size_t most = 6;
    std::vector<region> regions;
};
std::unique_ptr<memory_state> make_memory_state();
void end_of(memory_state& s);
// Every page of every region, as far as it can be read.
bool intact(const memory_state& s);
void catch_memory_faults();

struct file_state { // files.cpp
    struct file {
        int fd = -1;
        unsigned name = 0; // in the directory; 0: it has none any more
        std::vector<uint8_t> bytes;
    };
    static constexpr size_t most = 4;
    std::string directory;
    std::vector<file> open;
    unsigned names = 0;
};
std::unique_ptr<file_state> make_file_state(const actor& a);
void end_of(file_state& s);

struct channel_state { // channels.cpp
    // Bytes in order: byte n is byte_at(n).
    struct stream {
        int in = -1, out = -1;
        uint64_t written = 0, taken = 0, tag = 0;
    };
    static constexpr size_t most = 4;
    std::vector<stream> streams; // pipes and stream sockets
    int event = -1;
    uint64_t event_count = 0;
};
std::unique_ptr<channel_state> make_channel_state();
void end_of(channel_state& s);

struct ring_state; // rings.cpp
std::shared_ptr<ring_state> make_ring_state();
void end_of(ring_state& s);
// The thread has a receiver, and its vectors come to `flag`; whether it has a ring.
bool has_ring(const ring_state& s);
void give_up_ring(actor& a);
uint64_t take_vectors(actor& a);
void take_user_interrupts();

void prepare_signals(); // signals.cpp

} // namespace torture
