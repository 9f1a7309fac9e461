/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiplexing: two threads with a receiver each share one slot (ouros/kernel.h, uintr_send). Who is
 * to run gets the slot; the other's vectors are kept by the kernel, and its senders, whose `uipi
 * SEND` does not get through, ask the kernel. The threads run on one hart in turns, wait and are
 * preempted; a program on a second hart sends to both; the wake interrupt is served by a third.
 *
 *   vector_lost           what was sent and not taken is pending in the slot or kept by the kernel
 *   foreign_vector        a thread takes only what was sent to it
 *   wake_lost             when nothing can move any more, everything was served
 *   wait_without_handler  a thread that waited has been in its handler when it waits again
 *
 * Generations come round as in reuse.pml, with the same assumption.
 */
#include "uintc.pml"

#ifndef SENDS
#define SENDS 3
#endif
#define GENERATIONS 2
#define THREADS     2

bit vector_lost, foreign_vector, wake_lost, wait_without_handler;

bit  locked;               /* the kernel's lock over what follows */
byte holder = NONE;        /* whose slot it is */
byte next = 1;             /* generation */
byte kept[THREADS];        /* vectors of a thread that has no slot */
bit  waiting[THREADS];
bit  woken[THREADS];

bit  ready[THREADS] = 1;
bit  parked[THREADS];
byte owed[THREADS];        /* ghost: sent and not yet taken */
bit  must_serve[THREADS];  /* ghost: wait has returned because of a send */

/* The sender table: entry i is for thread i. */
bit  valid[THREADS];
byte entry_generation[THREADS];
bit  invalidating[THREADS]; /* in the store buffer of the hart that takes the slot away */
byte in_flight;             /* the generation that an unfinished uipi SEND has loaded, 0: none */

#define LOCK   atomic { !locked -> locked = 1 }
#define UNLOCK locked = 0

#define KEPT(t)                                                                             \
    PROPERTY(vector_lost,                                                                   \
             (owed[t] & ~(kept[t] | (holder == t -> pending[0] : 0))) == 0)

/* Under the lock. */
inline wake(sleeper) {
    woken[sleeper] = 1;
    if
    :: parked[sleeper] -> parked[sleeper] = 0; ready[sleeper] = 1
    :: else
    fi
}

inline new_generation() {
    next = next % GENERATIONS + 1;
    in_flight != next && !(invalidating[0] && entry_generation[0] == next) &&
        !(invalidating[1] && entry_generation[1] == next)
}

/* Under the lock: the slot's holder, which does not run, loses it. */
inline evict(victim, moved) {
#ifndef WITHOUT_INVALIDATION /* the senders' entries die with the slot */
    if
    :: valid[victim] -> invalidating[victim] = 1
    :: else
    fi;
#endif
    new_generation();
#ifndef WITHOUT_KEEP /* the store that refuses further sends keeps what is pending, to be taken after it */
    d_step { device_write_low(0, 0, 0, 0, next, 1) };
    d_step { device_take(0, moved); kept[victim] = kept[victim] | moved; moved = 0 };
#else
    d_step { device_take(0, moved); kept[victim] = kept[victim] | moved; moved = 0 };
    d_step { device_write_low(0, 0, 0, 0, next, 0) };
#endif
    d_step { KEPT(victim) };
#ifndef WITHOUT_WAKE_ON_EVICTION /* a blocked thread that has something pending is woken here */
    if
    :: waiting[victim] && !woken[victim] && kept[victim] != 0 -> wake(victim)
    :: else
    fi;
#endif
    holder = NONE
}

/* Under the lock: gives the free slot to t. */
inline restore(taker) {
    new_generation();
    d_step { device_write_low(0, 0, 0, 0, next, 0) };
#ifndef WITHOUT_RESTORED_VECTORS /* what the kernel kept goes into the slot */
    d_step { device_add(0, kept[taker]) };
#endif
    d_step { kept[taker] = 0; holder = taker; KEPT(taker);
             invalidating[taker] = 0; valid[taker] = 1; entry_generation[taker] = next }
}

active proctype StoreBuffer() {
end:
    do
    :: d_step { invalidating[0] -> invalidating[0] = 0; valid[0] = 0 }
    :: d_step { invalidating[1] -> invalidating[1] = 0; valid[1] = 0 }
    od
}

#define SEND_TO_SLOT                                                                     \
    d_step { device_send(0, 0, vector, sent); owed[to] = owed[to] | vector }
#define SEND_TO_KERNEL                                                                   \
    d_step { kept[to] = kept[to] | vector; owed[to] = owed[to] | vector }

active proctype Sender() {
    byte n = 0;
    byte to, vector;
    bit sent;
    do
    :: n < SENDS ->
        if
        :: to = 0
        :: to = 1
        fi;
        if
        :: vector = 1
        :: vector = 2
        fi;
        /* uipi SEND */
        if
        :: d_step { valid[to] -> in_flight = entry_generation[to] };
            d_step {
                device_send(0, in_flight, vector, sent);
                if
                :: sent -> owed[to] = owed[to] | vector
                :: else
                fi;
                in_flight = 0;
                KEPT(0);
                KEPT(1)
            }
        :: !valid[to] -> sent = 0
        fi;
        if
        :: !sent -> /* uintr_send */
#ifdef WITHOUT_LOCKED_SEND /* whether it has a slot is looked at under the lock that moves slots */
            if
            :: holder == to -> LOCK; SEND_TO_SLOT
            :: else -> LOCK; SEND_TO_KERNEL
            fi;
#else
            LOCK;
            if
            :: holder == to -> SEND_TO_SLOT
            :: else -> SEND_TO_KERNEL
            fi;
#endif
            d_step { KEPT(to) };
#ifndef WITHOUT_WAKE_BY_SEND /* a blocked thread without a slot is woken by the call */
            if
            :: holder != to && waiting[to] && !woken[to] -> wake(to)
            :: else
            fi;
#endif
            UNLOCK
        :: else
        fi;
        d_step { sent = 0; to = 0; vector = 0; n++ }
    :: else -> break
    od
}

/* The wake interrupt, on a hart of its own. */
active proctype Waker() {
    byte s = NONE;
end:
    do
    :: atomic { wake_latched -> wake_latched = 0 };
        do
#ifdef WITHOUT_LOCKED_WAKE /* a slot taken off the wake list keeps its holder until it is looked up */
        :: d_step { device_take_wake(s) };
            LOCK;
#else
        :: LOCK;
            d_step { device_take_wake(s) };
#endif
            if
            :: s != NONE && holder != NONE ->
                if
                :: waiting[holder] && !woken[holder] -> wake(holder)
                :: else
                fi
            :: else
            fi;
            UNLOCK;
            if
            :: s == NONE -> break
            :: else
            fi
        od
    od
}

active proctype Hart() {
    byte t = NONE;
    byte other, taken;

kernel:
end:
    if
    :: atomic { ready[0] -> ready[0] = 0; t = 0 }
    :: atomic { ready[1] -> ready[1] = 0; t = 1 }
    fi;
    /* switch in */
    LOCK;
    waiting[t] = 0;
    if
    :: holder == t
    :: holder == NONE -> restore(t)
    :: holder == 1 - t -> other = 1 - t; evict(other, taken); restore(t)
    fi;
    d_step { device_write_low(0, 1, 0, 0, generation[0], 0) };
    UNLOCK;

    do /* in user mode */
    :: d_step { line[0] ->
        device_take(0, taken);
        PROPERTY(foreign_vector, (taken & ~owed[t]) == 0);
        owed[t] = owed[t] & ~taken; taken = 0; must_serve[t] = 0 }
    :: !line[0] ->
        d_step { PROPERTY(wait_without_handler, !must_serve[t]) };
        if
        :: line[0] /* pending already: back to user mode */
        :: else -> LOCK; waiting[t] = 1; woken[t] = 0; UNLOCK; break
        fi
    :: true -> break
    od;

    /* switch out */
    LOCK;
    d_step { device_write_low(0, 0, 0, waiting[t] && !woken[t], generation[0], 0) };
    if
    :: waiting[t] ->
        must_serve[t] = 1;
        if
        :: woken[t] -> ready[t] = 1
        :: else -> parked[t] = 1
        fi
    :: else -> ready[t] = 1
    fi;
    UNLOCK;
    t = NONE;
    goto kernel
}

init {
    timeout -> /* nothing can move any more */
    d_step { PROPERTY(wake_lost, owed[0] == 0 && owed[1] == 0 && parked[0] && parked[1]) }
}
