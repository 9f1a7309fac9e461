// SPDX-License-Identifier: BSD-2-Clause
//
// Any system call, awaited: call(SYS_flock, fd, LOCK_EX). It is handed to the kernel by an ecall
// that returns at once, and while it waits there the worker goes on with other strands. For calls
// that have an operation of their own (io.hpp) that is the better way: it costs no ecall.
//
// The result is the call's, or -errno. A signal does not interrupt it, and memory that its
// arguments point to is in use until it has completed. -EINVAL is what calls give that nobody can
// do for a thread, like exit, clone and execve (ouros/kernel.h has the list); what is about the
// thread, as its signal mask, is about the one that the strand runs on at the moment.
#ifndef OUROS_CALL_HPP
#define OUROS_CALL_HPP

#include <linux/futex.h>
#include <ouros/token.hpp>
#include <ouros/worker.hpp>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>

namespace ouros {

class [[nodiscard]] system_call : public operation {
  public:
    template <typename... A>
    explicit system_call(long number, A... arguments)
        : operation(handed_over())
        , number_(number)
        , arguments_{kernel::as_register(arguments)...} {
        static_assert(sizeof...(A) <= 6);
    }

    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) noexcept {
        mark<OUROS_MARK_SUBMIT>(static_cast<operation*>(this));
        mark<OUROS_MARK_SUSPEND>(coroutine.address());
        uintr::disable();
        return worker::here()->issue(*this, coroutine);
    }
    // Of 64 bits, as a register has them.
    int64_t await_resume() const noexcept {
        mark<OUROS_MARK_RESUME>(static_cast<const operation*>(this));
        return ouros_call_result(static_cast<int32_t>(result()), completion_flags());
    }

  private:
    friend class worker;

    int64_t hand_over() {
        return kernel::hand_over(reinterpret_cast<uint64_t>(static_cast<operation*>(this)), number_,
                                 arguments_);
    }

    long number_;
    uint64_t arguments_[6];
};

// call(number, arguments...): integers and pointers, as for syscall(2).
template <typename... A>
system_call call(long number, A... arguments) {
    return system_call(number, arguments...);
}

// Calls that wait and have no opcode.

// wait4(2): the child's process id, with its status in *status.
inline system_call wait_child(pid_t child, int* status, int options = 0) {
    return call(SYS_wait4, child, status, options, nullptr);
}
// waitid(2): any child's end, and what else `options` says.
inline system_call wait_id(idtype_t kind, id_t id, siginfo_t* info, int options) {
    return call(SYS_waitid, kind, id, info, options, nullptr);
}
// futex(2): 0 after a wake, -EAGAIN if the word is another; how many were woken.
inline system_call futex_wait(const uint32_t* word, uint32_t value) {
    return call(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr);
}
inline system_call futex_wake(const uint32_t* word, unsigned count) {
    return call(SYS_futex, word, FUTEX_WAKE_PRIVATE, count);
}
// flock(2)
inline system_call lock_file(int fd, int operation) {
    return call(SYS_flock, fd, operation);
}
// sendfile(2): from where `from` is if there is no offset, which otherwise moves on.
inline system_call send_file(int to, int from, off_t* offset, size_t count) {
    return call(SYS_sendfile, to, from, offset, count);
}

} // namespace ouros

#endif // OUROS_CALL_HPP
