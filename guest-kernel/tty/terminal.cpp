// SPDX-License-Identifier: BSD-2-Clause
#include "tty/terminal.h"

#include <asm/poll.h>
#include <new>

#include "process/process.h"
#include "tty/terminal_file.h"

namespace kernel {

namespace {

constexpr nanoseconds tenth_of_a_second = 100'000'000; // of VTIME
constexpr size_t worth_writing = 256;                  // as Linux: less room does not wake writers

} // namespace

ref<file> terminal::open(uint32_t flags, const file_attributes& attributes) {
    return open_terminal_file(ref<terminal>(this), flags, attributes);
}

unsigned terminal::generation() {
    lock_guard guard(lock_);
    return generation_;
}

void terminal::hang_up() {
    lock_guard guard(lock_);
    generation_++;
    line_.flush_input();
    line_.set_output_stopped(false);
    line_.set_modes({});
    readable.wake_all();
    writable.wake_all();
    shown_.wake_all();
    output_ready();
    room_for_input();
}

// ---- Reading ----

long terminal::read_now(user_buffers& to) {
    long error = 0;
    size_t done = line_.read(to.remaining(), [&](uint8_t byte) {
        long put = to.put(&byte, 1);
        if (put < 0)
            error = put;
        return put == 1;
    });
    room_for_input();
    return done ? static_cast<long>(done) : error;
}

task<long> terminal::read(caller& who, user_buffers to, bool nonblocking, unsigned generation) {
    ref<terminal> self(this);
    if (long error = check_foreground(who, *this, signal_stop_input); error < 0)
        co_return error;
    if (to.empty())
        co_return 0;
    lock_guard guard(lock_);
    while (generation == generation_) {
        if (!line_.canonical()) {
            guard.unlock();
            long done = co_await read_raw(who, to, nonblocking, generation);
            if (done != must_wait)
                co_return done;
            guard.relock();
            continue;
        }
        if (line_.has_line())
            co_return read_now(to);
        if (nonblocking)
            co_return -EAGAIN;
        if (long error = co_await readable.wait(guard, who); error < 0)
            co_return error;
        // In the background by now?
        guard.unlock();
        if (long error = check_foreground(who, *this, signal_stop_input); error < 0)
            co_return error;
        guard.relock();
    }
    co_return 0;
}

// By MIN and TIME:
//   MIN         until there are so many bytes, or as many as there is room for
//   MIN, TIME   the same, but only for TIME after each byte
//   TIME        until there is one, for TIME
//   neither     what there is
// must_wait: it is in canonical mode by now.
task<long> terminal::read_raw(caller& who, user_buffers& to, bool nonblocking,
                              unsigned generation) {
    lock_guard guard(lock_);
    nanoseconds first_deadline = never;
    size_t before = 0;
    nanoseconds next_deadline = never;
    while (generation == generation_ && !line_.canonical()) {
        const uint8_t* characters = line_.modes().characters;
        size_t minimum = characters[char_minimum];
        nanoseconds time = characters[char_time] * tenth_of_a_second;
        size_t wanted = minimum ? minimum : time ? 1 : 0;
        size_t count = line_.input_count();
        wanted = wanted < to.remaining() ? wanted : to.remaining();
        if (count >= wanted && (count || (!wanted && !line_.transparent())))
            co_return read_now(to);
        if (nonblocking)
            co_return count ? read_now(to) : -EAGAIN;
        nanoseconds deadline = never;
        if (time && !minimum)
            deadline = first_deadline = first_deadline == never ? now() + time : first_deadline;
        if (time && minimum && count) {
            if (count != before)
                next_deadline = now() + time;
            before = count;
            deadline = next_deadline;
        }
        if (!count && line_.take_end())
            co_return 0;
        if (deadline <= now())
            co_return count ? read_now(to) : 0;
        long error = co_await readable.wait(guard, who, deadline);
        if (error < 0)
            guard.relock();
        if (error == -EINTR)
            co_return line_.input_count() && minimum ? read_now(to) : error;
    }
    co_return generation == generation_ ? must_wait : 0;
}

// ---- Writing ----

task<long> terminal::write(caller& who, user_buffers from, bool nonblocking, unsigned generation) {
    ref<terminal> self(this);
    bool checked = false;
    long total = 0;
    lock_guard guard(lock_);
    while (generation == generation_) {
        if (!checked && (line_.modes().local & local_stop_background)) {
            guard.unlock();
            if (long error = check_foreground(who, *this, signal_stop_output); error < 0)
                co_return error;
            guard.relock();
        }
        checked = true;
        long done =
            from.each(from.remaining(), protection_read, [&](const uint8_t* memory, size_t size) {
                return static_cast<long>(line_.write(memory, size));
            });
        if (done > 0) {
            total += done;
            output_ready();
        }
        if (from.empty() || done < 0)
            co_return total ? total : done;
        if (nonblocking)
            co_return total ? total : -EAGAIN;
        if (long error = co_await writable.wait(guard, who); error < 0)
            co_return total ? total : error;
    }
    co_return total ? total : -EIO;
}

// ---- Waiting for either ----

uint32_t terminal::poll(unsigned generation) {
    lock_guard guard(lock_);
    if (generation != generation_)
        return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLERR;
    uint32_t events = 0;
    if (line_.readable())
        events |= POLLIN | POLLRDNORM;
    if (line_.output.room() >= worth_writing)
        events |= POLLOUT | POLLWRNORM;
    return events;
}

// ---- The back end ----

size_t terminal::accept(const uint8_t* bytes, size_t size) {
    size_t taken = 0;
    while (taken < size) {
        int signal = 0;
        {
            lock_guard guard(lock_);
            while (taken < size && line_.can_receive() && !signal)
                signal = line_.receive(bytes[taken++]);
            if (line_.readable() || line_.input_count())
                readable.wake_all();
            if (line_.output.room() >= worth_writing)
                writable.wake_all();
            if (line_.output.empty())
                shown_.wake_all(); // a signal has flushed it
            output_ready();
        }
        if (!signal)
            break;
        if (int group = foreground_group(*this))
            signal_group(group, signal);
    }
    return taken;
}

size_t terminal::take_output(uint8_t* to, size_t size) {
    lock_guard guard(lock_);
    if (line_.output_stopped())
        return 0;
    size_t done = 0;
    while (done < size && !line_.output.empty())
        to[done++] = line_.output.take();
    being_shown_ += done;
    if (done && line_.output.room() >= worth_writing)
        writable.wake_all();
    return done;
}

void terminal::output_shown(size_t size) {
    lock_guard guard(lock_);
    being_shown_ -= size;
    if (output_is_shown())
        shown_.wake_all();
}

void terminal::set_window(const window_size& size) {
    {
        lock_guard guard(lock_);
        if (window_ == size)
            return;
        window_ = size;
    }
    if (int group = foreground_group(*this))
        signal_group(group, signal_window);
}

void terminal::flush_input() {
    line_.flush_input();
    room_for_input();
}

void terminal::flush_output() {
    line_.output.clear();
    writable.wake_all();
    if (output_is_shown())
        shown_.wake_all();
}

} // namespace kernel
