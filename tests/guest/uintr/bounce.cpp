// SPDX-License-Identifier: BSD-2-Clause
//
// U2, U4, U7, U8, U10: two processes bounce a user interrupt, 10^6 of them, while a third one is
// killed and started again all the time and all three move between harts. Counts add up exactly:
// no interrupt is lost, none is made two of, none comes to whom it was not sent.
//
//   ping <--- 1 ---> pong       one at a time: each answers the other's
//   victim -- 3 ---> both       in bursts, until it is killed
//   pong ---- n ---> victim     a vector for each victim in turn, so that one that was meant for a
//                               former victim is known; refused when it has ended
//
// The rights to send go through sockets. The first process starts, kills and moves the others.

#include "../libs/expect.hpp"
#include "fd_passing.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

constexpr unsigned bounce_vector = 1, burst_vector = 3, first_victim_vector = 8,
                   victim_vectors = 50;
constexpr long patience = 300; // looks at the count before it waits in the kernel

struct shared_state {
    std::atomic<bool> done;
    std::atomic<long> sent[2], received[2]; // bounces, by ping and pong
    std::atomic<long> bursts;               // sends of victims to ping and pong
    std::atomic<long> burst_interrupts;     // what ping and pong got of them
    std::atomic<long> strange;              // a vector that was not sent to whom it came
    std::atomic<long> to_victims, refused;  // by pong
    std::atomic<long> victims_reached;      // how often one got its vector
    std::atomic<long> waits;
};

shared_state* state;
long bounces; // of each of the two

struct { // of the process, for its handler
    volatile long received;
    volatile long bursts;
    uint64_t expected;
} mine;

extern "C" void bounce_received(uint64_t vectors) {
    if (vectors & ~mine.expected)
        state->strange++;
    if (vectors >> bounce_vector & 1)
        mine.received = mine.received + 1;
    if (vectors >> burst_vector & 1)
        mine.bursts = mine.bursts + 1;
}

extern "C" void victim_received(uint64_t vectors) {
    if (vectors != mine.expected)
        state->strange++;
    mine.received = mine.received + 1;
}

} // namespace

OUROS_UINTR_ENTRY(bounce_entry, bounce_received);
OUROS_UINTR_ENTRY(victim_entry, victim_received);

namespace {

int vector_fd(unsigned vector) {
    return static_cast<int>(ouros::check(kernel::uintr_create_fd(vector), "create_fd"));
}

uint64_t registered(int fd) {
    auto index = static_cast<uint64_t>(ouros::check(kernel::uintr_register_sender(fd), "register"));
    close(fd);
    return index;
}

bool send(uint64_t sender) {
    return uintr::send(sender) == OUROS_UIPI_SENT || kernel::uintr_send(sender) == 0;
}

// Until the peer's next bounce is there: one at a time.
void await(long count) {
    long looks = 0;
    while (mine.received < count && looks < patience)
        looks++;
    uintr::disable();
    while (mine.received < count) {
        kernel::wait(kernel::forever);
        state->waits++;
        uintr::disable();
    }
    if (mine.received != count) {
        expect(false, "one at a time", mine.received - count);
        std::fflush(stdout);
        _exit(1);
    }
    uintr::enable();
}

// What pong does for the victims: keeps the right to send to the newest one.
class victim_sender {
  public:
    explicit victim_sender(int socket)
        : socket_(socket) {}
    void use() {
        if (int fd = take_fd(socket_, MSG_DONTWAIT); fd >= 0) {
            if (attached_)
                kernel::uintr_unregister_sender(index_);
            index_ = registered(fd);
            attached_ = true;
        }
        if (!attached_)
            return;
        if (send(index_))
            state->to_victims++;
        else
            state->refused++;
    }

