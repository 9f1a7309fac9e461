// SPDX-License-Identifier: BSD-2-Clause
#include "process/replace.h"

#include <cstring>
#include <initializer_list>
#include <string_view>

#include "arch/riscv64/context.h"
#include "arch/riscv64/page_table.h"
#include "fs/name_space.h"
#include "lib/own.h"
#include "lib/print.h"
#include "process/exit.h"
#include "process/family.h"
#include "process/script.h"
#include "process/thread.h"
#include "ring/ring.h"
#include "schedule/preempt.h"
#include "syscalls/futex.h"
#include "syscalls/futex_pi.h"
#include "syscalls/robust_list.h"
#include "uintr/receiver.h"

namespace kernel {

namespace {

// Strings of a process, copied one behind the other into memory that grows.
class collected_strings {
  public:
    ~collected_strings() { free_pages(data_); }

    // The strings of an array of pointers that a null pointer ends; no array is an empty one.
    long collect(address_space& space, user_address array) {
        for (uint64_t i = 0; array; i++) {
            user_address string;
            if (long error = read_user(space, string, array + i * 8); error < 0)
                return error;
            if (!string)
                break;
            if (long error = add(space, string); error < 0)
                return error;
        }
        return 0;
    }
    // An empty one: every program has a name.
    long add_empty() { return replace_first(0, {""}); }
    // `count` strings at the start become `strings`.
    long replace_first(size_t count, std::initializer_list<std::string_view> strings) {
        size_t old_size = 0, new_size = 0;
        for (size_t i = 0; i < count; i++)
            old_size += strlen(data_ + old_size) + 1;
        for (std::string_view string : strings)
            new_size += string.size() + 1;
        while (size_ - old_size + new_size > capacity())
            if (long error = grow(); error < 0)
                return error;
        memmove(data_ + new_size, data_ + old_size, size_ - old_size);
        size_ = size_ - old_size + new_size;
        count_ = count_ - count + strings.size();
        char* to = data_;
        for (std::string_view string : strings) {
            memcpy(to, string.data(), string.size());
            to[string.size()] = 0;
            to += string.size() + 1;
        }
        return 0;
    }
    string_block block() const {
        string_block b;
        b.data = data_;
        b.size = size_;
        b.count = count_;
        return b;
    }

  private:
    size_t capacity() const { return data_ ? page_size << order_ : 0; }
    long grow() {
        unsigned order = data_ ? order_ + 1 : 0;
        if ((page_size << order) > 2 * arguments_limit)
            return -E2BIG;
        auto* larger = static_cast<char*>(allocate_pages(order));
        if (!larger)
            return -ENOMEM;
        for (size_t at = 0; at < size_; at += page_size) {
            memcpy(larger + at, data_ + at, size_ - at < page_size ? size_ - at : page_size);
            preemption_point();
        }
        free_pages(data_);
        data_ = larger;
        order_ = order;
        return 0;
    }
    long add(address_space& space, user_address string) {
        for (;;) {
            long length = -ENAMETOOLONG;
            if (size_ < capacity())
                length = user_string(space, data_ + size_, string, capacity() - size_);
            if (length >= 0) {
                size_ += size_t(length) + 1;
                count_++;
                return 0;
            }
            if (length < 0 && length != -ENAMETOOLONG)
                return length;
            if (long error = grow(); error < 0)
                return error;
        }
    }

