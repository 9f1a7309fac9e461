/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places where run-points stops a program: at a POINT it may save the machine and load it again; at
 * an INPUT it drives an input of the hart, as a device outside would; at a RESET it resets the
 * machine.
 */
#ifndef ISA_POINTS_H
#define ISA_POINTS_H

#define STOP_HERE(label)                                                                           \
    __attribute__((noinline)) static void label##_(void) {                                         \
        __asm__ volatile(".globl " #label "\n" #label ": nop" ::: "memory");                       \
    }

#define POINT(name)                                                                                \
    STOP_HERE(point_##name)                                                                        \
    static inline void name(void) {                                                                \
        point_##name##_();                                                                         \
    }

#define RESET(name)                                                                                \
    STOP_HERE(reset_##name)                                                                        \
    static inline void name(void) {                                                                \
        reset_##name##_();                                                                         \
    }

/* irq: the bit of mip; level: 0 or 1. */
#define INPUT(name, irq, level)                                                                    \
    STOP_HERE(input_##irq##_##level##_##name)                                                      \
    static inline void name(void) {                                                                \
        input_##irq##_##level##_##name##_();                                                       \
    }

#endif
