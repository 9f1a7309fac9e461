// SPDX-License-Identifier: BSD-2-Clause
//
// Signals in user space: how they coalesce, queue, wait, nest and end, and what a hostile sender
// can do.

#include "fake-uintr.hpp"

#include <algorithm>
#include <csignal>
#include <gtest/gtest.h>
#include <ouros/ordering.h>
#include <ouros/signal.hpp>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace {

namespace signal = ouros::signal;
using signal::status;

struct signals : testing::Test {
    signal::inbox inbox;
    ouros::invitation invitation;
    signal::peer peer;
    std::vector<std::pair<unsigned, uint64_t>> got;
    std::vector<unsigned> senders;
    signal::shared_channel* raw = nullptr; // the sender's view, to misuse

    signals() {
        EXPECT_EQ(inbox.open(), 0);
        EXPECT_EQ(inbox.invite(&invitation), 0);
        EXPECT_EQ(peer.open(invitation), 0);
        EXPECT_EQ(view.map(invitation.memory.get(), sizeof(signal::shared_channel)), 0);
        raw = static_cast<signal::shared_channel*>(view.get());
    }

    static void note(const signal::info& what, void* self) {
        static_cast<signals*>(self)->got.emplace_back(what.signo, what.value);
        static_cast<signals*>(self)->senders.push_back(what.sender);
    }
    void handle(std::initializer_list<unsigned> signos) {
        for (unsigned signo : signos)
            inbox.set_handler(signo, note, this);
    }
    using list = std::vector<std::pair<unsigned, uint64_t>>;

  private:
    ouros::shared_memory view;
};

TEST_F(signals, standard_ones_coalesce_and_carry_no_value) {
    handle({SIGUSR1, SIGUSR2});
    EXPECT_EQ(peer.send(SIGUSR2, 7), status::sent);
    EXPECT_EQ(peer.send(SIGUSR1, 8), status::sent);
    EXPECT_EQ(peer.send(SIGUSR1, 9), status::sent);
    fake_take_interrupts();
    EXPECT_EQ(got, (list{{SIGUSR1, 0}, {SIGUSR2, 0}})); // 10 before 12
    EXPECT_EQ(inbox.handled(), 2u);
}

TEST_F(signals, real_time_ones_queue_in_order_lowest_number_first) {
    handle({34, 40});
    inbox.block(signal::all);
    peer.send(40, 1);
    peer.send(34, 2);
    peer.send(40, 3);
    peer.send(34, 4);
    fake_take_interrupts();
    EXPECT_TRUE(got.empty());
    EXPECT_EQ(inbox.pending(), signal::of(34, 40));
    inbox.set_mask(signal::none);
    EXPECT_EQ(got, (list{{34, 2}, {34, 4}, {40, 1}, {40, 3}}));
    EXPECT_EQ(inbox.pending(), signal::none);
}

TEST_F(signals, signals_outside_1_to_64_are_refused) {
    EXPECT_EQ(peer.send(0), status::invalid);
    EXPECT_EQ(peer.send(65), status::invalid);
    EXPECT_EQ(peer.send(~0u), status::invalid);
    handle({1, 31, 32, 64});
    for (unsigned signo : {64u, 32u, 31u, 1u})
        EXPECT_EQ(peer.send(signo, signo), status::sent);
    fake_take_interrupts();
    EXPECT_EQ(got, (list{{1, 0}, {31, 0}, {32, 32}, {64, 64}}));
}

// The ring's room and the receiver's: each 128. Nothing is lost, and the 257th is refused.
TEST_F(signals, a_full_queue_refuses_and_loses_nothing) {
    handle({50});
    inbox.block(signal::only(50));
    uint64_t sent = 0;
    for (int round = 0; round < 3; round++) {
        while (peer.send(50, sent) == status::sent)
            sent++;
        fake_take_interrupts();
    }
    EXPECT_EQ(sent, 256u);
    EXPECT_EQ(peer.send(50), status::full);
    EXPECT_EQ(peer.send(SIGUSR1), status::sent); // these need no room
    inbox.unblock(signal::only(50));
    ASSERT_EQ(got.size(), 256u);
    for (uint64_t i = 0; i < got.size(); i++)
        EXPECT_EQ(got[i].second, i);
    EXPECT_EQ(peer.send(50, 256), status::sent);
    fake_take_interrupts();
    EXPECT_EQ(got.back().second, 256u);
}

