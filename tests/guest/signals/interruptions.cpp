// SPDX-License-Identifier: BSD-2-Clause
//
// Signals between processes, and what they do to calls that wait. A child goes on sending until the
// parent has seen enough, so that nothing depends on who is faster.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct shared {
    std::atomic<int> handled;
    std::atomic<bool> enough;
    sem_t semaphore;
};
shared* both;

void count(int) {
    both->handled++;
}

void install(int signal, void (*handler)(int), int flags = 0) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(signal, &action, nullptr);
}

void report(const char* what, long result) {
    printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
    fflush(stdout);
}

void pause_a_little() {
    timespec t = {0, 2'000'000};
    nanosleep(&t, nullptr);
}

pid_t start(void (*work)(pid_t parent)) {
    both->enough = false;
    both->handled = 0;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        work(parent);
        _exit(0);
    }
    return child;
}

void end(pid_t child) {
    both->enough = true;
    int status;
    while (waitpid(child, &status, 0) < 0)
        ;
}

int data[2]; // a pipe

void keep_sending(pid_t parent) {
    while (!both->enough) {
        kill(parent, SIGUSR1);
        pause_a_little();
    }
}

// Five signals that the parent has handled, then what it waits for.
template <void (*release)()>
void send_five_then(pid_t parent) {
    for (int n = 1; n <= 5; n++)
        while (both->handled < n) {
            kill(parent, SIGUSR1);
            pause_a_little();
        }
    release();
}

void write_byte() {
    (void)!write(data[1], "x", 1);
}
void post() {
    sem_post(&both->semaphore);
}
void nothing() {}

void reading() {
    char byte;
    install(SIGUSR1, count);
    pid_t child = start(keep_sending);
    report("read", read(data[0], &byte, 1));
    end(child);
    install(SIGUSR1, count, SA_RESTART);
    child = start(send_five_then<write_byte>);
    report("read, restarted", read(data[0], &byte, 1));
    end(child);
}

void waiting_for_others() {
    install(SIGUSR1, count, SA_RESTART);
    pid_t child = start(send_five_then<nothing>);
    int status;
    report("wait, restarted", waitpid(child, &status, 0) == child);
    install(SIGUSR1, count);
    child = start(keep_sending);
    report("wait", waitpid(child, &status, 0));
    end(child);
    child = start(keep_sending);
    report("semaphore", sem_wait(&both->semaphore));
    end(child);
    install(SIGUSR1, count, SA_RESTART);
    child = start(send_five_then<post>);
    report("semaphore, restarted", sem_wait(&both->semaphore));
    end(child);
}

void sleeping() {
    install(SIGUSR1, count, SA_RESTART); // which makes no difference here
    pid_t child = start(keep_sending);
    timespec hour = {3600, 0}, left = {};
    report("nanosleep", nanosleep(&hour, &left));
#ifdef __riscv // where the tests are run, the remainder is not always there
    if (left.tv_sec < 3000 || left.tv_sec >= 3600)
        printf("left %ld\n", left.tv_sec);
#else
    (void)left;
#endif
    pollfd fd = {data[0], POLLIN, 0};
    report("poll", poll(&fd, 1, -1));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(data[0], &set);
    report("select", select(data[0] + 1, &set, nullptr, nullptr, nullptr));
    report("pause", pause());
    end(child);
}

void ignored_ones_do_not_wake() {
    install(SIGUSR1, SIG_IGN);
    pid_t child = start([](pid_t parent) {
        for (int i = 0; i < 5; i++) {
            kill(parent, SIGUSR1);
            pause_a_little();
        }
        write_byte();
    });
    char byte;
    report("read with the signal ignored", read(data[0], &byte, 1));
    end(child);
}

