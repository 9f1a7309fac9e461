// SPDX-License-Identifier: BSD-2-Clause
//
// alarm, setitimer and POSIX timers, as far as they are the same however long anything takes.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

volatile int rings, last_code, last_value;

void ring(int, siginfo_t* info, void*) {
    rings = rings + 1;
    last_code = info->si_code;
    last_value = info->si_value.sival_int;
}

void install(int signal) {
    struct sigaction action = {};
    action.sa_sigaction = ring;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal, &action, nullptr);
}

void report(const char* what, long result) {
    printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
}

void wait_for_rings(int signal, int count) {
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, signal);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigset_t open = before;
    sigdelset(&open, signal);
    while (rings < count)
        sigsuspend(&open);
    sigprocmask(SIG_SETMASK, &before, nullptr);
}

void interval_timer() {
    install(SIGALRM);
    report("alarm", alarm(100));
    printf("left %d\n", alarm(0) > 90);
    itimerval setting = {{0, 2000}, {0, 3000}}, old = {};
    rings = 0;
    report("setitimer", setitimer(ITIMER_REAL, &setting, &old));
    wait_for_rings(SIGALRM, 5);
    setting = {};
    report("off", setitimer(ITIMER_REAL, &setting, &old));
    printf("rang, was every %ld us\n", long(old.it_interval.tv_usec));
    getitimer(ITIMER_REAL, &old);
    printf("is off %d\n", old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
    int before = rings;
    timespec t = {0, 10'000'000};
    nanosleep(&t, nullptr);
    printf("silent %d\n", rings == before);
    setting.it_value.tv_usec = 1'000'000;
    report("too many microseconds", setitimer(ITIMER_REAL, &setting, nullptr));
}

void posix_timers() {
    install(SIGUSR1);
    sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    event.sigev_value.sival_int = 4711;
    timer_t id;
    report("create", timer_create(CLOCK_MONOTONIC, &event, &id));
    rings = 0;
    itimerspec setting = {{0, 1'000'000}, {0, 1'000'000}}, old = {};
    report("set", timer_settime(id, 0, &setting, nullptr));
    wait_for_rings(SIGUSR1, 10);
    printf("code %d value %d\n", last_code, last_value);
    setting = {};
    report("off", timer_settime(id, 0, &setting, &old));
    printf("was every %ld ns\n", old.it_interval.tv_nsec);
    rings = 0;
    timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    setting.it_value = {start.tv_sec, start.tv_nsec};
    report("in the past", timer_settime(id, TIMER_ABSTIME, &setting, nullptr));
    wait_for_rings(SIGUSR1, 1);
    report("delete", timer_delete(id));
    report("no such timer", timer_gettime(id, &old));
    event.sigev_signo = 99;
    report("no such signal", timer_create(CLOCK_MONOTONIC, &event, &id));
    event.sigev_notify = SIGEV_NONE;
    event.sigev_signo = 0;
    report("silent", timer_create(CLOCK_MONOTONIC, &event, &id));
    setting.it_value = {100, 0};
    timer_settime(id, 0, &setting, nullptr);
    timer_gettime(id, &old);
    printf("left %d\n", old.it_value.tv_sec > 90);
    timer_delete(id);
}

void not_inherited() {
    alarm(100);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        printf("child: alarm left %u\n", alarm(0));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    printf("parent: alarm left %d\n", alarm(0) > 90);
}

void unhandled() {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        itimerval setting = {{}, {0, 1000}};
        setitimer(ITIMER_REAL, &setting, nullptr);
        for (;;)
            pause();
    }
    int status;
    waitpid(child, &status, 0);
    printf("ended by %d\n", WTERMSIG(status));
}

} // namespace

int main() {
    interval_timer();
    posix_timers();
    not_inherited();
    unhandled();
}
