// SPDX-License-Identifier: BSD-2-Clause
//
// ouros shell: Debian's busybox as the first program, with the few files that its programs expect
// (guest-apps/shell).
#include "commands.h"
#include "config.h"
#include "failure.h"
#include "run.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace ouros {
namespace {

struct ShellFile {
    const char* name; // in guest-apps/shell
    const char* path; // in the guest
    unsigned permissions;
};
constexpr ShellFile shell_files[] = {
    {"rc", "etc/rc", 0755},
    {"profile", "etc/profile", 0644},
};

std::string read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file)
        throw Failure(status_failed, fmt::format("{}: {}", path, std::strerror(errno)));
    return text.str();
}

} // namespace

int shell_command(const ShellOptions& options) {
    RunOptions run = options.run;
    run.program = {config::busybox};
    if (run.machine.export_directory.empty())
        run.machine.export_directory = ".";
    GuestSetup setup;
    setup.streams = HostStreams::inspect();
    setup.arguments = {"sh", "/etc/rc"};
    setup.arguments.insert(setup.arguments.end(), options.run.program.begin(),
                           options.run.program.end());
    for (const ShellFile& file : shell_files)
        setup.files.push_back(
            {file.path, file.permissions,
             read_text(fmt::format("{}/guest-apps/shell/{}", config::source_root, file.name))});
    return run_session(prepare_session(run, setup));
}

} // namespace ouros
