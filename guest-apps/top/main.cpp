// SPDX-License-Identifier: BSD-2-Clause
//
// top: the processes, busiest first, with what the shared scheduler has ready in each. Everything
// comes from /proc.
//
//   top [-b] [-n TIMES] [-d SECONDS]
//
// -b: one table after the other, for a file. Otherwise each takes the screen, and q and Enter end
// it.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <iterator>
#include <map>
#include <poll.h>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

struct row {
    int id = 0, parent = 0;
    char state = '?';
    long priority = 0, nice = 0, threads = 0;
    double when = 0; // seconds since boot, when it was read
    unsigned long ticks = 0, resident_kib = 0;
    double busy = 0; // percent of one hart, since the last table
    std::string name;
    // "24:2 32:100": at priority 24 two tasks that run or could, ...
    std::string ready;
    unsigned long in_flight = 0, receivers = 0, calls = 0;
};

bool read_file(const std::string& path, std::string& contents) {
    std::ifstream in(path);
    contents.assign(std::istreambuf_iterator<char>(in), {});
    return in.good() || in.eof();
}

// /proc/PID/stat: the name, in parentheses, may hold anything.
bool read_stat(const std::string& path, row& r) {
    std::string text;
    if (!read_file(path, text))
        return false;
    size_t open = text.find('('), close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos)
        return false;
    r.name = text.substr(open + 1, close - open - 1);
    std::istringstream rest(text.substr(close + 2));
    std::vector<std::string> fields{"", "", ""}; // so that they have the numbers of proc(5)
    for (std::string field; rest >> field;)
        fields.push_back(field);
    if (fields.size() < 25)
        return false;
    auto number = [&](size_t i) { return std::strtol(fields[i].c_str(), nullptr, 10); };
    r.state = fields[3][0];
    r.parent = int(number(4));
    r.ticks = static_cast<unsigned long>(number(14) + number(15));
    r.priority = number(18);
    r.nice = number(19);
    r.threads = number(20);
    r.resident_kib = static_cast<unsigned long>(number(24)) * 4;
    return true;
}

// /proc/PID/ouros: lines of a name and values. Not there on another kernel.
void read_ouros(const std::string& path, row& r) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        size_t space = line.find(' ');
        if (space == std::string::npos)
            continue;
        std::string name = line.substr(0, space), value = line.substr(space + 1);
        if (name == "ready_tasks")
            r.ready = value;
        else if (name == "kernel_requests_in_flight")
            r.in_flight = std::strtoul(value.c_str(), nullptr, 10);
        else if (name == "receivers")
            r.receivers = std::strtoul(value.c_str(), nullptr, 10);
        else if (name == "syscalls")
            r.calls = std::strtoul(value.c_str(), nullptr, 10);
    }
}

double uptime() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

// A process may end while it is looked at: then it has no row.
std::vector<row> read_processes() {
    std::vector<row> rows;
    DIR* d = opendir("/proc");
    if (!d) {
        std::perror("/proc");
        std::exit(1);
    }
    while (dirent* e = readdir(d)) {
        if (!std::isdigit(static_cast<unsigned char>(e->d_name[0])))
            continue;
        row r;
        r.id = std::atoi(e->d_name);
        std::string folder = std::string("/proc/") + e->d_name;
        if (!read_stat(folder + "/stat", r))
            continue;
        r.when = uptime();
        read_ouros(folder + "/ouros", r);
        rows.push_back(r);
    }
    closedir(d);
    return rows;
}

unsigned long memory(const std::string& name) {
    std::ifstream in("/proc/meminfo");
    for (std::string line; std::getline(in, line);)
        if (line.compare(0, name.size(), name) == 0)
            return std::strtoul(line.c_str() + name.size(), nullptr, 10);
    return 0;
}

void print_table(std::vector<row>& rows) {
    std::string load;
    read_file("/proc/loadavg", load);
    long running = std::count_if(rows.begin(), rows.end(), [](auto& r) { return r.state == 'R'; });
    std::printf("up %.2f s, %ld hart(s), load %s", uptime(), sysconf(_SC_NPROCESSORS_ONLN),
                load.c_str());
    std::printf("%zu processes, %ld running; %lu KiB of memory, %lu free\n", rows.size(), running,
                memory("MemTotal:"), memory("MemFree:"));
    std::printf("%6s %6s S %3s %3s %4s %8s %5s %8s %8s %3s %4s  %-20s %s\n", "PID", "PPID", "PR",
                "NI", "THR", "RES KiB", "%CPU", "TIME", "CALLS", "RX", "RING", "READY (PRIO:N)",
                "COMMAND");
    std::stable_sort(rows.begin(), rows.end(),
                     [](const row& a, const row& b) { return a.busy > b.busy; });
    for (const row& r : rows)
        std::printf("%6d %6d %c %3ld %3ld %4ld %8lu %5.1f %5lu.%02lu %8lu %3lu %4lu  %-20s %s\n",
                    r.id, r.parent, r.state, r.priority, r.nice, r.threads, r.resident_kib, r.busy,
                    r.ticks / 100, r.ticks % 100, r.calls, r.receivers, r.in_flight,
                    r.ready.empty() ? "-" : r.ready.c_str(), r.name.c_str());
    std::fflush(stdout);
}

// False: the user has had enough.
bool wait(double seconds, bool interactive) {
    if (!interactive) {
        usleep(useconds_t(seconds * 1e6));
        return true;
    }
    pollfd input{0, POLLIN, 0};
    if (poll(&input, 1, int(seconds * 1000)) <= 0)
        return true;
    char keys[64];
    ssize_t size = read(0, keys, sizeof keys);
    return size > 0 && !std::memchr(keys, 'q', size_t(size));
}

} // namespace

int main(int argc, char** argv) {
    bool batch = false;
    long times = -1;
    double delay = 2;
    for (int option; (option = getopt(argc, argv, "bn:d:")) != -1;) {
        if (option == 'b')
            batch = true;
        else if (option == 'n')
            times = std::atol(optarg);
        else if (option == 'd')
            delay = std::atof(optarg);
        else
            return 2;
    }
    std::map<int, row> before;
    while (times != 0) {
        std::vector<row> rows = read_processes();
        std::map<int, row> seen;
        for (row& r : rows) {
            const row& last = before[r.id]; // all zero if it is new: since boot, then
            if (r.when > last.when)
                r.busy = double(r.ticks - last.ticks) / (r.when - last.when);
            seen[r.id] = r;
        }
        before = std::move(seen);
        if (!batch)
            std::fputs("\033[H\033[J", stdout);
        print_table(rows);
        if (times > 0)
            times--;
        if (times != 0 && !wait(delay, !batch))
            break;
        if (batch && times != 0)
            std::puts("");
    }
    return 0;
}
