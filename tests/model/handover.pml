/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ready strands go from a worker that has some to spare to workers that have nothing to do
 * (guest-libs/executor/company.cpp: share, ask_company; worker.cpp: idle). Nobody takes anything out
 * of another's queue: who goes to sleep says so in `idle` and asks those that have something; who
 * makes a strand ready, or is asked, looks at `idle`, claims a sleeper and posts the strand to it.
 *
 *   left_waiting     when nothing can move any more, no strand is ready beside one that runs for ever
 *                    while a worker sleeps
 *   strand_lost      ... and what was given has run
 *   home_late        a strand that has been given away knows its new worker when that runs it
 *
 * The giver has a store buffer; stores to different places leave it in any order. An instruction that
 * reads and writes memory at once is seen by all when it executes.
 */
#define PROPERTY(violated, holds) violated = !(holds); assert(!violated)

#define TAKERS 2
#define STRANDS 4
#define CLEAN 9 /* nothing in the buffer */

bit left_waiting, strand_lost, home_late;

byte idle;              /* a bit for each taker */
byte ready;             /* strands that the giver's queue shows to others */
byte new_ready = CLEAN; /* in the giver's buffer */
bit  new_home[TAKERS];  /* in the buffer: that the strand given to it is at home there */
bit  early[TAKERS];     /* ... and the strand is in the inbox already */
byte own;               /* strands in the giver's queue beside the one that runs */
byte inbox[TAKERS];
bit  asked;             /* the vector of the giver's receiver */
bit  pending[TAKERS];   /* ... of the takers' */
bit  asleep[TAKERS];

#define BUFFER_EMPTY (new_ready == CLEAN && !new_home[0] && !new_home[1])

active proctype StoreBuffer() {
end:
    do
    :: d_step { new_ready != CLEAN -> ready = new_ready; new_ready = CLEAN }
    :: d_step { new_home[0] -> new_home[0] = 0; early[0] = 0 }
    :: d_step { new_home[1] -> new_home[1] = 0; early[1] = 0 }
    od
}

inline give(to) {
    d_step { own--; new_ready = own };
    new_home[to] = 1;
#ifndef WITHOUT_POST_RELEASE /* what the strand is, is visible before it is posted */
    BUFFER_EMPTY;
#endif
    d_step { first = inbox[to] == 0; inbox[to]++; early[to] = new_home[to] };
#ifndef WITHOUT_NOTIFY /* who finds the inbox empty interrupts its owner */
    if
    :: first -> pending[to] = 1
    :: else
    fi;
#endif
    first = 0
}

inline share() {
#ifndef WITHOUT_SHARE_FENCE /* the strand is visible in the queue before the look at who is idle */
    BUFFER_EMPTY;
#endif
    looked = idle;
    do
    :: own && looked ->
        d_step { to = (looked & 1 -> 0 : 1); looked = looked & ~(1 << to) };
#ifndef WITHOUT_CLAIM_AT_ONCE /* the bit is read and cleared by one instruction */
        d_step { claimed = (idle >> to) & 1; idle = idle & ~(1 << to) };
#else
        read = idle;
        d_step { claimed = (read >> to) & 1; idle = read & ~(1 << to); read = 0 };
#endif
        if
        :: claimed -> give(to)
        :: else
        fi;
        claimed = 0
    :: else -> break
    od;
    looked = 0;
    to = 0
}

/* Runs a strand that never ends; what happens meanwhile happens in its handlers. */
active proctype Giver() {
    byte made, looked, to;
    bit claimed, first;
#ifdef WITHOUT_CLAIM_AT_ONCE
    byte read;
#endif
end:
    do
    :: made < STRANDS ->
        d_step { made++; own++; new_ready = own };
        share()
    :: asked ->
        asked = 0;
        share()
    od
}

inline drain(self) {
    d_step {
        PROPERTY(home_late, !early[self]);
        mine = mine + inbox[self];
        inbox[self] = 0
    }
}

inline leave_idle(self) {
    d_step { idle = idle & ~(1 << self) }
}

proctype Taker(byte self) {
    byte mine;
end:
    do
    :: mine -> mine-- /* runs, and waits for something */
    :: mine -> break  /* runs for ever */
    :: !mine && inbox[self] -> drain(self)
    :: !mine && !inbox[self] ->
        /* Interrupts are off. What is pending is taken, and handled. */
        if
        :: pending[self] ->
            pending[self] = 0;
#ifndef WITHOUT_LAST_LOOK /* at what came with a vector that has been taken */
            drain(self)
#endif
        :: else
        fi;
        if
        :: mine -> goto awake
        :: else
        fi;
#ifndef WITHOUT_IDLE_BEFORE_LOOK /* a worker is seen to be idle before it looks who has something */
        d_step { idle = idle | (1 << self) };
#endif
#ifndef WITHOUT_ASK /* who has something ready does not look at `idle` by itself */
        if
        :: ready -> asked = 1
        :: else
        fi;
#endif
#ifdef WITHOUT_IDLE_BEFORE_LOOK
        d_step { idle = idle | (1 << self) };
#endif
        asleep[self] = 1;
endwait:
        pending[self]; /* returns when the vector is pending, at once if it is */
        d_step { asleep[self] = 0; pending[self] = 0 };
        drain(self);
        leave_idle(self);
awake:  skip
    od;
endbusy:
    do
    :: pending[self] -> pending[self] = 0; drain(self)
    od
}

/* Completions of the takers' own calls: nothing comes of them. */
active proctype Device() {
    if
    :: pending[0] = 1
    :: skip
    fi;
    pending[1] = 1
}

init {
    atomic { run Taker(0); run Taker(1) }
    timeout -> /* nothing can move any more */
    d_step {
        PROPERTY(strand_lost, !inbox[0] && !inbox[1]);
        PROPERTY(left_waiting, !own || !(asleep[0] || asleep[1]))
    }
}
