// SPDX-License-Identifier: BSD-2-Clause
//
// What is where in /proc, and the nodes that paths find there.
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <new>
#include <utility>

#include "fs/file_system.h"
#include "fs/name_space.h"
#include "fs/proc/proc.h"
#include "fs/synthetic_directory.h"
#include "lib/print.h"
#include "process/family.h"
#include "process/thread.h"

namespace kernel::proc {

namespace {

constexpr entry process_entries[] = {
    {.name = "cmdline", .mode = file_mode, .write = write_arguments},
    {.name = "comm", .mode = mode_regular | 0644, .write = write_name, .store = store_name},
    {.name = "cwd",
     .mode = link_mode,
     .follow = follow_directory,
     .link_text = working_directory_text},
    {.name = "environ", .mode = mode_regular | 0400, .write = write_environment},
    {.name = "exe", .mode = link_mode, .follow = follow_program},
    {.name = "fd", .mode = mode_directory | 0500, .below = &descriptor_directory},
    {.name = "fdinfo", .mode = directory_mode, .below = &descriptor_info_directory},
    {.name = "limits", .mode = file_mode, .write = write_limits},
    {.name = "maps", .mode = file_mode, .write = write_maps},
    {.name = "mounts", .mode = file_mode, .write = write_mounts},
    {.name = "ouros", .mode = file_mode, .write = write_ouros},
    {.name = "root", .mode = link_mode, .follow = follow_root},
    {.name = "stat", .mode = file_mode, .write = write_stat},
    {.name = "statm", .mode = file_mode, .write = write_memory_size},
    {.name = "status", .mode = file_mode, .write = write_status},
    {.name = "task", .mode = directory_mode, .below = &task_directory, .not_of_thread = true},
    {.name = nullptr, .mode = 0},
};
constexpr entry thread_entry = {.name = "", .mode = directory_mode, .below = &process_directory};
constexpr entry process_entry = {.name = "", .mode = directory_mode, .below = &process_directory};
constexpr entry descriptor_entry = {.name = "",
                                    .mode = mode_symlink | 0700,
                                    .follow = follow_descriptor,
                                    .link_text = descriptor_text,
                                    .object = descriptor_object};
constexpr entry descriptor_info_entry = {
    .name = "", .mode = file_mode, .write = write_descriptor_info};
constexpr entry no_entries[] = {{.name = nullptr, .mode = 0}};

constexpr entry root_entries[] = {
    {.name = "cmdline", .mode = file_mode, .write = write_command_line},
    {.name = "cpuinfo", .mode = file_mode, .write = write_processors},
    {.name = "filesystems", .mode = file_mode, .write = write_file_systems},
    {.name = "interrupts", .mode = file_mode, .write = write_interrupts},
    {.name = "loadavg", .mode = file_mode, .write = write_load},
    {.name = "meminfo", .mode = file_mode, .write = write_memory},
    {.name = "mounts", .mode = link_mode, .follow = follow_mounts},
    {.name = "self", .mode = link_mode, .follow = follow_self, .by_caller = true},
    {.name = "stat", .mode = file_mode, .write = write_system_times},
    {.name = "sys", .mode = directory_mode, .below = &sys_directory},
    {.name = "thread-self", .mode = link_mode, .follow = follow_thread_self, .by_caller = true},
    {.name = "uptime", .mode = file_mode, .write = write_uptime},
    {.name = "version", .mode = file_mode, .write = write_version},
    {.name = nullptr, .mode = 0},
};
constexpr entry root_entry = {.name = "", .mode = directory_mode, .below = &root_directory};

int next_process_number(const subject&, int after) {
    return next_process_id(after < 0 ? 0 : after);
}
bool has_process(const subject&, int number) {
    return bool(find({.process = number}));
}
subject as_process(const subject&, int number) {
    return {.process = number};
}

// A thread that is named directly (/proc/TID) is its process to Linux, too, but not listed.
int next_thread_number(const subject& s, int after) {
    ref<process> p = find(s);
    if (!p)
        return -1;
    int next = -1;
    lock_guard guard(p->lock);
    for (thread& t : p->threads)
        if (t.id > after && (next < 0 || t.id < next))
            next = t.id;
    return next;
}
bool has_thread(const subject& s, int number) {
    ref<process> p = find(s);
    if (!p)
        return false;
    lock_guard guard(p->lock);
    for (thread& t : p->threads)
        if (t.id == number)
            return true;
    return false;
}
subject as_thread(const subject& s, int number) {
    return {.process = s.process, .thread = number};
}
subject as_descriptor(const subject& s, int number) {
    return {.process = s.process, .thread = s.thread, .number = number};
}

} // namespace

constexpr directory root_directory = {.entries = root_entries,
                                      .next_number = next_process_number,
                                      .has_number = has_process,
                                      .number_subject = as_process,
                                      .number_entry = &process_entry};
constexpr directory process_directory = {.entries = process_entries};
constexpr directory task_directory = {.entries = no_entries,
                                      .next_number = next_thread_number,
                                      .has_number = has_thread,
                                      .number_subject = as_thread,
                                      .number_entry = &thread_entry};
constexpr directory descriptor_directory = {.entries = no_entries,
                                            .next_number = next_descriptor,
                                            .has_number = has_descriptor,
                                            .number_subject = as_descriptor,
                                            .number_entry = &descriptor_entry};
constexpr directory descriptor_info_directory = {.entries = no_entries,
                                                 .next_number = next_descriptor,
                                                 .has_number = has_descriptor,
                                                 .number_subject = as_descriptor,
                                                 .number_entry = &descriptor_info_entry};
constexpr directory sys_directory = {.entries = sys_entries};

ref<process> find(const subject& s) {
    return find_process_or_zombie(s.process);
}

memory_of::memory_of(const subject& s)
    : process(find(s)) {
    if (!process)
        return;
    lock_guard guard(process->lock);
    space = process->space;
}

namespace {

tmpfs_directory* covered;

// A name that is a number without anything before it; -1: it isn't one.
int number_of(std::string_view name) {
    int64_t value = 0;
    if (name.empty() || name.size() > 9 || (name.size() > 1 && name.data()[0] == '0'))
        return -1;
    for (size_t i = 0; i < name.size(); i++) {
        if (name.data()[i] < '0' || name.data()[i] > '9')
            return -1;
        value = value * 10 + (name.data()[i] - '0');
    }
    return int(value);
}

class node final : public synthetic_node {
  public:
    // `above`: the entries of the directories that lead here, the last one first.
    node(const entry& e, const subject& s, ref<synthetic_node> above)
        : synthetic_node(number_for(e, s, above.get()), e.mode)
        , entry_(e)
        , subject_(s)
        , above_(std::move(above)) {
        links = is_directory() ? 2 : 1;
    }

