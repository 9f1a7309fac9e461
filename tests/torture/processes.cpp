// SPDX-License-Identifier: BSD-2-Clause
//
// Processes: made and ended in every way; the status tells which.
#include "session.hpp"
#include "state.hpp"

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <linux/futex.h>
#include <ouros/kernel.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>

extern char** environ;

namespace torture {

namespace {

void leave(actor& a) {
    int code = int(a.random.below(256));
    check(status_of(child([=] { return code; })) == exited(code), "a child's exit status", code);
}

void set_up_ring() {
    ouros_ring where;
    if (syscall(OUROS_SYS_ring_setup, 16, 32, &where, sizeof where))
        _exit(99);
}

// Where a child may be when it is killed.
enum class place {
    sleep,
    pipe,
    futex,
    suspended,
    ring,
    receiver,
    stopped,
    wait,
    fault,
    loop,
    count
};

// The last two keep a hart busy until the tick: they cost most.
place any_place(generator& random) {
    unsigned busy = unsigned(place::fault);
    return place(random.percent(8) ? random.between(busy, busy + 1) : random.below(busy));
}

void be_at(place where) {
    sigset_t none;
    static uint32_t word;
    int fds[2];
    char byte;
    timespec long_time{1000, 0};
    sigemptyset(&none);
    switch (where) {
    case place::sleep:
        nanosleep(&long_time, nullptr);
        break;
    case place::pipe:
        if (pipe(fds) == 0)
            (void)!read(fds[0], &byte, 1);
        break;
    case place::futex:
        syscall(SYS_futex, &word, FUTEX_WAIT, 0, nullptr, nullptr, 0);
        break;
    case place::suspended:
        sigsuspend(&none);
        break;
    case place::ring:
        set_up_ring();
        syscall(OUROS_SYS_wait, UINT64_MAX, 0);
        break;
    case place::receiver:
        syscall(OUROS_SYS_uintr_setup, 0);
        syscall(OUROS_SYS_wait, UINT64_MAX, 0);
        break;
    case place::stopped:
        raise(SIGSTOP);
        break;
    case place::wait:
        if (fork() == 0) {
            nanosleep(&long_time, nullptr);
            _exit(0);
        }
        wait(nullptr);
        break;
    case place::fault:
        for (;;) {
            void* p =
                mmap(nullptr, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            memset(p, 1, 1 << 16);
            munmap(p, 1 << 16);
        }
    default:
        break;
    }
    for (;;)
        ;
}

void be_killed(actor& a) {
    place where = any_place(a.random);
    bool group = where == place::wait; // its child must go, too
    int ready[2];
    must(pipe2(ready, O_CLOEXEC), "pipe2");
    pid_t id = child([&] {
        if (group)
            setpgid(0, 0);
        (void)!write(ready[1], "r", 1);
        be_at(where);
        return 1;
    });
    char byte;
    check(again([&] { return read(ready[0], &byte, 1); }) == 1, "the child is there");
    if (a.random.percent(50)) {
        timespec moment{0, long(a.random.below(200'000))};
        nanosleep(&moment, nullptr);
    }
    must(kill(group ? -id : id, SIGKILL), "kill");
    check(status_of(id) == SIGKILL, "a killed child's status", int(where));
    close(ready[0]);
    close(ready[1]);
}

void stop_and_continue(actor&) {
    pid_t id = child([] {
        raise(SIGSTOP);
        return 17;
    });
    int status = 0;
    check(again([&] { return waitpid(id, &status, WUNTRACED); }) == id && WIFSTOPPED(status),
          "a stopped child", status);
    must(kill(id, SIGCONT), "SIGCONT");
    check(status_of(id) == exited(17), "a child that went on");
}

void spawn(actor& a) {
    char code[16];
    unsigned wanted = unsigned(a.random.below(100));
    snprintf(code, sizeof code, "%u", wanted);
    char* arguments[] = {const_cast<char*>(a.in.program), const_cast<char*>("child"), code,
                         nullptr};
    pid_t id = 0;
    int error = posix_spawn(&id, a.in.program, nullptr, nullptr, arguments, environ);
    check(error == 0, "posix_spawn", error);
    check(status_of(id) == exited(int(wanted)), "a spawned program's status");
}

void lend(actor& a) {
    int code = int(a.random.below(200));
    volatile int written = 0;
    pid_t id = vfork();
    if (id == 0) {
        written = 1;
        _exit(code);
    }
    must(id, "vfork");
    check(written == 1, "a child of vfork has its parent's memory");
    check(status_of(id) == exited(code), "vfork");
}

void leave_orphans(actor& a) {
    unsigned count = unsigned(a.random.between(1, 3));
    check(status_of(child([=] {
              for (unsigned i = 0; i < count; i++)
                  if (fork() == 0) {
                      timespec moment{0, 100'000 * long(i)};
                      nanosleep(&moment, nullptr);
                      _exit(0);
                  }
              return 5;
          })) == exited(5),
          "a child that leaves orphans");
}

// Several at once, waited for in another order.
void several(actor& a) {
    pid_t ids[6];
    unsigned count = unsigned(a.random.between(2, 6));
    for (unsigned i = 0; i < count; i++)
        ids[i] = child([=] { return int(i) + 1; });
    for (unsigned left = count; left; left--) {
        unsigned i = unsigned(a.random.below(left));
        pid_t id = ids[i];
        siginfo_t info{};
        check(again([&] { return waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT); }) == 0,
              "waitid", errno);
        check(info.si_pid == id && WEXITSTATUS(status_of(id)) == info.si_status, "waitid's status",
              info.si_status);
        ids[i] = ids[left - 1];
    }
}

// A child with threads ends, is killed, or executes a program.
void end_with_threads(actor& a) {
    uint64_t how = a.random.below(3);
    char* arguments[] = {const_cast<char*>(a.in.program), const_cast<char*>("child"),
                         const_cast<char*>("threads"),
                         const_cast<char*>(how == 0   ? "exit"
                                           : how == 1 ? "exec"
                                                      : "stay"),
                         nullptr};
    pid_t id = 0;
    int error = posix_spawn(&id, a.in.program, nullptr, nullptr, arguments, environ);
    check(error == 0, "posix_spawn", error);
    if (how == 2) {
        timespec moment{0, long(a.random.below(2'000'000))};
        nanosleep(&moment, nullptr);
        must(kill(id, SIGKILL), "kill");
    }
    int expected = how == 0 ? exited(33) : how == 1 ? exited(44) : SIGKILL;
    int status = status_of(id);
    check(status == expected, "a program with threads", status);
}

int with_threads(const char* what, char** argv) {
    static std::atomic<unsigned> there{0};
    for (int i = 0; i < 4; i++) {
        pthread_t t;
        pthread_create(
            &t, nullptr,
            [](void* place) -> void* {
                there++;
                if (auto n = reinterpret_cast<uintptr_t>(place); n == 0)
                    be_at(place::sleep);
                else if (n == 1)
                    be_at(place::ring);
                else if (n == 2)
                    be_at(place::receiver);
                be_at(place::futex);
                return nullptr;
            },
            reinterpret_cast<void*>(uintptr_t(i)));
    }
    while (there != 4)
        sched_yield();
    if (!strcmp(what, "exit"))
        _exit(33);
    if (!strcmp(what, "exec")) {
        char* arguments[] = {argv[0], const_cast<char*>("child"), const_cast<char*>("44"), nullptr};
        execv(argv[0], arguments);
        return 98;
    }
    pause();
    return 97;
}

} // namespace

int run_child(int argc, char** argv) {
    if (argc > 3 && !strcmp(argv[2], "threads"))
        return with_threads(argv[3], argv);
    return argc > 2 ? atoi(argv[2]) : 96;
}

const operation process_operations[] = {
    {"fork", 10, leave},
    {"kill", 6, be_killed},
    {"stop", 3, stop_and_continue},
    {"spawn", 4, spawn},
    {"vfork", 20, lend},
    {"orphans", 3, leave_orphans},
    {"several children", 2, several},
    {"a program with threads", 1, end_with_threads},
    {},
};

} // namespace torture
