// SPDX-License-Identifier: BSD-2-Clause
//
// Every allocation of a system call fails once: the first, the second, ..., until the call gets
// through. Each time the call must say that there is no memory (or do without), and leave nothing
// behind. Needs a kernel with checks: fail_allocation.
#include "../process/in-use.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <vector>

namespace {

constexpr int most = 400; // allocations of one call

long fail(uint64_t n, uint64_t flags = 0) {
    return syscall(OUROS_SYS_fail_allocation, n, flags);
}

template <class... A>
long call(long number, A... a) {
    long value = syscall(number, a...);
    return value < 0 ? -errno : value;
}

struct operation {
    const char* name;
    std::function<long()> attempt; // a value, or -errno; alone is observed
    std::function<void(long)> undo = [](long) {};
    std::function<void()> prepare = [] {};
    int other_error = ENOMEM; // that the call may fail with, too
};

void close_it(long fd) {
    close(int(fd));
}

bool quiet = false;

// Until the call gets through: how many allocations there are, and without how many it did.
void each_allocation_fails(const operation& o) {
    int failed = 0, did_without = 0;
    for (int n = 1;; n++) {
        if (n > most) {
            printf("WRONG: %s never gets through\n", o.name);
            wrong++;
            break;
        }
        o.prepare();
        fail(uint64_t(n));
        long value = o.attempt();
        long left = fail(0);
        if (left > 0) {
            if (value < 0) {
                printf("WRONG: %s: %s, with memory\n", o.name, strerror(int(-value)));
                wrong++;
            } else {
                o.undo(value);
            }
            break;
        }
        if (value >= 0) {
            did_without++;
            o.undo(value);
        } else if (value == -ENOMEM || value == -o.other_error) {
            failed++;
        } else {
            printf("WRONG: %s: allocation %d fails: %s\n", o.name, n, strerror(int(-value)));
            wrong++;
        }
    }
    if (!quiet)
        printf("%-28s %3d allocations, does without %d\n", o.name, failed + did_without,
               did_without);
}

// What is lost is lost each time; what something keeps for the next time is not.
void leaves_nothing(const char* name, const std::function<void()>& body) {
    in_use first = steady_use(), before = first, after = first;
    for (int i = 0; i < 3; i++) {
        before = after;
        body();
        after = steady_use();
        if (after.pages <= before.pages && after.objects <= before.objects &&
            after.queue_pairs == before.queue_pairs && after.receivers == before.receivers)
            return;
    }
    printf("WRONG: %s leaves something behind\n", name);
    tell("  at first", first);
    tell("  before  ", before);
    tell("  after   ", after);
    wrong++;
}

const char* only = nullptr; // for a person who looks into one call

void test(const operation& o) {
    if (only && strcmp(o.name, only) != 0)
        return;
    o.prepare();
    long value = o.attempt(); // what is made once is there from now on
    if (value < 0) {
        printf("WRONG: %s: %s, untouched\n", o.name, strerror(int(-value)));
        wrong++;
        return;
    }
    o.undo(value);
    leaves_nothing(o.name, [&] {
        each_allocation_fails(o);
        quiet = true;
    });
    quiet = false;
}

// What a thread has once, in a process of its own.
void test_in_child(const operation& o) {
    if (only && strcmp(o.name, only) != 0)
        return;
    auto body = [&] {
        pid_t id = fork();
        if (id == 0) {
            wrong = 0;
            each_allocation_fails(o);
            fflush(stdout);
            _exit(wrong);
        }
        int status = 0;
        must(id > 0 && waitpid(id, &status, 0) == id && status == 0, o.name);
    };
    body();
    quiet = true;
    leaves_nothing(o.name, body);
    quiet = false;
}

char buffer[64 * 1024];
const char* self;
const long page = 4096;

char* map(size_t size, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1) {
    void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    must(p != MAP_FAILED, "mmap");
    return static_cast<char*>(p);
}

int open_file(const char* name, size_t size) {
    int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
    must(fd >= 0 && write(fd, buffer, size) == long(size), name);
    return fd;
}

// ---- Files and descriptors ----

void files() {
    int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
    int file = open_file("/tmp/file", 10000);
    test({"openat, creating",
          [] {
              long fd = call(SYS_openat, AT_FDCWD, "/tmp/new", O_CREAT | O_RDWR, 0600);
              struct stat made;
              must(fd >= 0 || stat("/tmp/new", &made) == -1, "a call that failed made a file");
              return fd;
          },
          close_it, [] { unlink("/tmp/new"); }});
    unlink("/tmp/new");
    test({"openat", [] { return call(SYS_openat, AT_FDCWD, "/tmp/file", O_RDONLY); }, close_it});
    test({"openat of a directory", [] { return call(SYS_openat, AT_FDCWD, "/tmp", O_RDONLY); },
          close_it});
    test({"openat on the host", [] { return call(SYS_openat, AT_FDCWD, self, O_RDONLY); },
          close_it});
    test({"openat of procfs",
          [] { return call(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY); }, close_it});
    test({"openat of /dev/null", [] { return call(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY); },
          close_it});
    test({"mkdirat", [] { return call(SYS_mkdirat, AT_FDCWD, "/tmp/dir", 0700); },
          [](long) { rmdir("/tmp/dir"); }});
    test({"symlinkat", [] { return call(SYS_symlinkat, "file", AT_FDCWD, "/tmp/symbolic"); },
          [](long) { unlink("/tmp/symbolic"); }});
    test({"linkat",
          [] { return call(SYS_linkat, AT_FDCWD, "/tmp/file", AT_FDCWD, "/tmp/hard", 0); },
          [](long) { unlink("/tmp/hard"); }});
    test({"renameat2",
          [] { return call(SYS_renameat2, AT_FDCWD, "/tmp/file", AT_FDCWD, "/tmp/renamed", 0); },
          [](long) { must(rename("/tmp/renamed", "/tmp/file") == 0, "rename back"); }});
    test({"unlinkat", [] { return call(SYS_unlinkat, AT_FDCWD, "/tmp/gone", 0); }, [](long) {},
          [] { close(open("/tmp/gone", O_CREAT | O_RDWR, 0600)); }});
    unlink("/tmp/gone");
    test({"newfstatat", [] {
              struct stat s;
              return call(SYS_newfstatat, AT_FDCWD, "/tmp/file", &s, 0);
          }});
    test({"newfstatat on the host", [] {
              struct stat s;
              return call(SYS_newfstatat, AT_FDCWD, self, &s, 0);
          }});
    test({"readlinkat",
          [] { return call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", buffer, 100); }});
    test({"getdents64", [&] {
              lseek(dir, 0, SEEK_SET);
              return call(SYS_getdents64, dir, buffer, 4096);
          }});
    test({"getcwd", [] { return call(SYS_getcwd, buffer, 4096); }});
    test({"chdir", [] { return call(SYS_chdir, "/tmp"); },
          [](long) { must(chdir("/") == 0, "chdir"); }});
    test({"pwrite64 of many pages",
          [&] { return call(SYS_pwrite64, file, buffer, sizeof buffer, 1 << 20); },
          [&](long) { must(ftruncate(file, 10000) == 0, "ftruncate"); },
          [&] { must(ftruncate(file, 10000) == 0, "ftruncate"); }, ENOSPC});
    must(ftruncate(file, 10000) == 0, "ftruncate");
    test({"pread64", [&] { return call(SYS_pread64, file, buffer, 9000, 0); }});
    test({"ftruncate, up", [&] { return call(SYS_ftruncate, file, 1 << 22); },
          [&](long) { must(ftruncate(file, 10000) == 0, "ftruncate"); }});
    test({"pread64 of procfs", [] {
              int fd = open("/proc/self/maps", O_RDONLY);
              long n = fd < 0 ? -errno : call(SYS_read, fd, buffer, 4096);
              close(fd);
              return n;
          }});
    test({"sendfile",
          [&] {
              int to = open("/tmp/file", O_WRONLY);
              long n = to < 0 ? -errno : call(SYS_sendfile, to, file, nullptr, 5000);
              close(to);
              return n;
          },
          [](long) {}, [&] { lseek(file, 0, SEEK_SET); }});
    int host = open(self, O_RDONLY);
    must(host >= 0, "open on the host");
    test({"pread64 on the host", [&] { return call(SYS_pread64, host, buffer, 40000, 0); }});
    test({"statfs", [] { return call(SYS_statfs, "/tmp", buffer); }});
    test({"dup3 to a high number", [] { return call(SYS_dup3, 1, 700, 0); }, close_it});
    test({"fcntl F_DUPFD", [] { return call(SYS_fcntl, 1, F_DUPFD, 300); }, close_it});
    close(host), close(file), close(dir);
    unlink("/tmp/file");
}

// ---- What is waited for ----

void events() {
    static int two[2];
    auto close_two = [](long) { close(two[0]), close(two[1]); };
    test({"pipe2", [] { return call(SYS_pipe2, two, 0); }, close_two});
    test({"socketpair", [] { return call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, two); },
          close_two});
    test({"eventfd2", [] { return call(SYS_eventfd2, 0, 0); }, close_it});
    test({"epoll_create1", [] { return call(SYS_epoll_create1, 0); }, close_it});
    test({"timerfd_create", [] { return call(SYS_timerfd_create, CLOCK_MONOTONIC, 0); }, close_it});
    itimerspec soon{{0, 0}, {0, 1000000}};
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    test({"timerfd_settime and read", [&] {
              long error = call(SYS_timerfd_settime, timer, 0, &soon, nullptr);
              return error < 0 ? error : call(SYS_read, timer, buffer, 8);
          }});
    close(timer);
    must(pipe(two) == 0, "pipe");
    test({"write to a pipe", [] { return call(SYS_write, two[1], buffer, 20000); },
          [](long n) { must(read(two[0], buffer, size_t(n)) == n, "read back"); }});
    test({"read from a pipe, blocking", [] {
              timespec moment{0, 1000000};
              pollfd p{two[0], POLLIN, 0};
              return call(SYS_ppoll, &p, 1, &moment, nullptr, 0);
          }});
    pollfd many[100];
    std::fill(many, many + 100, pollfd{two[0], POLLIN, 0});
    test({"ppoll of a hundred", [&] {
              timespec moment{0, 1000000};
              return call(SYS_ppoll, many, 100, &moment, nullptr, 0);
          }});
    test({"pselect6", [&] {
              timespec moment{0, 1000000};
              fd_set set;
              FD_ZERO(&set);
              FD_SET(two[0], &set);
              return call(SYS_pselect6, two[0] + 1, &set, nullptr, nullptr, &moment, nullptr);
          }});
    int epoll = epoll_create1(0);
    epoll_event event{EPOLLIN, {}};
    test({"epoll_ctl", [&] { return call(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, two[0], &event); },
          [&](long) { epoll_ctl(epoll, EPOLL_CTL_DEL, two[0], nullptr); }});
    epoll_ctl(epoll, EPOLL_CTL_ADD, two[0], &event);
    test({"epoll_pwait", [&] {
              epoll_event e[4];
              return call(SYS_epoll_pwait, epoll, e, 4, 1, nullptr, 8);
          }});
    close(epoll);
    close_two(0);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0, "socketpair");
    test({"sendmsg with a descriptor",
          [] {
              iovec bytes{buffer, 3000};
              alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
              msghdr m{};
              m.msg_iov = &bytes;
              m.msg_iovlen = 1;
              m.msg_control = control;
              m.msg_controllen = sizeof control;
              cmsghdr* c = CMSG_FIRSTHDR(&m);
              c->cmsg_level = SOL_SOCKET;
              c->cmsg_type = SCM_RIGHTS;
              c->cmsg_len = CMSG_LEN(sizeof(int));
              int passed = 1;
              memcpy(CMSG_DATA(c), &passed, sizeof(int));
              return call(SYS_sendmsg, two[1], &m, 0);
          },
          [](long n) { must(read(two[0], buffer, size_t(n)) == n, "read back"); }, [] {}, ENOBUFS});
    close_two(0);
    test({"nanosleep", [] {
              timespec moment{0, 100000};
              return call(SYS_nanosleep, &moment, nullptr);
          }});
    static unsigned word = 7;
    test({"futex, waiting",
          [] {
              timespec moment{0, 100000};
              long value = call(SYS_futex, &word, 0, 7, &moment, nullptr, 0);
              return value == -ETIMEDOUT ? 0 : value;
          },
          [](long) {}, [] {}, EAGAIN});
}

// ---- Memory ----

void memory() {
    static char* m;
    auto unmap = [](long at) { munmap(reinterpret_cast<void*>(at), 64 * page); };
    constexpr int rw = PROT_READ | PROT_WRITE;
    test({"mmap",
          [] {
              return call(SYS_mmap, 0x10000000, 64 * page, rw,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
          },
          unmap});
    test({"mmap, shared",
          [] { return call(SYS_mmap, 0, 64 * page, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0); },
          unmap});
    static int file = open_file("/tmp/file", 60000);
    test({"mmap of a file",
          [] { return call(SYS_mmap, 0, 64 * page, PROT_READ, MAP_PRIVATE, file, 0); }, unmap});
    test({"mmap of a file, shared",
          [] { return call(SYS_mmap, 0, 64 * page, rw, MAP_SHARED, file, 0); }, unmap});
    static int host = open(self, O_RDONLY);
    test({"mmap of a host file",
          [] { return call(SYS_mmap, 0, 64 * page, PROT_READ, MAP_PRIVATE, host, 0); }, unmap});
    auto fresh = [] {
        if (m)
            munmap(m, 64 * page);
        m = map(64 * page);
        memset(m, 1, 64 * page);
    };
    test({"mprotect in the middle",
          [] { return call(SYS_mprotect, m + 8 * page, 8 * page, PROT_READ); }, [](long) {},
          fresh});
    test({"munmap in the middle", [] { return call(SYS_munmap, m + 8 * page, 8 * page); },
          [](long) {}, fresh});
    fresh();
    test({"mremap, moving",
          [] { return call(SYS_mremap, m, 64 * page, 128 * page, MREMAP_MAYMOVE); },
          [](long at) { munmap(reinterpret_cast<void*>(at), 128 * page), m = nullptr; },
          [&] {
              fresh();
              char* in_the_way = m + 64 * page;
              mmap(in_the_way, page, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
          }});
    fresh();
    test({"madvise", [] { return call(SYS_madvise, m, 64 * page, MADV_DONTNEED); }});
    static long limit = call(SYS_brk, 0);
    test({"brk",
          [] {
              long now = call(SYS_brk, limit + 3 * page);
              return now == limit + 3 * page ? 0 : -ENOMEM;
          },
          [](long) { call(SYS_brk, limit); }});
    test({"read into fresh pages", [] { return call(SYS_pread64, file, m, 60000, 0); }, [](long) {},
          [] { madvise(m, 64 * page, MADV_DONTNEED); }, EFAULT});
    munmap(m, 64 * page);
    close(file), close(host);
    unlink("/tmp/file");
}

// ---- Processes and threads ----

long waited(pid_t id) {
    int status = -1;
    must(waitpid(id, &status, 0) == id, "waitpid");
    return status;
}

// On a small stack, with the thread-local storage of who made it.
int ends_at_once(void*) {
    register long code asm("a0") = 0, number asm("a7") = SYS_exit;
    asm volatile("ecall" ::"r"(code), "r"(number));
    return 0;
}

void processes() {
    test({"fork",
          [] {
              long id = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
              if (id == 0)
                  _exit(0);
              return id;
          },
          [](long id) { must(waited(int(id)) == 0, "the child's status"); }, [] {}, EAGAIN});
    test({"vfork",
          [] {
              long id = vfork();
              if (id == 0)
                  _exit(0);
              return id < 0 ? -errno : id;
          },
          [](long id) { must(waited(int(id)) == 0, "the child's status"); }, [] {}, EAGAIN});
    static std::atomic<int> there;
    test({"a thread",
          [] {
              constexpr int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                    CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
              alignas(16) static char stack[16384];
              there = 1;
              long id = clone(ends_at_once, stack + sizeof stack, flags, nullptr, nullptr, nullptr,
                              &there);
              return id < 0 ? -errno : id;
          },
          [](long) {
              while (there)
                  sched_yield();
          },
          [] {}, EAGAIN});
    test({"timer_create",
          [] {
              int id;
              sigevent e{};
              e.sigev_notify = SIGEV_SIGNAL;
              e.sigev_signo = SIGUSR1;
              long error = call(SYS_timer_create, CLOCK_MONOTONIC, &e, &id);
              return error < 0 ? error : id;
          },
          [](long id) { call(SYS_timer_delete, id); }, [] {}, EAGAIN});
    test({"setitimer",
          [] {
              itimerval v{{0, 0}, {1000, 0}};
              return call(SYS_setitimer, ITIMER_REAL, &v, nullptr);
          },
          [](long) {
              itimerval v{};
              setitimer(ITIMER_REAL, &v, nullptr);
          }});
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    test({"rt_sigqueueinfo",
          [] {
              siginfo_t info{};
              info.si_code = SI_QUEUE;
              return call(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info);
          },
          [&](long) { must(sigwaitinfo(&blocked, nullptr) == SIGRTMIN, "sigwaitinfo"); }, [] {},
          EAGAIN});
    test({"sigtimedwait", [&] {
              timespec moment{0, 100000};
              long value = call(SYS_rt_sigtimedwait, &blocked, nullptr, &moment, 8);
              return value == -EAGAIN ? 0 : value;
          }});
    test({"sched_setaffinity", [] {
              unsigned long all = ~0ul;
              return call(SYS_sched_setaffinity, 0, sizeof all, &all);
          }});
}

// ---- Rings and user interrupts ----

void rings() {
    static ouros_ring ring;
    test_in_child({"uintr_setup", [] { return call(OUROS_SYS_uintr_setup, 0); }});
    test_in_child({"ring_setup",
                   [] { return call(OUROS_SYS_ring_setup, 64, 64, &ring, sizeof ring); },
                   [](long) { must(call(OUROS_SYS_ring_close) == 0, "ring_close"); }});
    test_in_child({"ring_setup, large",
                   [] { return call(OUROS_SYS_ring_setup, 4096, 4096, &ring, sizeof ring); },
                   [](long) { must(call(OUROS_SYS_ring_close) == 0, "ring_close"); }});
    test_in_child({"ring_close", [] { return call(OUROS_SYS_ring_close); }, [](long) {},
                   [] {
                       long error = call(OUROS_SYS_ring_setup, 64, 64, &ring, sizeof ring);
                       must(error == 0 || error == -EBUSY, "ring_setup");
                   }});
    test_in_child({"uintr_create_fd", [] { return call(OUROS_SYS_uintr_create_fd, 3, 0); },
                   close_it, [] { call(OUROS_SYS_uintr_setup, 0); }});
    static long sender = -1;
    test_in_child({"uintr_register_sender",
                   [] { return call(OUROS_SYS_uintr_register_sender, sender, 0); },
                   [](long index) { call(OUROS_SYS_uintr_unregister_sender, index); },
                   [] {
                       if (sender < 0) {
                           call(OUROS_SYS_uintr_setup, 0);
                           sender = call(OUROS_SYS_uintr_create_fd, 3, 0);
                       }
                   }});
    test_in_child({"priorities", [] {
                       ouros_priorities p;
                       return call(OUROS_SYS_priorities, &p, sizeof p, OUROS_PRIORITIES_RELAXED);
                   }});
    test_in_child(
        {"a call by token",
         [] {
             register long a0 asm("a0") = 1, a1 asm("a1") = 0, a2 asm("a2") = 0, a6 asm("a6") = 5,
                              a7 asm("a7") = SYS_fcntl | OUROS_CALL_TOKEN;
             a1 = F_GETFD;
             asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a6), "r"(a7) : "memory");
             return a0 == OUROS_PENDING ? 0 : a0;
         },
         [](long) {}, [] { call(OUROS_SYS_ring_setup, 64, 64, &ring, sizeof ring); }});
}

// ---- Programs, ends, faults ----

constexpr int through = 42, failed_on_the_way = 43;

void executes() {
    leaves_nothing("execve", [] {
        int failed = 0, killed = 0, later = 0;
        // Most of its allocations are pages of the program: not each of them is tried.
        for (int n = 1, tried = 0;; n += n < 40 ? 1 : n / 8) {
            must(++tried <= most, "execve gets through");
            pid_t id = fork();
            if (id == 0) {
                char* const arguments[] = {const_cast<char*>(self), const_cast<char*>("left"),
                                           nullptr};
                fail(uint64_t(n));
                execv(self, arguments);
                _exit(errno == ENOMEM ? 10 : 11);
            }
            long status = waited(id);
            if (status == through << 8 || tried > most)
                break;
            failed += status == 10 << 8;
            killed += status == SIGKILL;
            later += status == failed_on_the_way << 8 || status == 127 << 8;
            must(failed + killed + later == tried, "execve fails as it should");
        }
        printf("execve: %d failed, %d killed, %d began\n", failed, killed, later);
        must(failed > 5, "execve allocates");
    });
}

void ends() {
    leaves_nothing("exit", [] {
        for (int n = 1; n <= 30; n++) {
            pid_t id = fork();
            if (id == 0) {
                wrong = 0;
                ouros_ring ring;
                must(syscall(OUROS_SYS_ring_setup, 64, 64, &ring, sizeof ring) == 0, "ring_setup");
                memset(map(1 << 20), 1, 1 << 20);
                int fds[2];
                must(pipe(fds) == 0, "pipe");
                fail(uint64_t(n), OUROS_FAIL_FAULTS);
                _exit(wrong);
            }
            must(waited(id) == 0, "exit with an allocation that fails");
        }
    });
    leaves_nothing("a kill without memory", [] {
        pid_t id = fork();
        if (id == 0) {
            fail(1, OUROS_FAIL_ALL | OUROS_FAIL_FAULTS);
            kill(getpid(), SIGTERM);
            _exit(0);
        }
        must(waited(id) == SIGTERM, "a kill without memory");
    });
}

void faults() {
    leaves_nothing("page faults", [] {
        for (int n = 1; n < 5; n++) {
            pid_t id = fork();
            if (id == 0) {
                char* m = map(64 * page);
                fail(uint64_t(n), OUROS_FAIL_FAULTS);
                memset(m, 1, 64 * page);
                _exit(0);
            }
            must(waited(id) == SIGKILL, "who gets no page is killed");
        }
    });
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "left") == 0)
        return fail(0) > 0 ? through : failed_on_the_way;
    setvbuf(stdout, nullptr, _IONBF, 0);
    self = argv[1];
    only = argc > 2 ? argv[2] : nullptr;
    if (fail(0) != 0) {
        printf("this kernel has no fail_allocation\n");
        return 1;
    }
    memset(buffer, 'x', sizeof buffer);
    files();
    events();
    memory();
    processes();
    rings();
    if (!only)
        executes(), ends(), faults();
    return wrong ? 1 : 0;
}
