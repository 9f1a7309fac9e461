// SPDX-License-Identifier: BSD-2-Clause
#include "relay.h"

#include "failure.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace ouros {

Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Failure(status_failed, fmt::format("pipe: {}", std::strerror(errno)));
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

pollfd Relay::interest() const {
    if (ended_)
        return {-1, 0, 0};
    if (empty())
        return {source_, POLLIN, 0};
    return {sink_, POLLOUT, 0};
}

bool Relay::step(short revents) {
    if (ended_ || revents == 0)
        return !ended_;
    if (empty()) {
        const ssize_t n = ::read(source_, buffer_.data(), buffer_.size());
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            return true;
        // A source that cannot be read (closed, a terminal that hung up) is at its end.
        if (n <= 0) {
            ended_ = true;
            return false;
        }
        begin_ = 0;
        end_ = static_cast<size_t>(n);
        return true;
    }
    // POLLOUT promises room for PIPE_BUF bytes. More could block, and signals would wait.
    const size_t piece = std::min<size_t>(end_ - begin_, PIPE_BUF);
    const ssize_t n = ::write(sink_, buffer_.data() + begin_, piece);
    if (n >= 0) {
        begin_ += static_cast<size_t>(n);
    } else if (errno != EINTR && errno != EAGAIN) {
        sink_broken_ = true;
        ended_ = true;
        begin_ = end_ = 0;
    }
    return !ended_;
}

bool Collector::step(short revents) {
    if (ended() || revents == 0)
        return !ended();
    char piece[4096];
    const ssize_t n = ::read(source_.get(), piece, sizeof piece);
    if (n > 0)
        take_({piece, static_cast<size_t>(n)});
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        source_.reset();
    return !ended();
}

void LineSplitter::add(std::string_view piece) {
    for (char c : piece) {
        if (c == '\n')
            finish();
        else if (c == '\t' || static_cast<unsigned char>(c) >= ' ')
            line_ += c;
    }
}

void LineSplitter::finish() {
    if (!line_.empty())
        take_(line_);
    line_.clear();
}

} // namespace ouros
