// SPDX-License-Identifier: BSD-2-Clause
//
// Processes that take turns make no hart forget a translation, wherever they run: every address
// space has an identifier of its own. A new page does, so the count counts.

#include "../libs/expect.hpp"

#include <ouros/kernel.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

ouros_statistics counted() {
    ouros_statistics s{};
    expect(syscall(OUROS_SYS_statistics, &s, sizeof s) == long(sizeof s), "statistics");
    return s;
}

int there[2], back[2];

void round_trips(int count) {
    char byte = 0;
    for (int i = 0; i < count; i++)
        expect(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "round trip");
}

} // namespace

int main() {
    constexpr int rounds = 500;
    expect(pipe(there) == 0 && pipe(back) == 0, "pipes");
    pid_t other = fork();
    if (other == 0) {
        close(there[1]);
        char byte;
        while (read(there[0], &byte, 1) == 1)
            if (write(back[1], &byte, 1) != 1)
                return 1;
        return 0;
    }
    counted();
    round_trips(20); // pages come in, on both sides
    ouros_statistics before = counted();
    round_trips(rounds);
    ouros_statistics after = counted();
    auto* m = static_cast<volatile char*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    m[0] = 1;
    ouros_statistics last = counted();
    close(there[1]);
    int status = 1;
    expect(waitpid(other, &status, 0) == other && status == 0, "the other", status);
    std::printf("%d round trips, %lu turns of one side: %lu flushes; a new page: %lu\n", rounds,
                after.context_switches - before.context_switches, after.flushes - before.flushes,
                last.flushes - after.flushes);
    expect(after.context_switches - before.context_switches >= rounds, "turns");
    expect(after.flushes == before.flushes, "no flush", long(after.flushes - before.flushes));
    expect(last.flushes > after.flushes, "a page's flush");
    return failures != 0;
}