  private:
    int socket_;
    uint64_t index_ = 0;
    bool attached_ = false;
};

[[noreturn]] void player(int number, int to_peer, int to_first, int from_victims) {
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    mine.expected = uint64_t{1} << bounce_vector | uint64_t{1} << burst_vector;
    uintr::set_entry(bounce_entry);
    expect(pass_fd(to_peer, vector_fd(bounce_vector)), "pass the right to the peer");
    expect(pass_fd(to_first, vector_fd(burst_vector)), "pass the right for victims");
    int fd = take_fd(to_peer);
    expect(fd >= 0, "the peer's");
    uint64_t peer = registered(fd);
    victim_sender victim(from_victims);
    uintr::enable();
    for (long n = 1; n <= bounces; n++) {
        if (number == 1)
            await(n);
        if (!send(peer))
            expect(false, "send", n);
        state->sent[number]++;
        if (number == 0)
            await(n);
        else if (n % 64 == 0)
            victim.use();
    }
    // Whoever is first here waits for what the other may still do wrong.
    state->received[number] = mine.received;
    while (state->received[!number] == 0)
        sched_yield();
    uintr::disable();
    state->received[number] = mine.received;
    state->burst_interrupts += mine.bursts;
    state->done = true;
    std::fflush(stdout);
    _exit(failures != 0);
}

[[noreturn]] void victim(unsigned number, const int (&rights)[2], int to_pong) {
    unsigned vector = first_victim_vector + number % victim_vectors;
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    mine.expected = uint64_t{1} << vector;
    uintr::set_entry(victim_entry);
    uintr::enable();
    pass_fd(to_pong, vector_fd(vector));
    uint64_t senders[2];
    for (int n = 0; n < 2; n++)
        senders[n] = static_cast<uint64_t>(
            ouros::check(kernel::uintr_register_sender(rights[n]), "register"));
    for (long counted = 0;; counted = mine.received) {
        for (int n = 0; n < 20; n++) {
            state->bursts++; // first: it may be killed at any instruction
            send(senders[n % 2]);
        }
        state->victims_reached += mine.received - counted;
        kernel::wait(200'000); // 0.2 ms at most
    }
}

uint64_t random_state = 88172645463325252;
unsigned random(unsigned below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return unsigned(random_state % below);
}

// To one hart, or free to go to any.
void move(pid_t process, unsigned harts) {
    cpu_set_t set;
    CPU_ZERO(&set);
    unsigned only = random(harts + 1);
    for (unsigned i = 0; i < harts; i++)
        if (only == harts || i == only)
            CPU_SET(i, &set);
    sched_setaffinity(process, sizeof set, &set); // it may just have ended
}

template <class F>
pid_t start(F&& does) {
    std::fflush(stdout);
    pid_t id = fork();
    if (id == 0)
        does();
    return id;
}

} // namespace

int main(int argc, char** argv) {
    bounces = (argc > 1 ? atol(argv[1]) : 1'000'000) / 2;
    state = static_cast<shared_state*>(
        mmap(nullptr, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    auto harts = unsigned(sysconf(_SC_NPROCESSORS_ONLN));
    int peers[2], to_first[2], to_pong[2];
    for (int* pair : {peers, to_first, to_pong})
        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) {
            std::perror("socketpair");
            return 1;
        }
    pid_t players[2];
    for (int n = 0; n < 2; n++)
        players[n] = start([&] { player(n, peers[n], to_first[1], to_pong[0]); });
    int rights[2];
    for (int& right : rights)
        expect((right = take_fd(to_first[0])) >= 0, "a right for the victims");
    unsigned victims = 0;
    while (!state->done && failures == 0) {
        pid_t id = start([&] { victim(victims, rights, to_pong[1]); });
        expect(id > 0, "fork", victims);
        for (unsigned moves = random(4); moves; moves--) {
            move(players[random(2)], harts);
            move(id, harts);
            timespec time{0, long(random(500'000))};
            nanosleep(&time, nullptr);
        }
        expect(kill(id, SIGKILL) == 0, "kill", victims);
        int status = 0;
        expect(waitpid(id, &status, 0) == id && WIFSIGNALED(status), "killed", status);
        victims++;
        // Pong takes what victims pass on now and then only.
        while (!state->done && victims > 1 && state->to_victims + state->refused == 0)
            sched_yield();
    }
    for (pid_t player : players) {
        int status = -1;
        expect(waitpid(player, &status, 0) == player && status == 0, "a player", status);
    }
    for (int n = 0; n < 2; n++) {
        expect(state->sent[n] == bounces, "sent", state->sent[n]);
        expect(state->received[n] == bounces, "received", state->received[n]);
    }
    expect(state->strange == 0, "came to whom they were not sent", state->strange);
    expect(state->burst_interrupts <= state->bursts, "no more than were sent",
           state->burst_interrupts);
    expect(state->victims_reached <= state->to_victims, "no more than were sent",
           state->victims_reached);
    expect(victims > 10, "victims", victims);
    std::printf("%ld bounces, %ld waits; %u victims sent %ld, of which %ld arrived apart;\n"
                "to victims: %ld sent, %ld refused, %ld seen to arrive\n",
                2 * bounces, state->waits.load(), victims, state->bursts.load(),
                state->burst_interrupts.load(), state->to_victims.load(), state->refused.load(),
                state->victims_reached.load());
    return failures != 0;
}
