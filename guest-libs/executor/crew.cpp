// SPDX-License-Identifier: BSD-2-Clause
//
// Starting and ending the workers of a run(), and making the threads that they run on. A thread is
// made with pthread_create: that gives a stack with a guard page, thread-local storage, and one of
// the kernel's threads, which stands by from then on. Threads are never ended; the next run() finds
// them.

#include <cerrno>
#include <climits>
#include <linux/futex.h>
#include <new>
#include <ouros/crew.hpp>
#include <ouros/reactor.hpp>
#include <ouros/task.hpp>
#include <ouros/timer.hpp>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ouros {

namespace {

uint32_t threads_made = 0; // atomic

void await_change(uint32_t* word, uint32_t from) {
    ::syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, from, nullptr, nullptr, 0);
}
void add_one(uint32_t* word) {
    __atomic_fetch_add(word, 1u, __ATOMIC_ACQ_REL);
    ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void destroy_thread(user_thread*) {
    __builtin_trap(); // a coroutine's frame can be destroyed while it is suspended, a thread can't
}

// The calling thread can be parked from now on.
user_thread* init_thread() {
    user_thread* self = &ouros_this_thread;
    self->resume = ouros_thread_resume;
    self->destroy = destroy_thread;
    self->thread_pointer = reinterpret_cast<uint64_t>(__builtin_thread_pointer());
    self->on = &worker_of_thread;
    self->handlers = uintr::handlers_of_thread();
    self->arrival = {};
    self->arrival.reserved = 1;
    return self;
}

kernel_thread* make_kernel_thread(worker* starts) {
    // Signals may be taken on it, for an instant.
    constexpr size_t size = 8192;
    auto* memory = static_cast<char*>(::operator new (size, std::align_val_t{16}, std::nothrow));
    if (!memory)
        return nullptr;
    auto* self = reinterpret_cast<kernel_thread*>(memory);
    *self = {reinterpret_cast<uint64_t>(memory + size), starts};
    return self;
}

// Ticks of uintr::timer, which the device tree of `virt` has at 10 MHz.
uint64_t ticks_of(std::chrono::nanoseconds time) {
    constexpr int64_t tick_ns = 100;
    return static_cast<uint64_t>((time.count() + tick_ns - 1) / tick_ns);
}

} // namespace

// What crew does with a worker besides.
struct crew_worker {
    // On the thread that the worker starts on.
    static int64_t start(worker& w, const worker_options& options, kernel_thread* self) {
        w.kernel_ = self;
        w.thread_ = init_thread();
        int64_t error = w.start(options);
        if (error < 0)
            return error;
        uintr::disable();
        w.plain_home_ = 0; // no strand is that plain
        w.handlers_ = *uintr::handlers_of_thread();
        int vector = uintr::claim_vector();
        int64_t fd = vector < 0 ? -ENOSPC : kernel::uintr_create_fd(static_cast<unsigned>(vector));
        if (fd >= 0) {
            error = kernel::uintr_register_sender(static_cast<int>(fd));
            ::close(static_cast<int>(fd));
        }
        if (fd < 0 || error < 0) {
            kernel::ring_close();
            return fd < 0 ? fd : error;
        }
        w.sender_ = static_cast<uint64_t>(error);
        w.vector_ = static_cast<unsigned>(vector);
        uintr::set_handler(w.vector_, worker::posted, &w);
        uintr::timer::disarm();
        uintr::set_entry_with_timer(ouros_threaded_entry);
        w.keep_reserve();
        return 0;
    }

    // The last thing on this worker: nothing of it is needed any more but its threads.
    static void stop(worker& w) {
        uintr::timer::disarm();
        kernel::worker_bind(0, 0, 0);
        w.bound_ = false;
        w.stop();
        kernel::uintr_unregister_sender(w.sender_);
        uintr::release_vector(w.vector_);
        give_back(w);
    }

    static void give_back(worker& w) {
        spare_threads::give(std::exchange(w.free_, nullptr));
        if (w.reserve_)
            w.reserve_->next = nullptr;
        spare_threads::give(std::exchange(w.reserve_, nullptr));
    }

    // The first worker ends when all others have.
    [[noreturn]] static void end_first(worker& w) {
        crew& c = *w.crew_;
        __atomic_store_n(&c.stopping, 1u, __ATOMIC_SEQ_CST);
        for (unsigned n = 1; n < c.count; n++)
            c.workers[n]->nudge();
        while (load_acquire(&c.running)) {
            kernel::wait(kernel::forever);
            uintr::disable();
        }
        user_thread* caller = c.caller;
        stop(w);
        ouros_thread_resume(caller);
        __builtin_unreachable();
    }

    [[noreturn]] static void end_other(worker& w) {
        crew& c = *w.crew_;
        uint64_t first = c.workers[0]->sender_;
        kernel_thread* kernel = w.kernel_;
        user_thread* thread = w.thread_;
        stop(w);
        // From here on the crew may be gone.
        __atomic_fetch_sub(&c.running, 1u, __ATOMIC_ACQ_REL);
        if (uintr::send(first) != OUROS_UIPI_SENT)
            kernel::uintr_send(first);
        ouros_thread_retire(kernel, thread);
    }

