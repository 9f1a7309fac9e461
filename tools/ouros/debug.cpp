// SPDX-License-Identifier: BSD-2-Clause
#include "child.h"
#include "commands.h"
#include "config.h"
#include "failure.h"
#include "run.h"
#include "temp_dir.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>

namespace ouros {
namespace {

constexpr const char* gdb = "gdb-multiarch";

// gdb's own syntax for a file name.
std::string quoted(const std::string& path) {
    std::string text = "\"";
    for (char c : path) {
        if (c == '"' || c == '\\')
            text += '\\';
        text += c;
    }
    return text + "\"";
}

std::vector<std::string> gdb_command(const DebugOptions& options, const std::string& socket) {
    std::vector<std::string> command = {gdb, "-q", "-nx"};
    const auto execute = [&](const std::string& line) {
        command.insert(command.end(), {"-ex", line});
    };
    execute("set confirm off");
    execute("set pagination off");
    execute("set architecture riscv:rv64");
    // The kernel is the main file: gdb would look for shared libraries in a program of Linux's.
    // Both are linked at fixed addresses that do not overlap (a static PIE is where the kernel
    // puts it).
    execute("file " + quoted(machine_files().kernel));
    execute("add-symbol-file " + quoted(options.run.program.front()));
    execute("target remote " + socket);
    command.insert(command.end(), options.gdb_arguments.begin(), options.gdb_arguments.end());
    return command;
}

UniqueFd listen_at(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw Failure(status_failed, fmt::format("{}: is too long for a socket", path));
    std::memcpy(address.sun_path, path.data(), path.size());
    if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd.get(), 1) != 0)
        throw Failure(status_failed, fmt::format("{}: {}", path, std::strerror(errno)));
    return fd;
}

} // namespace

int debug_command(const DebugOptions& options) {
    TempDir folder;
    const std::string socket = folder.path() + "/gdb";
    RunOptions run = options.run;
    run.machine.debugger = true;
    SessionInput session = prepare_session(run);
    session.relay_stdin = false; // it is gdb's
    session.debugger_listener = listen_at(socket);
    std::optional<Child> debugger;
    session.start_debugger = [&] {
        debugger.emplace(gdb_command(options, socket));
        return debugger->pidfd();
    };
    const int status = run_session(std::move(session));
    if (debugger && debugger->wait() == status_not_found)
        throw Failure(status_failed, fmt::format("cannot start {0}; install it with: "
                                                 "apt-get install {0}",
                                                 gdb));
    return status;
}

} // namespace ouros
