// SPDX-License-Identifier: BSD-2-Clause
//
// Memory that processes share: anonymous, memfd, files; locks and futexes in it. Linux on this
// machine says the same.
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr size_t page = 4096;

void tell(const char* what, bool good) {
    printf("%s: %s\n", what, good ? "yes" : "NO");
}

template <class F>
pid_t child(F&& body) {
    fflush(stdout);
    pid_t id = fork();
    if (id == 0)
        _exit(body());
    return id;
}

bool ended_well(pid_t id) {
    int status = -1;
    return waitpid(id, &status, 0) == id && status == 0;
}

uint8_t* map(size_t size, int protection, int flags, int fd = -1, off_t offset = 0) {
    return static_cast<uint8_t*>(mmap(nullptr, size, protection, flags, fd, offset));
}
constexpr int read_write = PROT_READ | PROT_WRITE;

void seals() {
    int fd = memfd_create("sealed", MFD_ALLOW_SEALING);
    tell("no seals at first", fcntl(fd, F_GET_SEALS) == 0);
    tell("a size", ftruncate(fd, page) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    tell("it does not shrink", ftruncate(fd, page - 1) == -1 && errno == EPERM);
    tell("it grows", ftruncate(fd, 2 * page) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
    tell("it does not grow", ftruncate(fd, 2 * page + 1) == -1 && errno == EPERM);
    tell("nor by write", pwrite(fd, "ab", 2, 2 * page) == -1 && errno == EPERM);
    tell("it is written to", pwrite(fd, "ab", 2, 2 * page - 2) == 2);
    tell("sealed", fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0);
    tell("for good", fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == -1 && errno == EPERM);
    int other = dup(fd);
    tell("all of them", fcntl(other, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
    int pipes[2];
    tell("a pipe has none",
         pipe(pipes) == 0 && fcntl(pipes[0], F_GET_SEALS) == -1 && errno == EINVAL);
    close(pipes[0]);
    close(pipes[1]);
    close(other);
    close(fd);
}

void memory_files() {
    int fd = memfd_create("name", MFD_CLOEXEC);
    struct stat s;
    tell("memfd", fd >= 0 && fstat(fd, &s) == 0 && s.st_size == 0 && S_ISREG(s.st_mode));
    tell("memfd has flags", fcntl(fd, F_GETFD) == FD_CLOEXEC);
    tell("memfd refuses", memfd_create("name", 0x1000) == -1 && errno == EINVAL);
    tell("no seals unless asked for", fcntl(fd, F_GET_SEALS) == F_SEAL_SEAL &&
                                          fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == -1 &&
                                          errno == EPERM);
    tell("ftruncate", ftruncate(fd, 3 * page) == 0);
    uint8_t* shared = map(3 * page, read_write, MAP_SHARED, fd);
    uint8_t* again = map(page, read_write, MAP_SHARED, fd, 2 * page);
    shared[2 * page] = 5;
    tell("two mappings are one", again[0] == 5);
    again[1] = 6;
    char c = 0;
    tell("read sees what was written", pread(fd, &c, 1, 2 * page + 1) == 1 && c == 6);
    tell("a mapping sees what write wrote", pwrite(fd, "x", 1, page) == 1 && shared[page] == 'x');
    uint8_t* copy = map(3 * page, read_write, MAP_PRIVATE, fd);
    copy[page] = 'y';
    tell("a private mapping is one's own", shared[page] == 'x' && copy[0] == 0);
    pid_t id = child([&] {
        shared[0] = 7;
        copy[page] = 'z';
        return shared[2 * page] == 5 && again[1] == 6 ? 0 : 1;
    });
    tell("a child has them, too", ended_well(id) && shared[0] == 7 && copy[page] == 'y');
    // Reading a file into its own mapping.
    tell("a file into itself", pread(fd, shared + 10, 1, 2 * page) == 1 && shared[10] == 5);
    close(fd);
    tell("a mapping keeps the file", shared[page] == 'x');
    munmap(shared, 3 * page);
    munmap(again, page);
    munmap(copy, 3 * page);
}

void named_files() {
    char name[] = "/tmp/shared-XXXXXX";
    int fd = mkstemp(name);
    tell("write", write(fd, "contents of a file", 18) == 18);
    int other = open(name, O_RDWR), reader = open(name, O_RDONLY);
    uint8_t* a = map(page, read_write, MAP_SHARED, fd);
    uint8_t* b = map(page, PROT_READ, MAP_SHARED, reader);
    tell("mapped", a != MAP_FAILED && b != MAP_FAILED && memcmp(b, "contents", 8) == 0);
    tell("behind the end are zeros", b[18] == 0 && b[page - 1] == 0);
    pid_t id = child([&] {
        uint8_t* c = map(page, read_write, MAP_SHARED, other);
        c[0] = 'C';
        return msync(c, page, MS_SYNC);
    });
    tell("a file is shared", ended_well(id) && a[0] == 'C' && b[0] == 'C');
    tell("no writing through a file open for reading",
         map(page, read_write, MAP_SHARED, reader) == MAP_FAILED && errno == EACCES);
    tell("nor by mprotect", mprotect(b, page, read_write) == -1 && errno == EACCES);
    tell("but a private one",
         mprotect(a, page, PROT_READ) == 0 && mprotect(a, page, read_write) == 0);
    munmap(a, page);
    munmap(b, page);
    close(fd), close(other), close(reader);
    unlink(name);
}

sigjmp_buf after_the_fault;
siginfo_t fault;

void leave(int, siginfo_t* info, void*) {
    fault = *info;
    siglongjmp(after_the_fault, 1);
}

void behind_the_end() {
    struct sigaction action {
    }, before;
    action.sa_sigaction = leave;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGBUS, &action, &before);
    int fd = memfd_create("short", 0);
    tell("short", ftruncate(fd, 1) == 0);
    volatile uint8_t* a = map(2 * page, read_write, MAP_SHARED, fd);
    a[1] = 1;
    if (sigsetjmp(after_the_fault, 1) == 0)
        a[page + 5] = 1;
    tell("no page behind the end",
         fault.si_signo == SIGBUS && fault.si_code == BUS_ADRERR && fault.si_addr == a + page + 5);
    munmap(const_cast<uint8_t*>(a), 2 * page);
    close(fd);
    sigaction(SIGBUS, &before, nullptr);
}

struct meeting {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    sem_t ready;
    int turn;
    long count;
};

void locks() {
    auto* m = reinterpret_cast<meeting*>(map(page, read_write, MAP_SHARED | MAP_ANONYMOUS));
    pthread_mutexattr_t mutex_attributes;
    pthread_mutexattr_init(&mutex_attributes);
    pthread_mutexattr_setpshared(&mutex_attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&m->mutex, &mutex_attributes);
    pthread_condattr_t condition_attributes;
    pthread_condattr_init(&condition_attributes);
    pthread_condattr_setpshared(&condition_attributes, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&m->changed, &condition_attributes);
    sem_init(&m->ready, 1, 0);
    constexpr int processes = 4, rounds = 200;
    pid_t ids[processes];
    for (int me = 0; me < processes; me++)
        ids[me] = child([&] {
            sem_post(&m->ready);
            for (int i = 0; i < rounds; i++) {
                pthread_mutex_lock(&m->mutex);
                while (m->turn != me)
                    pthread_cond_wait(&m->changed, &m->mutex);
                m->turn = (me + 1) % processes;
                m->count++;
                pthread_cond_broadcast(&m->changed);
                pthread_mutex_unlock(&m->mutex);
            }
            return 0;
        });
    for (int i = 0; i < processes; i++)
        sem_wait(&m->ready);
    bool good = true;
    for (pid_t id : ids)
        good = ended_well(id) && good;
    tell("locks, conditions and semaphores work between processes",
         good && m->count == processes * rounds);
    munmap(m, page);
}

} // namespace

int main() {
    seals();
    memory_files();
    named_files();
    behind_the_end();
    locks();
}
