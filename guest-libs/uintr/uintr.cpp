// SPDX-License-Identifier: BSD-2-Clause
//
// Entry stubs and the dispatch by vector. Runs in the handler: integer registers only
// (tests/unit/handler-code.py looks).

#include <ouros/bits.h>
#include <ouros/kernel.h>
#include <ouros/uintr.hpp>

namespace ouros::uintr {

namespace {

struct slot {
    handler* function;
    void* context;
};

struct source_slot {
    source_handler* function;
    void* context;
};

} // namespace

// Of a thread; of a worker, if threads change places on it (ouros/thread.hpp): then it is the table
// of the thread that has started the worker.
struct handler_table {
    slot slots[64] = {};
    source_slot timer_slot = {}, external_slot = {};
    entry* entry_of_thread = nullptr;
    flag* flag_of_thread = nullptr;
    uint64_t unclaimed = ~(uint64_t{1} << OUROS_VECTOR_COMPLETION);
    bool taken_over = false; // utvec is not this file's any more
    bool vectored = false;   // some source has a handler
};

namespace {

constinit thread_local handler_table own_table = {};
[[gnu::tls_model("local-exec")]] constinit thread_local handler_table* table = nullptr;

handler_table& handlers() {
    if (!table)
        table = &own_table;
    return *table;
}

// Behind the table and before the stub: OUROS_UINTR_TABLE.
constexpr uint64_t table_size = 48;
constexpr uint64_t vectored_mode = 1;

void write_utvec(uint64_t value) {
    asm volatile("csrw " OUROS_CSR_NAME(OUROS_CSR_UTVEC) ", %0" ::"r"(value));
}

void install(const handler_table& t) {
    auto stub = reinterpret_cast<uint64_t>(t.entry_of_thread);
    if (!t.taken_over)
        write_utvec(t.vectored ? (stub - table_size) | vectored_mode : stub);
}

void set_vector(entry* stub) {
    handler_table& t = handlers();
    t.entry_of_thread = stub;
    install(t);
    asm volatile("csrsi " OUROS_CSR_NAME(OUROS_CSR_UIE) ", 1" ::: "memory");
}

} // namespace

void set_entry(entry* stub) {
    set_vector(stub);
}

void set_entry_with_timer(entry* stub) {
    off_guard off;
    handlers().vectored = true;
    set_vector(stub);
    asm volatile("csrs " OUROS_CSR_NAME(OUROS_CSR_UIE) ", %0" ::"r"(
                     uint64_t{1} << static_cast<unsigned>(source::timer))
                 : "memory");
}

void** handlers_of_thread() {
    handlers();
    return reinterpret_cast<void**>(&table);
}

void set_handler(unsigned vector, handler* function, void* context) {
    off_guard off;
    handler_table& t = handlers();
    t.slots[vector % 64] = {function, context};
    if (!t.entry_of_thread)
        set_vector(ouros_uintr_entry);
}

void set_source_handler(source from, source_handler* function, void* context) {
    off_guard off;
    handler_table& t = handlers();
    (from == source::timer ? t.timer_slot : t.external_slot) = {function, context};
    t.vectored = true;
    if (t.entry_of_thread)
        install(t);
    else
        set_vector(ouros_uintr_entry);
    asm volatile("csrs " OUROS_CSR_NAME(OUROS_CSR_UIE) ", %0" ::"r"(uint64_t{1}
                                                                    << static_cast<unsigned>(from))
                 : "memory");
}

void take_over(entry* all_traps) {
    off_guard off;
    handlers().taken_over = true;
    write_utvec(reinterpret_cast<uint64_t>(all_traps));
}

vectors_handler* vectors_function() {
    entry* stub = handlers().entry_of_thread;
    return stub ? reinterpret_cast<vectors_handler* const*>(stub)[-1] : ouros_uintr_dispatch;
}

int claim_vector() {
    off_guard off;
    uint64_t& unclaimed = handlers().unclaimed;
    int vector = 63;
    while (vector >= 0 && !(unclaimed >> vector & 1))
        vector--;
    if (vector >= 0)
        unclaimed &= ~(uint64_t{1} << vector);
    return vector;
}

void release_vector(unsigned vector) {
    off_guard off;
    handlers().slots[vector % 64] = {};
    handlers().unclaimed |= uint64_t{1} << vector % 64;
}

// uscratch holds the address of the flag; t0 and t1 are free again at the end. Seven instructions.
extern "C" void ouros_uintr_flag_entry();
asm(".pushsection .text.ouros_uintr_flag_entry, \"ax\", @progbits\n" OUROS_UINTR_TABLE(
    ouros_uintr_flag_entry, ouros_uintr_flag_vectors) //
    ".type ouros_uintr_flag_entry, @function\n"
    "ouros_uintr_flag_entry:\n"
    "csrrw t0, " OUROS_CSR_NAME(
        OUROS_CSR_USCRATCH) ", t0\n"
                            "sd t1, 8(t0)\n"
                            ".insn i 0x7b, 2, t1, x0, 1\n"
                            "amoor.d zero, t1, (t0)\n"
                            "ld t1, 8(t0)\n"
                            "csrrw t0, " OUROS_CSR_NAME(
                                OUROS_CSR_USCRATCH) ", t0\n"
                                                    ".word 0x00200073\n" // uret
                                                    ".size ouros_uintr_flag_entry, . - "
                                                    "ouros_uintr_flag_entry\n"
                                                    ".popsection\n");

// The same where another entry has saved the registers, and has uscratch.
extern "C" void ouros_uintr_flag_vectors(uint64_t vectors) {
    __atomic_fetch_or(&table->flag_of_thread->vectors, vectors, __ATOMIC_RELAXED);
}

void set_flag(flag* where) {
    off_guard off;
    handlers().flag_of_thread = where;
    if (!handlers().taken_over)
        asm volatile("csrw " OUROS_CSR_NAME(OUROS_CSR_USCRATCH) ", %0" ::"r"(where) : "memory");
    set_vector(ouros_uintr_flag_entry);
}

extern "C" void ouros_uintr_dispatch(uint64_t vectors) {
    const handler_table& t = handlers(); // there is none if nobody has set a handler
    for (; vectors; vectors &= vectors - 1) {
        unsigned vector = lowest_bit(vectors);
        const slot& to = t.slots[vector];
        if (to.function)
            to.function(vector, to.context);
    }
}

OUROS_UINTR_ENTRY(ouros_uintr_entry, ouros_uintr_dispatch);

extern "C" void ouros_uintr_source_dispatch(uint64_t cause) {
    constexpr auto timer = static_cast<unsigned>(source::timer);
    const source_slot& to = (cause & 0xff) == timer ? table->timer_slot : table->external_slot;
    to.function(to.context);
}

asm(".pushsection .text.ouros_uintr_source_entry, \"ax\", @progbits\n"
    ".balign 4\n"
    ".globl ouros_uintr_source_entry\n" //
    OUROS_UINTR_STUB(ouros_uintr_source_entry, "csrr a0, " OUROS_CSR_NAME(OUROS_CSR_UCAUSE),
                     ouros_uintr_source_dispatch) //
    ".popsection\n");

} // namespace ouros::uintr
