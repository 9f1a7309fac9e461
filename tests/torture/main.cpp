// SPDX-License-Identifier: BSD-2-Clause
//
// torture [--seed N] [--steps N] [--session N] [--trace] [--stay] HOST-FILE
//
// Starts sessions of some ten thousand steps until the steps are taken, and after each compares
// what the system has in use with what it had before. With --stay what has failed stays as it is,
// for a debugger.
#include "session.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <ouros/kernel.h>
#include <sched.h>
#include <sys/mman.h>

namespace torture {
namespace {

constexpr uint64_t steps_per_session = 20'000;

struct in_use {
    uint64_t pages, objects, queue_pairs, receivers, descriptors;
    bool operator==(const in_use&) const = default;
};

in_use count() {
    // A pending SIGCHLD is an object, too.
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    timespec none{};
    sigtimedwait(&ended, nullptr, &none);
    ouros_statistics s{};
    must(syscall(OUROS_SYS_statistics, &s, sizeof s), "statistics");
    int lowest = int(must(dup(0), "dup"));
    close(lowest);
    return {s.pages_used, s.heap_objects, s.queue_pairs, s.receivers, uint64_t(lowest)};
}

// When nothing changes any more.
in_use steady() {
    in_use before = count();
    for (int same = 0; same < 5;) {
        timespec moment{0, 10'000'000};
        nanosleep(&moment, nullptr);
        in_use now = count();
        same = now == before ? same + 1 : 0;
        before = now;
    }
    return before;
}

// A process that has been waited for may still be giving its last things back, and so may its
// orphans: for a while on a machine that is busy. Only a leak takes all of this patience.
in_use settle(const in_use& wanted) {
    constexpr int patience = 60'000; // milliseconds
    in_use now = count();
    for (int i = 0; now != wanted && i < patience; i++) {
        timespec moment{0, 1'000'000};
        nanosleep(&moment, nullptr);
        now = count();
    }
    return now;
}

// A line of a file in /proc, without its name: "State:" -> "S (sleeping)".
std::string field(const std::string& path, const char* name) {
    std::string value;
    FILE* from = fopen(path.c_str(), "r");
    for (char line[256]; from && fgets(line, sizeof line, from);)
        if (!strncmp(line, name, strlen(name))) {
            value.assign(line + strlen(name));
            while (!value.empty() && isspace(value.back()))
                value.pop_back();
            while (!value.empty() && isspace(value.front()))
                value.erase(0, 1);
        }
    if (from)
        fclose(from);
    return value;
}

template <class F>
void each_number(const std::string& path, F&& f) {
    DIR* all = opendir(path.c_str());
    while (dirent* one = all ? readdir(all) : nullptr)
        if (isdigit(one->d_name[0]))
            f(path + "/" + one->d_name);
    if (all)
        closedir(all);
}

// Every thread that there is: its state, how often it has waited and was preempted - one that runs
// in circles is preempted more and more - and its signals.
void tell_threads() {
    each_number("/proc", [](const std::string& process) {
        printf("  process %s, parent %s: %s, for it %s\n", process.c_str() + 6,
               field(process + "/status", "PPid:").c_str(),
               field(process + "/status", "State:").c_str(),
               field(process + "/status", "ShdPnd:").c_str());
        each_number(process + "/task", [](const std::string& thread) {
            std::string status = thread + "/status";
            printf("    thread %s: %s, waited %s, preempted %s, pending %s, blocked %s\n",
                   strrchr(thread.c_str(), '/') + 1, field(status, "State:").c_str(),
                   field(status, "voluntary_ctxt_switches:").c_str(),
                   field(status, "nonvoluntary_ctxt_switches:").c_str(),
                   field(status, "SigPnd:").c_str(), field(status, "SigBlk:").c_str());
        });
    });
}

int failed(const session& s) {
    printf("failed\n");
    fflush(stdout);
    while (s.stay)
        pause();
    return 1;
}

// Ends a session in which no actor gets on for so long that none ever will.
int wait_for_end(session& s, pid_t id) {
    constexpr unsigned patience = 40;
    uint64_t before = 0;
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    int status = 0;
    for (unsigned idle = 0; waitpid(id, &status, WNOHANG) != id;) {
        timespec time{5, 0};
        if (sigtimedwait(&ended, nullptr, &time) != -1 || errno != EAGAIN)
            continue;
        uint64_t now = 0;
        for (unsigned i = 0; i < most_actors; i++)
            now += s.places[i].step;
        idle = now == before ? idle + 1 : 0;
        before = now;
        if (idle < patience)
            continue;
        printf("HANGS: seed %lu session %lu\n", s.seed, s.number);
        for (unsigned i = 0; i < most_actors; i++)
            if (const char* doing = s.places[i].doing)
                printf("  actor %u, step %lu: %s\n", i, s.places[i].step.load(), doing);
        tell_threads();
        timespec moment{1, 0};
        nanosleep(&moment, nullptr);
        printf("  a second later\n");
        tell_threads();
        if (s.stay)
            failed(s);
        fflush(stdout);
        kill(id, SIGKILL);
        idle = 0;
    }
    return status;
}

// Whether the session ended well.
bool run_one(session& s, uint64_t steps) {
    fflush(stdout);
    for (unsigned i = 0; i < most_actors; i++) {
        s.places[i].step = 0;
        s.places[i].doing = nullptr;
    }
    pid_t id = fork();
    if (id == 0)
        _exit(run_session(s, steps));
    must(id, "fork of a session");
    int status = wait_for_end(s, id);
    if (status)
        printf("FAILED: seed %lu session %lu: status 0x%x\n", s.seed, s.number, unsigned(status));
    return status == 0;
}

int run(uint64_t seed, uint64_t steps, uint64_t first, session& s) {
    printf("seed %lu, %lu steps, %u harts\n", seed, steps, s.harts);
    s.seed = seed;
    void* places = mmap(nullptr, most_actors * sizeof *s.places, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(places != MAP_FAILED, "mmap", errno);
    s.places = static_cast<place_of_actor*>(places);
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, nullptr); // sigtimedwait takes it
    // What the kernel keeps from the first use on is there after this one.
    s.number = ~0u;
    if (!run_one(s, 200))
        return failed(s);
    in_use before = steady();
    for (s.number = first; steps; s.number++) {
        uint64_t now = steps < steps_per_session ? steps : steps_per_session;
        if (!run_one(s, now))
            return failed(s);
        in_use after = settle(before);
        if (after != before) {
            printf(
                "LEAK: seed %lu session %lu: pages %+ld, objects %+ld, queue pairs %+ld, receivers "
                "%+ld, descriptors %+ld\n",
                seed, s.number, long(after.pages - before.pages),
                long(after.objects - before.objects), long(after.queue_pairs - before.queue_pairs),
                long(after.receivers - before.receivers),
                long(after.descriptors - before.descriptors));
            tell_threads();
            return failed(s);
        }
        steps -= now;
    }
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    printf("passed: %lu pages, %lu objects, %lu descriptors in use, as before; %lu.%09lu s\n",
           before.pages, before.objects, before.descriptors, time.tv_sec, time.tv_nsec);
    return 0;
}

} // namespace
} // namespace torture

