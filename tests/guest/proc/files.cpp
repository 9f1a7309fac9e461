// SPDX-License-Identifier: BSD-2-Clause
//
// What /proc says against what is so: of this process, of others, of threads and of zombies; and
// that looking needs nothing but names. Runs on Linux, too.
#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <pthread.h>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "check.h"

namespace {

std::string contents(const std::string& path) {
    std::ifstream in(path);
    CHECK(in.good());
    return {std::istreambuf_iterator<char>(in), {}};
}
std::string link_of(const std::string& path) {
    char text[4096];
    ssize_t size = readlink(path.c_str(), text, sizeof text);
    CHECK(size > 0);
    return {text, size_t(size)};
}
std::vector<std::string> names(const std::string& path) {
    std::vector<std::string> found;
    DIR* d = opendir(path.c_str());
    CHECK(d);
    while (dirent* e = readdir(d))
        if (e->d_name[0] != '.')
            found.push_back(e->d_name);
    closedir(d);
    return found;
}
bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}
std::string of(pid_t id, const std::string& name) {
    return "/proc/" + std::to_string(id) + "/" + name;
}

// The fields from the third on: the second, a name in parentheses, may hold anything.
std::vector<std::string> stat_of(const std::string& path) {
    std::string text = contents(path);
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    size_t name = text.find(' ') + 1;
    std::vector<std::string> fields{text.substr(0, name - 1),
                                    text.substr(name, text.rfind(')') + 1 - name)};
    for (std::string field; rest >> field;)
        fields.push_back(field);
    CHECK(fields.size() == 52);
    return fields;
}
std::map<std::string, std::string> lines_of(const std::string& path) {
    std::istringstream in(contents(path));
    std::map<std::string, std::string> found;
    for (std::string line; std::getline(in, line);) {
        size_t colon = line.find(':');
        CHECK(colon != std::string::npos);
        size_t value = line.find_first_not_of("\t ", colon + 1);
        found[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
    }
    return found;
}

void about_itself(char** argv) {
    CHECK(link_of("/proc/self") == std::to_string(getpid()));
    CHECK(link_of("/proc/thread-self") ==
          std::to_string(getpid()) + "/task/" + std::to_string(gettid()));
    CHECK(contents("/proc/self/cmdline") == std::string(argv[0]) + '\0' + argv[1] + '\0');
    CHECK(contents("/proc/self/environ").find("HOME=") != std::string::npos);
    struct stat program, running;
    CHECK(stat("/proc/self/exe", &running) == 0);
    CHECK(stat(link_of("/proc/self/exe").c_str(), &program) == 0 &&
          program.st_ino == running.st_ino);
    CHECK(chdir("/tmp") == 0 && link_of("/proc/self/cwd") == "/tmp" &&
          link_of("/proc/self/root") == "/");
    struct stat here, there;
    CHECK(stat("/tmp", &here) == 0 && stat("/proc/self/cwd", &there) == 0 &&
          here.st_ino == there.st_ino && here.st_dev == there.st_dev);

    CHECK(prctl(PR_SET_NAME, "a (b) c\n") == 0);
    CHECK(contents("/proc/self/comm") == "a (b) c\n\n");
    auto stat = stat_of("/proc/self/stat");
    CHECK(stat[0] == std::to_string(getpid()) && stat[2] == "R");
    CHECK(stat[3] == std::to_string(getppid()) && stat[4] == std::to_string(getpgrp()));
    CHECK(stat[5] == std::to_string(getsid(0)) &&
          atoi(stat[17].c_str()) == 20 + atoi(stat[18].c_str()));
    CHECK(stat[19] == "1");
    auto status = lines_of("/proc/self/status");
    CHECK(status["Name"] == "a (b) c\\n" && status["Pid"] == stat[0] && status["Threads"] == "1");
    CHECK(status["State"] == "R (running)" && status["PPid"] == stat[3]);
    int fd = open("/proc/self/comm", O_WRONLY);
    CHECK(fd >= 0 && write(fd, "plain", 5) == 5 && close(fd) == 0);
    CHECK(contents("/proc/self/comm") == "plain\n");

    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, [](int) {});
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    CHECK(sigprocmask(SIG_BLOCK, &blocked, nullptr) == 0 && kill(getpid(), SIGTERM) == 0);
    status = lines_of("/proc/self/status");
    CHECK(status["SigIgn"] == "0000000000000200" && status["SigBlk"] == "0000000000004000");
    CHECK(status["SigCgt"] == "0000000000000800" && status["ShdPnd"] == "0000000000004000");
    signal(SIGTERM, SIG_IGN); // drops it
    CHECK(sigprocmask(SIG_UNBLOCK, &blocked, nullptr) == 0);
}

