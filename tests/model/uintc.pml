/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UINTC as docs/specs/riscv-uintc.rst describes it and hw/intc/riscv_uintc.c does it: two
 * receivers, two harts' lines, the wake list and the PLIC's latch behind it. QEMU's accesses run
 * under one lock, so each is one step (d_step). The wake list is a set here: which one a read takes
 * is left open, so that what holds for every order holds for the order of arrival, too.
 *
 * A WITHOUT_... takes one guard out; the comment beside it says what was there. PROPERTY names what
 * does not hold, for the checker's report.
 */
#define PROPERTY(violated, holds) violated = !(holds); assert(!violated)

#define SLOTS 2
#define HARTS 2
#define NONE  7

byte pending[SLOTS];    /* a bit per vector */
bit  on[SLOTS];         /* LOW.active */
byte at[SLOTS];         /* the hart that it runs on */
bit  armed[SLOTS];      /* LOW.wake */
byte generation[SLOTS] = 1;

bit line[HARTS];        /* the hart's user software interrupt */
bit listed[SLOTS];      /* on the wake list */
bit wake_latched;       /* the PLIC has seen the wake interrupt rise ... */
bit wake_claimed;       /* ... and a hart is serving it */

#define DELIVERABLE(s)   (on[s] && pending[s] != 0)
#define RAISES(s, h)     (DELIVERABLE(s) && at[s] == h)
#define REASON(h)        (RAISES(0, h) || RAISES(1, h))
#define WANTS_WAKE(s)    (!on[s] && armed[s] && pending[s] != 0)
#define WAKE_LEVEL       (listed[0] || listed[1])

/* The lines are a level: computed anew after every access. */
#define LINES            line[0] = REASON(0); line[1] = REASON(1)
/* What a controller does that raises them by events: they only fall here. */
#define LINES_FALL       line[0] = line[0] && REASON(0); line[1] = line[1] && REASON(1)

/* QEMU's PLIC latches a request when the line rises, as an edge-triggered gateway does. */
#define WAKE_LIST                                                                          \
    wake_latched = wake_latched ||                                                         \
                   (!WAKE_LEVEL && (WANTS_WAKE(0) || WANTS_WAKE(1)));                      \
    listed[0] = WANTS_WAKE(0); listed[1] = WANTS_WAKE(1)

#ifdef WITHOUT_WAKE_WHEN_ARMED /* arming a receiver that has something pending lists it at once */
#define WAKE_LIST_LOW    listed[0] = listed[0] && WANTS_WAKE(0); \
                         listed[1] = listed[1] && WANTS_WAKE(1)
#else
#define WAKE_LIST_LOW    WAKE_LIST
#endif

/* A store to SEND. `sent` tells whether it was accepted. */
inline device_send(s, g, vectors, sent) {
#ifdef WITHOUT_GENERATION_CHECK /* a send with another generation than the receiver's is refused */
    sent = 1;
#else
    sent = (g == 0 || g == generation[s]);
#endif
    if
    :: sent ->
#ifdef WITHOUT_PENDING_WHEN_INACTIVE /* a send to a receiver that does not run is kept */
        if
        :: on[s] || armed[s] -> pending[s] = pending[s] | (vectors)
        :: else
        fi;
#else
        pending[s] = pending[s] | (vectors);
#endif
        LINES;
        WAKE_LIST
    :: else
    fi
}

/* A store to LOW: everything about the receiver but pending, in one step. */
inline device_write_low(s, is_on, hart, wake, g, keep) {
    if
    :: g != generation[s] && !(keep) ->
#ifndef WITHOUT_GENERATION_CLEARS /* the store that changes the generation clears pending */
        pending[s] = 0
#else
        skip
#endif
    :: else
    fi;
    generation[s] = g;
#ifdef WITHOUT_LINE_FOLLOWS_HART /* a receiver that moves takes its line along */
    if
    :: DELIVERABLE(s) && (is_on) -> at[s] = hart; armed[s] = wake
    :: else -> on[s] = is_on; at[s] = hart; armed[s] = wake; LINES
    fi;
#else
    on[s] = is_on; at[s] = hart; armed[s] = wake;
#ifdef WITHOUT_LEVEL /* activation raises the line if something is pending already */
    LINES_FALL;
#else
    LINES;
#endif
#endif
    WAKE_LIST_LOW
}

/* A load of HIGH, and `uipi READ`: takes what is pending. */
inline device_take(s, taken) {
    taken = pending[s];
    pending[s] = 0;
    LINES;
    WAKE_LIST
}

/* A store to HIGH: adds vectors. */
inline device_add(s, vectors) {
    pending[s] = pending[s] | (vectors);
    LINES;
    WAKE_LIST
}

/* A load of WAKE: takes one receiver off the list and disarms it; NONE: the list is empty. */
inline device_take_wake(s) {
    if
    :: listed[0] -> s = 0
    :: listed[1] -> s = 1
    :: else -> s = NONE
    fi;
    if
    :: s != NONE -> armed[s] = 0; WAKE_LIST
    :: else
    fi
}
