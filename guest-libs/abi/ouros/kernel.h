/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the Ouros kernel offers a process beyond the Linux riscv64 system calls: the calls
 * that set up a ring and user interrupts, the call that waits, and the counters.
 *
 * Calling convention: Linux's (`ecall`, a7 = number, a0..a5 arguments, a0 = value or
 * -errno). Plain C, also valid as C++.
 *
 * User interrupts. The handler address is the process's own CSR: a thread writes utvec,
 * sets uie.USIE and ustatus.UIE itself. uintr_setup gives the thread a receiver in the
 * UINTC; from then on the kernel saves and restores utvec, uscratch, uepc, ucause, utval,
 * uie and utimecmp when it switches threads (ustatus is part of sstatus). A thread that has called
 * neither it nor user_exceptions finds them cleared after a switch. A vector is a bit in what
 * `uipi READ` returns.
 */
#ifndef OUROS_KERNEL_H
#define OUROS_KERNEL_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#define OUROS_STATIC_ASSERT(condition) static_assert(condition, #condition)
#else
#include <stddef.h>
#include <stdint.h>
#define OUROS_STATIC_ASSERT(condition) _Static_assert(condition, #condition)
#endif

/* Far above Linux's numbers, so that on Linux they answer ENOSYS. */
#define OUROS_SYS_ring_setup 20224
#define OUROS_SYS_ring_close 20225
#define OUROS_SYS_wait 20226
#define OUROS_SYS_uintr_setup 20227
#define OUROS_SYS_statistics 20228
#define OUROS_SYS_uintr_create_fd 20229
#define OUROS_SYS_uintr_register_sender 20230
#define OUROS_SYS_uintr_unregister_sender 20231
#define OUROS_SYS_uintr_send 20232
#define OUROS_SYS_user_exceptions 20233
#define OUROS_SYS_fault_in 20234
#define OUROS_SYS_user_device 20235
#define OUROS_SYS_worker_bind 20236
#define OUROS_SYS_stand_by 20237
#define OUROS_SYS_priorities 20241
#define OUROS_SYS_give_way 20242
#define OUROS_SYS_stretches 20243
#define OUROS_SYS_fail_allocation 20248
#define OUROS_SYS_first 20224
#define OUROS_SYS_last 20248

/*
 * ring_setup(sq_entries, cq_entries, struct ouros_ring *out, out_size)
 * Gives the calling thread a queue pair of the asyscall device: maps its ring memory
 * (read-write) and its doorbell page. One per thread. Completions are sent to the
 * thread's receiver (made if it has none) as vector OUROS_VECTOR_COMPLETION.
 * sq_entries and cq_entries: powers of two, 1..4096, cq_entries >= sq_entries.
 * -EINVAL, -ENOMEM, -EBUSY (the thread has one), -EMFILE (no queue pair left), -ENOSPC (no slot of
 * the UINTC left that could be kept for it), -ENODEV (no device), -EFAULT.
 */
struct ouros_ring {
    uint64_t ring;     /* address of struct asyscall_ring; entries follow as it says */
    uint64_t doorbell; /* address of the doorbell page */
    uint32_t sq_entries;
    uint32_t cq_entries;
    uint32_t queue_pair;
    uint32_t vector; /* OUROS_VECTOR_COMPLETION */
};
OUROS_STATIC_ASSERT(sizeof(struct ouros_ring) == 32);

#define OUROS_VECTOR_COMPLETION 0

