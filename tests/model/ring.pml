/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping on a ring: a device writes completions and notifies, or does not, as the process's flags
 * and event index say; the process has notification off while it is busy, switches it on, looks a
 * last time and waits (guest-libs/ring, worker::idle). The waiting itself is in delivery.pml: here a
 * vector is pending or it is not.
 *
 *   wake_lost        when nothing can move any more, every completion was reaped
 *   entry_unwritten  an entry that is reaped has been written
 *
 * Both sides have a store buffer; stores to different places leave it in any order.
 */
#define PROPERTY(violated, holds) violated = !(holds); assert(!violated)

#define COMPLETIONS 5
#define EMPTY 15

bit wake_lost, entry_unwritten;

mtype = { NEVER, ALWAYS, AFTER };

/* The shared page: what memory shows, and what the writer's buffer holds. */
mtype flags = ALWAYS;          /* written by the process */
mtype new_flags = 0;
byte cq_event = EMPTY;
byte new_event = EMPTY;
byte cq_tail = 0;              /* written by the device */
byte new_tail = 0;
bit  entry[COMPLETIONS];
bit  new_entry[COMPLETIONS];

bit  pending;                  /* the completion vector of the receiver */
byte head = 0;                 /* the process's: completions reaped */

active proctype StoreBuffers() {
end:
    do
    :: d_step { new_flags != 0 -> flags = new_flags; new_flags = 0 }
    :: d_step { new_event != EMPTY -> cq_event = new_event; new_event = EMPTY }
    :: d_step { new_tail != 0 -> cq_tail = new_tail; new_tail = 0 }
    :: d_step { new_entry[0] -> entry[0] = 1; new_entry[0] = 0 }
    :: d_step { new_entry[1] -> entry[1] = 1; new_entry[1] = 0 }
    :: d_step { new_entry[2] -> entry[2] = 1; new_entry[2] = 0 }
    :: d_step { new_entry[3] -> entry[3] = 1; new_entry[3] = 0 }
    :: d_step { new_entry[4] -> entry[4] = 1; new_entry[4] = 0 }
    od
}

active proctype Device() {
    byte done = 0;
    mtype seen = NEVER;
    do
    :: done < COMPLETIONS ->
        new_entry[done] = 1;
#ifndef WITHOUT_TAIL_RELEASE /* the tail is stored after the entry */
        !new_entry[done];
#endif
        /* One place: the last store counts. */
        new_tail = done + 1;
#ifndef WITHOUT_DEVICE_FENCE /* the device looks at the flags after its tail can be seen */
        new_tail == 0;
#endif
        seen = flags;
        if
        :: seen == ALWAYS -> pending = 1
        :: seen == AFTER ->
            if
            :: cq_event == done -> pending = 1
            :: else
            fi
        :: seen == NEVER
        fi;
        d_step { done++; seen = NEVER }
    :: else -> break
    od
}

inline reap() {
    do
    :: d_step { head < cq_tail -> PROPERTY(entry_unwritten, entry[head]); head++ }
    :: head >= cq_tail -> break
    od
}

active proctype Process() {
    byte wanted;
    do
    :: head < COMPLETIONS ->
        /* Busy: it reaps when it likes. */
        d_step { new_flags = NEVER };
        new_flags == 0;
        if
        :: reap()
        :: true
        fi;
        if
        :: head == COMPLETIONS -> break
        :: else
        fi;
        /* Nothing to run. Interrupts are off. */
        if
        :: wanted = head + 1; new_flags = ALWAYS
        :: head + 2 <= COMPLETIONS -> wanted = head + 2; new_event = wanted - 1; new_flags = AFTER
        fi;
#ifndef WITHOUT_SLEEP_FENCE /* the last look comes after the flags can be seen */
        new_flags == 0 && new_event == EMPTY;
#endif
#ifndef WITHOUT_TAKE_BEFORE_LOOK /* what is pending is taken before the look, not after it */
        pending = 0;
#endif
#ifndef WITHOUT_LAST_LOOK /* after notification is on the process looks once more */
        if
        :: cq_tail >= wanted -> reap(); goto awake
        :: else
        fi;
#endif
#ifdef WITHOUT_TAKE_BEFORE_LOOK
        pending = 0;
#endif
        pending; /* wait: returns when a vector is pending, at once if one is */
        pending = 0;
        reap();
awake:  wanted = 0
    :: else -> break
    od
}

init {
    timeout -> /* nothing can move any more */
    d_step { PROPERTY(wake_lost, head == COMPLETIONS) }
}