    char* data_ = nullptr;
    unsigned order_ = 0;
    size_t size_ = 0;
    size_t count_ = 0;
};

// What execve needs while it can fail: in one object, from the heap, for coroutine frames are
// small.
struct preparation {
    char path[path_max];
    char script[path_max]; // as its interpreter is told
    char head[program_head_size];
    collected_strings arguments, environment;
    ref<file> opened;
    ref<memory_object> contents;
};

long copy_strings(address_space& space, preparation& p, user_address path, user_address arguments,
                  user_address environment) {
    if (long length = user_string(space, p.path, path, sizeof p.path); length < 0)
        return length;
    if (long error = p.arguments.collect(space, arguments); error < 0)
        return error;
    if (!p.arguments.block().count)
        if (long error = p.arguments.add_empty(); error < 0)
            return error;
    return p.environment.collect(space, environment);
}

// What the interpreter of a script opens: the path that was executed or, if there was only a
// descriptor, the name that this has.
long name_script(caller& who, preparation& p, int directory) {
    constexpr int current_directory = -100; // AT_FDCWD
    size_t length = strlen(p.path);
    if (*p.path == '/' || (*p.path && directory == current_directory)) {
        memcpy(p.script, p.path, length + 1);
        return 0;
    }
    // Closed before anybody could open it.
    if (who.owner->files->close_on_exec(uint64_t(int64_t(directory))) > 0)
        return -ENOENT;
    auto prefix = size_t(format_to(p.script, sizeof p.script, "/dev/fd/%d", directory));
    if (prefix + length + 2 > sizeof p.script)
        return -ENAMETOOLONG;
    if (length) {
        p.script[prefix++] = '/';
        memcpy(p.script + prefix, p.path, length + 1);
    }
    return 0;
}

// Goes from a script to its interpreter until there is a program in `opened`.
task<long> find_interpreter(caller& who, preparation& p, int directory) {
    for (unsigned depth = 0;; depth++) {
        if (depth > max_interpreters)
            co_return -ELOOP;
        long size = co_await read_at(who, *p.opened, p.head, sizeof p.head, 0);
        if (size < 0)
            co_return size;
        std::string_view head(p.head, size_t(size));
        if (!is_script(head))
            co_return 0;
        if (depth == 0)
            if (long error = name_script(who, p, directory); error < 0)
                co_return error;
        interpreter_line line;
        if (!parse_interpreter_line(head, line))
            co_return -ENOEXEC;
        long error =
            line.argument.empty()
                ? p.arguments.replace_first(1, {line.interpreter, p.script})
                : p.arguments.replace_first(1, {line.interpreter, line.argument, p.script});
        if (error < 0)
            co_return error;
        // If that is a script, too, this is its name.
        memcpy(p.script, line.interpreter.data(), line.interpreter.size());
        p.script[line.interpreter.size()] = 0;
        if (error = co_await open_interpreter(who, p.script, p.opened); error < 0)
            co_return error;
    }
}

} // namespace

task<long> replace_program(caller& who, int directory, user_address path, user_address arguments,
                           user_address environment, uint32_t flags) {
    auto& t = static_cast<thread&>(who);
    process& p = *who.owner;
    auto next = own(new (std::nothrow) next_program);
    {
        auto preparing = own(new (std::nothrow) preparation);
        if (!next || !preparing)
            co_return -ENOMEM;
        if (long error = copy_strings(*p.space, *preparing, path, arguments, environment);
            error < 0)
            co_return error;
        if (long error = co_await open_program(who, directory, path, flags, preparing->opened);
            error < 0)
            co_return error;
        preemption_point();
        if (long error = co_await find_interpreter(who, *preparing, directory); error < 0)
            co_return error;
        if (long error =
                co_await file_contents(who, std::move(preparing->opened), preparing->contents);
            error < 0)
            co_return error;
        preemption_point();
        next->executable = preparing->contents->name;
        const char* why;
        if (long error = make_program_image(
                std::move(preparing->contents), preparing->path, preparing->arguments.block(),
                preparing->environment.block(), limit_of(p, limit_stack).soft, next->image, why);
            error < 0)
            co_return error;
        next->frame =
            static_cast<arch::user_frame*>(next->image.space->take_frame(next->frame_slot));
        if (!next->frame)
            co_return -ENOMEM;
        preemption_point();
        if (long error = co_await end_other_threads(t); error < 0)
            co_return error;
        lock_guard guard(p.lock);
        name_process(p, preparing->path);
    }
    while (co_await close_rings(p) == -ENOMEM)
        co_await yield();
    p.files->close_all(true);
    reset_signal_handlers(p, t);
    end_timers(p, false);
    if (p.has_own_space && p.space->ref_count() == 2) // the process's and the thread's
        p.space->empty(false);
    t.next = next.release();
    co_return 0;
}

void begin_program(thread& t) {
    process& p = t.parent();
    auto next = own(std::exchange(t.next, nullptr));
    p.has_executed = true;
    uintr_exec(t);
    end_robust_list(t);
    end_owning(t, false);
    forget_published(t);
    // Somebody else may look at the memory that the thread leaves.
    if (t.clear_child_tid && !p.has_own_space) {
        uint32_t zero = 0;
        (void)write_user(*p.space, t.clear_child_tid, zero);
        futex_wake(p, t.clear_child_tid, 1);
    }
    t.clear_child_tid = 0;
    t.worker = {};
    t.id = p.id;
    *next->frame = {};
    next->frame->syscalls = t.frame->syscalls;
    t.space->return_frame(t.frame_slot);
    t.frame = next->frame;
    t.frame_slot = next->frame_slot;
    t.frame_user = arch::frame_address(t.frame_slot);
    t.float_hart = ~0u; // what a hart has are the old program's
    t.space = next->image.space;
    {
        auto published = own(std::exchange(p.published, nullptr)); // in the old space only
        ref<address_space> space = next->image.space; // the old one is dropped after the lock
        lock_guard guard(p.lock);
        space->set_limit(p.limits.of[limit_space].soft);
        std::swap(p.space, space);
        std::swap(p.executable, next->executable);
        memcpy(t.name, p.name, sizeof t.name);
        if (space->peak_pages() > p.ended_usage.peak_pages)
            p.ended_usage.peak_pages = space->peak_pages();
    }
    arch::prepare_frame(t, next->image.entry, next->image.stack);
    leave_lent_space(p);
}

} // namespace kernel
