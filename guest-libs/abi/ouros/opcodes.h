/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * io_uring's opcodes that are newer than the toolchain's linux/io_uring.h, by Linux's numbers and
 * with Linux's meaning of the entry's fields, futex2's flags, which two of them take, and one that
 * Linux does not have.
 */
#ifndef OUROS_OPCODES_H
#define OUROS_OPCODES_H

#define OUROS_OP_WAITID 50     /* fd id, len type, file_index options, off siginfo_t * */
#define OUROS_OP_FUTEX_WAIT 51 /* addr, off value, addr3 mask, fd OUROS_FUTEX_*: 0, -EAGAIN */
#define OUROS_OP_FUTEX_WAKE 52 /* addr, off count, addr3 mask, fd OUROS_FUTEX_*: how many */
#define OUROS_OP_FTRUNCATE 55  /* fd, off size */
#define OUROS_OP_BIND 56       /* fd, addr, off size */
#define OUROS_OP_LISTEN 57     /* fd, len backlog */
#define OUROS_OP_EPOLL_WAIT 59 /* fd, addr struct epoll_event *, len count */
#define OUROS_OP_PIPE 62       /* addr int[2], open_flags */

/*
 * Any call that can wait, also one without an opcode: len number, addr uint64_t[6], the arguments,
 * which are read when the call begins; the other fields 0, fd ignored. What is said of calls by
 * token (ouros/kernel.h) holds: results may be wide (ouros_call_result). -EINVAL for a call that is
 * about the thread.
 */
#define OUROS_OP_CALL 224

#define OUROS_FUTEX_U32 2       /* FUTEX2_SIZE_U32: needed */
#define OUROS_FUTEX_PRIVATE 128 /* FUTEX2_PRIVATE: may be added */

#endif /* OUROS_OPCODES_H */
