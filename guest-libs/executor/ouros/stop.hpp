// SPDX-License-Identifier: BSD-2-Clause
//
// Operations that can be stopped:
//
//   std::stop_source source;
//   int64_t result = co_await ouros::stoppable(ouros::read(fd, buffer), source.get_token());
//
// When a stop is requested the operation is cancelled, and gives -ECANCELED, or what it gave if
// that was first: either, never both. co_await returns when the operation is over, so the buffers
// are free again. It may be any operation: of the ring, a sleep, a call by token. A stop is
// requested by a strand, on any worker; not in a handler.
//
//   await --> operation issued ---------------------------> completion --.
//                    |                                                   +--> strand is woken
//   request_stop --> ASYNC_CANCEL, by the worker that issued -> completion'
//
// The cancel is part of the awaiting frame as well, so the strand waits for its completion, too: a
// relay stands between both and the strand, and counts. Like a strand it has a waker's `home`, but
// marked, so that a wake takes the rare path (company.cpp) and ordinary wakes pay nothing for it.
#ifndef OUROS_STOP_HPP
#define OUROS_STOP_HPP

#include <cerrno>
#include <optional>
#include <ouros/call.hpp>
#include <ouros/worker.hpp>
#include <stop_token>

namespace ouros {

struct stop_relay : strand {
    static constexpr uintptr_t mark = 2; // in `home`
    // `state`, atomic: completions that are to come, or one of these.
    static constexpr uint32_t idle = 0; // not issued yet, or over
    static constexpr uint32_t in_flight = 1;
    static constexpr uint32_t in_flight_and_cancel = 2;
    static constexpr uint32_t stopped = 1u << 31; // before it was issued, or after its end

    explicit stop_relay(operation* of)
        : strand{}
        , target(of)
        , cancel(IORING_OP_ASYNC_CANCEL, -1, of, 0, 0) {
        home = mark;
    }

    bool change(uint32_t from, uint32_t to) {
        return __atomic_compare_exchange_n(&state, &from, to, false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_RELAXED);
    }

    uint32_t state = idle;
    strand* waiter = nullptr;
    worker* issuer = nullptr;
    operation* target;
    operation cancel;
};

template <typename Operation>
class [[nodiscard]] stoppable {
  public:
    // The operation is one that is made in the co_await expression.
    stoppable(Operation&& operation, std::stop_token token)
        : operation_(operation)
        , token_(std::move(token))
        , relay_(&operation) {}
    stoppable(const stoppable&) = delete;
    stoppable& operator=(const stoppable&) = delete;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) {
        callback_.emplace(token_, request{relay_}); // may call it
        mark<OUROS_MARK_SUBMIT>(static_cast<operation*>(&operation_));
        mark<OUROS_MARK_SUSPEND>(coroutine.address());
        uintr::disable();
        worker* here = worker::here();
        relay_.waiter = here->current();
        relay_.issuer = here;
        if (!relay_.change(stop_relay::idle, stop_relay::in_flight))
            operation_.complete(-ECANCELED, 0);
        else if (here->issue_through(relay_, operation_)) [[likely]]
            return here->suspend(coroutine);
        else if (!relay_.change(stop_relay::in_flight, stop_relay::stopped)) {
            // It is over, but another worker's stop is on its way here: the relay has to outlive
            // that, and the cancel that comes of it.
            store_relaxed(&relay_.state, stop_relay::in_flight);
            return here->suspend(coroutine);
        }
        uintr::enable();
        return coroutine;
    }
    int64_t await_resume() {
        callback_.reset(); // returns when it is not running any more
        return operation_.await_resume();
    }

  private:
    // What a request to stop does.
    struct request {
        stop_relay& relay;
        void operator()() const noexcept {
            if (relay.change(stop_relay::idle, stop_relay::stopped) ||
                !relay.change(stop_relay::in_flight, stop_relay::in_flight_and_cancel))
                return;
            uintr::off_guard off;
            relay.issuer->cancel(relay);
        }
    };

    Operation& operation_;
    std::stop_token token_;
    stop_relay relay_;
    std::optional<std::stop_callback<request>> callback_;
};

} // namespace ouros

#endif // OUROS_STOP_HPP
