// SPDX-License-Identifier: BSD-2-Clause
//
// A3 from a coroutine: any call can be awaited, on one worker and on several; the executor goes on
// meanwhile. A4: with more than the queue pair takes. A6: a stop ends it, or comes too late.
#include <cstdio>
#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using ouros::task;

int wrong = 0;

void expect(const char* what, int64_t found, int64_t wanted) {
    if (found == wanted)
        return;
    std::printf("WRONG: %s: %ld instead of %ld\n", what, found, wanted);
    __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

struct pipe_pair {
    int fds[2] = {-1, -1};
    pipe_pair() {
        if (pipe(fds) < 0)
            std::perror("pipe");
    }
    ~pipe_pair() {
        close(fds[0]);
        close(fds[1]);
    }
    int out() const { return fds[0]; }
    int in() const { return fds[1]; }
};

task<void> results() {
    int64_t at = co_await ouros::call(SYS_mmap, nullptr, 4096, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect("an address is more than 32 bits", at > INT32_MAX, true);
    *reinterpret_cast<volatile char*>(at) = 1;
    expect("munmap", co_await ouros::call(SYS_munmap, at, 4096), 0);
    char byte = 0;
    expect("bad descriptor", co_await ouros::call(SYS_read, 999, &byte, 1), -EBADF);
    expect("bad address", co_await ouros::call(SYS_pipe2, 8, 0), -EFAULT);
    expect("nobody's but the thread's", co_await ouros::call(SYS_exit, 1), -EINVAL);
    expect("about the process", co_await ouros::call(SYS_getpid), getpid());
}

// A child that ends when it is told to; everybody else runs while its parent waits.
task<void> a_child() {
    pipe_pair tell;
    pid_t child = fork();
    if (child == 0) {
        close(tell.in());
        char byte;
        _exit(read(tell.out(), &byte, 1) == 1 ? 9 : 1);
    }
    bool waits = false;
    int status = 0;
    auto wait = [&]() -> task<int64_t> {
        __atomic_store_n(&waits, true, __ATOMIC_RELEASE);
        co_return co_await ouros::wait_child(child, &status);
    };
    auto waiting = ouros::spawn(wait());
    while (!__atomic_load_n(&waits, __ATOMIC_ACQUIRE))
        co_await ouros::yield();
    co_await ouros::sleep(std::chrono::milliseconds(2));
    expect("the executor goes on while it waits", waiting.done(), false);
    expect("tell", co_await ouros::call(SYS_write, tell.in(), "x", 1), 1);
    expect("the child", co_await waiting, child);
    expect("its status", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 9);
}

// As many readers as there are, each of a pipe of its own, then the writers.
task<void> many(unsigned count) {
    std::vector<pipe_pair> pipes(count);
    unsigned over = 0;
    auto read_one = [&](unsigned n) -> task<void> {
        unsigned number = ~0u;
        expect("read", co_await ouros::call(SYS_read, pipes[n].out(), &number, sizeof number), 4);
        expect("what was written", number, n);
        __atomic_fetch_add(&over, 1u, __ATOMIC_RELAXED);
    };
    auto write_one = [&](unsigned n) -> task<void> {
        expect("write", co_await ouros::write(pipes[n].in(), &n, sizeof n), 4);
    };
    std::vector<ouros::spawned<void>> all;
    for (unsigned n = 0; n < count; n++)
        all.push_back(ouros::spawn(read_one(n)));
    co_await ouros::sleep(std::chrono::milliseconds(2));
    expect("they wait", __atomic_load_n(&over, __ATOMIC_RELAXED), 0);
    for (unsigned n = 0; n < count; n++)
        all.push_back(ouros::spawn(write_one(n)));
    for (auto& each : all)
        co_await each;
    expect("all are over", over, count);
}

template <typename Operation>
task<int64_t> until(std::stop_token token, Operation make) {
    co_return co_await ouros::stoppable(make(), token);
}

task<void> stops() {
    pipe_pair p;
    char byte = 0, one = 'y';
    auto by_token = [&] { return ouros::call(SYS_read, p.out(), &byte, 1); };
    auto in_ring = [&] { return ouros::read(p.out(), &byte, 1); };
    auto asleep = [] { return ouros::sleep(std::chrono::hours(1)); };
    for (unsigned i = 0; i < 20; i++) {
        std::stop_source source;
        std::stop_token token = source.get_token();
        auto a = ouros::spawn(until(token, by_token));
        auto b = ouros::spawn(until(token, in_ring));
        auto c = ouros::spawn(until(token, asleep));
        if (i % 2)
            co_await ouros::sleep(std::chrono::microseconds(200));
        source.request_stop();
        expect("a call is stopped", co_await a, -ECANCELED);
        expect("a read is stopped", co_await b, -ECANCELED);
        expect("a sleep is stopped", co_await c, -ECANCELED);
        expect("too late to begin", co_await until(token, by_token), -ECANCELED);
    }
    // A stop and what it waits for at the same time: one of them.
    unsigned got = 0;
    for (unsigned i = 0; i < 60; i++) {
        std::stop_source source;
        auto reading = i & 1 ? ouros::spawn(until(source.get_token(), by_token))
                             : ouros::spawn(until(source.get_token(), in_ring));
        auto write = [&]() -> task<int64_t> { co_return co_await ouros::write(p.in(), &one, 1); };
        auto writing = ouros::spawn(write());
        for (unsigned n = 0; n < i % 7; n++)
            co_await ouros::yield();
        if (i % 3 == 0)
            co_await ouros::sleep(std::chrono::microseconds(i * 5));
        source.request_stop();
        int64_t result = co_await reading;
        expect("written", co_await writing, 1);
        if (result != 1)
            expect("stopped or read", result, -ECANCELED);
        else
            got++;
        if (result != 1)
            expect("the byte is there", co_await by_token(), 1);
        // Nothing of it is left over for what comes next.
        expect("the next", co_await ouros::sleep(std::chrono::microseconds(1)), 0);
    }
    std::printf("of 60 races the reader won %s\n", got == 0 ? "none" : got == 60 ? "all" : "some");
}

task<int> program() {
    co_await ouros::when_all(results(), a_child(), stops());
    co_await many(40);
    co_return 0;
}
// With more calls than the queue pair takes: entries of the ring do not wait for them, and those
// that have not been handed over can be stopped.
task<int> too_many() {
    co_await many(40);
    pipe_pair p;
    char byte = 0;
    std::stop_source source;
    std::vector<ouros::spawned<int64_t>> readers;
    for (unsigned n = 0; n < 20; n++)
        readers.push_back(ouros::spawn(
            until(source.get_token(), [&] { return ouros::call(SYS_read, p.out(), &byte, 1); })));
    co_await ouros::sleep(std::chrono::milliseconds(1));
    source.request_stop();
    for (auto& each : readers)
        expect("a call is stopped", co_await each, -ECANCELED);
    co_return 0;
}

} // namespace

int main() {
    int status = ouros::run(program());
    status |= ouros::run(too_many(), {.sq_entries = 8, .cq_entries = 8});
    status |= ouros::run(program(), {.workers = 3});
    status |= ouros::run(program(), {.workers = 2, .slice = std::chrono::microseconds(100)});
    return status | wrong;
}
