// SPDX-License-Identifier: BSD-2-Clause
#ifndef DEMO_TURNSTILE_HPP
#define DEMO_TURNSTILE_HPP

#include <ouros/ouros.hpp>

namespace demo {

// Strands of one worker pass in the order of their numbers: 0 at once, 1 after the first advance(),
// and so on. `co_await gate.pass(number)`; whoever has passed calls advance() when it is through.
class turnstile {
  public:
    class passing {
      public:
        passing(turnstile& gate, uint64_t number)
            : gate_(gate)
            , number_(number) {}
        bool await_ready() const noexcept { return gate_.turn_ == number_; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) noexcept {
            waiting_ = ouros::this_worker.current();
            next_ = gate_.first_;
            gate_.first_ = this;
            return ouros::this_worker.suspend(coroutine);
        }
        void await_resume() const noexcept {}

      private:
        friend class turnstile;
        turnstile& gate_;
        uint64_t number_;
        ouros::strand* waiting_ = nullptr;
        passing* next_ = nullptr;
    };

    passing pass(uint64_t number) { return {*this, number}; }

    void advance() {
        turn_++;
        for (passing** link = &first_; *link; link = &(*link)->next_) {
            if ((*link)->number_ != turn_)
                continue;
            ouros::strand* next = (*link)->waiting_;
            *link = (*link)->next_;
            ouros::this_worker.wake(next);
            return;
        }
    }

  private:
    uint64_t turn_ = 0;
    passing* first_ = nullptr; // a handful: no order
};

} // namespace demo

#endif // DEMO_TURNSTILE_HPP
