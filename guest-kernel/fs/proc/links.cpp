// SPDX-License-Identifier: BSD-2-Clause
//
// Links, and a process's descriptors.
#include <linux/fcntl.h>

#include "fs/fd_table.h"
#include "fs/name_space.h"
#include "fs/proc/proc.h"
#include "lib/print.h"
#include "process/thread.h"

namespace kernel::proc {

namespace {

using target = synthetic_node::target;

ref<shared_text> number_text(const char* format, int first, int second) {
    char buffer[40];
    int size = format_to(buffer, sizeof buffer, format, first, second);
    return shared_text::make({buffer, size_t(size)});
}

// Null: the process is gone, or as good as.
ref<fd_table> files_of(const subject& s) {
    ref<kernel::process> p = find(s);
    if (!p)
        return {};
    lock_guard guard(p->lock);
    return p->files;
}

ref<file> opened(const subject& s) {
    ref<fd_table> files = files_of(s);
    return files ? files->get(uint64_t(s.number)) : ref<file>();
}

} // namespace

// A path may also come through a ring: then nobody's thread asks, but its process.
subject subject_of(const caller* who) {
    if (!who || !who->owner)
        return {};
    kernel::process& p = *who->owner;
    subject s{.process = p.id, .thread = p.id};
    lock_guard guard(p.lock);
    for (thread& t : p.threads)
        if (&t == who)
            s.thread = t.id;
    return s;
}

target follow_self(const subject& s, ref<shared_text>& text, path_place&) {
    text = number_text("%d", s.process, 0);
    return s.process ? target::text : target::gone;
}
target follow_thread_self(const subject& s, ref<shared_text>& text, path_place&) {
    text = number_text("%d/task/%d", s.process, s.thread);
    return s.process ? target::text : target::gone;
}
target follow_mounts(const subject&, ref<shared_text>& text, path_place&) {
    text = shared_text::make("self/mounts");
    return target::text;
}

target follow_program(const subject& s, ref<shared_text>& text, path_place&) {
    ref<kernel::process> p = find(s);
    if (!p)
        return target::gone;
    lock_guard guard(p->lock);
    text = p->executable;
    return p->space && text ? target::text : target::gone;
}

target follow_directory(const subject& s, ref<shared_text>&, path_place& place) {
    ref<fd_table> files = files_of(s);
    if (!files)
        return target::gone;
    place = files->working_directory();
    return target::place;
}

ref<shared_text> working_directory_text(const subject& s) {
    ref<fd_table> files = files_of(s);
    return files ? path_text(files->working_directory()) : ref<shared_text>();
}

target follow_root(const subject& s, ref<shared_text>&, path_place&) {
    return find(s) ? target::place : target::gone; // everybody has the same
}

target follow_descriptor(const subject& s, ref<shared_text>&, path_place& place) {
    ref<file> f = opened(s);
    if (!f)
        return target::gone;
    return f->directory_place(place) ? target::place : target::object;
}

ref<shared_text> descriptor_text(const subject& s) {
    ref<file> f = opened(s);
    return f ? f->describe() : ref<shared_text>();
}

ref<file> descriptor_object(const subject& s) {
    return opened(s);
}

int next_descriptor(const subject& s, int after) {
    ref<fd_table> files = files_of(s);
    return files ? files->next_number(after) : -1;
}

bool has_descriptor(const subject& s, int number) {
    return bool(opened({.process = s.process, .number = number}));
}

long write_descriptor_info(const subject& s, text& to) {
    ref<file> f = opened(s);
    if (!f)
        return -ENOENT;
    // A position that only the host knows is not asked for.
    long position = f->is_seekable() ? f->seek(0, 1) : 0;
    to.print("pos:\t%ld\nflags:\t0%o\nmnt_id:\t1\nino:\t0\n", position < 0 ? 0 : position,
             f->flags());
    return 0;
}

} // namespace kernel::proc
