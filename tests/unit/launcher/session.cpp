// SPDX-License-Identifier: BSD-2-Clause
//
// A shell script plays QEMU (bash's, for descriptors above 9): descriptors 0 and 1 are the console,
// 2 QEMU's messages, and those of MachineDescriptors what they are there.
#include "session.h"

#include "expect_failure.h"
#include "machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

namespace ouros {
namespace {

std::string shutdown_event(const std::string& reason) {
    return fmt::format("echo '{{\"event\": \"SHUTDOWN\", \"data\": {{\"guest\": true, "
                       "\"reason\": \"{}\"}}}}' >&{}\n",
                       reason, MachineDescriptors::monitor);
}

struct Outcome {
    std::string stdout_text;
    int status = -1;
};

Outcome run(const std::string& script) {
    Outcome result;
    SessionInput input;
    input.command = {"/bin/bash", "-c", script};
    input.initramfs = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    input.relay_stdin = false;
    input.capture_stdout = [&](std::string_view piece) { result.stdout_text += piece; };
    result.status = run_session(std::move(input));
    return result;
}

void expect_machine_failure(const std::string& part, const std::string& script) {
    expect_failure(status_failed, part, [&] { run(script); });
}

TEST(Session, StatusIsTheProgramsOwn) {
    EXPECT_EQ(run(shutdown_event("guest-shutdown") + "exit 0").status, 0);
    for (int status : {1, 42, 125, 255})
        EXPECT_EQ(run(shutdown_event("guest-panic") + fmt::format("exit {}", status)).status,
                  status);
}

TEST(Session, OutputIsWhole) {
    const Outcome result = run("dd if=/dev/zero bs=65536 count=16 2>/dev/null; printf end\n" +
                               shutdown_event("guest-shutdown"));
    EXPECT_EQ(result.stdout_text, std::string(1 << 20, '\0') + "end");
}

TEST(Session, QemuThatCannotStart) {
    expect_machine_failure("QEMU ended with status 1", "echo 'no such option' >&2; exit 1");
    expect_machine_failure("no such option", "echo 'no such option' >&2; exit 1");
}

TEST(Session, QemuThatDies) {
    expect_machine_failure("QEMU was killed by signal 9", "kill -9 $$");
    expect_machine_failure("QEMU ended with status 0 before the program did", "exit 0");
}

TEST(Session, ResetIsAFailure) {
    expect_machine_failure("reset the machine", shutdown_event("guest-reset"));
}

TEST(Session, PanicShowsTheEndOfTheLog) {
    const std::string log = fmt::format(">&{}\n", MachineDescriptors::kernel_log);
    const std::string script = "echo booting " + log +
                               "echo 'ouros: kernel panic on hart 0: no memory' " + log +
                               shutdown_event("guest-panic") + "exit 1";
    expect_machine_failure("the kernel panicked", script);
    expect_machine_failure("kernel panic on hart 0: no memory", script);
    expect_machine_failure("booting", script);
}

TEST(Session, WordsThatAreNoPanic) {
    const std::string log = fmt::format(">&{}\n", MachineDescriptors::kernel_log);
    EXPECT_EQ(run("echo 'do not panic' " + log + shutdown_event("guest-panic") + "exit 3").status,
              3);
}

TEST(Session, SignalsEndIt) {
    std::thread later([main = ::pthread_self()] {
        ::usleep(200'000);
        ::pthread_kill(main, SIGTERM);
    });
    EXPECT_THROW(run("exec sleep 100"), EndedBySignal);
    later.join();
}

// A QEMU that does not listen is killed in the end.
TEST(Session, SignalsEndAQemuThatHangs) {
    std::thread later([main = ::pthread_self()] {
        ::usleep(200'000);
        ::pthread_kill(main, SIGINT);
    });
    EXPECT_THROW(run("trap '' TERM; while :; do sleep 1; done"), EndedBySignal);
    later.join();
}

} // namespace
} // namespace ouros
