/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery: two threads, each with a receiver, run on two harts, are preempted, move, are handed
 * from hart to hart by one store, and wait; a program on a third hart sends to both. The threads'
 * programs are the library's (take in the entry stub, serve, uret; wait when there is nothing to
 * do), the kernel's steps are those of guest-kernel/uintr/receiver.cpp in their order.
 *
 *   vector_lost          what was sent and not taken is pending, in every state
 *   vector_duplicated    a handler takes only what was sent and not taken, and something
 *   wrong_hart           an interrupt is for the thread that the hart runs
 *   line_down, line_up   in U mode the line is up if something is pending for the running thread;
 *                        it is down when all is served
 *   wake_lost            when nothing can move any more, everything was served
 *   wait_without_handler a thread that waited has been in its handler when it waits again
 *   payload_late         what was stored before the send is in memory when the handler looks
 */
#include "uintc.pml"

#ifndef SENDS
#define SENDS 3
#endif

bit vector_lost, vector_duplicated, wrong_hart, line_down, line_up, wake_lost, wait_without_handler,
    payload_late;

/* --- the sending hart: its store buffer holds what memory does not show yet */

byte memory[SLOTS];   /* the payload: number of the last message to that thread */
byte buffered[SLOTS]; /* 0: nothing. Stores to different places leave in any order (RVWMO) */
byte promised[SLOTS]; /* ghost: the number that was stored before the last send */
byte must_see[SLOTS]; /* ghost: promised, when the handler took its vectors */
byte owed[SLOTS];     /* ghost: vectors sent and not yet taken by a handler */

/* What was sent to t and not taken is pending. */
#define KEPT(t) PROPERTY(vector_lost, (owed[t] & ~pending[t]) == 0)

#define TAKEN(t)                                                              \
    PROPERTY(vector_duplicated, taken[t] != 0 && (taken[t] & ~owed[t]) == 0); \
    owed[t] = owed[t] & ~taken[t];                                            \
    must_see[t] = promised[t]

active proctype StoreBuffer() {
end:
    do
    :: d_step { buffered[0] != 0 -> memory[0] = buffered[0]; buffered[0] = 0 }
    :: d_step { buffered[1] != 0 -> memory[1] = buffered[1]; buffered[1] = 0 }
    od
}

active proctype Sender() {
    byte n = 1;
    byte to;
    bit accepted;
    do
    :: n <= SENDS ->
        if
        :: to = 0
        :: n > 1 -> to = 1 /* the threads are alike: the first message goes to thread 0 */
        fi;
        buffered[to] = n;
#ifndef WITHOUT_SEND_FENCE /* uintr::send: fence rw, ow before uipi SEND */
        buffered[0] == 0 && buffered[1] == 0;
#endif
        if
        :: d_step { device_send(to, 1, 1, accepted); owed[to] = owed[to] | 1; promised[to] = n; KEPT(to) }
        :: d_step { device_send(to, 1, 2, accepted); owed[to] = owed[to] | 2; promised[to] = n; KEPT(to) }
        fi;
        assert(accepted);
        n++
    :: else -> break
    od
}

/* --- threads */

mtype = { RUN, TAKE, SERVE };

mtype pc[SLOTS] = RUN;
bit  uie[SLOTS] = 1;
byte taken[SLOTS];      /* in the handler's registers */
bit  ready[SLOTS] = 1;  /* in a ready queue */
bit  parked[SLOTS];     /* out of its hart, waits for a completion */
bit  waiting[SLOTS];    /* under the receiver's lock, as woken */
bit  woken[SLOTS];
bit  must_serve[SLOTS]; /* ghost: wait has returned because of a send */

/* --- harts */

byte running[HARTS] = NONE; /* whose registers (utvec, uie, ...) the hart holds */
byte suirs[HARTS] = NONE;
bit  idle[HARTS];
byte offered[HARTS] = NONE; /* a thread handed over by the other hart */
bit  offer_complete[HARTS];

/* The wake interrupt: takes receivers off the list until it is empty, then completes. */
inline wake_interrupt(s) {
    do
    :: d_step { device_take_wake(s) };
        if
        :: s == NONE -> break
        :: else ->
            atomic { /* the receiver's lock */
                if
                :: waiting[s] && !woken[s] ->
                    woken[s] = 1;
                    if
                    :: parked[s] -> parked[s] = 0; ready[s] = 1
                    :: else
                    fi
                :: else
                fi
            }
        fi;
#ifdef WITHOUT_DRAIN /* the handler reads WAKE until it returns 0 */
        break
#endif
    od;
    wake_claimed = 0
}

