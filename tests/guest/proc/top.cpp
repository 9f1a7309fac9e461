// SPDX-License-Identifier: BSD-2-Clause
//
// Runs `top` (argument 1) while children compute: four threads in one, one in another. It must show
// both with what they have ready, and that they are what keeps the machine busy.
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "check.h"

namespace {

pid_t computing(const char* name, int threads) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child)
        return child;
    prctl(PR_SET_NAME, name);
    for (int i = 1; i < threads; i++)
        std::thread([] {
            for (;;)
                asm volatile("");
        }).detach();
    for (;;)
        asm volatile("");
}

std::string line_with(const std::string& text, const std::string& word) {
    std::istringstream in(text);
    std::string found;
    for (std::string line; std::getline(in, line);)
        if (line.find(word) != std::string::npos)
            found = line; // the last table's
    return found;
}

} // namespace

int main(int, char** argv) {
    int out[2];
    CHECK(pipe(out) == 0);
    pid_t top = fork();
    if (top == 0) {
        dup2(out[1], 1);
        execl(argv[1], "top", "-b", "-n", "3", "-d", "0.5", nullptr);
        _exit(127);
    }
    close(out[1]);
    std::string text;
    char buffer[512];
    pid_t many = 0, one = 0;
    for (ssize_t size; (size = read(out[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, size_t(size));
        if (!many) { // it is loaded: from here on there is no hart for kernel work to wait for
            many = computing("many-threads", 4);
            one = computing("one-thread", 1);
        }
    }
    int status;
    CHECK(waitpid(top, &status, 0) == top && status == 0);
    kill(many, SIGKILL);
    kill(one, SIGKILL);
    std::fputs(text.c_str(), stdout);
    CHECK(line_with(text, "many-threads").find(" 32:4 ") != std::string::npos);
    CHECK(line_with(text, "one-thread").find(" 32:1 ") != std::string::npos);
    CHECK(line_with(text, " top").find(" 32:1 ") != std::string::npos);
    CHECK(line_with(text, "guest-top-").find(" - ") != std::string::npos); // this one waits
    return 0;
}
