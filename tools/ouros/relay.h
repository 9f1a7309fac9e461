// SPDX-License-Identifier: BSD-2-Clause
//
// Moves bytes from one descriptor to another, or into this process, from a poll loop.
#pragma once

#include "unique_fd.h"

#include <array>
#include <cstddef>
#include <functional>
#include <poll.h>
#include <string>
#include <string_view>

namespace ouros {

// A pipe whose two ends close on exec.
struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
};
Pipe make_pipe();

// From `source` to `sink`, unchanged. It reads only when it has written what it read before, so
// a slow reader slows the writer and nothing piles up here.
class Relay {
  public:
    // Takes neither descriptor over.
    Relay(int source, int sink)
        : source_(source)
        , sink_(sink) {}

    // What to wait for: at most one of the two ends at a time; fd -1 when there is nothing.
    pollfd interest() const;
    // After poll said `revents`. False when the relay has ended.
    bool step(short revents);
    bool ended() const { return ended_; }
    // The reader at the other end of `sink` has gone away.
    bool sink_broken() const { return sink_broken_; }
    // Nothing of what was read is kept back.
    bool empty() const { return begin_ == end_; }

  private:
    int source_;
    int sink_;
    std::array<char, 65536> buffer_;
    size_t begin_ = 0;
    size_t end_ = 0;
    bool ended_ = false;
    bool sink_broken_ = false;
};

// Reads `source` and hands over what comes.
class Collector {
  public:
    Collector(UniqueFd source, std::function<void(std::string_view)> take)
        : source_(std::move(source))
        , take_(std::move(take)) {}

    pollfd interest() const { return {source_.get(), POLLIN, 0}; }
    bool step(short revents);
    bool ended() const { return !source_; }

  private:
    UniqueFd source_;
    std::function<void(std::string_view)> take_;
};

// Puts lines together from pieces; control characters, which a log should not have, are dropped.
class LineSplitter {
  public:
    explicit LineSplitter(std::function<void(const std::string&)> take)
        : take_(std::move(take)) {}
    void add(std::string_view piece);
    void finish(); // the last line may lack its newline

  private:
    std::string line_;
    std::function<void(const std::string&)> take_;
};

} // namespace ouros
