// SPDX-License-Identifier: BSD-2-Clause
#include "qemu_process.h"

#include "failure.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace ouros {
namespace {

// Between fork and exec: calls that are async-signal-safe only.
[[noreturn]] void become_child(pid_t parent, char* const* arguments,
                               std::vector<ChildDescriptor>& descriptors) {
    // The parent may have died before the request was made.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent)
        ::_exit(127);
    ::setpgid(0, 0);
    // First out of the way of every target, then into place.
    const int above = 64;
    for (auto& descriptor : descriptors) {
        const int source =
            descriptor.from >= 0 ? descriptor.from : ::open("/dev/null", O_RDWR | O_CLOEXEC);
        descriptor.from = ::fcntl(source, F_DUPFD_CLOEXEC, above);
    }
    for (const auto& descriptor : descriptors)
        if (::dup2(descriptor.from, descriptor.to) < 0)
            ::_exit(127);
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execv(arguments[0], arguments);
    const char* reason = std::strerror(errno);
    [[maybe_unused]] ssize_t n = ::write(2, reason, std::strlen(reason));
    ::_exit(127);
}

} // namespace

QemuProcess::QemuProcess(const std::vector<std::string>& command,
                         const std::vector<ChildDescriptor>& descriptors) {
    std::vector<char*> arguments;
    for (const auto& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    std::vector<ChildDescriptor> placed = descriptors;

    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0)
        throw Failure(status_failed, fmt::format("fork: {}", std::strerror(errno)));
    if (pid_ == 0)
        become_child(parent, arguments.data(), placed);
    pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!pidfd_)
        throw Failure(status_failed, fmt::format("pidfd_open: {}", std::strerror(errno)));
}

QemuProcess::~QemuProcess() {
    if (pid_ > 0 && !waited_) {
        signal(SIGKILL);
        wait();
    }
}

void QemuProcess::signal(int number) const {
    if (!waited_)
        ::kill(pid_, number);
}

int QemuProcess::wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    waited_ = true;
    return status;
}

} // namespace ouros
