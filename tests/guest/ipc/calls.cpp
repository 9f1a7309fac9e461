// SPDX-License-Identifier: BSD-2-Clause
//
// Calls between two threads' address spaces-to-be: a server of coroutines, a client with as many
// calls outstanding as there are slots and more, a client without coroutines, and a server that
// goes.

#include "../libs/expect.hpp"

#include <atomic>
#include <numeric>
#include <ouros/ouros.hpp>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ipc = ouros::ipc;

namespace {

// One thread serves, another calls. What sockets do between processes is done by hand here.
struct meeting {
    ouros::invitation invitation;
    ouros::owned_fd notifier;
    std::atomic<int> step{0};

    void reach(int next) {
        step = next;
        step.notify_all();
    }
    void wait_for(int wanted) {
        for (int now = step; now < wanted; now = step)
            step.wait(now);
    }
    void invite(ipc::server& server, ipc::options how) {
        ouros::check(server.open(), "open");
        ouros::check(server.invite(how, &invitation), "invite");
        reach(1);
        wait_for(2);
        ouros::check(server.attach(0, notifier), "attach");
        reach(3);
    }
    void join(ipc::client& client) {
        wait_for(1);
        ouros::check(client.open(invitation), "open");
        ouros::check(client.notifier(&notifier), "notifier");
        reach(2);
        wait_for(3);
    }
};

constexpr uint64_t goodbye = ~uint64_t{0};

// Adds up what comes; the answers leave in another order than the questions came.
ouros::task<int> serves(ipc::server& server) {
    std::vector<ipc::request> kept;
    for (;;) {
        ipc::request r = co_await server.next();
        uint64_t first = 0;
        r.copy(ouros::ipc::writable_bytes_of(first));
        if (first == goodbye) {
            for (; !kept.empty(); kept.pop_back())
                kept.back().reply_value(uint64_t{0});
            r.reply_value(first);
            co_return 0;
        }
        if (first % 7 == 3) {
            kept.push_back(std::move(r));
        } else {
            std::vector<uint64_t> words(r.length() / 8);
            r.copy(std::as_writable_bytes(std::span(words)));
            r.reply_value(std::accumulate(words.begin(), words.end(), uint64_t{0}));
        }
        if (kept.size() == 2)
            for (; !kept.empty(); kept.pop_back())
                kept.back().reply_value(uint64_t{0});
    }
}

ouros::task<uint64_t> ask(ipc::client& client, uint64_t first, size_t words) {
    std::vector<uint64_t> question(words, 1);
    question[0] = first;
    uint64_t answer = 1;
    int64_t length =
        co_await client.call(std::as_bytes(std::span(question)), ipc::writable_bytes_of(answer));
    expect(length == 8, "length of the answer", length);
    co_return answer;
}

ouros::task<int> calls(ipc::client& client) {
    // Ten times as many calls as slots.
    for (size_t words : {size_t{1}, size_t{512}}) {
        std::vector<ouros::task<uint64_t>> all;
        for (uint64_t i = 0; i < 80; i++)
            all.push_back(ask(client, i, words));
        all.push_back(ask(client, 3, 1)); // an even number of those that are kept
        std::vector<uint64_t> answers = co_await ouros::when_all(std::move(all));
        for (uint64_t i = 0; i < 80; i++)
            expect(answers[i] == (i % 7 == 3 ? 0 : i + words - 1), "answer", static_cast<long>(i));
    }
    for (uint64_t i = 0; i < 200; i++) // one at a time
        expect(co_await ask(client, 7 * i, 1) == 7 * i, "answer", static_cast<long>(i));
    std::vector<std::byte> large(client.slot_size() + 1);
    expect(co_await client.call(large, {}) == -EMSGSIZE, "too long");
    expect(co_await ask(client, goodbye, 1) == goodbye, "goodbye");
    co_return 0;
}

void between_coroutines() {
    meeting at;
    std::thread serving([&at] {
        ipc::server server;
        at.invite(server, {8, 4096});
        expect(ouros::run(serves(server)) == 0, "the server");
    });
    ipc::client client;
    at.join(client);
    expect(ouros::run(calls(client)) == 0, "the client");
    serving.join();
}

void without_coroutines() {
    meeting at;
    std::thread serving([&at] {
        ipc::server server;
        at.invite(server, {2, 64});
        for (;;) {
            ipc::request r = server.wait_next();
            uint64_t value = 0;
            r.copy(&value);
            if (value == goodbye) {
                server.close(); // instead of an answer
                return;
            }
            r.reply_value(value + 1);
        }
    });
    ipc::client client;
    at.join(client);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t answer = 0;
        int64_t length = client.call_and_wait(ipc::bytes_of(i), ipc::writable_bytes_of(answer));
        expect(length == 8 && answer == i + 1, "answer", static_cast<long>(i));
    }
    expect(client.call_and_wait(ipc::bytes_of(goodbye), {}) == -EPIPE, "a server that goes");
    expect(client.call_and_wait(ipc::bytes_of(goodbye), {}) == -EPIPE, "and has gone");
    serving.join();
}

// All calls that are outstanding when the server's thread ends have one error each.
ouros::task<int> lonely(ipc::client& client) {
    std::vector<ouros::spawned<uint64_t>> all;
    int errors = 0;
    auto failing = [&client, &errors](uint64_t i) -> ouros::task<uint64_t> {
        int64_t result = co_await client.call(ipc::bytes_of(i), {});
        errors += result == -EPIPE;
        co_return 0;
    };
    for (uint64_t i = 0; i < 5; i++) // two have slots, three wait
        all.push_back(ouros::spawn(failing(i)));
    for (auto& each : all)
        co_await each;
    expect(errors == 5, "each call ends once", errors);
    co_return 0;
}

void a_server_that_ends() {
    meeting at;
    std::thread serving([&at] {
        auto* lost = new ipc::server; // nothing cleans up, as when a process is killed
        ouros::check(lost->open(), "open");
        ouros::check(lost->invite({2, 64}, &at.invitation), "invite");
        // It slept when it ended: its clients send.
        expect(!lost->wait_next(1000), "nothing yet");
        at.reach(1);
        at.wait_for(2);
    });
    at.wait_for(1);
    ipc::client client;
    ouros::check(client.open(at.invitation), "open");
    at.reach(2);
    serving.join();
    uint64_t value = 1;
    std::thread([&] {}).join();
    expect(client.call_and_wait(ipc::bytes_of(value), {}) == -EPIPE, "an ended server");
    expect(ouros::run(lonely(client)) == 0, "run");
}

} // namespace

int main() {
    between_coroutines();
    without_coroutines();
    a_server_that_ends();
    return failures != 0;
}