void temporary_masks() {
    install(SIGUSR1, count);
    sigset_t blocked, none, now;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    both->handled = 0;
    raise(SIGUSR1);
    report("sigsuspend, pending", sigsuspend(&none));
    sigprocmask(SIG_BLOCK, nullptr, &now);
    printf("handled %d, blocked again %d\n", both->handled.load(), sigismember(&now, SIGUSR1));
    raise(SIGUSR1);
    pollfd fd = {data[0], POLLIN, 0};
    report("ppoll, pending", ppoll(&fd, 1, nullptr, &none));
    sigprocmask(SIG_BLOCK, nullptr, &now);
    printf("handled %d, blocked again %d\n", both->handled.load(), sigismember(&now, SIGUSR1));
    raise(SIGUSR1);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(data[0], &set);
    report("pselect, pending", pselect(data[0] + 1, &set, nullptr, nullptr, nullptr, &none));
    pid_t child = start(send_five_then<nothing>);
    while (both->handled < 5)
        sigsuspend(&none);
    end(child);
    timespec at_once = {};
    report("ppoll, timeout", ppoll(&fd, 1, &at_once, &none));
    sigprocmask(SIG_BLOCK, nullptr, &now);
    printf("blocked again %d\n", sigismember(&now, SIGUSR1));
    signal(SIGUSR1, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
}

void taking() {
    sigset_t set;
    sigemptyset(&set);
    for (int s : {SIGUSR2, SIGRTMIN, SIGRTMIN + 1})
        sigaddset(&set, s);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    siginfo_t info;
    timespec at_once = {}, soon = {0, 3'000'000};
    report("take, nothing there", sigtimedwait(&set, &info, &at_once));
    report("take, nothing comes", sigtimedwait(&set, &info, &soon));
    for (int i = 1; i <= 3; i++)
        sigqueue(getpid(), SIGRTMIN, {.sival_int = i});
    raise(SIGUSR2);
    for (int i = 0; i < 4; i++) {
        int signal = sigtimedwait(&set, &info, &at_once);
        printf("took %d code %d value %d\n", signal, info.si_code,
               signal == SIGRTMIN ? info.si_value.sival_int : 0);
    }
    pid_t child = start([](pid_t parent) {
        for (int i = 1; i <= 50; i++) {
            while (sigqueue(parent, SIGRTMIN + 1, {.sival_int = i}) < 0)
                pause_a_little();
            if (i % 10 == 0)
                pause_a_little();
        }
    });
    int in_order = 0;
    bool from_child = true;
    for (int i = 1; i <= 50; i++) {
        sigwaitinfo(&set, &info);
        in_order += info.si_value.sival_int == i;
        from_child = from_child && info.si_pid == child;
    }
    printf("in order %d, from the child %d\n", in_order, from_child);
    end(child);
    install(SIGUSR1, count, SA_RESTART);
    child = start(keep_sending);
    report("take, interrupted", sigwaitinfo(&set, &info));
    end(child);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

siginfo_t child_info;
void note_child(int, siginfo_t* info, void*) {
    child_info = *info;
}

void children() {
    struct sigaction action = {};
    action.sa_sigaction = note_child;
    action.sa_flags = SA_SIGINFO;
    sigset_t blocked, none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    sigaction(SIGCHLD, &action, nullptr);
    for (int how = 0; how < 3; how++) {
        pid_t child = fork();
        if (child == 0) {
            if (how == 0)
                _exit(7);
            if (how == 1)
                raise(SIGTERM);
            pause();
        }
        if (how == 2)
            kill(child, SIGKILL);
        sigsuspend(&none);
        printf("child: code %d status %d, it %d\n", child_info.si_code, child_info.si_status,
               child_info.si_pid == child);
        int status;
        waitpid(child, &status, 0);
        printf("status %d %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1,
               WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }
    sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
    signal(SIGCHLD, SIG_DFL);
}

void broken_pipe() {
    install(SIGPIPE, count);
    both->handled = 0;
    int ends[2];
    (void)!pipe(ends);
    close(ends[0]);
    report("write to nobody", write(ends[1], "x", 1));
    printf("handled %d\n", both->handled.load());
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
}

void inheritance() {
    install(SIGUSR1, count);
    sigset_t set, now;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    raise(SIGUSR1);
    both->handled = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        sigpending(&now);
        int pending = sigismember(&now, SIGUSR1);
        sigprocmask(SIG_BLOCK, nullptr, &now);
        printf("child: pending %d, blocked %d\n", pending, sigismember(&now, SIGUSR1));
        sigprocmask(SIG_UNBLOCK, &set, nullptr);
        raise(SIGUSR1);
        printf("child: handled %d\n", both->handled.load());
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    printf("parent: handled %d\n", both->handled.load());
}

void groups() {
    fflush(stdout);
    pid_t leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        for (int i = 0; i < 2; i++)
            if (fork() == 0)
                for (;;)
                    pause();
        write_byte();
        for (;;)
            pause();
    }
    char byte;
    (void)!read(data[0], &byte, 1);
    report("kill a group", kill(-leader, SIGTERM));
    int status;
    waitpid(leader, &status, 0);
    printf("ended by %d\n", WTERMSIG(status));
    report("kill no group", kill(-999999, SIGTERM));
}

} // namespace

int main() {
    both = static_cast<shared*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    sem_init(&both->semaphore, 1, 0);
    (void)!pipe(data);
    reading();
    waiting_for_others();
    sleeping();
    ignored_ones_do_not_wake();
    temporary_masks();
    taking();
    children();
    broken_pipe();
    inheritance();
    groups();
}
