// SPDX-License-Identifier: BSD-2-Clause
#include "options.h"

#include "config.h"
#include "failure.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>

namespace ouros {
namespace {

constexpr const char* run_help = R"(
Boots the Ouros machine, runs PROGRAM (a static Linux/riscv64 executable, a path on this machine)
as its first process and exits with its status. stdin, stdout and stderr are passed unchanged.

The program sees the arguments as typed and PATH=/bin HOME=/ TERM=dumb LANG=C.UTF-8 as its
environment; --env adds to it or changes it. --export DIR is at /host, read-only.

Exit status: the program's; 128+N when signal N ended it; 2 for a wrong command line; 125 when
QEMU or the kernel failed; 126 when PROGRAM cannot run here; 127 when there is no such file.

Examples:
  riscv64-linux-gnu-g++ -std=c++20 -O2 -static hello.cpp -o hello
  ouros run -- ./hello world
  ouros run --smp 4 --export ~/data -- ./hello /host/file <input >output
  ouros run --icount -- ./hello                    the same instruction counts every time)";

constexpr const char* debug_help = R"(
As run, but the machine waits before its first instruction, and gdb-multiarch is attached to it
with the kernel's and the program's symbols. Leaving gdb ends the machine.

Examples:
  ouros debug -- ./hello
  ouros debug --gdb-arg=-ex --gdb-arg='break main' -- ./hello)";

constexpr const char* trace_help = R"(
As run, and writes what harts, kernel, device and processes did when as a timeline, which
https://ui.perfetto.dev shows: an asynchronous call can be followed from the coroutine that makes it
to the device, to its completion, to where the coroutine goes on. docs/tracing.md says more.

Coroutines are seen in a program that was compiled with $(ouros flags --trace). With --icount the
time is the number of instructions, and the timeline is the same every time.

Examples:
  ouros trace -- ./hello
  ouros trace --icount --smp 2 --output hello.json --export ~/data -- ./hello /host/file)";

constexpr const char* boot_help = R"(
Boots and reads every file under DIR (default: the licence texts that Debian ships) through the
rings, many at a time: prints size, lines and SHA-256 of each, and what it cost.

Examples:
  ouros boot
  ouros boot --smp 2 /usr/include)";

constexpr const char* shell_help = R"(
Boots the Ouros machine with Debian's busybox: a shell, or COMMAND, with some three hundred
programs. Without --export, /host is the directory that the command is given in, read-only. The
keys go to the guest as they are, ^C and ^Z too; "exit" ends the machine, with the shell's status.

Examples:
  ouros shell
  ouros shell --smp 4 --export ~/data --writable
  ouros shell -- sh -c 'ls -l /host | sort | head'
  ouros shell <script                              commands from a file or a pipe)";

constexpr const char* behaviours_help = R"(
Runs the tests that check the behaviours of docs/behaviours.md and prints a line for each. Exits
with 1 when one of them fails.

Examples:
  ouros behaviours             all
  ouros behaviours N A3        those of the N extension, and A3
  ouros behaviours --list U    which tests there are, without running them
  ouros behaviours --opcodes   each opcode: done, failed, cancelled, ..., and which test shows it)";

constexpr const char* bench_help = R"(
Measures on the Ouros machine under an instruction-exact virtual clock and prints the costs
beside those of Linux on the same emulator. The figures are the same every time.
docs/measuring.md says what they mean.)";

constexpr const char* flags_help = R"(
Prints what the cross compiler needs to build a program with the Ouros library.

Example:
  riscv64-linux-gnu-g++ -std=c++20 -O2 -static hello.cpp $(ouros flags) -o hello)";

// CLI11 would say "[OPTIONS]" and leave the program out.
class ProgramUsage : public CLI::Formatter {
    std::string make_usage(const CLI::App* app, std::string) const override {
        return fmt::format("Usage: ouros {} [OPTION]... -- PROGRAM [ARG]...\n", app->get_name());
    }
};

class CommandUsage : public CLI::Formatter {
    std::string make_usage(const CLI::App* app, std::string) const override {
        return fmt::format("Usage: ouros {} [OPTION]... [-- COMMAND [ARG]...]\n", app->get_name());
    }
};

