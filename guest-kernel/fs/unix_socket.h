// SPDX-License-Identifier: BSD-2-Clause
//
// Pairs of connected AF_UNIX sockets, with descriptors in their messages.
//
//   a end 0 ---- messages ----> received by end 1
//   a end 1 ---- messages ----> received by end 0
//
// A message in a queue holds references to the files that it carries, and a file may be a socket
// with a queue. So that no ring of queues can keep itself alive, which would need a garbage
// collector:
//
//   - a socket that has a socket in its queue can't be sent,
//   - nothing that carries a socket is received by a socket that is itself in a queue,
//   - a socket can't be sent to itself.
//
// A socket in a queue then has no socket in its own queue. Linux allows these and collects; here
// they are refused with -ETOOMANYREFS, as Linux does when they are too deep.
#pragma once

#include "fs/file.h"
#include "lib/list.h"

namespace kernel {

// The files of one message.
class file_bundle {
  public:
    static constexpr size_t most = 253; // SCM_MAX_FD

    file_bundle() = default;
    file_bundle(file_bundle&& other) noexcept { *this = std::move(other); }
    file_bundle& operator=(file_bundle&& other) noexcept {
        std::swap(files_, other.files_);
        std::swap(count_, other.count_);
        return *this;
    }
    ~file_bundle() { delete[] files_; }

    bool reserve(size_t count);
    bool copy_from(const file_bundle& other);
    size_t count() const { return count_; }
    ref<file>& operator[](size_t i) { return files_[i]; }
    const ref<file>& operator[](size_t i) const { return files_[i]; }

  private:
    ref<file>* files_ = nullptr;
    size_t count_ = 0;
};

enum class socket_type : uint8_t { stream = 1, datagram = 2, sequenced = 5 }; // SOCK_

enum message_flag : uint32_t { // MSG_
    message_peek = 2,
    message_control_truncated = 8,
    message_truncated = 0x20,
    message_dont_wait = 0x40,
    message_end_of_record = 0x80,
    message_wait_all = 0x100,
    message_no_signal = 0x4000,
    message_close_on_exec = 0x40000000,
};

struct received_message {
    file_bundle files;
    uint32_t flags = 0; // message_truncated, message_end_of_record
};

struct unix_pair;

class unix_socket final : public file {
  public:
    unix_socket(ref<unix_pair> pair, unsigned end, uint32_t flags);
    ~unix_socket() override;

    socket_type type() const;

    // Bytes, or -errno; must_wait as for read and write.
    long send(user_buffers& from, file_bundle& files, uint32_t flags);
    task<long> send_later(caller& who, user_buffers from, file_bundle files, uint32_t flags);
    long receive(user_buffers& to, received_message& out, uint32_t flags);
    task<long> receive_later(caller& who, user_buffers to, received_message& out, uint32_t flags);
    long shut_down(bool receiving, bool sending);

    long read(user_buffers& to, int64_t offset) override;
    task<long> read_later(caller& who, user_buffers to, int64_t offset) override;
    long write(user_buffers& from, int64_t offset) override;
    task<long> write_later(caller& who, user_buffers from, int64_t offset) override;
    long attributes(file_attributes& out) override;
    uint32_t poll() override;
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override;
    unix_socket* as_unix_socket() override { return this; }

  private:
    friend struct unix_pair;
    const ref<unix_pair> pair_;
    const unsigned end_;
};

// flags: O_NONBLOCK. 0 or -ENOMEM.
long make_unix_pair(socket_type type, uint32_t flags, ref<file>& first, ref<file>& second);

} // namespace kernel
