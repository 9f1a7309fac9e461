// SPDX-License-Identifier: BSD-2-Clause
//
// Signals in user space, between processes (or threads) that agreed to it. While both run, the
// kernel executes nothing: a send is a store and a user interrupt.
//
//   receiver                                   sender
//     signal::inbox inbox;                       signal::peer peer;
//     inbox.open();                              peer.open(from_receiver);
//     invitation to_sender;                      peer.send(SIGUSR1);
//     inbox.invite(&to_sender);                  peer.send(signal::real_time, 42);
//     inbox.set_handler(SIGUSR1, on_usr1);
//
// The invitation is inherited by fork, or passed over a unix socket (ouros/share.hpp).
//
// As in POSIX: signals 1..31 coalesce (per sender) and carry no value; 32..64 queue, each with a
// value, in order, up to 128 from one sender, and of several that wait the lowest number comes
// first. A blocked signal waits. While its handler runs a signal is blocked, and so is what the
// handler's mask says. Unlike in POSIX: a signal that has no handler waits too, until it has one or
// somebody asks for it; nobody dies of it.
//
// Handlers run as user-interrupt handlers do (ouros/uintr.hpp): integer registers only, no locks,
// no allocation, no stdio. Code that wants to do more takes signals where it can: with
// `co_await inbox.next(set)` in a coroutine, or with wait(set).
//
// An inbox belongs to the thread that opened it, and stays where it is. A peer is used by one
// thread at a time.
#ifndef OUROS_SIGNAL_HPP
#define OUROS_SIGNAL_HPP

#include <array>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <ouros/calls.hpp>
#include <ouros/deadline.hpp>
#include <ouros/share.hpp>
#include <ouros/signal_channel.hpp>
#include <ouros/strand.hpp>
#include <ouros/uintr.hpp>
#include <vector>

namespace ouros::signal {

inline constexpr unsigned real_time = 32; // the first of those that queue
inline constexpr unsigned last = 64;

// Signal n is bit n - 1.
using set = uint64_t;
inline constexpr set none = 0;
inline constexpr set all = ~set{0};
constexpr set only(unsigned signo) {
    return set{1} << (signo - 1) % 64;
}
template <typename... Signo>
constexpr set of(Signo... signo) {
    return (only(signo) | ...);
}

struct info {
    unsigned signo;
    unsigned sender; // which invitation it came by: what invite() has returned
    uint64_t value;  // 0 for signals 1..31
};

using handler = void(const info& signal, void* context);

struct action {
    handler* function = nullptr; // null: the signal waits
    void* context = nullptr;
    set mask = all; // blocked while the handler runs. Unless it is `all`, others may interrupt
    bool nodefer = false; // the signal itself is not blocked then
};

enum class status {
    sent,
    full,    // its queue has no room now (EAGAIN)
    ended,   // nobody receives any more (ESRCH)
    invalid, // no signal of 1..64 (EINVAL)
};

class inbox;

namespace detail {

struct pending_signal {
    pending_signal* next;
    info what;
};

// The receiver's own part of a channel.
struct incoming {
    shared_memory memory;
    shared_channel* shared = nullptr;
    unsigned number = 0;
    uint32_t head = 0;
    uint32_t standard = 0; // signals 1..31 that are held, bit n
    bool broken = false;   // its sender has written nonsense: nothing more is taken from it
    pending_signal* free = nullptr;
    std::array<pending_signal, shared_channel::capacity> pool;
};

struct waiter {
    waiter* next;
    set wanted;
    strand* waiting;
    info result; // signo 0: nothing yet
};

} // namespace detail

// `co_await inbox.next(set)`: the next signal of the set, which no handler sees then.
class [[nodiscard]] next_signal : detail::waiter {
  public:
    next_signal(inbox& from, set wanted)
        : detail::waiter{nullptr, wanted, nullptr, {}}
        , inbox_(from) {}
    ~next_signal();
    next_signal(const next_signal&) = delete;
    next_signal& operator=(const next_signal&) = delete;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) noexcept;
    info await_resume() const noexcept { return result; }

  private:
    inbox& inbox_;
};

class inbox {
  public:
    inbox() = default;
    ~inbox() { close(); }
    inbox(const inbox&) = delete;
    inbox& operator=(const inbox&) = delete;

    // Gives the thread a receiver if it has none, and starts to receive: 0 or -errno. Turns user
    // interrupts on.
    int64_t open();
    void close();

    // A channel for one more sender. Its number, or -errno.
    int64_t invite(invitation* out);
    // Whether that channel's sender has broken the rules: nothing more is taken from it.
    bool broken(unsigned channel) const;

    void set_handler(unsigned signo, const action& what);
    void set_handler(unsigned signo, handler* function, void* context = nullptr) {
        set_handler(signo, {function, context});
    }

    // They return the mask before. What is let in and waits is handled before they return.
    set block(set more);
    set unblock(set fewer);
    set set_mask(set mask);
    // What waits.
    set pending();

    // sigsuspend: with this mask until a handler has run. 0, or -EINTR for a signal of the kernel.
    int64_t suspend(set mask);
    // sigtimedwait: takes a signal of the set, blocked or not; none after the timeout.
    std::optional<info> wait(set wanted, uint64_t timeout_ns = kernel::forever);
    next_signal next(set wanted = all) { return {*this, wanted}; }

    // Handlers that have run.
    uint64_t handled() const { return handled_; }

  private:
    friend class next_signal;

    static void interrupt(unsigned vector, void* self);

    // handler.cpp. With user interrupts off.
    void collect();
    void collect_queue(detail::incoming& from);
    void deliver();
    bool take(set wanted, info* out);
    bool give_to_waiter(unsigned signo);
    void run(const info& signal);

    bool opened() const { return vector_ >= 0; }
    set change_mask(set mask);
    void remove(detail::waiter* gone);
    int64_t sleep(const deadline& until);

    // Only with user interrupts off: the handler uses all of it.
    int vector_ = -1;
    set mask_ = none;
    set handled_set_ = none; // has a handler
    set awaited_ = none;     // of all waiters
    set pending_ = none;     // is held by a channel or in a queue
    uint64_t handled_ = 0;
    detail::waiter* waiters_ = nullptr;
    detail::incoming* const* begin_ = nullptr; // of channels_
    detail::incoming* const* end_ = nullptr;
    struct {
        detail::pending_signal* first;
        detail::pending_signal* last;
    } queues_[last - real_time + 1] = {};
    action actions_[last] = {};

    std::vector<std::unique_ptr<detail::incoming>> owned_;
    std::vector<detail::incoming*> channels_;
};

// The sender's end.
class peer {
  public:
    // 0 or -errno. The invitation's fds are not needed any more then.
    int64_t open(const invitation& from);
    void close();

    // What was stored before is visible to the handler.
    status send(unsigned signo, uint64_t value = 0);

  private:
    bool has_room();

    shared_memory memory_;
    shared_channel* shared_ = nullptr;
    uintr::sender sender_;
    uint32_t tail_ = 0;
    uint32_t limit_ = 0; // where it has to look again for room
};

} // namespace ouros::signal

#endif // OUROS_SIGNAL_HPP
