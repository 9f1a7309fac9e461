// SPDX-License-Identifier: BSD-2-Clause
//
// An actor is a thread that takes steps. What it has open, mapped and in flight is its own, with a
// model of what must be in it; it shares the process - address space, descriptors, signal actions -
// with the other actors, and the machine with the processes that they make.
//
//   runner (main.cpp)        a process that starts sessions and counts what they leave behind
//     session (session.cpp)  a process; its number of actors comes from the seed
//       actor                steps: an operation of one of the files below, then its check
//
// An operation that finds something wrong says what, where and with which seed, and ends the
// session. Everything an actor does follows from the seed; what the others do meanwhile is the
// scheduler's, so only a run under --icount is the same to the bit.
#pragma once

#include "random.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <memory>
#include <pthread.h>
#include <span>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace torture {

// The signals: one for each purpose, so that their counts can be told apart.
inline int signal_poke() {
    return SIGRTMIN + 1; // to other actors, at any time: each one must arrive
}
inline int signal_self() {
    return SIGRTMIN + 2; // to oneself, taken by a handler or by sigtimedwait
}
inline int signal_timer() {
    return SIGRTMIN + 3; // a timer's, blocked
}

// Where each actor is: in memory that the runner sees, too.
struct place_of_actor {
    std::atomic<uint64_t> step;
    std::atomic<const char*> doing; // the runner is the same program: the text is where it is here
};
inline constexpr unsigned most_actors = 64;

// What all actors of a session see.
struct session {
    uint64_t seed = 0;
    uint64_t number = 0;
    unsigned harts = 1;
    bool trace = false;              // say each step before it is taken
    bool stay = false;               // what has failed stays as it is
    const char* program = nullptr;   // this one
    const char* host_path = nullptr; // a file of the host, and what is in it
    std::vector<uint8_t> host_bytes;

    std::vector<struct actor*> actors;
    place_of_actor* places = nullptr; // most_actors of them
    std::atomic<uint64_t> pokes_sent{0}, pokes_taken{0};
    std::atomic<bool> poking{true};

    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_t moving = PTHREAD_MUTEX_INITIALIZER; // one actor at a time
    uint64_t counted_with_mutex = 0;                    // what the actors have added together
    std::atomic<uint64_t> added{0};                     // ... and what each says it has
};

struct memory_state;
struct file_state;
struct channel_state;
struct ring_state;

struct actor {
    actor(session& in, unsigned number, uint64_t steps);
    ~actor();
    void run();

    session& in;
    unsigned number;
    uint64_t steps;
    uint64_t step = 0;
    const char* doing = "";
    generator random;
    pthread_t thread{};

    std::unique_ptr<memory_state> memory;
    std::unique_ptr<file_state> files;
    std::unique_ptr<channel_state> channels;
    std::shared_ptr<ring_state> ring; // its type is known in rings.cpp only
};

extern thread_local actor* this_actor;

// Ends the session with what is wrong.
[[noreturn]] void wrong(const char* what, long value);
inline void check(bool condition, const char* what, long value = 0) {
    if (!condition) [[unlikely]]
        wrong(what, value);
}
// A call's result; -1 is wrong.
inline long must(long result, const char* what) {
    check(result != -1, what, errno);
    return result;
}

// Pokes interrupt: a call that does not go on by itself is made again.
template <class F>
long again(F&& call) {
    long result;
    do
        result = call();
    while (result == -1 && errno == EINTR);
    return result;
}

// How long something may take that needs but a moment. Harts of an emulated machine get no turn for
// seconds when its host is busy, while others go round in their loops: these must not be counted.
class patience {
  public:
    bool over() const { return seconds() - begun_ > 100; }
    void begin_anew() { begun_ = seconds(); }

  private:
    static long seconds() {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec;
    }
    long begun_ = seconds();
};

// A child that does `body` and ends with what it returns. There may have been other threads: it
// must not allocate, and its checks fail by its status.
template <class F>
pid_t child(F&& body) {
    pid_t id = fork();
    if (id == 0) {
        this_actor = nullptr;
        _exit(body());
    }
    must(id, "fork");
    return id;
}
inline int status_of(pid_t id) {
    int status = -1;
    check(again([&] { return waitpid(id, &status, 0); }) == id, "waitpid", errno);
    return status;
}
inline constexpr int exited(int code) {
    return code << 8;
}

// Bytes that say where they belong: byte `at` of what `tag` stands for.
void fill(std::span<uint8_t> bytes, uint64_t tag, uint64_t at = 0);
bool filled(std::span<const uint8_t> bytes, uint64_t tag, uint64_t at = 0);

struct operation {
    const char* name;
    unsigned weight;
    void (*take)(actor&);
};
// One list for each subject; a null name ends it.
extern const operation memory_operations[], file_operations[], channel_operations[],
    thread_operations[], signal_operations[], process_operations[], ring_operations[],
    interrupt_operations[], coroutine_operations[];

} // namespace torture
