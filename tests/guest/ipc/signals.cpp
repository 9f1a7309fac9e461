// SPDX-License-Identifier: BSD-2-Clause
//
// Signals in user space from a child process to its parent, which has invited it before the fork:
// to a handler, queued with values, taken by coroutines; and from a thread, without the kernel.

#include "../libs/expect.hpp"

#include <csignal>
#include <ouros/ouros.hpp>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace signals = ouros::signal;
using signals::status;

namespace {

signals::inbox inbox;
volatile uint64_t usr1, values, sum;

void on_usr1(const signals::info&, void*) {
    usr1 = usr1 + 1;
}
void on_value(const signals::info& what, void*) {
    values = values + 1;
    sum = sum + what.value;
}

// A child that sends, and ends with status 0 if it could.
template <typename Send>
pid_t child(const ouros::invitation& invited, Send&& send) {
    pid_t id = fork();
    if (id)
        return id;
    signals::peer peer;
    _exit(peer.open(invited) == 0 && send(peer) ? 0 : 1);
}

bool ended_well(pid_t id) {
    int status = 1;
    return waitpid(id, &status, 0) == id && status == 0;
}

void to_handlers() {
    ouros::invitation invited;
    ouros::check(inbox.invite(&invited), "invite");
    inbox.block(signals::only(40));
    pid_t id = child(invited, [](signals::peer& peer) {
        for (uint64_t i = 1; i <= 100; i++)
            if (peer.send(40, i) != status::sent)
                return false;
        return peer.send(SIGUSR1) == status::sent;
    });
    while (!usr1)
        ouros::check(inbox.suspend(signals::only(40)), "suspend");
    expect(values == 0, "a blocked signal waits", static_cast<long>(values));
    inbox.unblock(signals::only(40));
    expect(values == 100 && sum == 5050, "each value once", static_cast<long>(sum));
    expect(ended_well(id), "the sender");
}

// Many more than there is room for: a full queue is an error to the sender, who tries again.
void more_than_fit() {
    constexpr uint64_t count = 5000;
    values = 0;
    sum = 0;
    ouros::invitation invited;
    ouros::check(inbox.invite(&invited), "invite");
    pid_t id = child(invited, [](signals::peer& peer) {
        for (uint64_t i = 1; i <= count;) {
            status how = peer.send(40, i);
            if (how == status::sent)
                i++;
            else if (how != status::full)
                return false;
        }
        return true;
    });
    while (values < count)
        ouros::check(inbox.suspend(signals::none), "suspend");
    expect(sum == count * (count + 1) / 2, "each value once", static_cast<long>(sum));
    expect(ended_well(id), "the sender");
}

// The counter of kernel entries stands still from before the send until after the handler.
void without_the_kernel() {
    ouros::invitation invited;
    ouros::check(inbox.invite(&invited), "invite");
    signals::peer self;
    ouros::check(self.open(invited), "open");
    uint64_t before_usr1 = usr1;
    ouros_statistics before = {}, after = {};
    ouros::kernel::statistics(&before);
    for (int i = 0; i < 100; i++)
        self.send(SIGUSR1);
    ouros::kernel::statistics(&after);
    expect(usr1 == before_usr1 + 100, "handled at once", static_cast<long>(usr1));
    expect(after.syscalls == before.syscalls + 1, "no system call but the counting");
    expect(after.waits == before.waits, "no wait");
}

ouros::task<uint64_t> take(unsigned signo, int count) {
    uint64_t total = 0;
    for (int i = 0; i < count; i++)
        total += (co_await inbox.next(signals::only(signo))).value;
    co_return total;
}

ouros::task<int> by_coroutines() {
    ouros::invitation invited;
    ouros::check(inbox.invite(&invited), "invite");
    pid_t id = child(invited, [](signals::peer& peer) {
        bool all = true;
        for (uint64_t i = 0; i < 50; i++) {
            all = all && peer.send(50, i) == status::sent;
            all = all && peer.send(51, 2 * i) == status::sent;
        }
        return all;
    });
    auto [fifty, fifty_one] = co_await ouros::when_all(take(50, 50), take(51, 50));
    expect(fifty == 1225 && fifty_one == 2450, "each strand has its own signals");
    expect(ended_well(id), "the sender");
    co_return 0;
}

void ends() {
    ouros::invitation invited;
    ouros::check(inbox.invite(&invited), "invite");
    signals::peer peer;
    ouros::check(peer.open(invited), "open");
    inbox.close();
    expect(peer.send(SIGUSR1) == status::ended, "a closed inbox");

    // A receiver that ends with its thread, without a word.
    ouros::invitation other;
    std::thread([&other] {
        auto* lost = new signals::inbox;
        ouros::check(lost->open(), "open");
        ouros::check(lost->invite(&other), "invite");
    }).join();
    signals::peer late;
    if (late.open(other) == 0) {
        expect(late.send(SIGUSR1) == status::ended, "an ended receiver");
        expect(late.send(40, 1) == status::ended, "an ended receiver's queue");
    }
}

} // namespace

int main() {
    ouros::check(inbox.open(), "open");
    inbox.set_handler(SIGUSR1, on_usr1);
    inbox.set_handler(40, on_value);
    to_handlers();
    more_than_fit();
    without_the_kernel();
    expect(ouros::run(by_coroutines()) == 0, "run");
    ends();
    return failures != 0;
}
