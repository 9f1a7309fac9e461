// SPDX-License-Identifier: BSD-2-Clause
#include "child.h"

#include "failure.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace ouros {

Child::Child(const std::vector<std::string>& command, int stdout_to) {
    std::vector<char*> arguments;
    for (const auto& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0)
        throw Failure(status_failed, fmt::format("fork: {}", std::strerror(errno)));
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGHUP);
        if (stdout_to >= 0)
            ::dup2(stdout_to, STDOUT_FILENO);
        ::execvp(arguments[0], arguments.data());
        ::perror(arguments[0]);
        ::_exit(status_not_found);
    }
}

UniqueFd Child::pidfd() const {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

int Child::wait() {
    if (pid_ > 0) {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return status_;
}

} // namespace ouros