/*
 * Calls by token. `ecall` with a7 = number | OUROS_CALL_TOKEN, a0..a5 the arguments of the call of
 * that number, and a6 a token of the caller's. The kernel notes the call and returns OUROS_PENDING
 * at once; the thread's CQ then gets one completion, by user interrupt like any other: user_data =
 * token, and in res and flags what the ecall would have returned (ouros_call_result).
 *
 * Or the hand-over fails, there is no completion, and the value is: -EINVAL (the thread has no
 * ring; or the call is the thread's own next step, which nobody can do for it: exit, exit_group,
 * clone, execve, execveat, rt_sigreturn, rt_sigsuspend, rt_sigtimedwait, sched_yield; or a call of
 * this file); -EAGAIN (backpressure: as many are pending as the CQ has entries, or completions wait
 * for room in it: reap some, and flush); -ENOMEM; -ENODEV (the device can't complete them).
 *
 * When it is done. Calls begin in the order of the hand-over, with entries that the device has
 * forwarded: on a hart that has nothing to do, or when the thread has nothing left to run, at the
 * latest at the tick; then they go on side by side. Memory that the arguments point to is used
 * until the completion. A call that is about the thread (its signal mask, its name, ...) and never
 * waits is done in the hand-over.
 *
 * Results are those of the call, but: a signal does not interrupt it, so there is no EINTR;
 * ASYNC_CANCEL with the token as user_data, by ANY, or FD (the descriptor that the call waits for)
 * ends it with -ECANCELED; EPIPE comes without SIGPIPE; and there is no signal mask to be set for
 * its time (ppoll, pselect6, epoll_pwait: -EINVAL). ASYNC_CANCEL gives 0 for a call that has not
 * begun, and -EALREADY for one that has: its completion tells what became of it.
 *
 * Ends. ring_close, the end of the thread, of its process, and execve end what is pending; nothing
 * of it happens afterwards, and nobody is there for its completion. A child of fork has none of it.
 */
#define OUROS_CALL_TOKEN 0x10000u
#define OUROS_PENDING (-4096l) /* no call returns it: not an errno, nor an address */

/* Flags of the completion of a call by token whose value is more than res can hold. */
#define OUROS_CQE_WIDE 0x80000000u /* the other bits are bits 62..32 of the value */

static inline int64_t ouros_call_result(int32_t res, uint32_t flags) {
    if (flags & OUROS_CQE_WIDE)
        return (int64_t)((uint64_t)(flags & ~OUROS_CQE_WIDE) << 32 | (uint32_t)res);
    return res;
}

/* ring_close(): cancels what is in flight, waits until no DMA is left, unmaps. */

/*
 * wait(timeout_ns, flags): nothing is left to run. Enables user interrupts (ustatus.UIE = 1) and
 * blocks until one is pending for this thread, atomically, as sigsuspend does for signals.
 * Call it with UIE = 0 after a last look at the completion queue. The handler has run when
 * the call returns. timeout_ns: relative, UINT64_MAX = none.
 * The thread's timer (utimecmp), if uie.UTIE is set, ends it at its time, as a vector does.
 * 0; -ETIME after timeout_ns; -EINTR (a signal); -EINVAL (no receiver).
 */

/*
 * uintr_setup(flags = 0): gives the thread a receiver without a ring. 0, -EINVAL, -ENODEV, -ENOMEM.
 * uintr_create_fd(vector, flags): an fd that stands for (this thread's receiver, vector);
 *   -EINVAL for vector > 63. Passing or inheriting the fd passes the right to send.
 * uintr_register_sender(fd, flags): an entry in this process's sender table for that fd;
 *   returns the index for `uipi SEND`. -EBADF, -EINVAL, -ENOMEM, -ENOSPC (32768 is the most).
 * uintr_unregister_sender(index): the entry is dead when the call returns, its index may be
 *   given to a later registration. 0, -EINVAL.
 * uintr_send(index): what `uipi SEND` does, by the kernel. There may be more receivers than the
 *   UINTC has slots; a receiver that has none at the moment keeps its vectors in the kernel, and
 *   `uipi SEND` answers OUROS_UIPI_REFUSED or OUROS_UIPI_NO_SENDER, also for a while after it has
 *   got one again. The sender then makes this call, which loses no vector, and after which
 *   `uipi SEND` works again if the receiver has a slot. A thread that runs has one, and so has one
 *   with a ring. 0; -EINVAL: no such entry; -ESRCH: its receiver has ended.
 *
 * Ends. A receiver belongs to a thread and ends with it, or when its process executes another
 * program: from then on its senders get OUROS_UIPI_REFUSED or OUROS_UIPI_NO_SENDER, and uintr_send
 * -ESRCH. fork: the child's thread has no receiver and its process no sender table; the fds are
 * inherited, and give the child the right to register. execve: receiver and sender table go; fds
 * without FD_CLOEXEC stay. Closing the last fd takes nothing from who has registered; it only ends
 * the passing on of the right.
 */

