// SPDX-License-Identifier: BSD-2-Clause
//
// kill and its relatives. One user, root: everybody may send to everybody.
#include "syscalls/signal_send_calls.h"

#include "process/family.h"
#include "process/thread.h"
#include "signals/signals.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

ref<thread> thread_of(process& p, int id) {
    lock_guard guard(p.lock);
    for (thread& t : p.threads)
        if (t.id == id)
            return ref<thread>(&t);
    return {};
}

// nullptr: no such thread, or not of that process (0: of any).
ref<thread> find_thread(int process_id, int id) {
    process& own = current_process();
    if (process_id == own.id)
        return thread_of(own, id);
    if (process_id) {
        ref<process> p = find_process(process_id);
        return p ? thread_of(*p, id) : ref<thread>();
    }
    for (ref<process> p = next_process(0); p; p = next_process(p->id))
        if (ref<thread> t = thread_of(*p, id))
            return t;
    return {};
}

long send_to_thread(int process_id, int id, const signal_info& info) {
    ref<thread> t = find_thread(process_id, id);
    if (!t)
        return -ESRCH;
    return info.number ? send_signal(*t, info) : 0;
}

long send_to_process(int id, const signal_info& info) {
    if (id == current_process().id)
        return info.number ? send_signal(current_process(), info) : 0;
    ref<process> p = find_process(id);
    if (!p)
        return -ESRCH;
    return info.number ? send_signal(*p, info) : 0;
}

// What a program says about the signal that it sends. It may not pretend to be the kernel or kill,
// unless to itself.
long read_info(uint64_t from, uint64_t signal, bool to_self, signal_info& info) {
    if (long error = read_user(current_space(), info, from); error < 0)
        return error;
    info.number = int(signal);
    return (info.code >= 0 || info.code == code_thread) && !to_self ? -EPERM : 0;
}

bool is_signal(uint64_t signal) {
    return int(signal) >= 0 && int(signal) <= signal_count;
}

} // namespace

long sys_kill(uint64_t target, uint64_t signal) {
    int id = int(target);
    if (!is_signal(signal))
        return -EINVAL;
    int own = current_process().id;
    signal_info info = signal_info::from(int(signal), code_user, own);
    if (id > 0)
        return send_to_process(id, info);
    // -1: everybody but the first process and the caller.
    int group = id == -1 ? 0 : id ? -id : int(group_of(current_process(), 0, false));
    bool any = false;
    for (ref<process> p = next_process(0); p; p = next_process(p->id)) {
        if (group ? p->group != group : p->id == own || p->id == first_process_id)
            continue;
        any = true;
        if (signal)
            (void)send_signal(*p, info);
    }
    return any ? 0 : -ESRCH;
}

long sys_tkill(uint64_t id, uint64_t signal) {
    if (int(id) <= 0 || !is_signal(signal))
        return -EINVAL;
    return send_to_thread(0, int(id),
                          signal_info::from(int(signal), code_thread, current_process().id));
}

long sys_tgkill(uint64_t process_id, uint64_t id, uint64_t signal) {
    if (int(process_id) <= 0 || int(id) <= 0 || !is_signal(signal))
        return -EINVAL;
    return send_to_thread(int(process_id), int(id),
                          signal_info::from(int(signal), code_thread, current_process().id));
}

long sys_rt_sigqueueinfo(uint64_t id, uint64_t signal, uint64_t info_at) {
    signal_info info;
    if (long error = read_info(info_at, signal, int(id) == current_process().id, info); error < 0)
        return error;
    if (!is_signal(signal))
        return -EINVAL;
    return send_to_process(int(id), info);
}

long sys_rt_tgsigqueueinfo(uint64_t process_id, uint64_t id, uint64_t signal, uint64_t info_at) {
    if (int(process_id) <= 0 || int(id) <= 0)
        return -EINVAL;
    signal_info info;
    // Linux allows it to a process's threads as to the process itself.
    if (long error = read_info(info_at, signal, int(id) == current_thread().id, info); error < 0)
        return error;
    if (!is_signal(signal))
        return -EINVAL;
    return send_to_thread(int(process_id), int(id), info);
}

} // namespace kernel