void add_machine_options(CLI::App& app, RunOptions& options) {
    app.add_option("--smp", options.machine.harts, "Number of harts")
        ->type_name("N")
        ->check(CLI::Range(1u, max_harts).description(""))
        ->default_val(1);
    app.add_flag("--icount", options.machine.icount,
                 "Count virtual time in instructions: runs are reproducible");
    app.add_option_function<std::string>(
           "--memory",
           [&options](const std::string& text) {
               options.machine.memory = parse_memory_size(text);
           },
           fmt::format("Memory of the machine [{}M]", default_memory >> 20))
        ->type_name("SIZE");
    app.add_option_function<uint64_t>(
           "--latency", [&options](uint64_t ns) { options.machine.latency_ns = ns; },
           fmt::format("Modelled latency of a completion, in ns of virtual time [as the host "
                       "goes; with --icount {}]",
                       icount_latency_ns))
        ->check(CLI::NonNegativeNumber.description(""))
        ->type_name("NS");
    app.add_flag("--verbose,-v", options.verbose,
                 "Show QEMU's command line and the kernel's log on stderr");
    app.add_option("--qemu-arg", options.machine.qemu_arguments, "Another argument for QEMU")
        ->type_name("A")
        ->allow_extra_args(false);
}

void add_run_options(CLI::App& app, RunOptions& options) {
    add_machine_options(app, options);
    auto* exported = app.add_option("--export", options.machine.export_directory,
                                    "Directory of this machine that the guest sees as /host")
                         ->type_name("DIR");
    auto* writable = app.add_flag("--writable", options.machine.writable,
                                  "The guest may change the exported directory");
    auto* readonly = app.add_flag_callback(
        "--readonly", [] {}, "The guest may not change it (default)");
    writable->needs(exported);
    readonly->needs(exported)->excludes(writable);
    app.add_option("--net", options.machine.net,
                   "Sockets of this machine that the guest may use: none (default), loopback, any")
        ->type_name("MODE")
        ->check(CLI::IsMember({"none", "loopback", "any"}));
    app.add_option("--env", options.environment, "Environment variable of the program")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false)
        ->check([](const std::string& text) {
            const auto equals = text.find('=');
            return equals == text.npos || equals == 0 ? text + " is not NAME=VALUE" : "";
        });
    app.formatter(std::make_shared<ProgramUsage>());
}

CLI::App* add_command(CLI::App& app, const char* name, const char* summary, const char* help) {
    auto* command = app.add_subcommand(name, summary);
    command->footer(help);
    return command;
}

// What a user should read: the first line of what CLI11 says, with the command's name.
Failure usage_failure(const CLI::App& app, const CLI::ParseError& error) {
    std::string text = error.what();
    text = text.substr(0, text.find('\n'));
    const auto commands = app.get_subcommands();
    const std::string name = commands.empty() ? "" : commands.front()->get_name();
    const std::string help = name.empty() ? "ouros --help" : fmt::format("ouros {} --help", name);
    return Failure(status_usage,
                   fmt::format("{}{}{} (see {})", name, name.empty() ? "" : ": ", text, help));
}

bool is_command(const CLI::App& app, const std::string& name) {
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    return std::any_of(commands.begin(), commands.end(),
                       [&](const CLI::App* command) { return command->get_name() == name; });
}

void finish_machine(Machine& machine) {
    if (machine.icount && !machine.latency_ns)
        machine.latency_ns = icount_latency_ns;
}

} // namespace