/*
 * user_exceptions(mask, flags = 0): which exceptions of the calling thread go to its utvec instead
 * of the kernel: bit n is cause n. Allowed are OUROS_USER_EXCEPTIONS. Replaces the mask and returns
 * the one before; -EINVAL. Not inherited by threads; fork and execve start with 0. The trap is
 * taken whether or not ustatus.UIE is set, and clears it; a second one before the handler has saved
 * uepc, ucause and utval overwrites them, so the entry must be such that it can't fault: resident
 * (fault_in) and on a stack of its own. The thread's user-trap registers are kept from the first
 * call on, with whatever mask. What firmware does not let S mode delegate (OpenSBI: illegal
 * instructions) goes by way of the kernel, which leaves the registers as the hart would.
 *
 * fault_in(address, access): what the kernel does on a page fault at this address with this access
 * (PROT_READ, PROT_WRITE or PROT_EXEC): brings in the page of an area that comes in on demand. For
 * a handler that finds that a page fault was the kernel's business. 0: the access would succeed
 * now; -EFAULT: it is not allowed, -ENOMEM. A handler that does not want an exception clears its
 * bit with user_exceptions and returns to the instruction, which then traps to the kernel.
 */
#define OUROS_USER_EXCEPTIONS                                                                      \
    0xb05dull /* 0 2 3 4 6 12 13 15: misaligned fetch, load and store,                             \
                 illegal instruction, breakpoint, page faults */

/*
 * user_device(name, struct ouros_user_device *out, out_size, flags = 0): gives the calling thread a
 * device that the kernel does not use itself, named as its device-tree node is
 * ("serial@10009000"): maps its registers, and the claim/complete register of the thread's hart in
 * the PLIC (user context) into the process, so that the device's interrupt reaches the thread as a
 * user external interrupt (cause 8) when it has set uie.UEIE. Makes a receiver for the thread if it
 * has none. The thread stays on the hart that it is on. One device per thread, and per hart.
 *
 * Only while the thread runs can the device be claimed and completed; otherwise its interrupt stays
 * pending. If the thread blocks in wait() the interrupt makes it ready, provided that the last one
 * was completed. fork gives the child nothing; when the thread ends or executes another program the
 * device is silenced, completed if need be, and free again.
 *
 * -ENOENT: no device of this name, or one that a process can't have: only UARTs can be given, since
 * they reach no memory. -EBUSY: the kernel's console; /dev/ttyS1 is open; another thread has it;
 * this thread or another one of this hart has a device. -ENODEV: no user contexts in the PLIC, or
 * no user interrupts. -ENOMEM, -EFAULT, -EINVAL.
 */
struct ouros_user_device {
    uint64_t registers; /* address of the first register page */
    uint64_t size;      /* bytes */
    uint64_t claim;     /* address of the claim/complete register (32 bits) */
    uint32_t interrupt; /* what a claim returns for this device */
    uint32_t hart;
};
OUROS_STATIC_ASSERT(sizeof(struct ouros_user_device) == 32);

