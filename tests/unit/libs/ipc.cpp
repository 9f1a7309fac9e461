// SPDX-License-Identifier: BSD-2-Clause
//
// Calls between threads of the build machine, and what a hostile client or server can do.

#include "fake-uintr.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <ouros/ipc.hpp>
#include <ouros/ordering.h>
#include <thread>

namespace {

namespace ipc = ouros::ipc;

// Both ends in one thread: what a call does between them is then in the test's hands.
struct channel : testing::Test {
    ipc::server server;
    ipc::client client;
    ouros::invitation invitation;
    ouros::owned_fd notifier;
    ouros::shared_memory memory;
    ipc::shared_channel* raw = nullptr; // the peer's view, to misuse
    ipc::detail::view view;
    static constexpr ipc::layout where{4, 128};

    channel() {
        EXPECT_EQ(server.open(), 0);
        EXPECT_EQ(server.invite({where.slots, where.slot_size}, &invitation), 0);
        EXPECT_EQ(client.open(invitation), 0);
        EXPECT_EQ(client.notifier(&notifier), 0);
        EXPECT_EQ(server.attach(0, notifier), 0);
        EXPECT_EQ(memory.map(invitation.memory.get()), 0);
        view.attach(memory.get(), where);
        raw = view.shared;
    }

    void forge_request(uint64_t entry) {
        view.requests[raw->request_tail % where.slots] = entry;
        ouros::store_release(&raw->request_tail, raw->request_tail + 1);
    }
    void forge_reply(uint64_t entry) {
        view.replies[raw->reply_tail % where.slots] = entry;
        ouros::store_release(&raw->reply_tail, raw->reply_tail + 1);
    }
    // The call's own thread only starts it; the answer comes later.
    int64_t call(uint64_t value, uint64_t* answer, uint64_t timeout_ns = 0) {
        return client.call_and_wait(ipc::bytes_of(value), ipc::writable_bytes_of(*answer),
                                    timeout_ns);
    }
};

// A server in a thread of its own that answers n with f(n).
struct serving {
    std::atomic<bool> stop{false};
    std::atomic<int64_t> handed{-1};
    ouros::invitation invitation;
    ouros::owned_fd notifier;
    std::atomic<int> step{0};
    std::thread thread;

    template <typename Serve>
    explicit serving(ipc::options how, Serve serve) {
        thread = std::thread([this, how, serve] {
            ipc::server server;
            server.open();
            server.invite(how, &invitation);
            step = 1;
            while (step != 2)
                std::this_thread::yield();
            server.attach(0, notifier);
            step = 3;
            while (!stop)
                if (ipc::request r = server.wait_next(1'000'000))
                    serve(std::move(r));
        });
        while (step != 1)
            std::this_thread::yield();
    }
    void connect(ipc::client& client) {
        ASSERT_EQ(client.open(invitation), 0);
        ASSERT_EQ(client.notifier(&notifier), 0);
        step = 2;
        while (step != 3)
            std::this_thread::yield();
    }
    ~serving() {
        stop = true;
        thread.join();
    }
};

TEST(ipc, calls_are_answered) {
    serving server({4, 128}, [](ipc::request r) {
        uint64_t value = 0;
        if (r.copy(&value))
            r.reply_value(value * 2);
    });
    ipc::client client;
    server.connect(client);
    EXPECT_EQ(client.slots(), 4u);
    EXPECT_EQ(client.slot_size(), 128u);
    for (uint64_t i = 0; i < 5000; i++) {
        uint64_t answer = 0;
        ASSERT_EQ(client.call_and_wait(ipc::bytes_of(i), ipc::writable_bytes_of(answer)), 8);
        ASSERT_EQ(answer, 2 * i);
    }
    // What the server drops is answered, too.
    uint32_t shorter = 1;
    EXPECT_EQ(client.call_and_wait(ipc::bytes_of(shorter), {}), -ECANCELED);
}

TEST_F(channel, lengths_are_those_of_slots) {
    std::byte large[129] = {};
    EXPECT_EQ(client.call_and_wait(large, {}), -EMSGSIZE);
    uint64_t answer = 0;
    EXPECT_EQ(call(1, &answer), -ETIME);
    ipc::request r = server.try_next();
    ASSERT_TRUE(r);
    EXPECT_EQ(r.length(), 8u);
    EXPECT_EQ(r.reply(large), -EMSGSIZE);
    EXPECT_EQ(r.reply_in_place(129), -EMSGSIZE);
    EXPECT_TRUE(r);
    EXPECT_EQ(r.reply({large, 128}), 0);
    EXPECT_FALSE(r);
}

// A call that timed out keeps its slot until it is answered; then the slot is free again.
TEST_F(channel, slots_come_back) {
    uint64_t answer = 0;
    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < where.slots; i++)
            EXPECT_EQ(call(i, &answer), -ETIME);
        EXPECT_EQ(call(99, &answer), -ETIME); // waits for a slot, and is not sent
        std::vector<ipc::request> all;
        while (ipc::request r = server.try_next()) {
            uint64_t value = 0;
            EXPECT_TRUE(r.copy(&value));
            EXPECT_EQ(value, all.size());
            all.push_back(std::move(r));
        }
        EXPECT_EQ(all.size(), where.slots);
        for (; !all.empty(); all.pop_back())
            all.back().reply_value(uint64_t{1}); // newest first
        fake_take_interrupts();
    }
    EXPECT_EQ(client.error(), 0);
    EXPECT_FALSE(server.broken(0));
}

