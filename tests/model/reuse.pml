/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reuse: two threads, each several times, get the one slot that is free, take what is sent to them
 * and end (uintr_setup, uintr_release). A program on another hart keeps sending through its table
 * entries, whoever has the slot by then; a device posts a message that it was given long ago; the
 * entries are unregistered by another thread of the program.
 *
 *   foreign_vector           a thread takes only what was sent to it
 *   late_send_accepted       what is accepted was meant for the slot's owner of that moment
 *   vector_lost              what was accepted for the owner stays pending until it takes it
 *   unregistered_entry_used  who knows that the entry is unregistered cannot send through it
 *
 * Generations are 1 .. GENERATIONS here, so that they come round. Assumed: neither an instruction
 * nor a device's posting lasts as long as the generations take to come round (65 535 in fact).
 */
#include "uintc.pml"

#ifndef LIVES
#define LIVES 2
#endif
#ifndef SENDS
#define SENDS 3
#endif
#define GENERATIONS 3
#define THREADS     2

bit  slot_taken;         /* receivers[0] != nullptr, under the lock */
bit  locked;             /* slots_lock */
byte next = 0;           /* generations[0] */
byte owner = NONE;       /* ghost: whose slot it is; a new number for each life */
byte owed;               /* ghost: accepted for the owner and not yet taken */

/* The sender table: entry i is for thread i. */
bit  valid[THREADS];
byte entry_generation[THREADS];
byte entry_owner[THREADS] = NONE; /* ghost: for whom it was made */
/* The store buffer of the hart that unregisters: what memory does not show yet. */
bit  invalidating[THREADS];
bit  telling[THREADS];
bit  told[THREADS];      /* "entry i is unregistered", as another thread reads it */

byte in_flight;          /* the generation that an unfinished uipi SEND has loaded, 0: none */
byte message;            /* the device's message: its generation, 0: none */
byte message_owner = NONE;

bit vector_lost, foreign_vector, late_send_accepted, unregistered_entry_used;

/* A generation that no entry, message or instruction carries any more. */
inline new_generation(i) {
    next = next % GENERATIONS + 1;
#ifndef WITHOUT_SCRUB /* when generations come round, entries that carry the new one are invalidated */
    i = 0;
    do
    :: i < THREADS ->
        if
        :: entry_generation[i] == next -> valid[i] = 0
        :: else
        fi;
        i++
    :: else -> break
    od;
#endif
    in_flight != next && message != next
}

inline write_low_of(is_on_now, number) {
    d_step {
        device_write_low(0, is_on_now, 0, 0, next, 0);
        owner = number;
        owed = 0
    }
}

proctype Thread(byte self) {
    byte life = 0;
    byte taken = 0;
    byte i = 0;
    do
    :: life < LIVES ->
        /* uintr_setup */
        atomic { !locked && !slot_taken -> locked = 1 };
        slot_taken = 1;
#ifndef WITHOUT_NEW_GENERATION /* every owner has a generation of its own */
        new_generation(i);
#else
        next = 1;
#endif
        write_low_of(1, self * LIVES + life);
        locked = 0;
        /* the program registers for it, or a device is told where to post */
        if
        :: d_step { valid[self] = 1; entry_generation[self] = next;
                    entry_owner[self] = self * LIVES + life;
                    invalidating[self] = 0; telling[self] = 0; told[self] = 0 }
        :: d_step { message == 0 -> message = next; message_owner = self * LIVES + life }
        :: skip
        fi;
        do /* in user mode */
        :: d_step { pending[0] != 0 ->
            device_take(0, taken);
            PROPERTY(foreign_vector, (taken & ~owed) == 0);
            owed = owed & ~taken; taken = 0 }
        :: /* uintr_unregister_sender, by a thread of the sending program */
            valid[self] && !invalidating[self] && entry_owner[self] == self * LIVES + life ->
            invalidating[self] = 1;
#ifndef WITHOUT_UNREGISTER_ORDER /* the entry's store comes before what the caller does next */
            !invalidating[self];
#endif
            telling[self] = 1
        :: break
        od;
        /* uintr_release */
#ifdef WITHOUT_RELEASE_BEFORE_REUSE /* the slot is closed before it counts as free */
        slot_taken = 0;
        new_generation(i);
        d_step { device_write_low(0, 0, 0, 0, next, 0);
            if
            :: owner == self * LIVES + life -> owner = NONE; owed = 0
            :: else
            fi;
            PROPERTY(vector_lost, (owed & ~pending[0]) == 0) };
#else
        atomic { !locked -> locked = 1 };
#ifndef WITHOUT_NEW_GENERATION
        new_generation(i);
#endif
        write_low_of(0, NONE);
        slot_taken = 0;
        locked = 0;
#endif
        life++
    :: else -> break
    od
}

active proctype StoreBuffer() {
end:
    do
    :: d_step { invalidating[0] -> invalidating[0] = 0; valid[0] = 0 }
    :: d_step { invalidating[1] -> invalidating[1] = 0; valid[1] = 0 }
    :: d_step { telling[0] -> telling[0] = 0; told[0] = 1 }
    :: d_step { telling[1] -> telling[1] = 0; told[1] = 1 }
    od
}

inline post(vector, whom) {
    d_step {
        device_send(0, in_flight, vector, accepted);
        if
        :: accepted ->
            PROPERTY(late_send_accepted, whom == owner);
            PROPERTY(unregistered_entry_used, whom != known_dead || whom == NONE);
            owed = owed | vector
        :: else
        fi;
        PROPERTY(vector_lost, (owed & ~pending[0]) == 0)
    }
}

active proctype Sender() {
    byte n = 0;
    byte whom = NONE;
    bit accepted;
    byte known_dead = NONE;
    byte e;
    do
    :: n < SENDS ->
        if
        :: e = 0
        :: e = 1
        fi;
        d_step {
            if
            :: told[e] -> known_dead = entry_owner[e]
            :: else
            fi
        };
        if /* uipi SEND: loads the entry, then stores to the UINTC */
        :: d_step { valid[e] -> in_flight = entry_generation[e]; whom = entry_owner[e] };
            if
            :: post(1, whom)
            :: post(2, whom)
            fi;
            d_step { in_flight = 0; whom = NONE; known_dead = NONE }
        :: !valid[e] -> known_dead = NONE
        fi;
        n++
    :: else -> break
    od
}

active proctype Device() {
    bit accepted;
end:
    do
    :: d_step { message != 0 ->
        device_send(0, message, 4, accepted);
        if
        :: accepted ->
            PROPERTY(late_send_accepted, message_owner == owner);
            owed = owed | 4
        :: else
        fi;
        accepted = 0; message_owner = NONE; message = 0 }
    od
}

init {
    atomic { run Thread(0); run Thread(1) }
}
