// SPDX-License-Identifier: BSD-2-Clause
#include "fs/console.h"

#include <asm/poll.h>
#include <linux/fcntl.h>
#include <new>

#include "drivers/asyscall.h"
#include "drivers/uart.h"
#include "tty/tty.h"

namespace kernel {

namespace {

asyscall_device* streams() {
    auto* device = asyscall_device::get();
    return device && device->has(ASYSCALL_F_CONSOLE) ? device : nullptr;
}

// Input. With the device: at most one request is out, and only when somebody wants input, so
// that a program that never reads takes nothing away from whoever reads the stream afterwards.
// What came is kept here until it is read: a reader may be interrupted or have a small buffer.
// For the same reason the device never serves reads of standard input from a ring by itself.
class console_input : asyscall_request {
  public:
    long read(user_buffers& to) {
        lock_guard guard(lock_);
        return read_locked(to);
    }

    task<long> read_later(caller& who, user_buffers to) {
        lock_guard guard(lock_);
        for (;;) {
            long done = read_locked(to);
            if (done != must_wait)
                co_return done;
            want_locked();
            if (long error = co_await readable_.wait(guard, who); error < 0)
                co_return error;
        }
    }

    bool poll() {
        lock_guard guard(lock_);
        refill_from_uart();
        if (start_ < end_ || result_ <= 0)
            return true;
        want_locked();
        return false;
    }

    wait_queue& queue() { return readable_; }

  private:
    long read_locked(user_buffers& to) {
        if (to.empty())
            return 0;
        refill_from_uart();
        if (start_ == end_) {
            if (result_ > 0)
                return must_wait;
            long result = result_; // the end of the input, or an error: told once, then
            result_ = 1;           // the host is asked again, as a terminal goes on after ^D
            return result;
        }
        long done = to.put(buffer_ + start_, end_ - start_);
        if (done > 0)
            start_ += static_cast<size_t>(done);
        return done;
    }

    void want_locked() {
        auto* device = streams();
        if (!device || requested_)
            return;
        requested_ = true;
        entry = {};
        entry.opcode = IORING_OP_READ;
        entry.fd = ASYSCALL_HANDLE_STDIN;
        entry.off = ~0ull;
        entry.addr = to_physical(buffer_);
        entry.len = sizeof buffer_;
        finished = [](asyscall_request& request) {
            static_cast<console_input&>(request).arrived();
        };
        device->submit(*this);
    }

    void arrived() {
        lock_guard guard(lock_);
        requested_ = false;
        start_ = 0;
        end_ = result > 0 ? static_cast<size_t>(result) : 0;
        result_ = result > 0 ? 1 : result;
        readable_.wake_all();
    }

    void refill_from_uart() {
        if (streams() || start_ < end_)
            return;
        start_ = end_ = 0;
        for (int byte; end_ < sizeof buffer_ && (byte = uart_read()) >= 0;)
            buffer_[end_++] = static_cast<uint8_t>(byte == '\r' ? '\n' : byte);
    }

    spinlock lock_;
    wait_queue readable_;
    bool requested_ = false;
    long result_ = 1; // of the last request: 0 and errors stay until they are told
    size_t start_ = 0;
    size_t end_ = 0;
    uint8_t buffer_[page_size];
};

console_input input;

// Output through the device goes in pieces of at most a page.
struct output_request : asyscall_request {
    uint8_t bytes[];

    static output_request* make(size_t size) {
        void* memory = ::operator new(sizeof(output_request) + size, std::nothrow);
        return memory ? new (memory) output_request : nullptr;
    }
    void fill_entry(uint64_t handle, size_t offset, size_t size) {
        entry = {};
        entry.opcode = IORING_OP_WRITE;
        entry.fd = static_cast<int32_t>(handle);
        entry.off = ~0ull;
        entry.addr = to_physical(bytes + offset);
        entry.len = static_cast<uint32_t>(size);
    }
};

std::atomic<unsigned> messages_out{0};

class console_file final : public file {
  public:
    console_file(console_stream stream, uint32_t flags)
        : file(flags)
        , stream_(stream) {}