struct mapping {
    uintptr_t start, end;
    std::string access, name;
    unsigned long offset;
};
std::vector<mapping> maps() {
    std::istringstream in(contents("/proc/self/maps"));
    std::vector<mapping> found;
    for (std::string line; std::getline(in, line);) {
        mapping m;
        char access[8], name[4096] = "";
        CHECK(sscanf(line.c_str(), "%lx-%lx %4s %lx %*s %*s %4095s", &m.start, &m.end, access,
                     &m.offset, name) >= 4);
        m.access = access;
        m.name = name;
        CHECK(found.empty() || found.back().end <= m.start);
        found.push_back(m);
    }
    return found;
}
const mapping& holding(const std::vector<mapping>& all, const void* p) {
    for (const mapping& m : all)
        if (uintptr_t(p) >= m.start && uintptr_t(p) < m.end)
            return m;
    CHECK(!"it is not in the list");
    std::abort();
}

void memory() {
    constexpr size_t page = 4096;
    char* area = static_cast<char*>(
        mmap(nullptr, 10 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK(area != MAP_FAILED);
    CHECK(mprotect(area + 2 * page, page, PROT_READ) == 0);
    CHECK(mprotect(area + 4 * page, page, PROT_NONE) == 0);
    CHECK(munmap(area + 6 * page, page) == 0);
    int fd = memfd_create("m", 0);
    CHECK(fd >= 0 && ftruncate(fd, 4 * page) == 0);
    void* shared = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, page);
    CHECK(shared != MAP_FAILED);
    auto all = maps();
    CHECK(holding(all, area).access == "rw-p" &&
          holding(all, area).end == uintptr_t(area) + 2 * page);
    const mapping& less = holding(all, area + 2 * page);
    CHECK(less.access == "r--p" && less.start == uintptr_t(area) + 2 * page &&
          less.end == less.start + page);
    CHECK(holding(all, area + 4 * page).access == "---p");
    for (const mapping& m : all)
        CHECK(m.end <= uintptr_t(area) + 6 * page || m.start >= uintptr_t(area) + 7 * page);
    const mapping& file = holding(all, shared);
    CHECK(file.access == "rw-s" && file.offset == page && file.end - file.start == 2 * page);
    CHECK(holding(all, &all).name == "[stack]");
    CHECK(holding(all, reinterpret_cast<void*>(&maps)).access == "r-xp");
    CHECK(holding(all, reinterpret_cast<void*>(&maps)).name == link_of("/proc/self/exe"));

    // Resident: pages that were touched.
    auto resident = [] {
        long size, resident;
        CHECK(sscanf(contents("/proc/self/statm").c_str(), "%ld %ld", &size, &resident) == 2);
        return resident;
    };
    constexpr size_t many = 500;
    auto* touched = static_cast<volatile char*>(
        mmap(nullptr, many * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    long before = resident();
    for (size_t i = 0; i < many; i++)
        touched[i * page] = 1;
    long more = resident() - before;
    CHECK(more >= long(many) && more < long(many) + 100);
    unsigned char there[many];
    CHECK(munmap(const_cast<char*>(touched) + page, page) == 0);
    CHECK(mincore(const_cast<char*>(touched), page, there) == 0 && (there[0] & 1));
    CHECK(mincore(const_cast<char*>(touched), many * page, there) == -1 && errno == ENOMEM);
    CHECK(mincore(const_cast<char*>(touched) + 1, page, there) == -1 && errno == EINVAL);
    CHECK(mincore(area + 8 * page, page, there) == 0 && !(there[0] & 1));
    close(fd);
}

void descriptors() {
    int pipe_ends[2], pair[2];
    CHECK(pipe(pipe_ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    int fd = open("/tmp/some-file", O_CREAT | O_RDWR | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, "abcdef", 6) == 6);
    auto path = [](int n) { return "/proc/self/fd/" + std::to_string(n); };
    CHECK(link_of(path(fd)) == "/tmp/some-file");
    CHECK(link_of(path(pipe_ends[0])) == link_of(path(pipe_ends[1])));
    struct stat s;
    CHECK(fstat(pipe_ends[0], &s) == 0);
    CHECK(link_of(path(pipe_ends[0])) == "pipe:[" + std::to_string(s.st_ino) + "]");
    CHECK(link_of(path(pair[0])).substr(0, 8) == "socket:[" &&
          link_of(path(pair[0])) != link_of(path(pair[1])));
    auto all = names("/proc/self/fd");
    for (int n : {0, 1, 2, fd, pipe_ends[0], pair[1]})
        CHECK(has(all, std::to_string(n)));
    // Opened by that name it is another open file of the same contents,
    int again = open(path(fd).c_str(), O_RDONLY);
    char text[8] = {};
    CHECK(again >= 0 && read(again, text, sizeof text) == 6 && std::string(text) == "abcdef");
    CHECK(lseek(fd, 0, SEEK_CUR) == 6);
    // ... also when the file has another name, or none.
    CHECK(rename("/tmp/some-file", "/tmp/renamed") == 0 && link_of(path(fd)) == "/tmp/renamed");
    CHECK(unlink("/tmp/renamed") == 0);
    int nameless = open(path(fd).c_str(), O_RDONLY);
    CHECK(nameless >= 0 && pread(nameless, text, 3, 3) == 3 && std::string(text, 3) == "def");
    struct stat by_name, by_fd;
    CHECK(stat(path(fd).c_str(), &by_name) == 0 && fstat(fd, &by_fd) == 0);
    CHECK(by_name.st_ino == by_fd.st_ino && by_name.st_size == 6);
    CHECK(lstat(path(fd).c_str(), &s) == 0 && S_ISLNK(s.st_mode));
    // A pipe has only its ends; a socket can't be opened.
    int end = open(path(pipe_ends[0]).c_str(), O_RDONLY);
    CHECK(end >= 0 && write(pipe_ends[1], "x", 1) == 1 && read(end, text, 1) == 1);
    CHECK(open(path(pair[0]).c_str(), O_RDONLY) == -1 && errno == ENXIO);
    CHECK(open("/proc/self/fd/999", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(open("/proc/self/fd/0001", O_RDONLY) == -1 && errno == ENOENT);
    for (int n : {fd, again, nameless, end, pipe_ends[0], pipe_ends[1], pair[0], pair[1]})
        close(n);
    CHECK(!has(names("/proc/self/fd"), std::to_string(fd)));
    // Through a directory's descriptor.
    int directory = open("/tmp", O_RDONLY);
    int made = open((path(directory) + "/below").c_str(), O_CREAT | O_RDWR, 0600);
    CHECK(made >= 0 && access("/tmp/below", F_OK) == 0 && unlink("/tmp/below") == 0);
    close(made);
    close(directory);
}

void threads() {
    struct shared {
        pthread_barrier_t begun, end;
        pid_t id;
    } s;
    pthread_barrier_init(&s.begun, nullptr, 2);
    pthread_barrier_init(&s.end, nullptr, 2);
    pthread_t t;
    CHECK(pthread_create(
              &t, nullptr,
              [](void* p) -> void* {
                  auto& s = *static_cast<shared*>(p);
                  s.id = gettid();
                  CHECK(link_of("/proc/thread-self") ==
                        std::to_string(getpid()) + "/task/" + std::to_string(s.id));
                  prctl(PR_SET_NAME, "second");
                  pthread_barrier_wait(&s.begun);
                  pthread_barrier_wait(&s.end);
                  return nullptr;
              },
              &s) == 0);
    pthread_barrier_wait(&s.begun);
    std::string id = std::to_string(s.id);
    CHECK(names("/proc/self/task").size() == 2 && has(names("/proc/self/task"), id));
    CHECK(contents("/proc/self/task/" + id + "/comm") == "second\n");
    CHECK(contents("/proc/self/comm") == "plain\n");
    auto stat = stat_of("/proc/self/task/" + id + "/stat");
    CHECK(stat[0] == id && stat[1] == "(second)" && stat[19] == "2");
    CHECK(stat[2] == "S" || stat[2] == "R");
    CHECK(stat_of("/proc/self/stat")[19] == "2");
    auto status = lines_of("/proc/self/task/" + id + "/status");
    CHECK(status["Tgid"] == std::to_string(getpid()) && status["Pid"] == id);
    CHECK(access(("/proc/self/task/" + id + "/task").c_str(), F_OK) == -1 && errno == ENOENT);
    pthread_barrier_wait(&s.end);
    CHECK(pthread_join(t, nullptr) == 0);
    while (names("/proc/self/task").size() != 1) // it is joined a little before it has left
        ;
    CHECK(access(("/proc/self/task/" + id).c_str(), F_OK) == -1 && errno == ENOENT);
}

void others() {
    int hold[2];
    CHECK(pipe(hold) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(hold[1]);
        setpgid(0, 0);
        prctl(PR_SET_NAME, "child");
        char byte;
        _exit(read(hold[0], &byte, 1) == 0 ? 3 : 4);
    }
    while (contents(of(child, "comm")) != "child\n" || stat_of(of(child, "stat"))[2] != "S")
        sched_yield();
    CHECK(has(names("/proc"), std::to_string(child)));
    auto stat = stat_of(of(child, "stat"));
    CHECK(stat[3] == std::to_string(getpid()) && stat[4] == std::to_string(child));
    CHECK(contents(of(child, "cmdline")) == contents("/proc/self/cmdline"));
    CHECK(link_of(of(child, "exe")) == link_of("/proc/self/exe"));
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, nullptr, WUNTRACED) == child);
    CHECK(stat_of(of(child, "stat"))[2] == "T" && kill(child, SIGCONT) == 0);
    int open_stat = open(of(child, "stat").c_str(), O_RDONLY);
    int open_directory = open(of(child, "").c_str(), O_RDONLY | O_DIRECTORY);
    CHECK(open_stat >= 0 && open_directory >= 0);
    close(hold[1]);
    siginfo_t info;
    CHECK(waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) == 0);
    CHECK(stat_of(of(child, "stat"))[2] == "Z" && contents(of(child, "cmdline")).empty());
    CHECK(lines_of(of(child, "status"))["State"] == "Z (zombie)");
    CHECK(contents(of(child, "maps")).empty());
    char text[8];
    CHECK(readlink(of(child, "exe").c_str(), text, sizeof text) == -1 && errno == ENOENT);
    CHECK(waitpid(child, nullptr, 0) == child);
    CHECK(access(of(child, "stat").c_str(), F_OK) == -1 && errno == ENOENT);
    CHECK(!has(names("/proc"), std::to_string(child)));
    CHECK(openat(open_directory, "stat", O_RDONLY) == -1 && (errno == ENOENT || errno == ESRCH));
    char entries[512];
    CHECK(syscall(SYS_getdents64, open_directory, entries, sizeof entries) == -1 &&
          errno == ENOENT);
    close(open_stat);
    close(open_directory);
    close(hold[0]);
}

// However it is read, a file has what it had when it was opened.
void pieces() {
    std::string whole;
    int fd = open("/proc/self/limits", O_RDONLY);
    CHECK(fd >= 0);
    for (char c; read(fd, &c, 1) == 1;)
        whole += c;
    CHECK(whole == contents("/proc/self/limits") && whole.size() > 500);
    char text[64];
    CHECK(pread(fd, text, 20, 100) == 20 && whole.compare(100, 20, text, 20) == 0);
    CHECK(lseek(fd, 300, SEEK_SET) == 300 && read(fd, text, 64) == 64);
    CHECK(whole.compare(300, 64, text, 64) == 0 && lseek(fd, 0, SEEK_CUR) == 364);
    CHECK(pread(fd, text, 64, off_t(whole.size())) == 0 && pread(fd, text, 1, 1 << 30) == 0);
    CHECK(syscall(SYS_read, fd, 8, 64) == -1 && errno == EFAULT);
    CHECK(lseek(fd, -1, SEEK_SET) == -1 && errno == EINVAL);
    close(fd);
}

void refused() {
    int fd = open("/proc/uptime", O_WRONLY);
    CHECK(fd == -1 ? errno == EACCES : write(fd, "1", 1) == -1 && errno == EIO);
    close(fd);
    CHECK(open("/proc/none", O_CREAT | O_RDWR, 0600) == -1 && errno == ENOENT);
    CHECK(open("/proc/self", O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP);
    CHECK(open("/proc/uptime/x", O_RDONLY) == -1 && errno == ENOTDIR);
    CHECK(open("/proc/uptime", O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
    CHECK(open("/proc/self/task", O_RDWR) == -1 && errno == EISDIR);
    for (const char* none : {"/proc/0", "/proc/01", "/proc/-1", "/proc/99999999999", "/proc/1x"})
        CHECK(access(none, F_OK) == -1 && errno == ENOENT);
    CHECK(mkdir("/proc/none", 0700) == -1 && errno == ENOENT);
    CHECK(mkdir("/proc/self/fd", 0700) == -1 && errno == EEXIST);
    CHECK(symlink("x", "/proc/stat") == -1 && errno == EEXIST);
    CHECK(::link("/proc/stat", "/tmp/stat") == -1 && errno == EXDEV);
    CHECK(rename("/tmp", "/proc/tmp") == -1 && errno == EXDEV);
}

void system_wide() {
    struct utsname u;
    CHECK(uname(&u) == 0);
    CHECK(contents("/proc/sys/kernel/osrelease") == std::string(u.release) + "\n");
    CHECK(contents("/proc/sys/kernel/ostype") == std::string(u.sysname) + "\n");
    CHECK(contents("/proc/version").find(u.release) != std::string::npos);
    auto memory = lines_of("/proc/meminfo");
    CHECK(atol(memory["MemTotal"].c_str()) > atol(memory["MemFree"].c_str()));
    double up, idle, loads[3];
    CHECK(sscanf(contents("/proc/uptime").c_str(), "%lf %lf", &up, &idle) == 2 && up > 0);
    int runs, all, last;
    CHECK(sscanf(contents("/proc/loadavg").c_str(), "%lf %lf %lf %d/%d %d", loads, loads + 1,
                 loads + 2, &runs, &all, &last) == 6);
    CHECK(runs >= 1 && all >= runs);
    std::istringstream cpus(contents("/proc/cpuinfo"));
    long count = 0;
    for (std::string line; std::getline(cpus, line);)
        count += line.substr(0, 9) == "processor";
    CHECK(count == sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(contents("/proc/stat").substr(0, 4) == "cpu ");
    CHECK(contents("/proc/mounts").find(" /proc proc ") != std::string::npos);
    CHECK(contents("/proc/filesystems").find("proc") != std::string::npos);
    struct statfs fs;
    CHECK(statfs("/proc/self", &fs) == 0 && fs.f_type == 0x9fa0);
    struct stat proc, root;
    CHECK(stat("/proc", &proc) == 0 && stat("/", &root) == 0 && proc.st_dev != root.st_dev);
    char here[64];
    CHECK(chdir("/proc/self/task") == 0 && getcwd(here, sizeof here));
    CHECK(std::string(here) == of(getpid(), "task") && chdir("../../..") == 0);
    CHECK(getcwd(here, sizeof here) && std::string(here) == "/");
}

void limits() {
    rlimit few, all;
    CHECK(getrlimit(RLIMIT_NOFILE, &all) == 0);
    few = {32, all.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    CHECK(contents("/proc/self/limits").find("Max open files            32 ") != std::string::npos);
    std::vector<int> opened;
    for (int fd; (fd = open("/proc/uptime", O_RDONLY)) >= 0;)
        opened.push_back(fd);
    CHECK(errno == EMFILE && opened.back() == 31);
    CHECK(dup2(0, 32) == -1 && errno == EBADF);
    CHECK(fcntl(0, F_DUPFD, 32) == -1 && errno == EINVAL);
    for (int fd : opened)
        close(fd);
    CHECK(setrlimit(RLIMIT_NOFILE, &all) == 0);
    rlimit wrong{2, 1};
    CHECK(setrlimit(RLIMIT_NOFILE, &wrong) == -1 && errno == EINVAL);
    CHECK(prlimit(999999, RLIMIT_NOFILE, nullptr, &all) == -1 && errno == ESRCH);

    pid_t child = fork();
    if (child == 0) {
        rlim_t pages = strtoul(contents("/proc/self/statm").c_str(), nullptr, 10);
        rlimit space{pages * 4096 + (32 << 20), RLIM_INFINITY};
        CHECK(setrlimit(RLIMIT_AS, &space) == 0);
        CHECK(mmap(nullptr, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
              MAP_FAILED);
        CHECK(errno == ENOMEM);
        void* some = mmap(nullptr, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(some != MAP_FAILED);
        CHECK(mremap(some, 16 << 20, 96 << 20, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

} // namespace

// What the one who started it ignores or blocks (nohup, for instance) is no matter of this test.
void forget_inherited_signals() {
    for (int signo = 1; signo < NSIG; signo++)
        signal(signo, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    CHECK(sigprocmask(SIG_SETMASK, &none, nullptr) == 0);
}

int main(int, char** argv) {
    forget_inherited_signals();
    about_itself(argv);
    memory();
    descriptors();
    threads();
    others();
    pieces();
    refused();
    system_wide();
    limits();
    std::puts("as it is");
}
