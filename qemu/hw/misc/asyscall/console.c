/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: handles 0, 1 and 2, on character devices of the host.
 *
 * Reads wait for input, in order; the end of the host's input is a read of 0
 * bytes. Writes go out in order and whole, however slowly the other side takes
 * them. No guest page stays pinned while a request waits here.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "internal.h"
#include "trace.h"

#define ASYSCALL_CONSOLE_INPUT 4096

static void asyscall_console_serve(AsyscallConsole *c)
{
    AsyscallRequest *req;
    bool consumed = false;

    while ((req = QTAILQ_FIRST(&c->readers)) &&
           (!fifo8_is_empty(&c->input) || c->end_of_file)) {
        AsyscallTransfer *t = &req->transfer;
        uint64_t n = 0;

        QTAILQ_REMOVE(&c->readers, req, queue);
        if (!asyscall_transfer_pin(req)) {
            continue; /* it has been parked, and the input waits for the next */
        }
        for (unsigned i = 0; i < t->n_pieces; i++) {
            n += fifo8_pop_buf(
                &c->input, t->pieces[i].iov_base,
                MIN(t->pieces[i].iov_len, fifo8_num_used(&c->input)));
        }
        consumed |= n;
        asyscall_transfer_advance(req, n);
        req->failed = t->done < t->total;
        asyscall_request_finish(req, t->done);
    }
    if (consumed) {
        qemu_chr_fe_accept_input(&c->chr);
    }
}

static int asyscall_console_can_receive(void *opaque)
{
    AsyscallConsole *c = opaque;

    /* While the machine stands still its memory must not change. */
    return runstate_is_running() ? fifo8_num_free(&c->input) : 0;
}

static void asyscall_console_receive(void *opaque, const uint8_t *buffer,
                                     int size)
{
    AsyscallConsole *c = opaque;

    trace_asyscall_console_input(size);
    fifo8_push_all(&c->input, buffer, size);
    asyscall_console_serve(c);
    asyscall_run(c->device);
}

static void asyscall_console_event(void *opaque, QEMUChrEvent event)
{
    AsyscallConsole *c = opaque;

    if (event == CHR_EVENT_OPENED) {
        c->end_of_file = false;
    } else if (event == CHR_EVENT_CLOSED) {
        trace_asyscall_console_end();
        c->end_of_file = true;
        if (runstate_is_running()) {
            asyscall_console_serve(c);
            asyscall_run(c->device);
        }
    }
}

/* ---- output -------------------------------------------------------------- */

static void asyscall_console_pump(AsyscallConsole *c);

static gboolean asyscall_console_writable(void *do_not_use,
                                          GIOCondition condition, void *opaque)
{
    AsyscallConsole *c = opaque;

    c->watch = 0;
    if (!runstate_is_running()) {
        return G_SOURCE_REMOVE; /* asyscall_console_resume() goes on */
    }
    asyscall_console_pump(c);
    asyscall_run(c->device);
    return G_SOURCE_REMOVE;
}

/* Bytes taken, fewer than there are if the other side is slow; or -errno. */
static int64_t asyscall_console_write(AsyscallConsole *c, AsyscallTransfer *t,
                                      bool wait)
{
    int64_t total = 0;

    for (unsigned i = 0; i < t->n_pieces; i++) {
        size_t length = t->pieces[i].iov_len;
        int n;

        n = wait ? qemu_chr_fe_write_all(&c->chr, t->pieces[i].iov_base, length)
                 : qemu_chr_fe_write(&c->chr, t->pieces[i].iov_base, length);
        if (n < 0) {
            return errno == EAGAIN || total ? total : -errno;
        }
        total += n;
        if ((size_t)n < length) {
            break;
        }
    }
    return total;
}

static void asyscall_console_pump(AsyscallConsole *c)
{
    AsyscallRequest *req;
    bool wait = asyscall_modelled(c->device);

    while (!c->watch && (req = QTAILQ_FIRST(&c->writers))) {
        AsyscallTransfer *t = &req->transfer;
        int64_t n;
        bool whole;

        QTAILQ_REMOVE(&c->writers, req, queue);
        if (!asyscall_transfer_pin(req)) {
            continue;
        }
        n = asyscall_console_write(c, t, wait);
        wait = asyscall_modelled(c->device);
        if (n < 0) {
            req->failed = true;
            asyscall_request_finish(req, t->done ? (int64_t)t->done : n);
            continue;
        }
        whole = n == t->pinned;
        asyscall_transfer_advance(req, n);
        if (t->done == t->total) {
            asyscall_request_finish(req, t->done);
            continue;
        }
        req->phase = ASYSCALL_PHASE_CONSOLE;
        QTAILQ_INSERT_HEAD(&c->writers, req, queue);
        if (!whole) {
            c->watch = qemu_chr_fe_add_watch(&c->chr, G_IO_OUT | G_IO_HUP,
                                             asyscall_console_writable, c);
            /*
             * A back end that can't tell when it is ready again is waited for.
             */
            wait = !c->watch;
        }
    }
}

