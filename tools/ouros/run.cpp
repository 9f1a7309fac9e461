// SPDX-License-Identifier: BSD-2-Clause
#include "run.h"

#include "commands.h"
#include "config.h"
#include "failure.h"
#include "initramfs.h"
#include "program.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ouros {

// The caller's environment is not passed on: a run would depend on whose terminal it was typed
// in, and variables such as PATH mean nothing in the guest. What kind of terminal it is counts only
// when the guest has it.
std::vector<std::string> guest_environment(const std::vector<std::string>& added,
                                           const std::string& terminal_type) {
    std::vector<std::string> environment = {"PATH=/bin", "HOME=/", "TERM=" + terminal_type,
                                            "LANG=C.UTF-8"};
    for (const auto& variable : added) {
        const std::string name = variable.substr(0, variable.find('=') + 1);
        const auto same = std::find_if(environment.begin(), environment.end(),
                                       [&](const auto& other) { return other.starts_with(name); });
        if (same != environment.end())
            *same = variable;
        else
            environment.push_back(variable);
    }
    return environment;
}

namespace {

std::string terminal_type(const HostStreams& streams) {
    const char* type = streams.interactive ? std::getenv("TERM") : nullptr;
    return type && *type ? type : "dumb";
}

} // namespace

SessionInput prepare_session(const RunOptions& options, const GuestSetup& setup) {
    const std::string& path = options.program.front();
    const std::vector<std::byte> image = read_program(path);
    const MachineFiles files = machine_files();
    check_machine(options.machine, files, image.size());

    Machine machine = options.machine;
    machine.notices = setup.streams.interactive;
    FirstProgram program = {base_name(path), image, options.program, {}, {}, setup.files};
    if (!setup.arguments.empty())
        program.arguments = setup.arguments;
    program.environment = guest_environment(options.environment, terminal_type(setup.streams));
    if (setup.streams.any())
        program.terminal = setup.streams.description();

    SessionInput session;
    session.command = qemu_command(machine, files);
    session.initramfs = make_initramfs(program);
    session.interactive = setup.streams.interactive;
    session.window = setup.streams.window;
    session.show_kernel_log = options.verbose;
    if (options.verbose)
        fmt::print(stderr, "{}\n", fmt::join(session.command, " "));
    return session;
}

int run_command(const RunOptions& options) {
    GuestSetup setup;
    setup.streams = HostStreams::inspect();
    return run_session(prepare_session(options, setup));
}

int boot_command(const BootOptions& options) {
    if (const auto why = why_not_exportable(options.directory, false))
        throw Failure(status_usage, fmt::format("{}: {}", options.directory, *why));
    RunOptions run = options.run;
    run.program = {config::demo, "/host"};
    run.machine.export_directory = options.directory;
    SessionInput session = prepare_session(run);
    session.relay_stdin = false;
    return run_session(std::move(session));
}

int flags_command(const FlagsOptions& options) {
    fmt::print("{}{}\n", options.trace ? "-DOUROS_TRACE " : "", config::user_flags);
    return 0;
}

} // namespace ouros
