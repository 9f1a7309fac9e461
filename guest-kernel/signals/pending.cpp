// SPDX-License-Identifier: BSD-2-Clause
//
// Pending sets.
#include <new>

#include "memory/heap.h"
#include "signals/signals.h"

namespace kernel {

unsigned pending_signals::take(int signal, signal_info& info) {
    queued_signal* found = nullptr;
    bool another = false;
    for (queued_signal& entry : queue) {
        if (entry.info.number != signal)
            continue;
        if (found) {
            another = true;
            break;
        }
        found = &entry;
        if (signal < first_real_time_signal)
            break; // there is only one
    }
    if (!another)
        set &= ~set_of(signal);
    if (!found) { // there was no memory for what came with it
        info = signal_info::from(signal, code_user, 0);
        return 0;
    }
    info = found->info;
    list<queued_signal>::remove(*found);
    delete found;
    return 1;
}

unsigned pending_signals::discard(signal_set which) {
    set &= ~which;
    unsigned freed = 0;
    for (queued_signal* entry = queue.front(); entry;) {
        queued_signal* next = queue.next(*entry);
        if (which & set_of(entry->info.number)) {
            list<queued_signal>::remove(*entry);
            delete entry;
            freed++;
        }
        entry = next;
    }
    return freed;
}

} // namespace kernel