TEST_F(channel, nobody_is_interrupted_who_looks) {
    auto receiver = fake_this_receiver();
    uint64_t answer = 0;
    uint64_t before = receiver->sends;
    EXPECT_EQ(call(1, &answer), -ETIME); // the server does not sleep: it never waited
    EXPECT_EQ(receiver->sends, before);
    server.try_next().reply_value(answer); // the client does: its call is over
    EXPECT_EQ(receiver->sends, before + 1);
    ouros::store_relaxed(&raw->client_sleeps, 0u);
    EXPECT_EQ(call(1, &answer), -ETIME);
    ouros::store_relaxed(&raw->client_sleeps, 0u);
    server.try_next().reply_value(answer);
    EXPECT_EQ(receiver->sends, before + 1);
}

TEST(polling, is_given_up_when_nothing_comes_and_tried_again) {
    ouros::adaptive_poll polling;
    EXPECT_EQ(polling.allowed(), ouros::adaptive_poll::first);
    int waits = 0;
    for (; polling.allowed(); waits++)
        polling.missed();
    EXPECT_EQ(waits, 6); // 32, 16, ... 1
    int until_retry = 0;
    while (!polling.allowed())
        until_retry++;
    EXPECT_LE(until_retry, 31);
}

TEST(polling, grows_with_what_it_took) {
    ouros::adaptive_poll polling;
    polling.found(50);
    EXPECT_EQ(polling.allowed(), 102u);
    polling.found(1000);
    EXPECT_EQ(polling.allowed(), ouros::adaptive_poll::most);
    for (int i = 0; i < 100; i++)
        polling.found(0); // what comes at once needs few looks
    EXPECT_LT(polling.allowed(), 12u);
}

// --- ends

TEST_F(channel, a_closed_server_ends_calls) {
    uint64_t answer = 0;
    server.close();
    EXPECT_EQ(call(1, &answer), -EPIPE);
    EXPECT_EQ(client.error(), -EPIPE);
    EXPECT_EQ(call(1, &answer), -EPIPE);
}

TEST(ipc, an_ended_server_ends_the_calls_of_a_blocked_client) {
    ouros::invitation invitation;
    std::thread([&] {
        auto* lost = new ipc::server; // as if its process was killed: nothing is cleaned up
        lost->open();
        lost->invite({4, 128}, &invitation);
        fake_end_receiver();
    }).join();
    ipc::client client;
    ASSERT_EQ(client.open(invitation), 0);
    uint64_t value = 1, answer = 0;
    EXPECT_EQ(client.call_and_wait(ipc::bytes_of(value), ipc::writable_bytes_of(answer)), -EPIPE);
    EXPECT_EQ(client.call_and_wait(ipc::bytes_of(value), ipc::writable_bytes_of(answer)), -EPIPE);
}

TEST_F(channel, an_ended_client_is_dropped) {
    uint64_t answer = 0;
    EXPECT_EQ(call(1, &answer), -ETIME);
    EXPECT_EQ(call(1, &answer), -ETIME);
    ipc::request first = server.try_next(), second = server.try_next();
    fake_end_receiver();
    first.reply_value(answer);
    EXPECT_TRUE(server.broken(0));
    server.drop(0); // the second is still in service
    second.reply_value(answer);
    EXPECT_EQ(server.invite({}, &invitation), 0); // the number is free again
}

// --- hostile clients: only their own channel suffers

struct hostile_client : channel {
    ipc::client honest;
    hostile_client() {
        ouros::invitation second;
        ouros::owned_fd fd;
        EXPECT_EQ(server.invite({4, 128}, &second), 1);
        EXPECT_EQ(honest.open(second), 0);
        EXPECT_EQ(honest.notifier(&fd), 0);
        EXPECT_EQ(server.attach(1, fd), 0);
    }
    void expect_only_the_honest_served() {
        uint64_t value = 5;
        EXPECT_EQ(honest.call_and_wait(ipc::bytes_of(value), {}, 0), -ETIME);
        unsigned served = 0;
        while (ipc::request r = server.try_next()) {
            EXPECT_EQ(r.channel(), 1u);
            served++;
        }
        EXPECT_EQ(served, 1u);
        EXPECT_TRUE(server.broken(0));
        EXPECT_FALSE(server.broken(1));
    }
};