    long read(user_buffers& to, int64_t offset) override {
        if (offset != at_position)
            return -ESPIPE;
        long done = input.read(to);
        if (done == must_wait && nonblocking()) {
            input.poll(); // asks for more, so that trying again is worth while
            return -EAGAIN;
        }
        return done;
    }
    task<long> read_later(caller& who, user_buffers to, int64_t) override {
        ref<console_file> self(this);
        co_return co_await input.read_later(who, std::move(to));
    }

    long write(user_buffers& from, int64_t offset) override {
        if (offset != at_position)
            return -ESPIPE;
        if (from.empty())
            return 0;
        if (streams())
            return must_wait;
        return from.each(from.remaining(), protection_read, [](uint8_t* memory, size_t size) {
            uart_write(reinterpret_cast<const char*>(memory), size);
            return static_cast<long>(size);
        });
    }
    task<long> write_later(caller&, user_buffers from, int64_t) override {
        ref<console_file> self(this);
        size_t room = from.remaining() < page_size ? from.remaining() : page_size;
        auto* buffer = static_cast<uint8_t*>(heap_allocate(room));
        if (!buffer)
            co_return -ENOMEM;
        size_t done = 0;
        long error = 0;
        while (!from.empty()) {
            long size = from.take(buffer, room);
            if (size < 0) {
                error = size;
                break;
            }
            io_uring_sqe entry{};
            entry.opcode = IORING_OP_WRITE;
            entry.fd = static_cast<int32_t>(handle());
            entry.off = ~0ull;
            entry.addr = to_physical(buffer);
            entry.len = static_cast<uint32_t>(size);
            long put = co_await streams()->call(entry);
            if (put < 0) {
                error = put;
                break;
            }
            done += static_cast<size_t>(put);
            if (put < size)
                break;
        }
        heap_free(buffer);
        co_return done > 0 ? static_cast<long>(done) : error;
    }

    long attributes(file_attributes& out) override {
        out.inode = 2;
        out.mode = mode_character | 0620;
        out.links = 1;
        out.device_id = 5u << 8 | 1; // /dev/console
        return 0;
    }

    uint32_t poll() override {
        uint32_t events = POLLOUT | POLLWRNORM;
        if (readable() && input.poll())
            events |= POLLIN | POLLRDNORM;
        return events;
    }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override {
        readable = &input.queue();
        writable = nullptr;
    }

    device_access device() const override {
        if (!streams() || !writable())
            return {ASYSCALL_NO_HANDLE, 0};
        return {handle(), ASYSCALL_RIGHT_WRITE};
    }

  private:
    uint64_t handle() const {
        return stream_ == console_stream::error ? ASYSCALL_HANDLE_STDERR : ASYSCALL_HANDLE_STDOUT;
    }

    const console_stream stream_;
};

} // namespace

ref<file> open_console(console_stream stream, uint32_t flags) {
    return ref<file>::adopt(new (std::nothrow) console_file(stream, flags));
}

ref<file> open_console_device(uint32_t flags) {
    return ref<file>::adopt(new (std::nothrow) console_file(console_stream::output, flags));
}

void console_message(const char* text, size_t size) {
    if (console_terminal_message(text, size))
        return;
    auto* device = streams();
    if (!device) {
        uart_write(text, size);
        return;
    }
    output_request* request = output_request::make(size);
    if (!request)
        return;
    __builtin_memcpy(request->bytes, text, size);
    request->fill_entry(ASYSCALL_HANDLE_STDERR, 0, size);
    request->finished = [](asyscall_request& done) {
        ::operator delete(static_cast<output_request*>(&done));
        messages_out.fetch_sub(1, std::memory_order_release);
    };
    messages_out.fetch_add(1, std::memory_order_relaxed);
    device->submit(*request);
}

bool console_messages_done() {
    return messages_out.load(std::memory_order_acquire) == 0 && console_terminal_quiet();
}

} // namespace kernel