    long find(std::string_view name, ref<synthetic_node>& found) override {
        if (!entry_.below || !exists())
            return 0;
        for (const entry* e = entry_.below->entries; e->name; e++)
            if (name == e->name && !(e->not_of_thread && subject_.thread)) {
                found = make(*e, subject_);
                return found ? 0 : -ENOMEM;
            }
        int number = number_of(name);
        if (number < 0 || !entry_.below->has_number || !entry_.below->has_number(subject_, number))
            return 0;
        found = make_numbered(number);
        return found ? 0 : -ENOMEM;
    }
    ref<synthetic_node> parent() const override { return above_; }
    tmpfs_directory* covers() const override { return covered; }
    size_t name(char* to) const override {
        if (*entry_.name) {
            size_t size = __builtin_strlen(entry_.name);
            __builtin_memcpy(to, entry_.name, size);
            return size;
        }
        return size_t(format_to(to, 12, "%d", own_number()));
    }

    target follow(const caller* who, ref<shared_text>& to, path_place& place) override {
        return entry_.follow(entry_.by_caller ? subject_of(who) : subject_, to, place);
    }
    ref<shared_text> link_text(const caller* who) override {
        if (entry_.link_text)
            return entry_.link_text(subject_);
        ref<shared_text> says;
        path_place place;
        switch (follow(who, says, place)) {
        case target::text:
            return says;
        case target::place:
            return path_text(place);
        default:
            return {};
        }
    }
    ref<file> object() override { return entry_.object ? entry_.object(subject_) : ref<file>(); }