/*
 * A process may run its own threads on those of the kernel: stacks with thread-local storage that
 * it switches itself. A thread of the kernel that does so has a worker: its ring, its receiver, and
 * a number of the process's choice. If it blocks, the worker goes on with another one:
 *
 * worker_bind(number, entry, self, flags = 0): the calling thread has a worker from now on, or with
 *   number 0 none. When it blocks in a system call of Linux's with ustatus.UIE set, a thread of the
 *   process that stands by, if there is one, gets the worker: ring and receiver with what is
 * pending in it, utvec, uscratch, uie, utimecmp, signal mask, priority and harts; and its stand_by
 * returns. The thread that has blocked goes on, when its call is over, at `entry`, as if it had
 * taken a trap of cause OUROS_CAUSE_WORKER_LOST: uepc is where the call returns to (or a signal's
 * handler), utval is `self`, ustatus.UIE is clear and UPIE as UIE was, and all other registers are
 * as the call leaves them. It has no receiver, no ring and no worker then; uret goes on after the
 * call. 0; -EINVAL: no receiver (uintr_setup, ring_setup), or it has a device or exceptions of its
 * own (user_device, user_exceptions), which keep their thread. stand_by(self, flags = 0): waits for
 * a worker. Gives the caller's receiver back first; takes no signals (and leaves all of them
 * blocked until it has a worker). Call it with ustatus.UIE clear. 0, and the number of the worker
 * in a1: the caller is its thread now, with `self` for the next time it loses it. -EINTR: the
 * process was stopped; call again. -EBUSY: the caller has a ring; -EINVAL, as above or there are no
 * user interrupts.
 *
 * A call keeps its thread's worker if nobody stands by, if UIE is clear, and if it is one of those
 * in this file (wait is how a worker without work waits). A process of which all threads stand by
 * ends. fork: the child's thread has no worker. execve, exit: workers end with their threads.
 */
#define OUROS_CAUSE_WORKER_LOST 24

/*
 * Priorities. Everything that can run has one, 0 the highest, 63 the lowest: an ordinary thread 32,
 * or what nice and sched_setscheduler make of it (docs/system-calls.md). A thread that schedules
 * tasks of its own has that of the first of them:
 *
 * priorities(struct ouros_priorities *out, out_size, mode): gives the calling thread a word that it
 *   writes and the kernel reads, and shows it the system's. One per thread; a second call may
 * change the mode. OUROS_PRIORITIES_RELAXED: something more urgent than what the thread has ready
 * runs by the next tick. OUROS_PRIORITIES_STRICT: the thread looks at the system's word each time
 * that it picks a task, and gives the hart up if that is the lower number; so what is more urgent
 * runs by then. (What becomes more urgent than the word of a thread when that left its hart last
 *   interrupts it at once in either mode.) -EINVAL, -ENOMEM, -EFAULT, -ENOSPC (64 threads of the
 *   process have a word). The word goes with a worker (worker_bind). fork: the child has none, and
 *   the pages are not in it. execve, exit: the thread's word is taken back.
 *
 * give_way(): something more urgent than the caller's word runs first, here. 0, when the caller
 * runs again; -EAGAIN: there is nothing that could run on this hart.
 */
#define OUROS_PRIORITIES_RELAXED 0
#define OUROS_PRIORITIES_STRICT 1
#define OUROS_PRIORITIES_NONE 2 /* the thread's word is taken back; `out` is not used */

struct ouros_published { /* written by the process, read by the kernel: 32 bits at a time */
    uint32_t ready;      /* priority of the first task that is ready; above 63: there is none */
    uint32_t ceiling; /* the priority of the thread then: of whatever may become ready by a wake */
};
struct ouros_priorities {
    uint64_t published; /* address of the thread's struct ouros_published */
    uint64_t system;    /* address of a uint32_t, read-only: the highest priority that is ready on
                           any hart, kernel work included, and does not run; above 63: nothing. Kept
                           up to date while any thread of the system is in strict mode */
    uint32_t base;      /* the thread's priority without the word */
    uint32_t mode;
};
OUROS_STATIC_ASSERT(sizeof(struct ouros_priorities) == 24);

/*
 * statistics(struct ouros_statistics *out, out_size): counters of the calling process since
 * it started, and what the system has in use; out_size bytes at most are written, so the struct may
 * grow. Returns bytes.
 */