TEST_F(signals, without_a_handler_a_signal_waits) {
    peer.send(SIGUSR1);
    peer.send(33, 5);
    fake_take_interrupts();
    EXPECT_EQ(inbox.pending(), signal::of(SIGUSR1, 33));
    handle({33});
    EXPECT_EQ(got, (list{{33, 5}}));
    auto taken = inbox.wait(signal::only(SIGUSR1));
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->signo, unsigned{SIGUSR1});
    EXPECT_FALSE(inbox.wait(signal::all, 1000));
}

TEST_F(signals, each_sender_has_its_own_channel) {
    ouros::invitation second;
    EXPECT_EQ(inbox.invite(&second), 1);
    signal::peer other;
    EXPECT_EQ(other.open(second), 0);
    handle({SIGUSR1, 60});
    inbox.block(signal::all);
    other.send(60, 1);
    peer.send(SIGUSR1);
    other.send(SIGUSR1);
    peer.send(60, 2);
    fake_take_interrupts();
    inbox.set_mask(signal::none);
    EXPECT_EQ(got.size(), 4u);
    EXPECT_EQ(std::count(senders.begin(), senders.end(), 0u), 2);
    EXPECT_EQ(std::count(senders.begin(), senders.end(), 1u), 2);
}

// --- nesting. "Others may interrupt" is asked for by a mask; the fake's interrupts are taken by
// hand.

struct nested {
    signal::inbox* inbox;
    signal::peer* peer;
    std::vector<int> steps;
    int depth = 0, deepest = 0;
};

void sends_more(const signal::info& what, void* context) {
    auto& self = *static_cast<nested*>(context);
    self.deepest = std::max(self.deepest, ++self.depth);
    self.steps.push_back(static_cast<int>(what.signo));
    if (self.steps.size() == 1) {
        self.peer->send(SIGUSR1); // itself
        self.peer->send(SIGUSR2); // another
        self.peer->send(SIGHUP);  // what the handler's mask holds back
        fake_take_interrupts();
    }
    self.steps.push_back(-static_cast<int>(what.signo));
    self.depth--;
}

TEST_F(signals, a_handler_s_own_signal_and_its_mask_wait_others_interrupt) {
    nested run{&inbox, &peer, {}};
    signal::action act{sends_more, &run, signal::only(SIGHUP), false};
    for (unsigned signo : {SIGUSR1, SIGUSR2, SIGHUP})
        inbox.set_handler(signo, act);
    peer.send(SIGUSR1);
    fake_take_interrupts();
    EXPECT_EQ(run.steps, (std::vector<int>{SIGUSR1, SIGUSR2, -SIGUSR2, -SIGUSR1, SIGHUP, -SIGHUP,
                                           SIGUSR1, -SIGUSR1}));
    EXPECT_EQ(run.deepest, 2);
}

TEST_F(signals, nodefer_lets_a_handler_interrupt_itself) {
    nested run{&inbox, &peer, {}};
    signal::action act{sends_more, &run, signal::none, true};
    inbox.set_handler(SIGUSR1, act);
    peer.send(SIGUSR1);
    fake_take_interrupts();
    EXPECT_EQ(run.steps, (std::vector<int>{SIGUSR1, SIGUSR1, -SIGUSR1, -SIGUSR1}));
}

void changes_the_mask(const signal::info&, void* context) {
    static_cast<signal::inbox*>(context)->set_mask(signal::only(SIGUSR2));
}

TEST_F(signals, the_mask_is_as_before_after_a_handler) {
    inbox.set_handler(SIGUSR1, changes_the_mask, &inbox);
    inbox.block(signal::only(SIGHUP));
    peer.send(SIGUSR1);
    fake_take_interrupts();
    EXPECT_EQ(inbox.block(signal::none), signal::only(SIGHUP));
}

// --- waiting

TEST_F(signals, suspend_waits_for_a_handler_and_restores_the_mask) {
    handle({SIGUSR1, SIGUSR2});
    inbox.block(signal::of(SIGUSR1, SIGUSR2));
    std::thread sender([this] {
        peer.send(SIGUSR2); // blocked by the temporary mask, too
        peer.send(SIGUSR1);
    });
    EXPECT_EQ(inbox.suspend(signal::only(SIGUSR2)), 0);
    sender.join();
    EXPECT_EQ(got, (list{{SIGUSR1, 0}}));
    EXPECT_EQ(inbox.set_mask(signal::none), signal::of(SIGUSR1, SIGUSR2));
    EXPECT_EQ(got.size(), 2u);
}

