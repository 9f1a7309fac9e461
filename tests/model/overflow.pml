/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A completion queue that is full: the device (qemu/hw/misc/asyscall/ring.c, notify.c) keeps what
 * does not fit in a list, says so in its flags, and writes it when the process, which has made room,
 * rings FLUSH, or with the next completion. The process (guest-libs/ring, worker::idle) has
 * notification off while it is busy, and sleeps on the event index or on the next completion.
 *
 *   wake_lost    when nothing can move any more, every completion was reaped
 *   overwritten  a completion that is reaped is the next one, whole: none was written over, and none
 *                has overtaken another
 *
 * Both sides have a store buffer; stores to different places leave it in any order. What the device
 * does for a completion and what it does for FLUSH exclude each other.
 */
#define PROPERTY(violated, holds) violated = !(holds); assert(!violated)

#ifndef COMPLETIONS
#define COMPLETIONS 5
#endif
#define ROOM 2
#define NOTHING 15

bit wake_lost, overwritten;

mtype = { NEVER, ALWAYS, AFTER };

/* The shared page: what memory shows, and what the writer's buffer holds. */
mtype flags = ALWAYS;          /* written by the process */
mtype new_flags = 0;
byte cq_event = NOTHING;
byte new_event = NOTHING;
byte cq_head = 0;
byte new_head = NOTHING;
byte cq_tail = 0;              /* written by the device */
byte new_tail = NOTHING;
bit  overflow = 0;
byte new_overflow = NOTHING;
byte entry[ROOM];              /* which completion, from 1 */
byte new_entry[ROOM];

bit  pending;                  /* the completion vector of the receiver */
bit  flush;                    /* the doorbell is on its way */
byte head = 0;                 /* the process's: completions reaped */

active proctype StoreBuffers() {
end:
    do
    :: d_step { new_flags != 0 -> flags = new_flags; new_flags = 0 }
    :: d_step { new_event != NOTHING -> cq_event = new_event; new_event = NOTHING }
    :: d_step { new_head != NOTHING -> cq_head = new_head; new_head = NOTHING }
    :: d_step { new_tail != NOTHING -> cq_tail = new_tail; new_tail = NOTHING }
    :: d_step { new_overflow != NOTHING -> overflow = new_overflow; new_overflow = NOTHING }
    :: d_step { new_entry[0] -> entry[0] = new_entry[0]; new_entry[0] = 0 }
    :: d_step { new_entry[1] -> entry[1] = new_entry[1]; new_entry[1] = 0 }
    od
}

/* Completions 0 .. tail-1 are in the queue, tail .. posted-1 in the list. */
byte posted = 0, tail = 0, published = 0, seen_head = 0;
bit listed, began;

inline look_for_room() {
    if
    :: tail - seen_head >= ROOM -> seen_head = cq_head
    :: else
    fi
}
#ifdef WITHOUT_ROOM /* what is in the queue and not yet reaped is not written over */
#define HAS_ROOM true
#else
#define HAS_ROOM (tail - seen_head < ROOM)
#endif

inline write_next(which) {
    !new_entry[tail % ROOM]; /* one place: its stores keep their order */
    new_entry[tail % ROOM] = which + 1;
    tail++
}

inline drain() {
    do
    :: tail < posted ->
        look_for_room();
        if
        :: HAS_ROOM -> write_next(tail)
        :: else -> break
        fi
    :: else -> break
    od;
    if
    :: listed && tail == posted -> listed = 0; new_overflow = 0
    :: else
    fi
}

inline publish() {
    if
    :: tail != published || began ->
        /* The tail is stored after the entries and the flag. */
        !new_entry[0] && !new_entry[1] && new_overflow == NOTHING;
        new_tail = tail;
        /* ... and its look at the flags comes after both can be seen. */
        new_tail == NOTHING;
        if
        :: flags == ALWAYS -> pending = 1
        :: flags == AFTER ->
            if
            :: published <= cq_event && cq_event < tail -> pending = 1
#ifndef WITHOUT_CERTAIN /* the first that overflows is told, whatever the event index says */
            :: began && !(published <= cq_event && cq_event < tail) -> pending = 1
#endif
            :: else
            fi
        :: flags == NEVER
        fi;
        published = tail;
        began = 0
    :: else
    fi
}

active proctype Device() {
end:
    do
    :: posted < COMPLETIONS ->
#ifndef WITHOUT_ORDER /* what waits in the list goes first */
        drain();
        look_for_room();
#else
        look_for_room();
        if
        :: posted > tail && HAS_ROOM -> write_next(posted); goto told
        :: else
        fi;
#endif
        if
        :: posted == tail && HAS_ROOM -> posted++; write_next(posted - 1)
        :: else ->
            posted++;
            if
            :: !listed -> listed = 1; began = 1; new_overflow = 1
            :: else
            fi
        fi;
#ifdef WITHOUT_ORDER
told:
#endif
        publish()
    :: flush ->
        flush = 0;
        drain();
        publish()
    od
}

inline ring_flush() {
#ifndef WITHOUT_FLUSH_FENCE /* the room can be seen before the doorbell */
    new_head == NOTHING;
#endif
    flush = 1
}

inline reap() {
    reaped = cq_tail;
    if
    :: reaped != head ->
        do
        :: head != reaped ->
            d_step { PROPERTY(overwritten, entry[head % ROOM] == head + 1); head++ }
        :: else -> break
        od;
        new_head == NOTHING;
        new_head = head;
#ifndef WITHOUT_FLUSH /* who has made room says so */
        if
        :: overflow -> ring_flush()
        :: else
        fi
#endif
    :: else ->
#ifndef WITHOUT_EMPTY_LOOK /* the flag counts when the queue is empty, too: it came meanwhile */
        if
        :: overflow -> ring_flush()
        :: else
        fi
#else
        skip
#endif
    fi
}

active proctype Process() {
    byte wanted, reaped;
    do
    :: head < COMPLETIONS ->
        /* Busy: it reaps when it likes. */
        new_flags == 0;
        new_flags = NEVER;
        if
        :: reap()
        :: true
        fi;
        if
        :: head == COMPLETIONS -> break
        :: else
        fi;
        /* Nothing to run. Interrupts are off. */
        new_flags == 0;
        if
        :: wanted = head + 1; new_flags = ALWAYS
        :: head + 2 <= COMPLETIONS -> wanted = head + 2; new_event = wanted - 1; new_flags = AFTER
        fi;
        /* The last look comes after that can be seen: ring.pml. */
        new_flags == 0 && new_event == NOTHING;
        pending = 0;
        if
        :: wanted == head + 1 || cq_tail >= wanted || overflow -> reap()
        :: else
        fi;
        do
        :: head >= wanted -> break
        :: else -> /* wait: returns when a vector is pending, at once if one is */
            pending;
            pending = 0;
            reap()
        od;
        wanted = 0;
        reaped = 0
    :: else -> break
    od
}

init {
    timeout -> /* nothing can move any more */
    d_step { PROPERTY(wake_lost, head == COMPLETIONS) }
}
