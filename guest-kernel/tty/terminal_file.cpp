// SPDX-License-Identifier: BSD-2-Clause
#include "tty/terminal_file.h"

#include <new>

namespace kernel {

namespace {

// Who reads, writes or controls may be in the background: the terminal has to know who it is. So
// all of it is done by tasks, which are told.
class terminal_file final : public file {
  public:
    terminal_file(ref<terminal> t, uint32_t flags, const file_attributes& attributes)
        : file(flags)
        , terminal_(std::move(t))
        , generation_(terminal_->generation())
        , attributes_(attributes) {}

    long read(user_buffers&, int64_t offset) override {
        return offset == at_position ? must_wait : -ESPIPE;
    }
    task<long> read_later(caller& who, user_buffers to, int64_t) override {
        return terminal_->read(who, std::move(to), nonblocking(), generation_);
    }
    long write(user_buffers& from, int64_t offset) override {
        if (offset != at_position)
            return -ESPIPE;
        return from.empty() ? 0 : must_wait;
    }
    task<long> write_later(caller& who, user_buffers from, int64_t) override {
        return terminal_->write(who, std::move(from), nonblocking(), generation_);
    }
    long control(address_space&, uint64_t, uint64_t) override { return must_wait; }
    task<long> control_later(caller& who, uint64_t request, uint64_t argument) override {
        return terminal_->control(who, static_cast<uint32_t>(request), argument, generation_);
    }

    long attributes(file_attributes& out) override {
        out = attributes_;
        return 0;
    }
    uint32_t poll() override { return terminal_->poll(generation_); }
    ~terminal_file() override { end_watches(); }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override {
        readable = &terminal_->readable;
        writable = &terminal_->writable;
    }

  private:
    const ref<terminal> terminal_;
    const unsigned generation_;
    const file_attributes attributes_;
};

} // namespace

ref<file> open_terminal_file(ref<terminal> t, uint32_t flags, const file_attributes& attributes) {
    return ref<file>::adopt(new (std::nothrow) terminal_file(std::move(t), flags, attributes));
}

} // namespace kernel
