// SPDX-License-Identifier: BSD-2-Clause
//
// Processes that are stopped and continued, and what their parent is told.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

struct shared {
    std::atomic<long> counters[2];
    std::atomic<int> continued;
};
shared* both;

void show(const char* what, int status) {
    if (WIFSTOPPED(status))
        printf("%s: stopped by %d\n", what, WSTOPSIG(status));
    else if (WIFCONTINUED(status))
        printf("%s: continued\n", what);
    else if (WIFSIGNALED(status))
        printf("%s: ended by %d\n", what, WTERMSIG(status));
    else
        printf("%s: ended with %d\n", what, WEXITSTATUS(status));
    fflush(stdout);
}

void wait_for(const char* what, pid_t child, int options) {
    int status = 0;
    if (waitpid(child, &status, options) == child)
        show(what, status);
    else
        printf("%s: %s\n", what, strerror(errno));
}

bool counts(int which) {
    long before = both->counters[which];
    for (int i = 0; i < 1000 && both->counters[which] == before; i++) {
        timespec t = {0, 1'000'000};
        nanosleep(&t, nullptr);
    }
    return both->counters[which] != before;
}

bool is_still() {
    long first = both->counters[0], second = both->counters[1];
    timespec t = {0, 20'000'000};
    nanosleep(&t, nullptr);
    return both->counters[0] == first && both->counters[1] == second;
}

// One thread computes, one sleeps again and again.
[[noreturn]] void count() {
    signal(SIGCONT, [](int) { both->continued++; });
    std::thread([] {
        for (;;) {
            timespec t = {0, 100'000};
            nanosleep(&t, nullptr);
            both->counters[1]++;
        }
    }).detach();
    for (;;)
        both->counters[0]++;
}

void from_outside() {
    pid_t child = fork();
    if (child == 0)
        count();
    printf("counts %d %d\n", counts(0), counts(1));
    kill(child, SIGSTOP);
    wait_for("stop", child, WUNTRACED);
    printf("still %d\n", is_still());
    kill(child, SIGUSR1);
    printf("still %d\n", is_still());
    kill(child, SIGCONT);
    // The signal that was pending ends it as soon as it goes on.
    int status;
    waitpid(child, &status, 0);
    show("afterwards", status);
}

void on_and_off() {
    both->counters[0] = both->counters[1] = 0;
    pid_t child = fork();
    if (child == 0)
        count();
    printf("counts %d %d\n", counts(0), counts(1));
    for (int i = 1; i <= 3; i++) {
        kill(child, SIGSTOP);
        wait_for("stop", child, WUNTRACED);
        printf("still %d\n", is_still());
        kill(child, SIGCONT);
        wait_for("continue", child, WCONTINUED);
        printf("counts %d %d\n", counts(0), counts(1));
#ifdef __riscv // where the tests are run, the handler is not always called
        if (both->continued < i)
            printf("handlers %d\n", both->continued.load());
#endif
    }
    kill(child, SIGSTOP);
    wait_for("stop", child, WUNTRACED);
    kill(child, SIGKILL);
    wait_for("kill", child, 0);
}

void by_itself() {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(5);
    }
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED | WNOWAIT);
    printf("code %d status %d\n", info.si_code, info.si_status);
    wait_for("still to be told", child, WUNTRACED);
    int status;
    printf("nothing new %d\n", waitpid(child, &status, WNOHANG | WUNTRACED));
    kill(-getpgid(0), 0);
    kill(child, SIGCONT);
    wait_for("end", child, 0);
}

} // namespace

int main() {
    both = static_cast<shared*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    from_outside();
    on_and_off();
    by_itself();
}
