// SPDX-License-Identifier: BSD-2-Clause
//
// The machine that a program runs on, and the QEMU command line that makes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ouros {

// The kernel's limit; `virt` itself and the device go further.
inline constexpr unsigned max_harts = 8;

// Below this the firmware, the kernel and a small program do not fit.
inline constexpr uint64_t min_memory = uint64_t{32} << 20;
inline constexpr uint64_t max_memory = uint64_t{64} << 30;
inline constexpr uint64_t default_memory = uint64_t{512} << 20;

// With --icount every completion of the asyscall device comes this long after its submission in
// virtual time, unless --latency says otherwise: as the host goes would differ from run to run.
inline constexpr uint64_t icount_latency_ns = 10'000;

struct Machine {
    unsigned harts = 1;
    uint64_t memory = default_memory;
    bool icount = false;                // virtual time is the number of instructions
    std::optional<uint64_t> latency_ns; // of a completion; none: as the host goes
    std::string export_directory;       // empty: none
    bool writable = false;              // the exported directory
    std::string net = "none";           // sockets of this machine: none, loopback, any
    bool notices = false;               // the launcher tells the kernel of changes, by the UART
    bool debugger = false;              // gdb's end of MachineDescriptors::debugger comes first
    std::vector<std::string> qemu_arguments;
};

// The files a machine is made of. OUROS_QEMU, OUROS_KERNEL and OUROS_BIOS name others than the
// ones that were built with the launcher.
struct MachineFiles {
    std::string qemu;
    std::string kernel;
    std::string bios;
};
MachineFiles machine_files();

// Descriptor numbers in the QEMU process; 0, 1 and 2 are the console's input, its output and
// QEMU's own messages.
struct MachineDescriptors {
    static constexpr int console_error = 10; // what the guest writes to stderr
    static constexpr int kernel_log = 11;
    static constexpr int initramfs = 12;
    static constexpr int monitor = 13;  // a connected socket
    static constexpr int debugger = 14; // a listening socket
    static constexpr int notices = 15;  // lines for the kernel: "window ROWS COLUMNS"
};

// "64M", "1G", "131072K", "256" (MiB, as for QEMU's -m). Throws Failure.
uint64_t parse_memory_size(const std::string& text);

// What keeps a directory from being exported, if anything does.
std::optional<std::string> why_not_exportable(const std::string& directory, bool writable);

// Throws Failure for what can be known to fail before booting: missing files, an export
// directory that cannot be read, a program that cannot fit.
void check_machine(const Machine& machine, const MachineFiles& files, uint64_t program_size);

// QEMU's arguments, its name first.
std::vector<std::string> qemu_command(const Machine& machine, const MachineFiles& files);

} // namespace ouros
