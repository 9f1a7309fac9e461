// SPDX-License-Identifier: BSD-2-Clause
#include "run.h"

#include "commands.h"
#include "config.h"
#include "failure.h"
#include "initramfs.h"
#include "program.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ouros {

// The caller's environment is not passed on: a run would depend on whose terminal it was typed
// in, and variables such as PATH mean nothing in the guest.
std::vector<std::string> guest_environment(const std::vector<std::string>& added) {
    std::vector<std::string> environment = {"PATH=/bin", "HOME=/", "TERM=dumb", "LANG=C.UTF-8"};
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

SessionInput prepare_session(const RunOptions& options) {
    const std::string& path = options.program.front();
    const std::vector<std::byte> image = read_program(path);
    const MachineFiles files = machine_files();
    check_machine(options.machine, files, image.size());

    SessionInput session;
    session.command = qemu_command(options.machine, files);
    session.initramfs = make_initramfs(
        {base_name(path), image, options.program, guest_environment(options.environment)});
    session.show_kernel_log = options.verbose;
    if (options.verbose)
        fmt::print(stderr, "{}\n", fmt::join(session.command, " "));
    return session;
}

int run_command(const RunOptions& options) {
    return run_session(prepare_session(options));
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

int flags_command() {
    fmt::print("{}\n", config::user_flags);
    return 0;
}

} // namespace ouros