    long open(uint32_t flags, ref<file>& made) override {
        if (is_directory())
            return open_synthetic_directory(ref<synthetic_node>(this), flags, made);
        text contents;
        text_sink sink;
        if (!is_link() && !(flags & O_PATH)) {
            if ((flags & O_ACCMODE) != O_WRONLY)
                if (long error = entry_.write(subject_, contents); error < 0)
                    return error;
            sink = {entry_.store, subject_.process, subject_.thread};
        }
        if (contents.error() < 0)
            return contents.error();
        made = make_text_file(std::move(contents), ref<inode>(this), flags, sink);
        return made ? 0 : -ENOMEM;
    }

    bool exists() const override {
        if (!subject_.process)
            return true;
        if (subject_.thread)
            return has_thread(subject_, subject_.thread);
        return bool(proc::find(subject_));
    }

    // Positions: of the fixed entries 1 to fixed, of numbers their own above that.
    bool next_entry(uint64_t& position, listed& out) override {
        constexpr uint64_t fixed = 64;
        const directory& d = *entry_.below;
        if (position < fixed) {
            const entry* e = d.entries;
            for (uint64_t i = 0; e->name && i < position; i++)
                e++;
            if (e->name && e->not_of_thread && subject_.thread)
                e++;
            if (e->name) {
                position = uint64_t(e - d.entries) + 1;
                return fill(out, *e, subject_, e->name);
            }
            position = fixed;
        }
        if (!d.next_number)
            return false;
        int number = d.next_number(subject_, int(position - fixed) - 1);
        if (number < 0)
            return false;
        position = fixed + uint64_t(number) + 1;
        char name[12];
        format_to(name, sizeof name, "%d", number);
        return fill(out, *d.number_entry, d.number_subject(subject_, number), name);
    }

  private:
    int own_number() const {
        if (&entry_ == &descriptor_entry || &entry_ == &descriptor_info_entry)
            return subject_.number;
        return subject_.thread ? subject_.thread : subject_.process;
    }
    // The same whenever it is asked for.
    static uint64_t number_for(const entry& e, const subject& s, const synthetic_node* above) {
        auto which = reinterpret_cast<uint64_t>(&e) / alignof(entry) & 0xffff;
        uint64_t place = above ? above->number * 31 : 0;
        return (uint64_t(s.process) << 40 | uint64_t(s.thread + s.number) << 17 | which << 1 | 1) +
               place;
    }
    ref<synthetic_node> make(const entry& e, const subject& s) {
        return ref<synthetic_node>::adopt(new (std::nothrow) node(e, s, ref<synthetic_node>(this)));
    }
    ref<synthetic_node> make_numbered(int number) {
        const directory& d = *entry_.below;
        return make(*d.number_entry, d.number_subject(subject_, number));
    }
    bool fill(listed& out, const entry& e, const subject& s, const char* name) {
        size_t size = __builtin_strlen(name);
        size = size < sizeof out.name - 1 ? size : sizeof out.name - 1;
        __builtin_memcpy(out.name, name, size);
        out.name[size] = '\0';
        out.number = number_for(e, s, this);
        out.mode = e.mode;
        return true;
    }

    const entry& entry_;
    const subject subject_;
    const ref<synthetic_node> above_;
};

} // namespace

namespace {

ref<inode> make_root(tmpfs_directory* over) {
    covered = over;
    return ref<inode>::adopt(new (std::nothrow) node(root_entry, {}, {}));
}

constexpr file_system::link device_links[] = {{"/dev/fd", "/proc/self/fd"},
                                              {"/dev/stdin", "/proc/self/fd/0"},
                                              {"/dev/stdout", "/proc/self/fd/1"},
                                              {"/dev/stderr", "/proc/self/fd/2"}};
REGISTER(file_systems)
constinit const file_system procfs = {"proc", "/proc", make_root, device_links};

} // namespace

} // namespace kernel::proc