int main(int argc, char** argv) {
    using namespace torture;
    if (argc > 1 && !strcmp(argv[1], "child"))
        return run_child(argc, argv);
    uint64_t seed = 1, steps = 10'000, first = 0;
    session s;
    // Where the launcher puts it: children are this program, too.
    const char* slash = strrchr(argv[0], '/');
    std::string program = std::string("/bin/") + (slash ? slash + 1 : argv[0]);
    s.program = program.c_str();
    s.harts = unsigned(sysconf(_SC_NPROCESSORS_ONLN));
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            seed = strtoull(argv[++i], nullptr, 0);
        else if (!strcmp(argv[i], "--steps") && i + 1 < argc)
            steps = strtoull(argv[++i], nullptr, 0);
        else if (!strcmp(argv[i], "--session") && i + 1 < argc)
            first = strtoull(argv[++i], nullptr, 0);
        else if (!strcmp(argv[i], "--trace"))
            s.trace = true;
        else if (!strcmp(argv[i], "--stay"))
            s.stay = true;
        else
            s.host_path = argv[i];
    }
    if (!s.host_path) {
        fprintf(stderr, "usage: torture [--seed N] [--steps N] [--session N] [--trace] [--stay] "
                        "HOST-FILE\n");
        return 2;
    }
    return run(seed, steps, first, s);
}
