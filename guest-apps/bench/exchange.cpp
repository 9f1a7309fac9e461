// SPDX-License-Identifier: BSD-2-Clause
//
// What the libraries make of user interrupts between processes: signals, and calls through shared
// memory. Both sides without coroutines; who waits looks for a while and then blocks.

#include "measure.hpp"
#include "sides.hpp"

#include <csignal>
#include <memory>
#include <ouros/ouros.hpp>
#include <unistd.h>
#include <vector>

namespace bench {

namespace {

namespace ipc = ouros::ipc;
namespace signals = ouros::signal;

constexpr int times = 500, warm_up = 100;
constexpr unsigned there = 40, back = 41; // real-time signals

// An inbox for this side, and a peer of the other's.
struct mailbox {
    signals::inbox inbox;
    signals::peer peer;

    explicit mailbox(link& other) {
        ouros::check(inbox.open(), "inbox");
        ouros::invitation mine, theirs;
        ouros::check(inbox.invite(&mine), "invite");
        ouros::check(ouros::send_invitation(other.socket(), mine), "send_invitation");
        ouros::check(ouros::receive_invitation(other.socket(), &theirs), "receive_invitation");
        ouros::check(peer.open(theirs), "peer");
        other.meet();
    }
};

void stamp(const signals::info&, void* at) {
    *static_cast<volatile uint64_t*>(at) = instructions();
}
void count(const signals::info&, void* at) {
    auto* counter = static_cast<volatile uint64_t*>(at);
    *counter = *counter + 1;
}
void answer(const signals::info&, void* peer) {
    static_cast<signals::peer*>(peer)->send(back, 1);
}

// As uipi.one_way: the send, and from the receiver's last instruction in its loop to the handler.
void signal_one_way(const sides& which, const char* name, unsigned signo) {
    enum { last, entered, stop };
    run_sides(
        which,
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            auto box = std::make_unique<mailbox>(other);
            for (int i = -warm_up; i < times; i++) {
                at[entered] = 0;
                for (int turn = 0; turn < 4; turn++)
                    ouros::relax();
                uint64_t start = instructions();
                box->peer.send(signo, 1);
                uint64_t end = instructions();
                while (!at[entered])
                    ouros::relax();
                if (i >= 0)
                    taken.add(end - start + (at[entered] - at[last]));
            }
            at[stop] = 1;
        },
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            auto box = std::make_unique<mailbox>(other);
            box->inbox.set_handler(signo, stamp, &other.shared().at[entered]);
            while (!at[stop]) {
                if (!at[entered])
                    at[last] = instructions();
                ouros::relax();
            }
        });
    taken.report(which.name(name).c_str(), 1, 2 * reading);
}

// Both run; the second sends back from its handler.
void signal_round_trip(const sides& which) {
    run_sides(
        which,
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            auto box = std::make_unique<mailbox>(other);
            auto* mine = &other.shared().at[8];
            box->inbox.set_handler(back, count, mine);
            for (int i = -warm_up; i < times; i++) {
                uint64_t before = at[8];
                uint64_t start = instructions();
                box->peer.send(there, 1);
                while (at[8] == before)
                    ouros::relax();
                uint64_t end = instructions();
                if (i >= 0)
                    taken.add(end - start);
            }
            at[0] = 1;
        },
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            auto box = std::make_unique<mailbox>(other);
            box->inbox.set_handler(there, answer, &box->peer);
            while (!at[0])
                ouros::relax();
        });
    taken.report(which.name("usignal.round_trip").c_str());
}

// Each suspends until a handler has run.
void signal_blocked_round_trip(const sides& which) {
    run_sides(
        which,
        [&](link& other) {
            auto box = std::make_unique<mailbox>(other);
            uint64_t ignored = 0;
            box->inbox.set_handler(back, count, &ignored);
            box->inbox.block(signals::only(back));
            for (int i = -warm_up; i < times; i++) {
                uint64_t start = instructions();
                box->peer.send(there, 1);
                box->inbox.suspend(signals::none);
                uint64_t end = instructions();
                if (i >= 0)
                    taken.add(end - start);
            }
            box->peer.send(there, 0);
        },
        [&](link& other) {
            auto box = std::make_unique<mailbox>(other);
            for (;;) {
                auto got = box->inbox.wait(signals::only(there));
                if (!got->value)
                    return;
                box->peer.send(back, 1);
            }
        });
    taken.report(which.name("usignal.blocked_round_trip").c_str());
}

void call(const sides& which, const char* name, size_t size) {
    run_sides(
        which,
        [&](link& other) {
            auto client = std::make_unique<ipc::client>();
            ouros::check(ipc::connect(*client, other.socket()), "connect");
            other.meet();
            std::vector<std::byte> question(size), reply(size);
            for (int i = -warm_up; i < times; i++) {
                uint64_t start = instructions();
                client->call_and_wait(question, reply);
                uint64_t end = instructions();
                if (i >= 0)
                    taken.add(end - start);
            }
            question[0] = std::byte{1};
            client->call_and_wait(question, reply);
        },
        [&](link& other) {
            auto server = std::make_unique<ipc::server>();
            ouros::check(server->open(), "server");
            ouros::check(ipc::accept(*server, other.socket(), {4, 4096}), "accept");
            other.meet();
            std::vector<std::byte> bytes(size);
            while (bytes[0] == std::byte{0}) {
                ipc::request request = server->wait_next();
                request.copy(bytes);
                request.reply(bytes);
            }
        });
    taken.report(which.name(name).c_str());
}

// The same by coroutines on both sides.
ouros::task<int> echo(ipc::server& server) {
    for (uint64_t value = 0; value == 0;) {
        ipc::request request = co_await server.next();
        request.copy(&value);
        request.reply_value(value);
    }
    co_return 0;
}

ouros::task<int> asks(ipc::client& client) {
    uint64_t question = 0, reply = 0;
    for (int i = -warm_up; i < times; i++) {
        uint64_t start = instructions();
        co_await client.call(ipc::bytes_of(question), ipc::writable_bytes_of(reply));
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    question = 1;
    co_await client.call(ipc::bytes_of(question), ipc::writable_bytes_of(reply));
    co_return 0;
}

void call_of_coroutines(const sides& which) {
    run_sides(
        which,
        [&](link& other) {
            auto client = std::make_unique<ipc::client>();
            ouros::check(ipc::connect(*client, other.socket()), "connect");
            other.meet();
            ouros::check(-ouros::run(asks(*client)), "run");
        },
        [&](link& other) {
            auto server = std::make_unique<ipc::server>();
            ouros::check(server->open(), "server");
            ouros::check(ipc::accept(*server, other.socket(), {4, 64}), "accept");
            other.meet();
            ouros::check(-ouros::run(echo(*server)), "run");
        });
    taken.report(which.name("ipc.await8").c_str());
}

void exchange(const char*) {
    const bool one_hart = sysconf(_SC_NPROCESSORS_ONLN) == 1;
    for (place where : {place::one_hart, place::two_harts}) {
        const sides which{kind::processes, where};
        if (where == place::two_harts) {
            if (one_hart)
                break;
            signal_one_way(which, "usignal.one_way", SIGUSR1);
            signal_one_way(which, "usignal.one_way_queued", there);
            signal_round_trip(which);
        }
        signal_blocked_round_trip(which);
        call(which, "ipc.call8", 8);
        call(which, "ipc.call4k", 4096);
        call_of_coroutines(which);
    }
}

const subject here{"exchange", harts::any, exchange};

} // namespace

} // namespace bench
