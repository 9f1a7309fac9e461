/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harts that sleep and are given work: a thread blocks in a call, which a third hart completes; that
 * one makes the thread ready for a hart that sleeps, or for one that is busy; a hart that has nothing
 * takes from the other (guest-kernel/schedule/scheduler.cpp, process/thread.h). What is done under a
 * queue's lock is one step here; what is read without it may be old.
 *
 *   wake_lost   when nothing can move any more, every thread has come to its end
 *   run_twice   a thread is in one queue or on one hart
 *
 * The store by which others see, without the lock, that a queue has something waits in a buffer for
 * as long as it likes; an atomic instruction is seen by all when it executes, a fence waits for the
 * buffer.
 */
#define PROPERTY(violated, holds) violated = !(holds); assert(!violated)

#define THREADS 2
#define ROUNDS 2

bit wake_lost, run_twice;

mtype = { RUNNING, PARKED, COMPLETED };

mtype state[THREADS] = RUNNING;
bit  in_call[THREADS];     /* it has begun one, which nobody has completed */
byte calls[THREADS];       /* that it made */
byte places[THREADS];      /* how many queues and harts have it */
bit  queue[4];             /* what is in the two queues */
bit  shown[2];             /* that there is something, as seen without the lock */
bit  stale[2];             /* the last store to it is in a buffer */
bit  sleeping[2];
bit  told[2];              /* a software interrupt is pending */

#define IN(hart, thread) queue[(hart) * THREADS + (thread)]
#define READY(hart) (IN(hart, 0) || IN(hart, 1))

active proctype StoreBuffers() {
end:
    do
    :: d_step { stale[0] -> shown[0] = READY(0); stale[0] = 0 }
    :: d_step { stale[1] -> shown[1] = READY(1); stale[1] = 0 }
    od
}

inline enter(hart, thread) {
    d_step {
        IN(hart, thread) = 1;
        stale[hart] = 1;
        places[thread]++;
        PROPERTY(run_twice, places[thread] == 1)
    }
}

/* The hart that looks takes the first one out of the queue and runs it. */
inline take(from) {
    d_step {
        thread = (IN(from, 0) -> 0 : 1);
        IN(from, thread) = 0;
        stale[from] = 1
    }
}

/* A sleeping hart is woken by the one that clears its bit. */
inline claim(hart) {
    d_step { claimed = sleeping[hart]; sleeping[hart] = 0 }
}

/* For a hart that sleeps; for any of the two, if they seem busy. */
inline make_ready(thread) {
    claimed = 0;
    if
    :: sleeping[0] -> target = 0; claim(0)
    :: sleeping[1] -> target = 1; claim(1)
    :: target = 0
    :: target = 1
    fi;
    enter(target, thread);
#ifndef WITHOUT_TELL_FENCE /* the thread is seen in the queue before the look at who sleeps */
    !stale[target];
#endif
#ifndef WITHOUT_SECOND_LOOK /* the hart that was busy may have gone to sleep meanwhile */
    if
    :: !claimed -> claim(target)
    :: else
    fi;
#endif
    if
    :: claimed -> told[target] = 1
    :: else
    fi
}

/* The third hart: it completes calls. */
active proctype Completer() {
    byte target, which;
    bit claimed;
    mtype seen = RUNNING;
end:
    do
    :: in_call[0] || in_call[1] ->
        if
        :: in_call[0] -> which = 0
        :: in_call[1] -> which = 1
        fi;
        in_call[which] = 0;
#ifndef WITHOUT_COMPLETE_AT_ONCE /* to say that it is done and to ask whether the thread has parked */
        d_step { seen = state[which]; state[which] = COMPLETED };
#else
        seen = state[which];
        state[which] = COMPLETED;
#endif
        if
        :: seen == PARKED -> make_ready(which)
        :: else
        fi;
        d_step { seen = RUNNING; claimed = 0; target = 0; which = 0 }
    od
}

/* It makes its call, leaves the hart and parks, unless the call is done by then. */
inline run_thread() {
    state[thread] = RUNNING; /* the last call's result is collected */
    if
    :: calls[thread] == ROUNDS -> places[thread]--
    :: else ->
        d_step { calls[thread]++; in_call[thread] = 1 };
        places[thread]--;
#ifndef WITHOUT_PARK_AT_ONCE
        d_step { seen = state[thread]; state[thread] = PARKED };
#else
        seen = state[thread];
        state[thread] = PARKED;
#endif
        if
        :: seen == COMPLETED -> /* it has the hart's own queue */
            state[thread] = COMPLETED;
            enter(self, thread)
        :: else
        fi
    fi;
    d_step { seen = RUNNING; thread = 0 }
}

proctype Hart(byte self) {
    byte thread;
    mtype seen = RUNNING;
    do
    :: atomic { READY(self) -> take(self) }; run_thread()
    :: atomic { !READY(self) && shown[1 - self] && READY(1 - self) -> take(1 - self) }; run_thread()
    :: !READY(self) ->
#ifndef WITHOUT_SLEEP_FENCE /* that it sleeps is seen before its last look */
        sleeping[self] = 1;
        if
        :: shown[self] -> goto awake
        :: else
        fi;
#else
        if
        :: shown[self] -> goto awake
        :: else
        fi;
        sleeping[self] = 1;
#endif
end:    told[self]; /* wfi */
        told[self] = 0;
awake:  sleeping[self] = 0
    od
}

init {
    atomic { enter(0, 0); enter(0, 1); run Hart(0); run Hart(1) }
    timeout -> /* nothing can move any more */
    d_step {
        PROPERTY(wake_lost, calls[0] == ROUNDS && calls[1] == ROUNDS && !in_call[0] && !in_call[1] &&
                            !READY(0) && !READY(1) && places[0] + places[1] == 0)
    }
}
