// SPDX-License-Identifier: BSD-2-Clause
//
// A secure monitor for a hart with M and U mode only: firmware that runs two tasks in turns, keeps
// them out of each other's memory and of its own with PMP, and leaves to a task what is a task's
// own business. With the N extension medeleg and mideleg lead straight to U mode: a task's faults,
// its timer and its messages are handled in the task. The monitor is entered for its services and
// when a slice of time is over. The tasks are worker.cpp and intruder.cpp.
//
//     build/meson/qemu-system-riscv64 -M virt -cpu rv64,n=on,utimer=on,s=off,h=off,zbb=off
//         -bios none -nographic -kernel build/guest-apps/monitor
#include "services.h"

namespace {

constexpr int MSTATUS = 0x300, MEDELEG = 0x302, MIDELEG = 0x303, MIE = 0x304, MCOUNTEREN = 0x306,
              MCAUSE = 0x342, PMPCFG0 = 0x3a0, PMPADDR0 = 0x3b0;
constexpr uint64_t SLICE = 10000; // 1 ms

volatile uint8_t* const uart = reinterpret_cast<uint8_t*>(0x10000000);
volatile uint32_t* const power = reinterpret_cast<uint32_t*>(0x100000);
volatile uint64_t* const mtime = reinterpret_cast<uint64_t*>(0x200bff8);
volatile uint64_t* const mtimecmp = reinterpret_cast<uint64_t*>(0x2004000);

// The user trap registers belong to a task just as x1 to x31 do.
template <int... csrs>
struct csr_list {
    uint64_t value[sizeof...(csrs)];

    void save() {
        uint64_t* to = value;
        ((*to++ = csr_read<csrs>()), ...);
    }
    void load() const {
        const uint64_t* from = value;
        (csr_write<csrs>(*from++), ...);
    }
};

struct task {
    uint64_t x[32]; // x[0]: the pc; entry.S relies on it
    csr_list<UIP, USTATUS, UIE, UTVEC, USCRATCH, UEPC, UCAUSE, UTVAL, UTIMECMP> user;
    const char* name;
    uint64_t memory;
    uint64_t message;
    bool ended;

    // Not fooled by what runs around the end of the address space, either.
    bool owns(uint64_t address, uint64_t length) const {
        return address >= memory && length <= MEMORY_SIZE &&
               address - memory <= MEMORY_SIZE - length;
    }
};

task tasks[TASKS];
task* running;
uint64_t faults;

void print(const char* text) {
    while (*text)
        *uart = static_cast<uint8_t>(*text++);
}

[[noreturn]] void power_off() {
    print("monitor: all tasks have ended; faults that came to the monitor: ");
    print(faults ? "some\n" : "none\n");
    *power = 0x5555;
    for (;;)
        ;
}

void create(task_number number, const char* name, char* memory, void (*main)()) {
    task& task = tasks[number];
    task.name = name;
    task.memory = reinterpret_cast<uint64_t>(memory);
    task.x[0] = reinterpret_cast<uint64_t>(main);
    task.x[2] = task.memory + MEMORY_SIZE;
    task.user.value[8] = UINT64_MAX; // utimecmp: never
}

// The only memory that U mode has is what the only PMP entry describes.
void run(task& next) {
    running = &next;
    csr_write<PMPADDR0>(next.memory >> 2 | (MEMORY_SIZE / 8 - 1));
    csr_write<PMPCFG0>(0x1f); // a power of two; read, write, execute
    next.user.load();
    *mtimecmp = *mtime + SLICE;
}

void run_another() {
    running->user.save();
    for (uint64_t i = 1; i <= TASKS; i++) {
        task& next = tasks[(running - tasks + i) % TASKS];
        if (!next.ended)
            return run(next);
    }
    power_off();
}

int64_t serve(uint64_t what, uint64_t a0, uint64_t a1) {
    switch (what) {
    case PRINT:
        // The task may not make the monitor read what it may not read itself.
        if (!running->owns(a0, a1))
            return -1;
        print(running->name);
        print(": ");
        for (uint64_t i = 0; i < a1; i++)
            *uart = reinterpret_cast<const uint8_t*>(a0)[i];
        print("\n");
        return 0;
    case SEND:
        if (a0 >= TASKS || &tasks[a0] == running || tasks[a0].ended)
            return -1;
        tasks[a0].message = a1;
        tasks[a0].user.value[0] |= 1; // uip.USIP, when it runs
        return 0;
    case RECEIVE:
        return static_cast<int64_t>(running->message);
    case EXIT:
        running->ended = true;
        run_another();
        return 0;
    default:
        return -1;
    }
}

} // namespace

extern "C" {

extern char worker_memory[], intruder_memory[];
void worker_main(), intruder_main();

task* monitor_start() {
    create(WORKER, "worker", worker_memory, worker_main);
    create(INTRUDER, "intruder", intruder_memory, intruder_main);
    csr_write<MEDELEG>(~(1ull << USER_ECALL));
    csr_write<MIDELEG>(1 << USER_SOFTWARE | 1 << USER_TIMER);
    csr_write<MIE>(1 << MACHINE_TIMER);
    csr_write<MCOUNTEREN>(2); // a task may read the time, and thus set its timer
    csr_write<MSTATUS>(0);    // mret leads to U mode, where M mode's interrupts are always taken
    run(tasks[WORKER]);
    return running;
}

task* monitor_trap(task* from) {
    uint64_t cause = csr_read<MCAUSE>();

    if (cause == USER_ECALL) {
        from->x[0] += 4;
        from->x[10] = static_cast<uint64_t>(serve(from->x[17], from->x[10], from->x[11]));
    } else {
        if (cause != (INTERRUPT | MACHINE_TIMER)) {
            faults++;
            from->ended = true;
        }
        run_another();
    }
    return running;
}
}