TEST_F(hostile_client, a_tail_that_jumps) {
    ouros::store_relaxed(&raw->request_tail, 5u);
    expect_only_the_honest_served();
}
TEST_F(hostile_client, a_tail_that_goes_back) {
    ouros::store_relaxed(&raw->request_tail, ~0u);
    expect_only_the_honest_served();
}
TEST_F(hostile_client, a_slot_that_is_none) {
    forge_request(ipc::make_entry(4, 8));
    expect_only_the_honest_served();
}
TEST_F(hostile_client, a_slot_far_away) {
    forge_request(ipc::make_entry(0x80000001, 8));
    expect_only_the_honest_served();
}
TEST_F(hostile_client, a_length_beyond_the_slot) {
    forge_request(ipc::make_entry(0, 129));
    expect_only_the_honest_served();
}
TEST_F(hostile_client, a_negative_length) {
    forge_request(ipc::make_entry(0, -1));
    expect_only_the_honest_served();
}
TEST_F(hostile_client, a_slot_in_service) {
    forge_request(ipc::make_entry(2, 8));
    ipc::request first = server.try_next();
    ASSERT_TRUE(first);
    forge_request(ipc::make_entry(2, 8));
    expect_only_the_honest_served();
    first.reply_value(uint64_t{1}); // harms nobody
}

TEST_F(hostile_client, a_layout_that_changes) {
    // What the server needs it has in its own memory.
    ouros::store_relaxed(&raw->slots, 1u << 30);
    ouros::store_relaxed(&raw->slot_size, ~0u);
    forge_request(ipc::make_entry(3, 128));
    ipc::request r = server.try_next();
    ASSERT_TRUE(r);
    EXPECT_EQ(r.length(), 128u);
    std::byte big[129];
    EXPECT_EQ(r.reply(big), -EMSGSIZE);
    r.fail(-EIO);
    ipc::client late;
    EXPECT_EQ(late.open(invitation), -EINVAL);
}

TEST_F(hostile_client, a_request_that_changes_is_copied_once) {
    uint64_t sent = 1, answer = 0;
    EXPECT_EQ(call(sent, &answer), -ETIME);
    ipc::request r = server.try_next();
    uint64_t checked = 0;
    EXPECT_TRUE(r.copy(&checked));
    std::memset(view.slot(0), 0xff, 128);
    EXPECT_EQ(checked, 1u);
    EXPECT_EQ(r.length(), 8u); // of the server's own
    r.reply_value(checked);
}

// --- hostile servers: each call has one end, and nothing is read beyond a slot

struct hostile_server : channel {
    // A call that is answered by what `forge` has left.
    int64_t outcome() {
        uint64_t answer = 0;
        return call(1, &answer, 10'000'000);
    }
    void expect_broken() {
        EXPECT_EQ(outcome(), -EPROTO);
        EXPECT_EQ(outcome(), -EPROTO);
        EXPECT_EQ(client.error(), -EPROTO);
    }
};

TEST_F(hostile_server, a_reply_to_nothing) {
    forge_reply(ipc::make_entry(2, 8)); // the call uses slot 0
    expect_broken();
}
TEST_F(hostile_server, a_reply_twice) {
    forge_reply(ipc::make_entry(0, 8));
    forge_reply(ipc::make_entry(0, 8));
    EXPECT_EQ(outcome(), 8); // the first is its answer
    EXPECT_EQ(outcome(), -EPROTO);
}
TEST_F(hostile_server, a_slot_that_is_none) {
    forge_reply(ipc::make_entry(0x7fffffff, 8));
    expect_broken();
}
TEST_F(hostile_server, a_length_beyond_the_slot) {
    forge_reply(ipc::make_entry(0, 129));
    expect_broken();
}
TEST_F(hostile_server, a_tail_that_jumps) {
    ouros::store_relaxed(&raw->reply_tail, 5u);
    expect_broken();
}
TEST_F(hostile_server, a_reply_longer_than_the_caller_s_buffer) {
    forge_reply(ipc::make_entry(0, 128));
    uint64_t words[2] = {0, 7};
    uint64_t value = 1;
    EXPECT_EQ(client.call_and_wait(ipc::bytes_of(value), ipc::writable_bytes_of(words[0])),
              -EMSGSIZE);
    EXPECT_EQ(words[1], 7u);
    EXPECT_EQ(client.error(), 0);
}
TEST_F(hostile_server, one_that_never_answers) {
    EXPECT_EQ(outcome(), -ETIME);
    EXPECT_EQ(client.error(), 0); // alive, and silent
}
TEST_F(hostile_server, a_layout_that_is_none) {
    const std::pair<uint32_t, uint32_t> forged[] = {{0, 128}, {3, 128},      {2048, 128},  {4, 0},
                                                    {4, 100}, {4, 1u << 21}, {8, 1u << 20}};
    for (auto [slots, size] : forged) {
        raw->slots = slots;
        raw->slot_size = size;
        ipc::client late;
        EXPECT_EQ(late.open(invitation), -EINVAL) << slots << ' ' << size;
    }
}

} // namespace
