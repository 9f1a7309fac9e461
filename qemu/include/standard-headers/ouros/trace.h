/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Marks on a timeline. A mark is the instruction
 *
 *     slti x0, value, code
 *
 * a HINT that The RISC-V Instruction Set Manual, Volume I, chapter "RV32I", section "HINT
 * Instructions" leaves to custom use: it does nothing in any mode. The CPU model writes a trace
 * event for it (riscv_timeline_mark) if somebody asked for these events, with the hart
 * and the time.
 *
 * Plain C, also valid as C++ and (the numbers) in assembly.
 */
#ifndef STANDARD_HEADERS_OUROS_TRACE_H
#define STANDARD_HEADERS_OUROS_TRACE_H

/* From a program: a coroutine. The value is an address in its process. */
#define OUROS_MARK_SUBMIT     1 /* user_data of the entry that a coroutine has just written */
#define OUROS_MARK_SUSPEND    2 /* the frame of that coroutine, which waits from here on */
#define OUROS_MARK_RESUME     3 /* user_data of the entry that a coroutine has waited for */

/* From the kernel. */
#define OUROS_MARK_THREAD    16 /* process << 32 | thread: what this hart runs from here on */
#define OUROS_MARK_PROCESS   17 /* the process that the next two marks of this hart name */
#define OUROS_MARK_NAME      18 /* eight characters of its name, the first in the lowest byte */
#define OUROS_MARK_NAME_REST 19 /* the next eight */
#define OUROS_MARK_IDLE      20 /* 1: this hart has nothing to do; 0: it goes on */

#endif