struct ouros_statistics {
    uint64_t kernel_entries;        /* all traps from U to S; the sum of those below */
    uint64_t syscalls;              /* ecalls other than the three that follow */
    uint64_t ring_setups;           /* ring_setup, ring_close, uintr_setup */
    uint64_t waits;                 /* wait: nothing left to run */
    uint64_t submissions;           /* ecalls that submit ring entries; 0 by design */
    uint64_t completion_interrupts; /* supervisor interrupts that deliver this process's
                                       completions; 0 by design */
    uint64_t timer_interrupts;      /* the kernel's tick */
    uint64_t device_interrupts;     /* other external interrupts taken while it ran */
    uint64_t page_faults;
    uint64_t other_traps;
    uint64_t context_switches; /* times a thread of the process was switched in */
    /* Of the whole system, now; exact while no other thread and no kernel work runs. What a process
       had is given back a while after wait4 has reported it. */
    uint64_t pages_used;   /* other than those that kernel objects are in */
    uint64_t heap_objects; /* kernel objects: processes, threads, files, tasks, ... */
    uint64_t queue_pairs;  /* rings */
    uint64_t receivers;    /* with a slot of the UINTC */
    /* Of the process again. */
    uint64_t token_calls;            /* ecalls by token; also among syscalls */
    uint64_t ring_served;            /* entries and faults that the device has forwarded, and calls
                                        by token: begun by the kernel */
    uint64_t ring_served_in_the_way; /* ... on the hart of the thread that asked for it, while that
                                        was ready to run: 0 but for a tick */
    /* Of the whole system, since it was booted: times that harts were made to forget translations,
       of a page, a range or an address space. None when one process takes another's turn. */
    uint64_t flushes;
};

/*
 * stretches(struct ouros_stretch *out, out_size, flags): the longest stretches that the kernel has
 * executed without looking for interrupts, longest first, for each way into the kernel and place
 * where one ended the longest; as many as fit. Returns bytes. flags: 0, or
 * OUROS_STRETCHES_FORGET: forgets them. Of the whole machine, not of the process. -ENODEV if the
 * kernel was not booted with the argument "stretches"; -EINVAL, -EFAULT.
 */
#define OUROS_STRETCHES_FORGET 1u
#define OUROS_STRETCH_WORK UINT64_MAX
struct ouros_stretch {
    uint64_t instructions; /* retired by the whole machine: exact on one hart, under icount */
    uint64_t entry;        /* by which the hart came into the kernel: the number of a system call,
                              another trap's scause (a fault 12, 13, 15; an interrupt has bit 63);
                              OUROS_STRETCH_WORK: kernel work, done after another thread's call */
    uint64_t ended_at;     /* address in the kernel where interrupts were looked for; 0: it went
                              back to user mode */
};
OUROS_STATIC_ASSERT(sizeof(struct ouros_stretch) == 24);

/*
 * fail_allocation(n, flags): for tests, in a kernel built with checks (kernel_ubsan); elsewhere
 * -ENOSYS. The n-th allocation of pages or of a kernel object from now on finds no memory, among
 * those that are made in system calls of the calling process, and in kernel work that belongs to no
 * thread; 0: none any more. Returns how many were still to come of the n before: 0, the allocation
 * has failed or none was asked for. Ends with the process. flags: OUROS_FAIL_ALL, those after the
 * n-th fail, too, until the process gives back what it has; OUROS_FAIL_FAULTS, page faults from
 * user mode count like system calls. -EINVAL.
 */
#define OUROS_FAIL_ALL 1u
#define OUROS_FAIL_FAULTS 2u

/* The kernel puts the scheduler image (one ELF, the same bytes in every process and in the
   kernel) where AT_SYSINFO_EHDR says, as Linux does with its vDSO; see ouros/sched.h. */

#endif /* OUROS_KERNEL_H */