Command parse_command_line(const std::vector<std::string>& arguments) {
    CLI::App app("Ouros: a RISC-V machine, kernel and library in which a system call is a queue\n"
                 "entry and its completion is a user interrupt.",
                 "ouros");
    app.set_version_flag("--version", std::string("ouros ") + config::version);
    app.require_subcommand(1);
    app.footer("\n'ouros COMMAND --help' tells more, with examples.");

    RunOptions run;
    auto* run_command = add_command(app, "run", "Run a program in the guest", run_help);
    add_run_options(*run_command, run);
    run_command->prefix_command();

    DebugOptions debug;
    auto* debug_command = add_command(app, "debug", "The same under gdb", debug_help);
    add_run_options(*debug_command, debug.run);
    debug_command->add_option("--gdb-arg", debug.gdb_arguments, "Another argument for gdb")
        ->type_name("A")
        ->allow_extra_args(false);
    debug_command->prefix_command();

    TraceOptions trace;
    auto* trace_command = add_command(app, "trace", "The same, and write a timeline", trace_help);
    add_run_options(*trace_command, trace.run);
    trace_command->add_option("--output,-o", trace.file, "Where the timeline goes, as JSON")
        ->type_name("FILE")
        ->capture_default_str();
    trace_command->prefix_command();

    BootOptions boot;
    boot.directory = config::demo_directory;
    auto* boot_command = add_command(app, "boot", "The demonstration, on real files", boot_help);
    add_machine_options(*boot_command, boot.run);
    boot.run.machine.icount = true; // instructions are what it reports
    boot_command->add_flag_callback(
        "--no-icount", [&boot] { boot.run.machine.icount = false; },
        "Let virtual time pass as the host's does: faster, and nothing to count");
    boot_command->add_option("DIR", boot.directory, "Directory to read")->capture_default_str();

    ShellOptions shell;
    auto* shell_command = add_command(app, "shell", "An interactive guest", shell_help);
    add_run_options(*shell_command, shell.run);
    shell_command->formatter(std::make_shared<CommandUsage>());

    BehavioursOptions behaviours;
    auto* behaviours_command =
        add_command(app, "behaviours", "Check the listed behaviours", behaviours_help);
    behaviours_command->add_option("WHICH", behaviours.selected, "N, U, A, S, K or N6, ... [all]");
    behaviours_command->add_flag("--list", behaviours.list_only, "Run nothing");
    behaviours_command->add_flag("--opcodes", behaviours.opcodes,
                                 "Of each opcode what can become of it, and which test shows it");

    BenchOptions bench;
    bench.json_file = std::string(config::build_root) + "/bench.json";
    auto* bench_command = add_command(app, "bench", "Measure costs beside Linux's", bench_help);
    bench_command->add_option("--json", bench.json_file, "Where the figures go as JSON")
        ->type_name("FILE")
        ->capture_default_str();
    bench_command->add_flag("--verbose,-v", bench.verbose, "Show the kernel's log on stderr");

    FlagsOptions flags;
    auto* flags_command = add_command(app, "flags", "Compiler flags for the library", flags_help);
    flags_command->add_flag("--trace", flags.trace, "Coroutines show in `ouros trace`");

    // The program's arguments are not ours to look at: not its options, not a second "--".
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    std::vector<std::string> ours(arguments.begin(), dashes);
    std::vector<std::string> program(dashes == arguments.end() ? dashes : dashes + 1,
                                     arguments.end());
    if (!ours.empty() && !ours.front().starts_with('-') && !is_command(app, ours.front()))
        throw Failure(status_usage, ours.front() + ": is not a command (see ouros --help)");
    std::reverse(ours.begin(), ours.end()); // as CLI11 takes a vector
    try {
        app.parse(ours);
    } catch (const CLI::CallForHelp&) {
        const auto commands = app.get_subcommands();
        return Answered{(commands.empty() ? &app : commands.front())->help()};
    } catch (const CLI::CallForVersion& version) {
        return Answered{std::string(version.what()) + "\n"};
    } catch (const CLI::ParseError& error) {
        throw usage_failure(app, error);
    }

    const auto take_program = [&](CLI::App& command, RunOptions& options) {
        options.program = command.remaining();
        if (dashes != arguments.end() && !options.program.empty())
            throw Failure(status_usage, fmt::format("{}: {}: is neither an option nor after --",
                                                    command.get_name(), options.program.front()));
        if (dashes != arguments.end())
            options.program = program;
        if (options.program.empty())
            throw Failure(
                status_usage,
                fmt::format("{0}: there is no PROGRAM (see ouros {0} --help)", command.get_name()));
        finish_machine(options.machine);
    };
    if (*run_command) {
        take_program(*run_command, run);
        return run;
    }
    if (*debug_command) {
        take_program(*debug_command, debug.run);
        return debug;
    }
    if (*trace_command) {
        take_program(*trace_command, trace.run);
        return trace;
    }
    if (*boot_command) {
        // After "--" comes a directory whose name may begin with a dash.
        if (!program.empty())
            boot.directory = program.front();
        finish_machine(boot.run.machine);
        return boot;
    }
    if (*shell_command) {
        shell.run.program = program;
        finish_machine(shell.run.machine);
        return shell;
    }
    if (*behaviours_command)
        return behaviours;
    if (*bench_command)
        return bench;
    return flags;
}

} // namespace ouros
