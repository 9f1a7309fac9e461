/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waking a task of another worker: two harts post tasks into the inbox of a queue, whose owner drains
 * it, runs what became ready and sleeps when nothing is (guest-libs/sched/inbox.cpp, worker::idle).
 * The sending itself is in delivery.pml: here the owner's vector is pending or it is not.
 *
 *   wake_lost        when nothing can move any more, every task has seen what was written for it
 *   payload_late     a task that a post made run sees what the poster wrote before it
 *   list_broken      the owner finds in the inbox what was pushed, each task once
 *
 * Posters and owner have a store buffer each; stores to different places leave it in any order. An
 * instruction that reads and writes memory at once is seen by all when it executes.
 */
#define PROPERTY(violated, holds) violated = !(holds); assert(!violated)

#define TASKS 2
#define ROUNDS 2
#define NOBODY 3   /* no task: the links are 0, 1 or this */
#define CLEAN 7    /* nothing in the buffer */

bit wake_lost, payload_late, list_broken;

byte inbox = NOBODY;
bit  posted[TASKS];
bit  clearing[TASKS];         /* the owner's buffer holds a 0 for it */
byte link[TASKS] = NOBODY;
byte payload[4];              /* [poster * TASKS + task] */
byte sent[4];                 /* by the poster; the task has yet to see it */
byte done[4];                 /* the post after it is in, or another one stands for it */
byte covered[4];              /* sent before a post that the task's wake stands for */
byte seen[4];                 /* by the task */
bit  ready[TASKS];            /* the owner's own */
bit  pending;                 /* the vector of the owner's receiver */

/* What a poster's buffer holds: one payload, one link. */
byte new_payload[4] = CLEAN;
byte new_link[4] = CLEAN;

#define AT(poster, task) ((poster) * TASKS + (task))
#define BUFFER_EMPTY(p)                                                                            \
    (new_payload[AT(p, 0)] == CLEAN && new_payload[AT(p, 1)] == CLEAN &&                           \
     new_link[AT(p, 0)] == CLEAN && new_link[AT(p, 1)] == CLEAN)

active proctype StoreBuffers() {
    byte i;
end:
    do
    :: d_step { new_payload[0] != CLEAN -> payload[0] = new_payload[0]; new_payload[0] = CLEAN }
    :: d_step { new_payload[1] != CLEAN -> payload[1] = new_payload[1]; new_payload[1] = CLEAN }
    :: d_step { new_payload[2] != CLEAN -> payload[2] = new_payload[2]; new_payload[2] = CLEAN }
    :: d_step { new_payload[3] != CLEAN -> payload[3] = new_payload[3]; new_payload[3] = CLEAN }
    :: d_step { new_link[0] != CLEAN -> link[0] = new_link[0]; new_link[0] = CLEAN }
    :: d_step { new_link[1] != CLEAN -> link[1] = new_link[1]; new_link[1] = CLEAN }
    :: d_step { new_link[2] != CLEAN -> link[0] = new_link[2]; new_link[2] = CLEAN }
    :: d_step { new_link[3] != CLEAN -> link[1] = new_link[3]; new_link[3] = CLEAN }
    :: d_step { clearing[0] -> posted[0] = 0; clearing[0] = 0 }
    :: d_step { clearing[1] -> posted[1] = 0; clearing[1] = 0 }
    od
}

proctype Poster(byte self) {
    byte round, task, head;
    bit first;
    do
    :: round < ROUNDS ->
        task = (self + round) % TASKS;
        new_payload[AT(self, task)] = round + 1;
        sent[AT(self, task)] = round + 1;
#ifndef WITHOUT_POST_RELEASE /* what was written before the post is visible before it */
        BUFFER_EMPTY(self);
#endif
        d_step { first = !posted[task]; posted[task] = 1; done[AT(self, task)] = round + 1 }
        if
        :: first ->
            head = inbox;
            do
            :: new_link[AT(self, task)] = head;
#ifndef WITHOUT_PUSH_RELEASE /* the link is visible before the task is in the inbox */
                BUFFER_EMPTY(self);
#endif
                if
                :: d_step { inbox == head -> inbox = task; first = 0 }; break
                :: d_step { inbox != head -> head = inbox }
                fi
            od;
#ifndef WITHOUT_NOTIFY /* who finds the inbox empty interrupts the owner */
            if
            :: head == NOBODY -> pending = 1
            :: else
            fi
#endif
            skip
        :: else
        fi;
        d_step { round++; head = 0; first = 0; task = 0 }
    :: else -> break
    od
}

/* Oldest first: with two tasks there are at most two to turn round. */
inline drain() {
#ifndef WITHOUT_TAKE_AT_ONCE /* the inbox is read and emptied by one instruction */
    d_step { newest = inbox; inbox = NOBODY };
#else
    newest = inbox;
    inbox = NOBODY;
#endif
    if
    :: newest != NOBODY ->
        oldest = link[newest];
        d_step {
            PROPERTY(list_broken, posted[newest] && (oldest == NOBODY ||
                                  (oldest != newest && posted[oldest] && link[oldest] == NOBODY)))
        };
        if
        :: oldest != NOBODY -> clear(oldest)
        :: else
        fi;
        clear(newest)
    :: else
    fi;
    d_step { newest = 0; oldest = 0 }
}

/* The task may be posted again from here on; it is ready. */
inline clear(which) {
#ifndef WITHOUT_CLEAR_AT_ONCE /* `posted` is cleared by an instruction that all see at once */
    d_step { posted[which] = 0; wake(which) }
#else
    d_step { clearing[which] = 1; wake(which) }
#endif
}

inline wake(which) {
    ready[which] = 1;
    covered[AT(0, which)] = done[AT(0, which)];
    covered[AT(1, which)] = done[AT(1, which)]
}

inline run_task(which) {
    d_step {
        ready[which] ->
        PROPERTY(payload_late, payload[AT(0, which)] >= covered[AT(0, which)] &&
                               payload[AT(1, which)] >= covered[AT(1, which)]);
        ready[which] = 0;
        seen[AT(0, which)] = payload[AT(0, which)];
        seen[AT(1, which)] = payload[AT(1, which)]
    }
}

proctype Owner() {
    byte newest, oldest;
end:
    do
    :: run_task(0)
    :: run_task(1)
    :: inbox != NOBODY -> drain()
    :: !ready[0] && !ready[1] ->
        /* Nothing to run; interrupts are off. */
#ifndef WITHOUT_TAKE_BEFORE_LOOK /* what is pending is taken before the look, not after it */
        pending = 0;
#endif
#ifndef WITHOUT_LAST_LOOK /* a post that came while the owner was busy */
        if
        :: inbox != NOBODY -> goto awake
        :: else
        fi;
#endif
#ifdef WITHOUT_TAKE_BEFORE_LOOK
        pending = 0;
#endif
endwait:
        pending; /* returns when the vector is pending, at once if it is */
        pending = 0;
        drain();
awake:  skip
    od
}

#define DONE(i) (seen[i] == sent[i])

init {
    atomic { run Poster(0); run Poster(1); run Owner() }
    timeout -> /* nothing can move any more */
    d_step { PROPERTY(wake_lost, DONE(0) && DONE(1) && DONE(2) && DONE(3)) }
}
