// SPDX-License-Identifier: BSD-2-Clause
#include "session.hpp"

#include "state.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>

namespace torture {

thread_local actor* this_actor;

namespace {

const operation* const lists[] = {memory_operations, file_operations,      channel_operations,
                                  thread_operations, signal_operations,    process_operations,
                                  ring_operations,   interrupt_operations, coroutine_operations};

// Operations as often as they weigh.
std::vector<const operation*> make_table() {
    std::vector<const operation*> table;
    for (const operation* list : lists)
        for (; list->name; list++)
            table.insert(table.end(), list->weight, list);
    return table;
}
const std::vector<const operation*> table = make_table();

void take_poke(int) {
    this_actor->in.pokes_taken.fetch_add(1, std::memory_order_relaxed);
}

void read_host_file(session& s) {
    int fd = int(must(open(s.host_path, O_RDONLY), "open of the host's file"));
    s.host_bytes.resize(1 << 16);
    long n = must(read(fd, s.host_bytes.data(), s.host_bytes.size()), "read of the host's file");
    check(n > 8192, "the host's file has some pages", n);
    s.host_bytes.resize(size_t(n));
    close(fd);
}

// Nobody pokes any more; what was sent is on its way to a thread that is still there.
void collect_pokes(session& s) {
    for (patience p; s.pokes_taken != s.pokes_sent;) {
        check(!p.over(), "pokes that did not arrive", long(s.pokes_sent - s.pokes_taken));
        sched_yield();
    }
}

void tell_step(const actor& a) {
    char line[100];
    int n = snprintf(line, sizeof line, "session %lu actor %u step %lu: %s\n", a.in.number,
                     a.number, a.step, a.doing);
    (void)!write(1, line, size_t(n));
}

pthread_barrier_t all_started, all_done, all_gone;

void* start(void* argument) {
    actor& a = *static_cast<actor*>(argument);
    this_actor = &a;
    pthread_barrier_wait(&all_started);
    a.run();
    pthread_barrier_wait(&all_done);
    if (a.number == 0) {
        collect_pokes(a.in);
        check(a.in.counted_with_mutex == a.in.added, "counted with the mutex",
              long(a.in.counted_with_mutex));
    }
    pthread_barrier_wait(&all_gone);
    this_actor = nullptr;
    return nullptr;
}

} // namespace

actor::actor(session& s, unsigned n, uint64_t count)
    : in(s)
    , number(n)
    , steps(count)
    , random(mix(s.seed) + mix(s.number * 1000 + n))
    , memory(make_memory_state())
    , files(make_file_state(*this))
    , channels(make_channel_state())
    , ring(make_ring_state()) {}
actor::~actor() = default;

void actor::run() {
    for (; step < steps; step++) {
        const operation& next = *table[random.below(table.size())];
        doing = next.name;
        in.places[number].doing.store(doing, std::memory_order_relaxed);
        in.places[number].step.store(step, std::memory_order_relaxed);
        if (in.trace)
            tell_step(*this);
        next.take(*this);
    }
    in.places[number].doing = doing = "the end";
    end_of(*ring);
    end_of(*channels);
    end_of(*files);
    end_of(*memory);
}

namespace {

// Calls f(bytes, count, word) for each word of the pattern that the range has a part of; the word
// is shifted so that it begins with the first of the bytes. Stops when f says false.
template <class Bytes, class F>
bool each_word(Bytes bytes, uint64_t tag, uint64_t at, F&& f) {
    for (size_t done = 0; done < bytes.size();) {
        size_t inside = (at + done) % 8, count = std::min(8 - inside, bytes.size() - done);
        uint64_t word = (tag ^ (at + done) / 8) * 0x9e3779b97f4a7c15;
        word = (word ^ word >> 29) >> inside * 8;
        if (!f(bytes.data() + done, count, word))
            return false;
        done += count;
    }
    return true;
}

} // namespace

void fill(std::span<uint8_t> bytes, uint64_t tag, uint64_t at) {
    each_word(bytes, tag, at, [](uint8_t* to, size_t count, uint64_t word) {
        if (count == 8)
            memcpy(to, &word, 8);
        else
            memcpy(to, &word, count);
        return true;
    });
}

bool filled(std::span<const uint8_t> bytes, uint64_t tag, uint64_t at) {
    return each_word(bytes, tag, at, [](const uint8_t* from, size_t count, uint64_t word) {
        uint64_t there = word;
        if (count == 8)
            memcpy(&there, from, 8);
        else
            memcpy(&there, from, count);
        return there == word;
    });
}

void wrong(const char* what, long value) {
    char line[500];
    int n;
    if (actor* a = this_actor)
        n = snprintf(line, sizeof line,
                     "WRONG: %s (%ld) in %s: seed %lu session %lu actor %u step %lu\n", what, value,
                     a->doing, a->in.seed, a->in.number, a->number, a->step);
    else
        n = snprintf(line, sizeof line, "WRONG: %s (%ld) in a child or outside the steps\n", what,
                     value);
    (void)!write(1, line, size_t(n));
    if (this_actor && this_actor->in.stay)
        for (kill(getpid(), SIGSTOP);;) // another thread may be the one to take it
            pause();
    _exit(1);
}

unsigned actors_of(const session& s) {
    generator random(mix(s.seed) ^ s.number);
    // Mostly about as many as there are harts, sometimes many more.
    return unsigned(random.percent(20) ? random.between(8, 24)
                                       : random.between(1, 2 * s.harts + 1));
}

int run_session(session& s, uint64_t steps) {
    read_host_file(s);
    struct sigaction action {};
    action.sa_handler = take_poke;
    action.sa_flags = SA_RESTART;
    sigaction(signal_poke(), &action, nullptr);
    catch_memory_faults();
    prepare_signals();

    unsigned count = actors_of(s);
    pthread_barrier_init(&all_started, nullptr, count);
    pthread_barrier_init(&all_done, nullptr, count);
    pthread_barrier_init(&all_gone, nullptr, count);
    std::vector<std::unique_ptr<actor>> actors;
    for (unsigned i = 0; i < count; i++) {
        uint64_t share = steps * (i + 1) / count - steps * i / count;
        actors.push_back(std::make_unique<actor>(s, i, share));
        s.actors.push_back(actors.back().get());
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    // The first one starts the others, so that all of them have a thread when one is poked.
    for (unsigned i = 1; i < count; i++)
        check(pthread_create(&actors[i]->thread, &attributes, start, actors[i].get()) == 0,
              "pthread_create of an actor");
    actors[0]->thread = pthread_self();
    start(actors[0].get());
    for (unsigned i = 1; i < count; i++)
        check(pthread_join(actors[i]->thread, nullptr) == 0, "pthread_join of an actor");
    return 0;
}

} // namespace torture
