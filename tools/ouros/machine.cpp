// SPDX-License-Identifier: BSD-2-Clause
#include "machine.h"

#include "config.h"
#include "failure.h"

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ouros {
namespace {

std::string from_environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value && *value ? value : otherwise;
}

void check_file(const std::string& what, const std::string& path, int access) {
    if (::access(path.c_str(), access) != 0)
        throw Failure(status_failed, fmt::format("{} {}: {}; build it with: ninja -C {}", what,
                                                 path, std::strerror(errno), config::build_root));
}

// In QEMU's option syntax a comma inside a value is written twice.
std::string option_value(const std::string& value) {
    std::string escaped;
    for (char c : value) {
        escaped += c;
        if (c == ',')
            escaped += ',';
    }
    return escaped;
}

std::string absolute_path(const std::string& path) {
    char resolved[PATH_MAX];
    return ::realpath(path.c_str(), resolved) ? resolved : path;
}

std::string asyscall_device(const Machine& machine) {
    std::string device = "asyscall,console=console,console-error=console-error";
    if (!machine.export_directory.empty())
        device += fmt::format(",export={},readonly={}",
                              option_value(absolute_path(machine.export_directory)),
                              machine.writable ? "off" : "on");
    if (machine.net != "none")
        device += ",net=" + machine.net;
    if (machine.latency_ns)
        device += fmt::format(",latency={}", *machine.latency_ns);
    return device;
}

} // namespace

MachineFiles machine_files() {
    return {from_environment("OUROS_QEMU", config::qemu),
            from_environment("OUROS_KERNEL", config::kernel),
            from_environment("OUROS_BIOS", config::bios)};
}

uint64_t parse_memory_size(const std::string& text) {
    uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    unsigned shift = 20;
    bool valid = error == std::errc{} && rest != text.data();
    if (valid && rest != end) {
        const std::string_view suffix(rest, static_cast<size_t>(end - rest));
        if (suffix == "K" || suffix == "k")
            shift = 10;
        else if (suffix == "M" || suffix == "m")
            shift = 20;
        else if (suffix == "G" || suffix == "g")
            shift = 30;
        else
            valid = false;
    }
    if (!valid)
        throw Failure(status_usage,
                      fmt::format("--memory {}: is not a size such as 512M or 1G", text));
    if (number > (max_memory >> shift) || (number << shift) < min_memory)
        throw Failure(status_usage, fmt::format("--memory {}: must be between {}M and {}G", text,
                                                min_memory >> 20, max_memory >> 30));
    return number << shift;
}

std::optional<std::string> why_not_exportable(const std::string& directory, bool writable) {
    struct stat status;
    if (::stat(directory.c_str(), &status) != 0)
        return std::strerror(errno);
    if (!S_ISDIR(status.st_mode))
        return "is not a directory";
    if (::access(directory.c_str(), R_OK | X_OK | (writable ? W_OK : 0)) != 0)
        return std::strerror(errno);
    return std::nullopt;
}

void check_machine(const Machine& machine, const MachineFiles& files, uint64_t program_size) {
    // The program is there twice: in the initial file system and in its process.
    if (machine.memory < min_memory || program_size > (machine.memory - min_memory / 2) / 2)
        throw Failure(status_usage,
                      fmt::format("--memory {}M: is too little for a program of {} MiB",
                                  machine.memory >> 20, (program_size >> 20) + 1));
    const std::string& directory = machine.export_directory;
    if (!directory.empty())
        if (const auto why = why_not_exportable(directory, machine.writable))
            throw Failure(status_usage, fmt::format("--export {}: {}", directory, *why));
    check_file("QEMU", files.qemu, X_OK);
    check_file("kernel", files.kernel, R_OK);
    check_file("firmware", files.bios, R_OK);
}

std::vector<std::string> qemu_command(const Machine& machine, const MachineFiles& files) {
    using Fds = MachineDescriptors;
    const std::pair<const char*, std::string> options[] = {
        {"-name", "ouros"},
        {"-M", "virt,uintc=on,plic-user=on,second-uart=on"},
        {"-cpu", "rv64,n=on,uipi=on,utimer=on"},
        {"-accel", machine.icount ? "tcg,thread=single" : "tcg"},
        {"-m", fmt::format("{}K", machine.memory >> 10)},
        {"-smp", std::to_string(machine.harts)},
        {"-bios", files.bios},
        {"-kernel", files.kernel},
        {"-initrd", fmt::format("/proc/self/fd/{}", Fds::initramfs)},
        {"-display", "none"},
        {"-add-fd", fmt::format("fd={},set=1", Fds::console_error)},
        {"-add-fd", fmt::format("fd={},set=2", Fds::kernel_log)},
        {"-chardev", fmt::format("file,id=kernel-log,path=/dev/fdset/2,append=on{}",
                                 machine.notices ? ",input-path=/dev/fdset/3" : "")},
        {"-serial", "chardev:kernel-log"},
        {"-chardev", fmt::format("socket,id=monitor,fd={}", Fds::monitor)},
        {"-mon", "chardev=monitor,mode=control"},
        {"-chardev", "stdio,id=console,signal=off"},
        {"-chardev", "file,id=console-error,path=/dev/fdset/1,append=on"},
        {"-device", asyscall_device(machine)},
    };
    std::vector<std::string> command = {files.qemu, "-nodefaults", "-no-reboot"};
    for (const auto& [option, value] : options) {
        command.emplace_back(option);
        command.push_back(value);
    }
    if (machine.notices)
        command.insert(command.begin() + 1, {"-add-fd", fmt::format("fd={},set=3", Fds::notices)});
    if (machine.icount) {
        // Without sleep=off, or with the host's clock or a random seed, two runs differ.
        for (const char* argument : {"-icount", "shift=0,sleep=off", "-seed", "1", "-rtc",
                                     "base=2025-01-01T00:00:00,clock=vm"})
            command.emplace_back(argument);
    }
    if (machine.debugger)
        command.insert(command.end(),
                       {"-S", "-gdb", "chardev:gdb", "-chardev",
                        fmt::format("socket,id=gdb,fd={},server=on,wait=off", Fds::debugger)});
    command.insert(command.end(), machine.qemu_arguments.begin(), machine.qemu_arguments.end());
    return command;
}

} // namespace ouros