// A sender as fast as it can: what is sent is handled, in order, each once.
TEST_F(signals, nothing_is_lost_or_doubled_between_threads) {
    constexpr uint64_t count = 20000;
    std::thread sender([this] {
        for (uint64_t i = 0; i < count;)
            if (peer.send(45, i) == status::sent)
                i++;
            else
                std::this_thread::yield();
    });
    for (uint64_t i = 0; i < count; i++) {
        auto taken = inbox.wait(signal::only(45));
        ASSERT_TRUE(taken);
        ASSERT_EQ(taken->value, i);
    }
    sender.join();
    EXPECT_EQ(inbox.pending(), signal::none);
}

// --- ends

TEST_F(signals, a_closed_inbox_ends_its_senders) {
    inbox.close();
    EXPECT_EQ(peer.send(SIGUSR1), status::ended);
    EXPECT_EQ(peer.send(40), status::ended);
}

TEST_F(signals, an_ended_receiver_ends_its_senders) {
    fake_end_receiver();
    EXPECT_EQ(peer.send(SIGUSR1), status::ended);
    EXPECT_EQ(peer.send(SIGUSR1), status::ended); // also when the bit is set already
    EXPECT_EQ(peer.send(40), status::ended);
}

TEST_F(signals, only_memory_of_fixed_size_is_taken) {
    ouros::invitation bad;
    bad.memory = ouros::owned_fd(::memfd_create("small", 0));
    bad.sender = ouros::owned_fd(::dup(invitation.sender.get()));
    signal::peer fresh;
    EXPECT_EQ(fresh.open(bad), -EINVAL);
    EXPECT_EQ(fresh.send(SIGUSR1), status::ended);
}

// --- a sender that writes what it likes

TEST_F(signals, a_tail_that_jumps_stops_its_own_channel_only) {
    ouros::invitation second;
    EXPECT_EQ(inbox.invite(&second), 1);
    signal::peer honest;
    EXPECT_EQ(honest.open(second), 0);
    handle({40});
    for (uint32_t jump : {129u, 0x80000000u, ~0u}) {
        ouros::store_relaxed(&raw->tail, jump);
        honest.send(40, jump);
        fake_take_interrupts();
        EXPECT_EQ(got.back(), (std::pair<unsigned, uint64_t>{40, jump}));
    }
    EXPECT_EQ(got.size(), 3u);
    EXPECT_TRUE(inbox.broken(0));
    EXPECT_FALSE(inbox.broken(1));
    ouros::store_relaxed(&raw->tail, 1u); // too late to behave
    honest.send(40, 1);
    fake_take_interrupts();
    EXPECT_EQ(got.size(), 4u);
}

TEST_F(signals, numbers_that_are_none_are_dropped) {
    handle({32, 64});
    const uint32_t forged[] = {0, 1, 31, 65, 0x80000020, ~0u, 64};
    uint32_t tail = 0;
    for (uint32_t signo : forged)
        raw->entries[tail++] = {tail, signo, 0};
    ouros::store_release(&raw->tail, tail);
    ouros::store_relaxed(&raw->standard, ~0u);
    peer.send(SIGUSR1);
    fake_take_interrupts();
    EXPECT_EQ(got, (list{{64, 7}}));
    EXPECT_EQ(inbox.pending(), 0x7fffffffu); // 1..31
    EXPECT_FALSE(inbox.broken(0));
}

// The sender's tail runs as fast as it can write: a look at it takes what there is room for.
TEST_F(signals, one_look_takes_a_bounded_number) {
    inbox.block(signal::all);
    for (uint32_t i = 0; i < 100000; i += 128) {
        for (auto& entry : raw->entries)
            entry = {i, 40, 0};
        ouros::store_release(&raw->tail, raw->head + 128);
        inbox.pending();
    }
    int taken = 0;
    while (inbox.wait(signal::only(40), 0))
        taken++;
    EXPECT_EQ(taken, 256);
}

TEST_F(signals, a_head_that_makes_no_sense_is_a_full_queue) {
    for (uint32_t head : {1u, 0x7fffffffu, ~0u - 200}) {
        ouros::store_relaxed(&raw->head, head);
        signal::peer fresh;
        ASSERT_EQ(fresh.open(invitation), 0);
        EXPECT_EQ(fresh.send(40), status::full);
    }
}

} // namespace
