// SPDX-License-Identifier: BSD-2-Clause
//
// Sockets of AF_INET and AF_INET6: sockets of the host, behind handles of the asyscall device. What
// a program asks for in its ring (SEND, RECV, ...) the device serves without the kernel; here is
// what comes by ecall, and poll.
//
// Towards the kernel the device never waits: it says -EAGAIN, and the kernel waits, so that a
// signal ends the wait. The device's POLL_ADD wakes it:
//
//   poll():  ask the device what holds (a register); have it tell of what does not (POLL_ADD)
//   wait:    on the queue; poll() again when woken
#pragma once

#include <linux/in6.h>

#include "drivers/asyscall.h"
#include "fs/file.h"

namespace kernel {

struct socket_address { // struct sockaddr_storage
    uint16_t family;
    uint8_t data[126];
};

// What outlives the file: the device may still tell of the socket when that is gone.
class inet_core final : public ref_counted {
  public:
    inet_core() = default;
    void opened(uint64_t handle) { handle_ = handle; }
    uint64_t handle() const { return handle_; }
    // The file is gone: the device is to close the socket, which ends what it was to tell of.
    static void close(ref<inet_core> core);

    uint32_t poll();
    wait_queue readable, writable;

  private:
    struct watch : asyscall_request {
        inet_core* core = nullptr; // held while armed
        std::atomic<uint32_t> armed = 0;
    };
    void arm(watch& which, uint32_t events);

    uint64_t handle_ = ASYSCALL_NO_HANDLE;
    watch input_, output_, close_;
};

class inet_socket final : public file {
  public:
    inet_socket(ref<inet_core> core, bool is_stream, uint32_t flags);
    ~inet_socket() override;

    // 0 or -errno.
    static task<long> open(uint64_t family, uint64_t kind, uint64_t protocol, uint32_t flags,
                           ref<file>& made);
    task<long> accept(caller& who, uint32_t flags, ref<file>& made);
    task<long> connect(caller& who, const socket_address& to, uint32_t size);
    task<long> bind(const socket_address& to, uint32_t size);
    task<long> listen(uint64_t backlog);
    task<long> shut_down(uint64_t how);
    // The address's size.
    task<long> name(bool of_peer, socket_address& out);
    // Virtual for io_uring/, which there can be without sockets.
    virtual task<long> option(bool set, uint32_t level, uint32_t which, int32_t& value);

    // size 0: to whom it is connected.
    task<long> send(caller& who, user_buffers from, uint32_t flags, const socket_address& to,
                    uint32_t to_size);
    // `from` may be null; flags come back in `out_flags`.
    task<long> receive(caller& who, user_buffers to, uint32_t flags, socket_address* from,
                       uint32_t& from_size, uint32_t& out_flags);

    bool is_stream() const { return is_stream_; }

    long read(user_buffers&, int64_t offset) override { return plain(offset); }
    task<long> read_later(caller& who, user_buffers to, int64_t offset) override;
    long write(user_buffers&, int64_t offset) override { return plain(offset); }
    task<long> write_later(caller& who, user_buffers from, int64_t offset) override;
    long attributes(file_attributes& out) override;
    uint32_t poll() override { return core_->poll(); }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override;
    // One that does not block is the kernel's if the device does not know that: it would wait.
    device_access device() const override;
    bool tells_flags() const override;
    task<long> tell_flags() override;
    inet_socket* as_inet_socket() override { return this; }

  private:
    static long plain(int64_t offset) { return offset == at_position ? must_wait : -ESPIPE; }
    io_uring_sqe entry(uint8_t opcode) const;
    task<long> wait(caller& who, uint32_t events);

    const ref<inet_core> core_;
    const bool is_stream_;
    std::atomic<bool> device_does_not_wait_{false};
    const uint64_t number_;
};

} // namespace kernel
