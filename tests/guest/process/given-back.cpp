// SPDX-License-Identifier: BSD-2-Clause
//
// Thousands of processes that end in every way give everything back: pages, descriptors, rings,
// receivers, tasks. Each child of a kind that leaks queue pairs or receivers would soon find none.
#include "in-use.h"
#include "self.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <ouros/kernel.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::string path;
void expect(pid_t id, int expected, const char* what) {
    int status = 0;
    if (id > 0 && waitpid(id, &status, 0) == id && status == expected)
        return;
    printf("WRONG: %s: child %d, status 0x%x, errno %d\n", what, id, unsigned(status), errno);
    wrong++;
}

template <class F>
pid_t child(F&& body) {
    pid_t id = fork();
    if (id == 0)
        _exit(body());
    return id;
}

void leaves_at_once() {
    expect(child([] { return 1; }), 0x100, "exit");
}

void leaves_a_ring() {
    expect(child([] {
               ouros_ring ring;
               if (syscall(OUROS_SYS_ring_setup, 64, 64, &ring, sizeof ring))
                   return 1;
               return 2;
           }),
           0x200, "a ring");
}

void leaves_a_sender() {
    expect(child([] {
               if (syscall(OUROS_SYS_uintr_setup, 0))
                   return 1;
               long fd = syscall(OUROS_SYS_uintr_create_fd, 3, 0);
               if (fd < 0 || syscall(OUROS_SYS_uintr_register_sender, fd, 0) < 0)
                   return 2;
               return 3;
           }),
           0x300, "a receiver and a sender");
}

void leaves_files_and_memory() {
    expect(child([] {
               int fds[2];
               if (pipe(fds) || open("/tmp", O_RDONLY) < 0)
                   return 1;
               for (int flags : {MAP_PRIVATE, MAP_SHARED}) {
                   void* p =
                       mmap(nullptr, 200000, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
                   if (p == MAP_FAILED)
                       return 2;
                   for (int i = 0; i < 200000; i += 4096)
                       static_cast<char*>(p)[i] = 1;
               }
               return write(fds[1], "unread", 6) == 6 ? 4 : 3;
           }),
           0x400, "files and memory");
}

// Threads that run, wait, have a ring and a receiver when their process ends.
void leaves_threads() {
    static std::atomic<int> there;
    expect(child([] {
               for (long what = 0; what < 4; what++) {
                   pthread_t thread;
                   auto body = [](void* argument) -> void* {
                       ouros_ring ring;
                       long what = reinterpret_cast<long>(argument);
                       if (what == 1)
                           syscall(OUROS_SYS_ring_setup, 64, 64, &ring, sizeof ring);
                       if (what == 2)
                           syscall(OUROS_SYS_uintr_setup, 0);
                       there++;
                       for (;;)
                           what ? pause() : sched_yield();
                   };
                   if (pthread_create(&thread, nullptr, body, reinterpret_cast<void*>(what)))
                       return 1;
               }
               while (there != 4)
                   sched_yield();
               return 8;
           }),
           0x800, "threads");
}

void leaves_an_orphan() {
    expect(child([] { return child([] { return 0; }) > 0 ? 5 : 1; }), 0x500, "an orphan");
}

void is_killed() {
    expect(child([] {
               abort();
               return 0;
           }),
           SIGABRT, "abort");
}

void lends() {
    pid_t id = vfork();
    if (id == 0)
        _exit(6);
    expect(id, 0x600, "vfork");
}

void executes() {
    char* arguments[] = {path.data(), const_cast<char*>("child"), nullptr};
    pid_t id = 0;
    must(posix_spawn(&id, path.c_str(), nullptr, nullptr, arguments, environ) == 0, "posix_spawn");
    expect(id, 0x700, "a program");
}

void executes_with_a_ring() {
    expect(child([] {
               ouros_ring ring;
               if (syscall(OUROS_SYS_ring_setup, 64, 64, &ring, sizeof ring))
                   return 1;
               execl(path.c_str(), path.c_str(), "child", nullptr);
               return 2;
           }),
           0x700, "a program after a ring");
}

// `often` of the cheap ones for one of the dear ones.
void round(int often) {
    for (int i = 0; i < often; i++)
        leaves_at_once();
    leaves_a_ring();
    leaves_a_sender();
    leaves_files_and_memory();
    leaves_threads();
    leaves_an_orphan();
    is_killed();
    lends();
    executes();
    executes_with_a_ring();
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && !strcmp(argv[1], "child"))
        return 7;
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    path = own_path(argv[0]);
    int lowest = dup(0);
    close(lowest);
    for (int i = 0; i < 8; i++)
        round(1);
    in_use before = steady_use();
    for (int i = 0; i < rounds; i++)
        round(41);
    in_use after = steady_use();
    printf("%d processes\n", rounds * 50);
    tell("before", before);
    tell("after", after);
    must(before == after, "what is in use");
    must(dup(0) == lowest, "descriptors");
    must(wait(nullptr) == -1 && errno == ECHILD, "children");
    return wrong ? 1 : 0;
}
