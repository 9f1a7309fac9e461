// SPDX-License-Identifier: BSD-2-Clause
#include "session.h"

#include "failure.h"
#include "kernel_log.h"
#include "machine.h"
#include "qemu_process.h"
#include "relay.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ouros {
namespace {

// How long QEMU may take to end after it was asked to.
constexpr int grace_ms = 2000;

UniqueFd receive_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH})
        sigaddset(&signals, number);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    // A reader that went away is an error of write, not the end of the launcher.
    ::signal(SIGPIPE, SIG_IGN);
    UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd)
        throw Failure(status_failed, fmt::format("signalfd: {}", std::strerror(errno)));
    return fd;
}

void set_nonblocking(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// What QEMU's monitor says about the machine's end: "guest-shutdown", "guest-panic" (a power-off
// with a status other than 0), "guest-reset", "host-signal", ...
class MonitorLog {
  public:
    MonitorLog()
        : lines_([this](const std::string& line) { take(line); }) {}
    void add(std::string_view piece) { lines_.add(piece); }
    // QEMU has set everything up and answers.
    bool ready() const { return ready_; }
    const std::string& shutdown_reason() const { return reason_; }

  private:
    void take(const std::string& line) {
        const auto message = nlohmann::json::parse(line, nullptr, false);
        ready_ = ready_ || (message.is_object() && message.contains("return"));
        if (message.is_object() && message.value("event", "") == "SHUTDOWN")
            reason_ = message["data"].value("reason", "");
    }

    bool ready_ = false;
    std::string reason_;
    LineSplitter lines_;
};

class Session {
  public:
    explicit Session(SessionInput input);
    int run();

  private:
    std::vector<ChildDescriptor> child_descriptors();
    void loop();
    void take_signals();
    void tell_window();
    void stop();
    void drain();
    int result(int wait_status);

    SessionInput input_;
    UniqueFd signals_;
    Pipe to_console_, from_console_, from_console_error_, kernel_log_pipe_, messages_, notices_;
    UniqueFd monitor_here_, monitor_there_;
    QemuProcess qemu_;
    KernelLog log_;
    MonitorLog monitor_log_;
    std::string qemu_messages_;
    Relay input_relay_, output_relay_, error_relay_;
    std::vector<Collector> collectors_;
    std::optional<RawTerminal> terminal_;
    UniqueFd debugger_;
    bool debugger_left_ = false; // before the program ended
    int ending_signal_ = 0;      // the signal that made us end the machine
};

std::pair<UniqueFd, UniqueFd> make_monitor() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw Failure(status_failed, fmt::format("socketpair: {}", std::strerror(errno)));
    // Events are sent only to a client that has introduced itself. The request waits in the
    // socket until QEMU reads it.
    const std::string_view hello = "{\"execute\":\"qmp_capabilities\"}\n";
    [[maybe_unused]] ssize_t n = ::write(ends[0], hello.data(), hello.size());
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<ChildDescriptor> Session::child_descriptors() {
    std::tie(monitor_here_, monitor_there_) = make_monitor();
    // The kernel's log must never make the guest wait for the launcher: how often it looks at
    // the UART would then depend on the host.
    ::fcntl(kernel_log_pipe_.write_end.get(), F_SETPIPE_SZ, 1 << 20);
    using Fds = MachineDescriptors;
    std::vector<ChildDescriptor> descriptors = {
        {to_console_.read_end.get(), 0},
        {from_console_.write_end.get(), 1},
        {messages_.write_end.get(), 2},
        {from_console_error_.write_end.get(), Fds::console_error},
        {kernel_log_pipe_.write_end.get(), Fds::kernel_log},
        {input_.initramfs.get(), Fds::initramfs},
        {monitor_there_.get(), Fds::monitor}};
    if (input_.interactive)
        descriptors.push_back({notices_.read_end.get(), Fds::notices});
    if (input_.debugger_listener)
        descriptors.push_back({input_.debugger_listener.get(), Fds::debugger});
    return descriptors;
}

Session::Session(SessionInput input)
    : input_(std::move(input))
    , signals_(receive_signals())
    , to_console_(make_pipe())
    , from_console_(make_pipe())
    , from_console_error_(make_pipe())
    , kernel_log_pipe_(make_pipe())
    , messages_(make_pipe())
    , notices_(make_pipe())
    , qemu_(input_.command, child_descriptors())
    , log_(input_.show_kernel_log, input_.interactive ? "\r\n" : "\n")
    , input_relay_(STDIN_FILENO, to_console_.write_end.get())
    , output_relay_(from_console_.read_end.get(), STDOUT_FILENO)
    , error_relay_(from_console_error_.read_end.get(), STDERR_FILENO) {
    // QEMU has its own of these; ours would keep us from seeing its end.
    for (UniqueFd* fd :
         {&to_console_.read_end, &from_console_.write_end, &messages_.write_end,
          &from_console_error_.write_end, &kernel_log_pipe_.write_end, &notices_.read_end,
          &input_.initramfs, &monitor_there_, &input_.debugger_listener})
        fd->reset();
    set_nonblocking(to_console_.write_end.get());
    set_nonblocking(notices_.write_end.get());
    if (input_.interactive)
        terminal_.emplace();
    if (!input_.relay_stdin)
        to_console_.write_end.reset();
    collectors_.emplace_back(std::move(kernel_log_pipe_.read_end),
                             [this](std::string_view piece) { log_.add(piece); });
    collectors_.emplace_back(std::move(messages_.read_end),
                             [this](std::string_view piece) { qemu_messages_ += piece; });
    collectors_.emplace_back(std::move(monitor_here_),
                             [this](std::string_view piece) { monitor_log_.add(piece); });
    if (input_.capture_stdout)
        collectors_.emplace_back(std::move(from_console_.read_end), input_.capture_stdout);
}

void Session::stop() {
    if (terminal_)
        terminal_->restore();
    qemu_.signal(SIGSTOP);
    ::raise(SIGSTOP);
    if (terminal_)
        terminal_->enter();
    qemu_.signal(SIGCONT);
    tell_window();
}

void Session::tell_window() {
    const auto size = input_.interactive ? window_of(STDOUT_FILENO) : std::nullopt;
    if (!size || *size == input_.window)
        return;
    const std::string line = fmt::format("window {} {}\n", size->rows, size->columns);
    // A pipe that is full is one that nobody reads.
    if (::write(notices_.write_end.get(), line.data(), line.size()) > 0)
        input_.window = *size;
}

void Session::take_signals() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        const int number = static_cast<int>(info.ssi_signo);
        if (number == SIGINT && input_.start_debugger)
            continue;
        if (number == SIGTSTP) {
            stop();
            continue;
        }
        if (number == SIGWINCH) {
            tell_window();
            continue;
        }
        ending_signal_ = number;
    }
}