    // What every thread of a worker does; worker and thread may be others after each strand.
    [[noreturn]] static void loop() {
        for (;;) {
            uintr::disable();
            worker& w = *worker::here();
            if (w.done())
                w.number_ == 0 ? end_first(w) : end_other(w);
            if (!w.reserve_)
                w.keep_reserve();
            if (ouros_task* next = w.pick()) {
                std::coroutine_handle<> where = worker::resume_point(next);
                uintr::enable();
                where.resume();
            }
        }
    }

    static worker* make(crew& c, unsigned number, const worker_options& options) {
        auto* w = new (std::nothrow) worker;
        if (w) {
            w->crew_ = &c;
            w->number_ = number;
            w->slice_ = ticks_of(options.slice);
        }
        return w;
    }

    static void begin(worker& w, detail::promise_base& root, bool started) {
        w.root_ = &root;
        if (started)
            w.start_strand(&root, {});
    }
    // The calling thread is parked until the first worker has ended.
    static void leave(worker& w) {
        user_thread* self = w.thread_;
        user_thread* to = w.free_;
        if (to)
            w.free_ = to->next;
        else if (user_thread* all = spare_threads::take_all()) {
            to = all;
            spare_threads::give(std::exchange(all->next, nullptr));
        }
        w.thread_ = to;
        *to->on = &w;
        *to->handlers = w.handlers_;
        ouros_thread_leave(self, to, std::noop_coroutine().address());
        give_back(w); // what was the worker's last thread, too
    }
};

extern "C" void ouros_thread_main(void* coroutine) {
    uintr::enable();
    std::coroutine_handle<>::from_address(coroutine).resume();
    crew_worker::loop();
}

namespace {

struct starting {
    crew* of;
    const worker_options* options;
    kernel_thread* kernel;
};

void* thread_begin(void* argument) {
    starting start = *static_cast<starting*>(argument);
    uintr::disable();
    if (!start.kernel->starts) {
        user_thread* self = init_thread();
        add_one(&threads_made);
        ouros_thread_retire(start.kernel, self);
    }
    worker& w = *start.kernel->starts;
    if (int64_t error = crew_worker::start(w, *start.options, start.kernel); error < 0) {
        __atomic_store_n(&start.of->error, error, __ATOMIC_RELAXED);
        __atomic_fetch_sub(&start.of->running, 1u, __ATOMIC_ACQ_REL);
        add_one(&start.of->started);
        return nullptr;
    }
    ouros_this_thread.stack_top = reinterpret_cast<uint64_t>(__builtin_frame_address(0)) & ~15ull;
    add_one(&start.of->started);
    crew_worker::loop();
}

// 0 or -errno.
int64_t make_thread(starting& start) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, start.options->stack_size);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, thread_begin, &start);
    pthread_attr_destroy(&attributes);
    return -error;
}

// As many as this crew needs, if there are not as many from a former one.
int64_t make_threads(starting& start, unsigned wanted) {
    unsigned made = 0;
    user_thread* spare = spare_threads::take_all();
    for (user_thread* each = spare; each; each = each->next)
        made++;
    spare_threads::give(spare);
    for (; made < wanted; made++) {
        start.kernel = make_kernel_thread(nullptr);
        if (!start.kernel)
            return -ENOMEM;
        uint32_t before = load_acquire(&threads_made);
        if (int64_t error = make_thread(start); error < 0)
            return error;
        while (load_acquire(&threads_made) == before)
            await_change(&threads_made, before);
    }
    return 0;
}

} // namespace

int64_t crew::run(detail::promise_base& root, const worker_options& options) {
    constexpr unsigned some = 4;
    auto* c = new crew;
    c->count = options.workers < 1 ? 1 : options.workers;
    if (c->count > most_workers)
        c->count = most_workers;
    c->classes = options.classes;
    unsigned each = (options.threads ? options.threads : some) + 1; // and one in reserve
    starting start{c, &options, nullptr};
    int64_t error = make_threads(start, c->count * each + 1);
    for (unsigned n = 0; error == 0 && n < c->count; n++)
        if (!(c->workers[n] = crew_worker::make(*c, n, options)))
            error = -ENOMEM;
    kernel_thread* self = error == 0 ? make_kernel_thread(nullptr) : nullptr;
    if (error == 0)
        error = self ? crew_worker::start(*c->workers[0], options, self) : -ENOMEM;
    if (error < 0)
        return error;
    worker& first = *c->workers[0];
    c->caller = &ouros_this_thread;
    for (unsigned n = 1; n < c->count && error == 0; n++) {
        start.kernel = make_kernel_thread(c->workers[n]);
        __atomic_fetch_add(&c->running, 1u, __ATOMIC_RELAXED);
        error = start.kernel ? make_thread(start) : -ENOMEM;
        if (error < 0)
            __atomic_fetch_sub(&c->running, 1u, __ATOMIC_RELAXED);
        while (error == 0 && load_acquire(&c->started) != n)
            await_change(&c->started, n - 1);
        if (error == 0)
            error = load_relaxed(&c->error);
        if (error < 0)
            c->count = n; // those that are there end again
    }
    if (error < 0)
        root.joiner = detail::promise_base::ended(); // so that the first worker ends at once
    crew_worker::begin(first, root, error == 0);
    crew_worker::leave(first);
    remove_reactor();
    worker_of_thread = nullptr;
    // Strands in calls that are not over will come back to find nobody: they need something to
    // find.
    if (load_acquire(&c->away) == 0) {
        for (unsigned n = 0; n < c->count; n++)
            delete c->workers[n];
        delete c;
    }
    return error;
}

} // namespace ouros
