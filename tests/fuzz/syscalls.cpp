// SPDX-License-Identifier: BSD-2-Clause
//
// syscalls [--seed N] [--calls N] [--trace]
//
// Every system call, Ouros's own included, with arguments that no program would give: addresses of
// the kernel, of nothing, of what can't be written, across the end of a page; lengths that
// overflow; structures whose parts are like that. Each child makes some hundred calls; it may die
// of them, or wait for ever and be killed. The kernel must go on, and have back what it gave.
#include "hostile.hpp"
#include "runner.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <set>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <vector>

namespace fuzz {
namespace {

constexpr unsigned linux_numbers = 1024, own_first = 20224, own_last = 20260;
constexpr unsigned numbers = linux_numbers + own_last - own_first + 1;
constexpr unsigned calls_of_child = 400;

unsigned number_at(unsigned index) {
    return index < linux_numbers ? index : own_first + index - linux_numbers;
}

bool trace; // say each call

struct table {
    std::atomic<uint64_t> calls{0};
    std::atomic<bool> known[numbers]; // it does not answer ENOSYS
};

// Calls that would end the machine or the process that runs all this.
bool is_left_out(unsigned number) {
    return number == 142; // reboot
}

// Who may be sent signals, stopped, moved: only oneself and those that there are not.
bool names_a_process(unsigned number) {
    switch (number) {
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_setpgid:
    case SYS_sched_setaffinity:
    case SYS_prlimit64:
        return true;
    default:
        return false;
    }
}

void one_call(table& shared, generator& random, hostile& h, unsigned number) {
    uint64_t a[6];
    h.prepare(random, number);
    for (uint64_t& value : a)
        value = h.value(random);
    if (names_a_process(number)) {
        uint64_t self = uint64_t(syscall(random.percent(50) ? SYS_getpid : SYS_gettid));
        a[0] = random.percent(60) ? self : 0x1000'0000 + random.below(1 << 20);
        if (number == SYS_tgkill || number == SYS_rt_tgsigqueueinfo || number == SYS_setpgid)
            a[1] = self;
    }
    // A child that is a copy would go on here: not with memory of its own only.
    if (number == SYS_clone && random.percent(70))
        a[0] = SIGCHLD;
    if (trace)
        printf("%u(%lx, %lx, %lx, %lx, %lx, %lx)\n", number, a[0], a[1], a[2], a[3], a[4], a[5]);
    long r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (trace)
        printf("  = %ld, errno %d\n", r, errno);
    shared.calls++;
}

[[noreturn]] void be_hostile(table& shared, uint64_t seed) {
    generator random(seed);
    if (trace)
        setlinebuf(stdout);
    pid_t self = getpid();
    setpgid(0, 0);
    hostile h(random, trace);
    for (unsigned i = 0; i < calls_of_child; i++) {
        unsigned index;
        do
            index = unsigned(random.below(numbers));
        while ((!shared.known[index] && !random.percent(1)) || is_left_out(number_at(index)) ||
               // Without a frame of a signal it is the end of the process.
               (number_at(index) == SYS_rt_sigreturn && !random.percent(2)));
        one_call(shared, random, h, number_at(index));
        if (syscall(SYS_getpid) != self)
            _exit(1); // made by a call
    }
    _exit(0);
}

// Which numbers are calls at all. Those that end the process are.
void find_known(table& shared) {
    for (auto& k : shared.known)
        k = true;
    std::atomic<unsigned>* next = shared_memory<std::atomic<unsigned>>();
    while (*next < numbers) {
        pid_t id = fork();
        if (id == 0) {
            while (*next < numbers) {
                unsigned i = (*next)++;
                if (is_left_out(number_at(i)) || number_at(i) == SYS_kill ||
                    number_at(i) == SYS_rt_sigqueueinfo)
                    continue;
                long r = syscall(number_at(i), -1, -1, -1, -1, -1, -1);
                shared.calls++;
                if (r == -1 && errno == ENOSYS)
                    shared.known[i] = false;
            }
            _exit(0);
        }
        end_of(id, shared.calls);
    }
    munmap(next, sizeof *next);
}

std::set<std::string> names_at_first;

void each_name(const std::string& directory, void (*f)(const std::string& path)) {
    DIR* d = opendir(directory.c_str());
    if (!d)
        return;
    std::vector<std::string> found;
    while (dirent* e = readdir(d))
        if (std::string name = e->d_name; name != "." && name != "..")
            found.push_back(directory == "/" ? "/" + name : directory + "/" + name);
    closedir(d);
    for (const std::string& path : found)
        f(path);
}

void remove_tree(const std::string& path) {
    struct stat s;
    if (lstat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode))
        each_name(path, remove_tree);
    if (unlink(path.c_str()) < 0)
        rmdir(path.c_str());
}

// Whatever the calls have made: they can name things in memory that other calls have written.
void remove_names() {
    auto remove_new = [](const std::string& path) {
        if (!names_at_first.contains(path))
            remove_tree(path);
    };
    each_name("/", remove_new);
    each_name("/tmp", remove_new);
    mkdir("/tmp/fuzz", 0700);
}

int run(uint64_t seed, uint64_t calls) {
    printf("seed %lu, %lu calls\n", seed, calls);
    fflush(stdout);
    block_child_signal();
    mkdir("/tmp/fuzz", 0700);
    auto remember = [](const std::string& path) { names_at_first.insert(path); };
    each_name("/", remember);
    each_name("/tmp", remember);
    names_at_first.erase("/tmp/fuzz");
    table& shared = *shared_memory<table>();
    find_known(shared);
    unsigned known = 0;
    for (auto& k : shared.known)
        known += k;
    generator random(seed);
    unsigned died = 0, blocked = 0, children = 0;
    in_use before{};
    unsigned children_of_round = trace ? 1 : 20;
    for (unsigned round = 0; shared.calls < calls; round++) {
        for (unsigned i = 0; i < children_of_round && shared.calls < calls; i++) {
            uint64_t seed_of_child = random.next();
            pid_t id = fork();
            if (id == 0)
                be_hostile(shared, seed_of_child);
            if (id < 0) {
                printf("WRONG: fork: errno %d\n", errno);
                return 1;
            }
            int status = end_of(id, shared.calls);
            children++;
            blocked += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
            died += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
            kill(-1, SIGKILL); // whatever it has made
        }
        remove_names();
        char where[80];
        snprintf(where, sizeof where, "seed %lu, after child %u", seed, children);
        // What the kernel and this program keep from the first use on is there after two rounds.
        if (round < (trace ? 40 : 2)) {
            before = steady();
            continue;
        }
        if (!same(before, settle(before), where))
            return 1;
    }
    printf("passed: %lu calls of %u numbers by %u children; %u died, %u were killed\n",
           shared.calls.load(), known, children, died, blocked);
    return 0;
}

} // namespace
} // namespace fuzz

int main(int argc, char** argv) {
    uint64_t seed = 1, calls = 20'000;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--trace"))
            fuzz::trace = true;
        else if (i + 1 < argc)
            (!strcmp(argv[i], "--seed") ? seed : calls) = strtoull(argv[i + 1], nullptr, 0), i++;
    }
    return fuzz::run(seed, calls);
}
