// SPDX-License-Identifier: BSD-2-Clause
//
// Copies stdin to stdout and says on stderr how much it was.
#include <cstdio>
#include <unistd.h>

int main() {
    static char buffer[10'000]; // not a power of two: pieces straddle whatever the host's are
    long long total = 0;
    ssize_t n;
    while ((n = ::read(0, buffer, sizeof buffer)) > 0) {
        for (ssize_t done = 0; done < n;) {
            const ssize_t written = ::write(1, buffer + done, static_cast<size_t>(n - done));
            if (written < 0) {
                std::perror("write");
                return 1;
            }
            done += written;
        }
        total += n;
    }
    if (n < 0)
        std::perror("read");
    std::fprintf(stderr, "%lld bytes\n", total);
    return n < 0;
}
