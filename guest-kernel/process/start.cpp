// SPDX-License-Identifier: BSD-2-Clause
//
// The first program. The launcher leaves in the initramfs what to run: /ouros/exec (the path of
// the program), /ouros/argv and /ouros/envp (NUL-terminated strings). Without them: /init.
#include "process/start.h"

#include <cstring>
#include <fcntl.h>

#include "arch/riscv64/context.h"
#include "async/task.h"
#include "drivers/power.h"
#include "fs/console.h"
#include "fs/name_space.h"
#include "lib/print.h"
#include "process/exec.h"
#include "process/family.h"
#include "process/thread.h"
#include "tty/tty.h"

namespace kernel {

namespace {

constexpr int status_not_found = 127;
constexpr int status_not_executable = 126;

// What the shell calls them; the numbers are Linux's.
const char* error_text(long error) {
    switch (-error) {
    case ENOENT:
        return "no such file";
    case EACCES:
        return "permission denied";
    case ENOMEM:
        return "out of memory";
    case EISDIR:
        return "is a directory";
    case ENOTDIR:
        return "not a directory";
    case ENOEXEC:
        return "not an executable";
    case EIO:
        return "input/output error";
    default:
        return "error";
    }
}

task<long> read_file(caller& who, const char* path, ref<memory_object>& contents) {
    ref<file> f;
    long error = co_await open_path(who, path, O_RDONLY, f);
    if (error < 0)
        co_return error;
    co_return co_await file_contents(who, std::move(f), contents);
}

string_block strings_of(const ref<memory_object>& contents) {
    if (!contents || !contents->whole()) // not from the initramfs
        return {};
    return string_block::of(reinterpret_cast<const char*>(contents->whole()), contents->size());
}

// A text file's first line, or its first string.
bool first_word(const ref<memory_object>& contents, char* to, size_t size) {
    size_t length = 0;
    while (length < contents->size() && *contents->at(length) && *contents->at(length) != '\n')
        length++;
    if (length == 0 || length >= size || !contents->read(0, to, length))
        return false;
    to[length] = 0;
    return true;
}

[[noreturn]] void give_up(const char* path, const char* why, int status) {
    print("ouros: %s: %s\n", path, why);
    power_off(status);
}

// What the host's streams are. Without the file: no terminals.
task<long> start_terminal(caller& who, console_setup& setup) {
    ref<memory_object> text;
    if (co_await read_file(who, "/ouros/terminal", text) >= 0 && text->whole())
        setup = console_setup::parse(reinterpret_cast<const char*>(text->whole()), text->size());
    co_return start_console_terminal(setup);
}

task<long> open_standard_files(caller& who, process& p) {
    console_setup setup;
    if (long error = co_await start_terminal(who, setup); error < 0)
        co_return error;
    p.files = fd_table::create();
    if (!p.files)
        co_return -ENOMEM;
    const struct {
        console_stream stream;
        uint32_t flags;
        bool is_terminal;
    } streams[] = {{console_stream::input, O_RDONLY, setup.input},
                   {console_stream::output, O_WRONLY, setup.output},
                   {console_stream::error, O_WRONLY, setup.error}};
    for (auto& s : streams) {
        ref<file> f;
        if (!s.is_terminal)
            f = open_console(s.stream, s.flags);
        else if (long error = co_await open_path(who, "/dev/console", O_RDWR | O_NOCTTY, f);
                 error < 0)
            co_return error;
        if (!f)
            co_return -ENOMEM;
        if (long fd = p.files->install(std::move(f), false); fd < 0)
            co_return fd;
    }
    give_console_terminal(p);
    co_return 0;
}

task<long> start(ref<process> p) {
    char path[path_max] = "/init";
    caller who; // nobody can interrupt it
    who.owner = p.get();
    if (co_await open_standard_files(who, *p) < 0)
        give_up(path, "out of memory", status_not_executable);
    ref<memory_object> exec, arguments, environment, program;
    if (co_await read_file(who, "/ouros/exec", exec) >= 0 && !first_word(exec, path, sizeof path))
        give_up("/ouros/exec", "does not name a program", status_not_executable);
    name_process(*p, path);
    (void)co_await read_file(who, "/ouros/argv", arguments);
    (void)co_await read_file(who, "/ouros/envp", environment);
    long error = co_await read_file(who, path, program);
    if (error < 0)
        give_up(path, error_text(error),
                error == -ENOENT || error == -ENOTDIR ? status_not_found : status_not_executable);

    string_block argument_block =
        arguments ? strings_of(arguments) : string_block::of(path, strlen(path) + 1);
    program_image image;
    const char* why = "out of memory";
    error = make_program_image(std::move(program), path, argument_block, strings_of(environment),
                               default_stack_limit, image, why);
    if (error < 0)
        give_up(path, why, status_not_executable);
    p->space = image.space;
    p->executable = shared_text::make(path);
    thread* t = thread::create(*p, p->id);
    if (!t)
        give_up(path, "out of memory", status_not_executable);
    arch::prepare_frame(*t, image.entry, image.stack);
    make_ready(*t);
    co_return 0;
}

} // namespace

void start_first_program() {
    ref<process> p = process::create();
    if (p)
        enter_family(*p, nullptr);
    if (!p || !spawn(start(p)))
        give_up("first program", "out of memory", status_not_executable);
}

} // namespace kernel
