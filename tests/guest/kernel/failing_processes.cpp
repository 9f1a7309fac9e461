// SPDX-License-Identifier: BSD-2-Clause
#include "failing.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

namespace {

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

} // namespace

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
