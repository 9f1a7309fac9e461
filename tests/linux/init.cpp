// SPDX-License-Identifier: BSD-2-Clause
//
// The one program of a Linux guest: does a little of everything, says what came of it and after how
// many instructions, and switches the machine off. What it prints depends on nothing but the
// machine. Its arguments come from the kernel's command line: /init restart, instead of switching
// it off.
//
// Lines: "linux: NAME RESULT", and "instret: NAME NUMBER", which is what the machine has executed
// so far, firmware and kernel included.

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

uint64_t instructions() {
    uint64_t count;
    asm volatile("rdinstret %0" : "=r"(count));
    return count;
}

void report(const char* name, const std::string& result) {
    std::printf("linux: %s %s\n", name, result.c_str());
    std::printf("instret: %s %lu\n", name, instructions());
    std::fflush(stdout);
}

// FNV-1a
uint64_t digest(const void* data, size_t size, uint64_t hash = 0xcbf29ce484222325) {
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3;
    return hash;
}

std::string processes() {
    int status = 0, sum = 0;
    for (int i = 1; i <= 8; i++) {
        pid_t child = fork();
        if (child == 0) {
            const std::string number = std::to_string(i);
            if (i % 2)
                execl("/init", "/init", "exit-with", number.c_str(), nullptr);
            _exit(i);
        }
        waitpid(child, &status, 0);
        sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    }
    return std::to_string(sum);
}

std::string pipes() {
    int there[2], back[2];
    if (pipe(there) || pipe(back))
        return "no pipe";
    pid_t child = fork();
    if (child == 0) {
        uint64_t value;
        for (int i = 0; i < 500 && read(there[0], &value, sizeof value) == sizeof value; i++) {
            value = digest(&value, sizeof value);
            if (write(back[1], &value, sizeof value) != sizeof value)
                break;
        }
        _exit(0);
    }
    uint64_t value = 1;
    for (int i = 0; i < 500; i++)
        if (write(there[1], &value, sizeof value) != sizeof value ||
            read(back[0], &value, sizeof value) != sizeof value)
            return "broken pipe";
    waitpid(child, nullptr, 0);
    return std::to_string(value);
}

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
int turn;
uint64_t turns;

void* take_turns(void* self) {
    const auto me = static_cast<int>(reinterpret_cast<intptr_t>(self));
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me)
            pthread_cond_wait(&turn_changed, &mutex);
        turns = turns * 5 + static_cast<uint64_t>(me) + 1;
        turn = (turn + 1) % 4;
        pthread_cond_broadcast(&turn_changed);
        pthread_mutex_unlock(&mutex);
    }
    return nullptr;
}

std::string threads() {
    pthread_t others[4];
    for (intptr_t i = 0; i < 4; i++)
        pthread_create(&others[i], nullptr, take_turns, reinterpret_cast<void*>(i));
    for (pthread_t other : others)
        pthread_join(other, nullptr);
    return std::to_string(turns);
}

volatile sig_atomic_t received;
sigjmp_buf after_fault;

void count_signal(int) {
    received = received + 1;
}
void leave_fault(int signal) {
    siglongjmp(after_fault, signal);
}

std::string signals() {
    signal(SIGUSR1, count_signal);
    signal(SIGALRM, count_signal);
    for (int i = 0; i < 100; i++)
        kill(getpid(), SIGUSR1);
    itimerval every_millisecond = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &every_millisecond, nullptr);
    while (received < 110)
        pause();
    every_millisecond = {};
    setitimer(ITIMER_REAL, &every_millisecond, nullptr);
    return std::to_string(received);
}

// What the fault does, and the signal it ends in.
std::string signal_of(void (*fault)()) {
    for (int number : {SIGSEGV, SIGILL, SIGTRAP, SIGBUS})
        signal(number, leave_fault);
    const int number = sigsetjmp(after_fault, 1);
    if (number)
        return strsignal(number);
    fault();
    return "nothing";
}

void write_to_null() {
    volatile uintptr_t nowhere = 16; // unknown to the compiler
    *reinterpret_cast<volatile int*>(nowhere) = 1;
}
void execute_break() {
    asm volatile("ebreak");
}
void execute_uret() {
    // It would return to uepc in user mode: where the fault handler is left for.
    asm volatile(".option push\n.option norvc\nla t0, 1f\ncsrw 0x041, t0\n.word 0x00200073\n1:\n"
                 ".option pop" ::
                     : "t0");
}
void read_ustatus() {
    asm volatile("csrr t0, 0x000" ::: "t0");
}
void read_user_timer() {
    asm volatile("csrr t0, 0x800" ::: "t0");
}
void execute_uipi() {
    asm volatile(".insn i 0x7b, 2, t0, x0, 0" ::: "t0"); // SEND 0: there is no sender table
}

std::string files() {
    mkdir("/tmp", 0777);
    if (mount("none", "/tmp", "tmpfs", 0, nullptr))
        return "no tmpfs";
    unsigned char block[4096];
    uint64_t hash = 7;
    int fd = open("/tmp/file", O_RDWR | O_CREAT, 0666);
    for (int i = 0; i < 256; i++) {
        for (unsigned char& byte : block)
            byte = static_cast<unsigned char>(hash = hash * 6364136223846793005 + 1);
        if (write(fd, block, sizeof block) != sizeof block)
            return "cannot write";
    }
    void* mapped = mmap(nullptr, 256 * sizeof block, PROT_READ, MAP_SHARED, fd, 0);
    hash = digest(mapped, 256 * sizeof block);
    lseek(fd, 0, SEEK_SET);
    uint64_t again = 0xcbf29ce484222325;
    while (read(fd, block, sizeof block) == sizeof block)
        again = digest(block, sizeof block, again);
    return again == hash ? std::to_string(hash) : "read and mapped file differ";
}

std::string sleeps() {
    timespec before, after, moment = {0, 20'000'000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&moment, nullptr);
    clock_gettime(CLOCK_MONOTONIC, &after);
    const long slept =
        (after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec;
    return slept >= 20'000'000 ? "20 ms" : std::to_string(slept) + " ns";
}

} // namespace

int main(int count, char** arguments) {
    if (count == 3 && !std::strcmp(arguments[1], "exit-with"))
        return std::atoi(arguments[2]);
    report("boots", "yes");
    report("processes", processes());
    report("pipes", pipes());
    report("threads", threads());
    report("signals", signals());
    report("null-pointer", signal_of(write_to_null));
    report("ebreak", signal_of(execute_break));
    report("files", files());
    report("sleep", sleeps());
    report("ustatus", signal_of(read_ustatus));
    report("user-timer", signal_of(read_user_timer));
    report("uipi", signal_of(execute_uipi));
    report("uret", signal_of(execute_uret));
    report("ends", "well");
    const bool again = count == 2 && !std::strcmp(arguments[1], "restart");
    reboot(again ? RB_AUTOBOOT : RB_POWER_OFF);
}
