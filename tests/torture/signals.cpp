// SPDX-License-Identifier: BSD-2-Clause
//
// Signals and timers. Real-time signals are queued: as many come as were sent, in order.
#include "state.hpp"

#include <ctime>
#include <sys/syscall.h>

namespace torture {

namespace {

thread_local unsigned taken;
thread_local long last_value;

void take(int, siginfo_t* info, void*) {
    taken++;
    last_value = info->si_value.sival_int;
}

sigset_t set_of(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

long send_to_self(int signal, int value) {
    siginfo_t info{};
    info.si_code = SI_QUEUE;
    info.si_value.sival_int = value;
    return syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), signal, &info);
}

void handled(actor& a) {
    unsigned before = taken;
    int value = int(a.random.below(1 << 30));
    must(send_to_self(signal_self(), value), "a signal to itself");
    check(taken == before + 1, "the handler ran before the call returned", long(taken - before));
    check(last_value == value, "the value that came with it", last_value);
}

void queued(actor& a) {
    sigset_t set = set_of(signal_self());
    must(pthread_sigmask(SIG_BLOCK, &set, nullptr), "pthread_sigmask");
    unsigned count = unsigned(a.random.between(1, 5)), before = taken;
    for (unsigned i = 0; i < count; i++)
        must(send_to_self(signal_self(), int(i)), "a blocked signal");
    sigset_t pending;
    must(sigpending(&pending), "sigpending");
    check(sigismember(&pending, signal_self()), "it is pending");
    check(taken == before, "a blocked signal was taken");
    unsigned collected = unsigned(a.random.below(count + 1));
    for (unsigned i = 0; i < collected; i++) {
        siginfo_t info;
        timespec none{};
        long signal = again([&] { return sigtimedwait(&set, &info, &none); });
        check(signal == signal_self() && info.si_value.sival_int == int(i), "signals in order",
              info.si_value.sival_int);
    }
    must(pthread_sigmask(SIG_UNBLOCK, &set, nullptr), "pthread_sigmask");
    check(taken == before + count - collected, "the rest is taken at once", long(taken - before));
}

// Any actor, at any moment; how many arrive is counted at the end of the session.
void poke(actor& a) {
    actor& other = *a.in.actors[a.random.below(a.in.actors.size())];
    int error = pthread_kill(other.thread, signal_poke());
    check(error == 0 || error == EAGAIN, "pthread_kill", error);
    if (!error)
        a.in.pokes_sent++;
}

void timer(actor& a) {
    sigset_t set = set_of(signal_timer());
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal_timer();
    event._sigev_un._tid = gettid();
    timer_t id;
    if (timer_create(CLOCK_MONOTONIC, &event, &id) == -1) {
        check(errno == EAGAIN, "timer_create", errno);
        return;
    }
    itimerspec time{};
    time.it_value.tv_nsec = long(a.random.between(1000, 200'000));
    must(timer_settime(id, 0, &time, nullptr), "timer_settime");
    if (a.random.percent(60)) {
        siginfo_t info;
        timespec most{20, 0};
        long signal = again([&] { return sigtimedwait(&set, &info, &most); });
        check(signal == signal_timer(), "the timer's signal", signal);
    }
    must(timer_delete(id), "timer_delete");
    // One that came meanwhile.
    timespec none{};
    again([&] { return sigtimedwait(&set, nullptr, &none); });
}

// A call that waits ends when the handler has run.
void interrupted(actor&) {
    unsigned before = taken;
    pid_t process = getpid(), thread = gettid();
    pid_t id = child([&] {
        if (syscall(SYS_tgkill, process, thread, signal_self()))
            return 1;
        return 0;
    });
    // The handler is set without SA_RESTART. Another signal may come first; the right one may have
    // come before the wait began.
    while (taken == before) {
        timespec moment{0, 2'000'000};
        nanosleep(&moment, nullptr);
    }
    check(status_of(id) == 0, "the child that interrupts");
}

void refused(actor& a) {
    check(syscall(SYS_tgkill, getpid(), gettid(), 65 + a.random.below(100)) == -1 &&
              errno == EINVAL,
          "a signal that there is not", errno);
    check(kill(int(a.random.between(1 << 29, 1 << 30)), 0) == -1 && errno == ESRCH,
          "a process that there is not", errno);
}

} // namespace

void prepare_signals() {
    struct sigaction action {};
    action.sa_sigaction = take;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal_self(), &action, nullptr);
    signal(SIGPIPE, SIG_IGN);
    sigset_t set = set_of(signal_timer());
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

const operation signal_operations[] = {
    {"signal to itself", 500, handled},
    {"queued signals", 250, queued},
    {"poke", 500, poke},
    {"timer", 30, timer},
    {"interrupted", 3, interrupted},
    {"signals refused", 300, refused},
    {},
};

} // namespace torture
