// SPDX-License-Identifier: BSD-2-Clause
#include "fs/serial_file.h"

#include <asm/ioctls.h>
#include <asm/poll.h>
#include <new>

#include "drivers/serial_port.h"

namespace kernel {

namespace {

// Of TIOCMGET and TIOCMSET (include/uapi/asm-generic/termios.h).
constexpr int32_t modem_loop = 0x8000;

class serial_file final : public file {
  public:
    serial_file(uint32_t flags, const file_attributes& attributes)
        : file(flags)
        , attributes_(attributes) {}
    ~serial_file() override { serial_port::close(); }

    long read(user_buffers& to, int64_t) override {
        lock_guard guard(serial_port::lock);
        long done = serial_port::read(to);
        return done == must_wait && nonblocking() ? -EAGAIN : done;
    }

    task<long> read_later(caller& who, user_buffers to, int64_t) override {
        ref<serial_file> self(this);
        lock_guard guard(serial_port::lock);
        for (;;) {
            long done = serial_port::read(to);
            if (done != must_wait)
                co_return done;
            if (long error = co_await serial_port::readable.wait(guard, who); error < 0)
                co_return error;
        }
    }

    long write(user_buffers& from, int64_t) override {
        lock_guard guard(serial_port::lock);
        // More than there is room for has to wait in the middle: all of it is the task's.
        if (!nonblocking() && from.remaining() > serial_port::room())
            return must_wait;
        long total = 0;
        while (!from.empty()) {
            long done = serial_port::write(from);
            if (done <= 0)
                return total ? total : done == must_wait ? -EAGAIN : done;
            total += done;
        }
        return total;
    }

    task<long> write_later(caller& who, user_buffers from, int64_t) override {
        ref<serial_file> self(this);
        lock_guard guard(serial_port::lock);
        long total = 0;
        while (!from.empty()) {
            long done = serial_port::write(from);
            if (done == must_wait) {
                if (long error = co_await serial_port::writable.wait(guard, who); error < 0)
                    co_return total ? total : error;
            } else if (done <= 0) {
                co_return total ? total : done;
            } else {
                total += done;
            }
        }
        co_return total;
    }

    long attributes(file_attributes& out) override {
        out = attributes_;
        return 0;
    }

    long control(address_space& space, uint64_t request, uint64_t argument) override {
        int32_t modem = 0;
        switch (request) {
        case TIOCMGET: {
            lock_guard guard(serial_port::lock);
            modem = serial_port::loop() ? modem_loop : 0;
            break;
        }
        case TIOCMSET: {
            if (long error = read_user(space, modem, argument); error < 0)
                return error;
            lock_guard guard(serial_port::lock);
            serial_port::set_loop(modem & modem_loop);
            return 0;
        }
        default:
            return -ENOTTY;
        }
        return write_user(space, argument, modem);
    }

    uint32_t poll() override {
        lock_guard guard(serial_port::lock);
        return (serial_port::has_data() ? POLLIN | POLLRDNORM : 0) |
               (serial_port::room() ? POLLOUT | POLLWRNORM : 0);
    }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override {
        readable = &serial_port::readable;
        writable = &serial_port::writable;
    }

  private:
    const file_attributes attributes_;
};

} // namespace

long open_serial(uint32_t flags, const file_attributes& attributes, ref<file>& made) {
    if (long error = serial_port::open(); error < 0)
        return error;
    made = ref<file>::adopt(new (std::nothrow) serial_file(flags, attributes));
    if (made)
        return 0;
    serial_port::close();
    return -ENOMEM;
}

} // namespace kernel