void Session::loop() {
    enum { signals, process, debugger, input, output, error, first_collector };
    bool asked_to_end = false;
    for (;;) {
        std::vector<pollfd> polled = {
            {signals_.get(), POLLIN, 0},
            {qemu_.poll_fd(), POLLIN, 0},
            {asked_to_end ? -1 : debugger_.get(), POLLIN, 0},
            input_.relay_stdin ? input_relay_.interest() : pollfd{-1, 0, 0},
            input_.capture_stdout ? pollfd{-1, 0, 0} : output_relay_.interest(),
            error_relay_.interest(),
        };
        for (const auto& collector : collectors_)
            polled.push_back(collector.interest());
        const int ready = ::poll(polled.data(), polled.size(), asked_to_end ? grace_ms : -1);
        if (ready == 0)
            qemu_.signal(SIGKILL);
        if (ready < 0)
            continue; // EINTR
        if (polled[signals].revents)
            take_signals();
        if (polled[input].revents && !input_relay_.step(polled[input].revents))
            to_console_.write_end.reset(); // end of file for the guest
        output_relay_.step(polled[output].revents);
        error_relay_.step(polled[error].revents);
        for (size_t i = 0; i < collectors_.size(); ++i)
            collectors_[i].step(polled[first_collector + i].revents);
        if (input_.start_debugger && !debugger_ && monitor_log_.ready())
            debugger_ = input_.start_debugger();
        // Nobody reads what the program writes: end it as SIGPIPE would.
        if (output_relay_.sink_broken() && !ending_signal_)
            ending_signal_ = SIGPIPE;
        if ((ending_signal_ || polled[debugger].revents) && !asked_to_end) {
            asked_to_end = true;
            debugger_left_ = !ending_signal_;
            qemu_.signal(SIGTERM);
        }
        if (polled[process].revents)
            return;
    }
}

// QEMU has ended; what it wrote before may still be in the pipes.
void Session::drain() {
    for (Relay* relay : {&output_relay_, &error_relay_}) {
        if (relay == &output_relay_ && input_.capture_stdout)
            continue;
        while (!relay->ended() && !ending_signal_) {
            pollfd polled[2] = {relay->interest(), {signals_.get(), POLLIN, 0}};
            ::poll(polled, 2, -1);
            if (polled[1].revents)
                take_signals();
            relay->step(polled[0].revents);
        }
    }
    for (auto& collector : collectors_)
        while (collector.step(POLLIN)) {
        }
    log_.finish();
    if (output_relay_.sink_broken() && !ending_signal_)
        ending_signal_ = SIGPIPE;
}

int Session::result(int wait_status) {
    if (ending_signal_)
        throw EndedBySignal{ending_signal_};
    const std::string& reason = monitor_log_.shutdown_reason();
    const bool powered_off = reason == "guest-shutdown" || reason == "guest-panic";
    if (WIFEXITED(wait_status) && powered_off && !log_.panicked())
        return WEXITSTATUS(wait_status);

    if (debugger_left_)
        return 0;

    std::string what;
    if (log_.panicked())
        what = "the kernel panicked";
    else if (reason == "guest-reset")
        what = "the guest reset the machine";
    else if (WIFSIGNALED(wait_status))
        what = fmt::format("QEMU was killed by signal {} ({})", WTERMSIG(wait_status),
                           ::strsignal(WTERMSIG(wait_status)));
    else
        what = fmt::format("QEMU ended with status {} before the program did",
                           WEXITSTATUS(wait_status));
    throw Failure(status_failed,
                  what + log_.tail() + (qemu_messages_.empty() ? "" : "\n" + qemu_messages_));
}

int Session::run() {
    loop();
    const int wait_status = qemu_.wait();
    drain();
    terminal_.reset(); // messages are for a terminal as it was
    return result(wait_status);
}

} // namespace

void die_by_signal(int number) {
    ::signal(number, SIG_DFL);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, number);
    ::raise(number);
    ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
    ::_exit(128 + number);
}

int run_session(SessionInput input) {
    return Session(std::move(input)).run();
}

} // namespace ouros