/* ---- requests ------------------------------------------------------------ */

static AsyscallConsole *asyscall_console_for(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;

    if (req->file->kind == ASYSCALL_FILE_CONSOLE_ERROR &&
        qemu_chr_fe_backend_connected(&s->console_error.chr)) {
        return &s->console_error;
    }
    return &s->console;
}

void asyscall_console_start(AsyscallRequest *req)
{
    AsyscallConsole *c = asyscall_console_for(req);
    bool input = req->file->kind == ASYSCALL_FILE_CONSOLE_IN;

    if (input != req->transfer.to_guest) {
        asyscall_request_finish(req, -EBADF);
        return;
    }
    if (!req->transfer.total) {
        asyscall_request_finish(req, 0);
        return;
    }
    if (input && (req->sqe.rw_flags & RWF_NOWAIT) && !c->end_of_file &&
        (fifo8_is_empty(&c->input) || !QTAILQ_EMPTY(&c->readers))) {
        asyscall_request_finish(req, -EAGAIN);
        return;
    }
    req->phase = ASYSCALL_PHASE_CONSOLE;
    if (input) {
        QTAILQ_INSERT_TAIL(&c->readers, req, queue);
        asyscall_console_serve(c);
    } else {
        QTAILQ_INSERT_TAIL(&c->writers, req, queue);
        asyscall_console_pump(c);
    }
}

/* As it waited when the machine was saved. */
void asyscall_console_queue(AsyscallRequest *req)
{
    AsyscallConsole *c = asyscall_console_for(req);

    if (req->transfer.to_guest) {
        QTAILQ_INSERT_TAIL(&c->readers, req, queue);
    } else {
        QTAILQ_INSERT_TAIL(&c->writers, req, queue);
    }
}

/* The machine goes on. */
void asyscall_console_resume(AsyscallState *s)
{
    asyscall_console_serve(&s->console);
    asyscall_console_pump(&s->console);
    asyscall_console_pump(&s->console_error);
    qemu_chr_fe_accept_input(&s->console.chr);
}

bool asyscall_console_cancel(AsyscallRequest *req)
{
    AsyscallConsole *c = asyscall_console_for(req);

    if (req->transfer.to_guest) {
        QTAILQ_REMOVE(&c->readers, req, queue);
    } else {
        QTAILQ_REMOVE(&c->writers, req, queue);
    }
    return true;
}

static void asyscall_console_setup(AsyscallState *s, AsyscallConsole *c)
{
    c->device = s;
    fifo8_create(&c->input, ASYSCALL_CONSOLE_INPUT);
    QTAILQ_INIT(&c->readers);
    QTAILQ_INIT(&c->writers);
}

bool asyscall_console_init(AsyscallState *s, Error **errp)
{
    if (qemu_chr_fe_backend_connected(&s->console_error.chr) &&
        !qemu_chr_fe_backend_connected(&s->console.chr)) {
        error_setg(errp, "console-error is set but console is not");
        error_append_hint(errp,
                          "Give the character device of handles 0 and 1 with "
                          "console=ID too.\n");
        return false;
    }
    asyscall_console_setup(s, &s->console);
    asyscall_console_setup(s, &s->console_error);
    qemu_chr_fe_set_handlers(&s->console.chr, asyscall_console_can_receive,
                             asyscall_console_receive, asyscall_console_event,
                             NULL, &s->console, NULL, true);
    return true;
}

static void asyscall_console_teardown(AsyscallConsole *c)
{
    if (c->watch) {
        g_source_remove(c->watch);
        c->watch = 0;
    }
    qemu_chr_fe_deinit(&c->chr, false);
    fifo8_destroy(&c->input);
}

void asyscall_console_exit(AsyscallState *s)
{
    asyscall_console_teardown(&s->console);
    asyscall_console_teardown(&s->console_error);
}