inline stop_receiving(t, h) {
    suirs[h] = NONE;
#ifdef WITHOUT_DEACTIVATION /* switch-out deactivates before the hart gets another thread */
    if
    :: waiting[t] -> d_step { device_write_low(t, 0, 0, waiting[t] && !woken[t], 1, 0) }
    :: else
    fi;
#else
    d_step { device_write_low(t, 0, 0, waiting[t] && !woken[t], 1, 0) };
#endif
    running[h] = NONE
}

proctype Hart(byte h) {
    byte t = NONE;
    byte s;

kernel:
    idle[h] = 1;
end_idle:
    if
    :: atomic { wake_latched && !wake_claimed -> wake_latched = 0; wake_claimed = 1 };
        wake_interrupt(s);
        goto end_idle
    :: atomic { ready[0] && offered[h] == NONE -> ready[0] = 0; t = 0; idle[h] = 0 }
    :: atomic { ready[1] && offered[h] == NONE -> ready[1] = 0; t = 1; idle[h] = 0 }
    :: atomic { offer_complete[h] -> t = offered[h]; offered[h] = NONE; offer_complete[h] = 0;
                idle[h] = 0 };
        d_step { running[h] = t; suirs[h] = t };
        goto user
    fi;

switch_in:
    waiting[t] = 0;
    d_step { running[h] = t; suirs[h] = t };
#ifdef WITHOUT_ONE_STORE /* hart and active are written by one store */
    d_step { on[t] = 1; LINES; WAKE_LIST };
#endif
    d_step { device_write_low(t, 1, h, 0, 1, 0) };

user:
    do
    :: atomic { line[h] && uie[t] -> /* the user interrupt: before the next instruction */
        PROPERTY(wrong_hart, running[h] == t && suirs[h] == t && RAISES(t, h));
        uie[t] = 0; pc[t] = TAKE }
    :: atomic { !(line[h] && uie[t]) && pc[t] == RUN ->
        PROPERTY(line_down, pending[t] == 0);
        PROPERTY(wait_without_handler, !must_serve[t]);
        uie[t] = 0 };
        goto wait
    :: pc[t] == TAKE ->
#ifdef WITHOUT_ATOMIC_TAKE /* read and clear are one step */
        d_step { taken[t] = pending[t]; TAKEN(t) };
        d_step { pending[t] = 0; LINES; WAKE_LIST; KEPT(t) };
#else
        d_step { device_take(t, taken[t]); TAKEN(t); KEPT(t) };
#endif
        d_step { taken[t] = 0; pc[t] = SERVE }
    :: d_step { pc[t] == SERVE ->
        PROPERTY(payload_late, memory[t] >= must_see[t]);
        must_serve[t] = 0; must_see[t] = 0;
        uie[t] = 1; pc[t] = RUN }
    :: atomic { wake_latched && !wake_claimed -> wake_latched = 0; wake_claimed = 1 };
        wake_interrupt(s)
    :: goto preempt
    od;

wait: /* uintr_wait */
    if
    :: atomic { line[h] -> uie[t] = 1 }; goto user
    :: atomic { !line[h] -> uie[t] = 1; waiting[t] = 1; woken[t] = 0 }
    fi;
    stop_receiving(t, h);
    atomic {
#ifdef WITHOUT_LOOK_WHEN_PARKED /* a thread that was woken on its way out does not park */
        parked[t] = 1;
#else
        if
        :: woken[t] -> ready[t] = 1
        :: else -> parked[t] = 1
        fi;
#endif
        must_serve[t] = 1; t = NONE
    };
    goto kernel;

preempt:
    if
    :: /* back into a queue, from where any hart takes it */
#ifdef WITHOUT_DEACTIVATION_BEFORE_READY /* ... only when its receiver is off this hart */
        ready[t] = 1;
        stop_receiving(t, h)
#else
        stop_receiving(t, h);
        ready[t] = 1
#endif
    :: /* or handed to the other hart, which is idle: one store moves the receiver */
        atomic { idle[1 - h] && offered[1 - h] == NONE -> offered[1 - h] = t };
        d_step { suirs[h] = NONE; running[h] = NONE };
        d_step { device_write_low(t, 1, 1 - h, 0, 1, 0) };
        offer_complete[1 - h] = 1
    fi;
    t = NONE;
    goto kernel
}

init {
    atomic { run Hart(0); run Hart(1) }
    timeout -> /* nothing can move any more */
    d_step {
        PROPERTY(wake_lost, owed[0] == 0 && owed[1] == 0 && parked[0] && parked[1]);
        PROPERTY(line_up, !line[0] && !line[1])
    }
}
