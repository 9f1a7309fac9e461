// SPDX-License-Identifier: BSD-2-Clause
//
// procfs: /proc. Directories are tables of entries (tree.cpp); an entry's function writes the
// contents when the file is opened, or says where a link leads. A node names its subject by number,
// so that nothing is kept alive by somebody who looks, and every function may find that the process
// or thread is gone.
//
//   /proc/NAME             of the system          system_files.cpp, sys_files.cpp
//   /proc/PID/NAME         of a process           process_files.cpp, memory_files.cpp, links.cpp,
//   /proc/PID/task/TID/    ... and its threads    ouros_file.cpp
//   /proc/PID/fd/N         of a descriptor        links.cpp
//
// Locks: no function holds one while it writes text that can be long. The tree's lock may be held
// by whoever asks for a name or follows a link; then come the process table's, a process's, and a
// descriptor table's.
#pragma once

#include "fs/proc/text.h"
#include "fs/synthetic.h"
#include "process/process.h"

namespace kernel::proc {

struct subject {
    int process = 0; // 0: the system
    int thread = 0;  // 0: the process as a whole
    int number = 0;  // of a descriptor
};

struct directory;

struct entry {
    const char* name;
    uint32_t mode; // with the type
    // Of a file. 0 or -errno; -ESRCH: it is gone.
    long (*write)(const subject&, text& to) = nullptr;
    // Of a directory.
    const directory* below = nullptr;
    bool not_of_thread = false; // only a process's directory has it
    // Of a link. With the tree's lock.
    synthetic_node::target (*follow)(const subject&, ref<shared_text>& text,
                                     path_place& place) = nullptr;
    bool by_caller = false;                                  // the subject is whoever asks
    ref<shared_text> (*link_text)(const subject&) = nullptr; // null: as follow says
    ref<file> (*object)(const subject&) = nullptr;
    // What is written to the file.
    long (*store)(int process, int thread, std::string_view data) = nullptr;
};

struct directory {
    const entry* entries; // as far as one without a name
    // Names that are numbers: the first above `after` (-1: from the start), or -1; whether there is
    // one; the subject that it stands for, and what it is.
    int (*next_number)(const subject&, int after) = nullptr;
    bool (*has_number)(const subject&, int number) = nullptr;
    subject (*number_subject)(const subject&, int number) = nullptr;
    const entry* number_entry = nullptr;
};

extern const directory root_directory, process_directory, task_directory, descriptor_directory,
    descriptor_info_directory, sys_directory;

inline constexpr uint32_t file_mode = mode_regular | 0444;
inline constexpr uint32_t link_mode = mode_symlink | 0777;
inline constexpr uint32_t directory_mode = mode_directory | 0555;

// What is looked at. Null, or false: it is gone.
ref<process> find(const subject& s);
struct memory_of {
    explicit memory_of(const subject& s);
    ref<kernel::process> process;
    ref<address_space> space; // null: a zombie, or a process that ends
};

// system_files.cpp
long write_uptime(const subject&, text& to);
long write_load(const subject&, text& to);
long write_system_times(const subject&, text& to);
long write_memory(const subject&, text& to);
long write_processors(const subject&, text& to);
long write_version(const subject&, text& to);
long write_mounts(const subject&, text& to);
long write_file_systems(const subject&, text& to);
long write_interrupts(const subject&, text& to);
long write_command_line(const subject&, text& to);
// process_files.cpp
long write_stat(const subject& s, text& to);
long write_status(const subject& s, text& to);
long write_name(const subject& s, text& to);
long store_name(int process, int thread, std::string_view data);
long write_limits(const subject& s, text& to);
// memory_files.cpp
long write_maps(const subject& s, text& to);
long write_memory_size(const subject& s, text& to);
long write_arguments(const subject& s, text& to);
long write_environment(const subject& s, text& to);
// ouros_file.cpp
long write_ouros(const subject& s, text& to);
// links.cpp
subject subject_of(const caller* who);
synthetic_node::target follow_self(const subject& caller, ref<shared_text>& text,
                                   path_place& place);
synthetic_node::target follow_thread_self(const subject& caller, ref<shared_text>& text,
                                          path_place& place);
synthetic_node::target follow_mounts(const subject&, ref<shared_text>& text, path_place& place);
synthetic_node::target follow_program(const subject& s, ref<shared_text>& text, path_place& place);
synthetic_node::target follow_directory(const subject& s, ref<shared_text>& text,
                                        path_place& place);
synthetic_node::target follow_root(const subject& s, ref<shared_text>& text, path_place& place);
ref<shared_text> working_directory_text(const subject& s);
synthetic_node::target follow_descriptor(const subject& s, ref<shared_text>& text,
                                         path_place& place);
ref<shared_text> descriptor_text(const subject& s);
ref<file> descriptor_object(const subject& s);
long write_descriptor_info(const subject& s, text& to);
int next_descriptor(const subject& s, int after);
bool has_descriptor(const subject& s, int number);
// sys_files.cpp
extern const entry sys_entries[];

} // namespace kernel::proc
