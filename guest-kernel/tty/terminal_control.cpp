// SPDX-License-Identifier: BSD-2-Clause
//
// ioctl on terminals.
#include <asm/ioctls.h>

#include "process/process.h"
#include "tty/terminal.h"

namespace kernel {

namespace {

constexpr uint32_t flush_in = 0, flush_out = 1, flush_both = 2; // TCIFLUSH, ...
constexpr uint32_t flow_stop = 0, flow_go = 1, flow_send_stop = 2, flow_send_go = 3;

// Requests that change the terminal for everybody: not from the background.
bool needs_foreground(uint32_t request) {
    switch (request) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
    case TCFLSH:
    case TCXONC:
    case TCSBRK:
    case TCSBRKP:
    case TIOCSPGRP:
    case TIOCSETD:
        return true;
    default:
        return false;
    }
}

} // namespace

// One request of one process.
class terminal_control {
  public:
    terminal_control(terminal& t, caller& who, uint64_t argument)
        : terminal_(t)
        , who_(who)
        , process_(*who.owner)
        , space_(*process_.space)
        , argument_(argument) {}

    task<long> run(uint32_t request, unsigned generation) {
        if (needs_foreground(request))
            if (long error = check_foreground(who_, terminal_, signal_stop_output); error < 0)
                co_return error;
        {
            lock_guard guard(terminal_.lock_);
            if (generation != terminal_.generation_)
                co_return request == TIOCSPGRP ? -ENOTTY : -EIO;
        }
        switch (request) {
        case TCSETSW:
        case TCSETSF:
        case TCSETSW2:
        case TCSETSF2:
        case TCSBRK: // with an argument; a break, without, is nothing here
        case TCSBRKP:
            if (long error = co_await wait_until_shown(); error < 0)
                co_return error;
        }
        co_return at_once(request);
    }

  private:
    template <class T>
    long put(const T& value) {
        return write_user(space_, argument_, value);
    }

    task<long> wait_until_shown() {
        lock_guard guard(terminal_.lock_);
        while (!terminal_.output_is_shown())
            if (long error = co_await terminal_.shown_.wait(guard, who_); error < 0)
                co_return error;
        co_return 0;
    }

    long at_once(uint32_t request) {
        switch (request) {
        case TCGETS:
            return put(modes());
        case TCGETS2:
            return put(termios2{modes()});
        case TCSETS:
        case TCSETSW:
            return set_modes<terminal_modes>(false);
        case TCSETSF:
            return set_modes<terminal_modes>(true);
        case TCSETS2:
        case TCSETSW2:
            return set_modes<termios2>(false);
        case TCSETSF2:
            return set_modes<termios2>(true);
        case TCFLSH:
            return flush();
        case TCXONC:
            return flow();
        case TCSBRK:
        case TCSBRKP:
        case TIOCEXCL:
        case TIOCNXCL:
            return 0;
        case TIOCGWINSZ:
            return get_window();
        case TIOCSWINSZ:
            return set_window();
        case FIONREAD:
            return put(readable_bytes());
        case TIOCOUTQ:
            return put(output_bytes());
        case TIOCGETD:
            return put(int32_t{0}); // N_TTY
        case TIOCSETD:
            return set_discipline();
        default:
            return job_control(request);
        }
    }

    long job_control(uint32_t request) {
        switch (request) {
        case TIOCGPGRP:
            return put_id(foreground_group(process_, terminal_));
        case TIOCGSID:
            return put_id(terminal_session(process_, terminal_));
        case TIOCSPGRP: {
            int32_t group;
            if (long error = read_user(space_, group, argument_); error < 0)
                return error;
            long error = set_foreground_group(process_, terminal_, group);
            // Who waits to read may be in the background now.
            terminal_.readable.wake_all();
            return error;
        }
        case TIOCSCTTY:
            return take_terminal(process_, terminal_, argument_ == 1);
        case TIOCNOTTY:
            return give_up_terminal(process_, terminal_);
        default:
            return -ENOTTY;
        }
    }

    long put_id(long id) { return id < 0 ? id : put(int32_t(id)); }

    terminal_modes modes() {
        lock_guard guard(terminal_.lock_);
        return terminal_.line_.modes();
    }
    template <class Modes>
    long set_modes(bool flush) {
        Modes given;
        if (long error = read_user(space_, given, argument_); error < 0)
            return error;
        lock_guard guard(terminal_.lock_);
        if (flush)
            terminal_.flush_input();
        if constexpr (requires { given.modes; })
            terminal_.line_.set_modes(given.modes);
        else
            terminal_.line_.set_modes(given);
        terminal_.readable.wake_all();
        terminal_.output_ready(); // without IXON nothing stops it
        return 0;
    }

    long flush() {
        auto what = uint32_t(argument_);
        if (what > flush_both)
            return -EINVAL;
        lock_guard guard(terminal_.lock_);
        if (what != flush_out)
            terminal_.flush_input();
        if (what != flush_in)
            terminal_.flush_output();
        return 0;
    }

    long flow() {
        lock_guard guard(terminal_.lock_);
        line_discipline& line = terminal_.line_;
        uint8_t stop = line.modes().characters[char_stop], go = line.modes().characters[char_start];
        switch (argument_) {
        case flow_stop:
            line.set_output_stopped(true);
            break;
        case flow_go:
            line.set_output_stopped(false);
            break;
        case flow_send_stop:
            if (stop && line.output.room())
                line.output.put(stop);
            break;
        case flow_send_go:
            if (go && line.output.room())
                line.output.put(go);
            break;
        default:
            return -EINVAL;
        }
        terminal_.output_ready();
        return 0;
    }

    long get_window() {
        window_size size;
        {
            lock_guard guard(terminal_.lock_);
            size = terminal_.window_;
        }
        return put(size);
    }
    long set_window() {
        window_size size;
        if (long error = read_user(space_, size, argument_); error < 0)
            return error;
        terminal_.set_window(size);
        return 0;
    }

    int32_t readable_bytes() {
        lock_guard guard(terminal_.lock_);
        const line_discipline& line = terminal_.line_;
        return int32_t(line.canonical() ? line.line_size() : line.input_count());
    }
    int32_t output_bytes() {
        lock_guard guard(terminal_.lock_);
        return int32_t(terminal_.line_.output.size() + terminal_.being_shown_);
    }
    long set_discipline() {
        int32_t which;
        if (long error = read_user(space_, which, argument_); error < 0)
            return error;
        return which ? -EINVAL : 0;
    }

    terminal& terminal_;
    caller& who_;
    process& process_;
    address_space& space_;
    const uint64_t argument_;
};

task<long> terminal::control(caller& who, uint32_t request, uint64_t argument,
                             unsigned generation) {
    ref<terminal> self(this);
    terminal_control one(*this, who, argument);
    co_return co_await one.run(request, generation);
}

} // namespace kernel
