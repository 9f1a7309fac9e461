// SPDX-License-Identifier: BSD-2-Clause
//
// The second UART in a process's hands, sending to itself: its interrupts reach the owner and
// nobody else, whether the owner runs, is preempted or blocks; and it comes back from every end.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <ouros/calls.hpp>
#include <ouros/uintr.hpp>
#include <ouros/user_device.hpp>
#include <sched.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

namespace uintr = ouros::uintr;
constexpr char name[] = "serial@10009000";
constexpr int hart = 0; // where all of it happens

void check(bool right, const char* what) {
    if (right)
        return;
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

void stay_on_hart() {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart, &set);
    check(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

uint64_t kernel_entries() {
    ouros_statistics s{};
    ouros::kernel::statistics(&s);
    return s.kernel_entries;
}

// The thread that owns the UART, which sends to itself. With FIFO and trigger 8 a few bytes are
// reported after four character times: later, that is.
struct owner {
    ouros::user_device uart;
    volatile unsigned interrupts = 0;
    volatile uint8_t last = 0;

    int64_t open() {
        int64_t error = uart.open(
            name, [](void* self) { static_cast<owner*>(self)->interrupt(); }, this);
        if (error == 0) {
            uart.set8(4, 0x10); // loop
            uart.set8(1, 0x01); // interrupt when something has come
        }
        return error;
    }
    void interrupt() {
        interrupts = interrupts + 1;
        while (uart.get8(5) & 1)
            last = uart.get8(0);
    }
    void report_late() {
        uart.set8(3, 0x83); // 9600 baud and less
        uart.set8(0, 40);
        uart.set8(1, 0);
        uart.set8(3, 0x03);
        uart.set8(2, 0x87); // FIFOs, trigger 8
    }
    void send(uint8_t byte) { uart.set8(0, byte); }
};

void refusals() {
    ouros_user_device device;
    using ouros::kernel::user_device;
    check(user_device("serial@1000", &device) == -ENOENT, "a device that isn't there");
    check(user_device("virtio_mmio@10001000", &device) == -ENOENT, "one that reaches memory");
    check(user_device("a-name-that-is-longer-than-any-of-a-device", &device) == -ENOENT, "long");
    check(user_device("serial@10000000", &device) == -EBUSY, "the console's");
    check(user_device(nullptr, &device) == -EFAULT, "no name");
    check(user_device(name, nullptr) == -EFAULT, "no place for the answer");
    int file = open("/dev/ttyS1", O_RDWR);
    check(file >= 0, "/dev/ttyS1");
    check(user_device(name, &device) == -EBUSY, "one that a file has");
    close(file);
}

// The thread ends with the interrupt claimed, pending and its line up.
void leaves_it_claimed() {
    std::thread([] {
        stay_on_hart();
        owner o;
        check(o.open() == 0, "open");
        o.uart.set8(2, 0);
        o.send('x');
        check(*o.uart.claim_register() == o.uart.description().interrupt, "claim");
    }).join();
}

void delivered_while_running(owner& o) {
    uint64_t before = kernel_entries();
    for (unsigned i = 0; i < 100; i++) {
        o.send(static_cast<uint8_t>(i));
        check(o.interrupts == i + 1 && o.last == i, "the handler runs at once");
    }
    // The tick may come, and this counts itself.
    check(kernel_entries() - before < 10, "no kernel entries");
}

void wakes_the_blocked(owner& o) {
    o.report_late();
    for (unsigned i = 0; i < 20; i++) {
        unsigned before = o.interrupts;
        uintr::disable();
        o.send(static_cast<uint8_t>(i));
        check(o.interrupts == before, "a few bytes are reported later");
        check(ouros::kernel::wait(ouros::kernel::forever) == 0, "wait");
        check(o.interrupts == before + 1 && o.last == i, "the handler runs before wait returns");
    }
    uintr::disable();
    check(ouros::kernel::wait(1'000'000) == -ETIME, "wait for nothing");
    uintr::enable();
}

// Another thread of the hart, with everything on that would let it take the interrupt, runs while
// the owner's is pending.
std::atomic<int> stolen{0}, seen{0}, watched{0};
extern "C" [[gnu::used]] void thief_interrupt() {
    stolen++;
    asm volatile("csrw 0x004, zero"); // uie
}
OUROS_UINTR_ENTRY(thief_entry, thief_interrupt);

void unseen_by_others(owner& o) {
    std::atomic<bool> ready{false}, go{false}, done{false};
    std::thread thief([&] {
        stay_on_hart();
        check(ouros::kernel::uintr_setup() == 0, "uintr_setup");
        uintr::set_entry(thief_entry);
        asm volatile("csrs 0x004, %0" ::"r"(1 << 8)); // uie.UEIE
        uintr::enable();
        ready = true;
        while (!go)
            sched_yield();
        while (!done) {
            uint64_t pending;
            asm volatile("csrr %0, 0x044" : "=r"(pending)); // uip
            seen += pending >> 8 & 1;
            watched++;
            // What it can reach of the owner's page leads nowhere while the owner doesn't run.
            check(*o.uart.claim_register() == 0, "nothing to claim");
            *o.uart.claim_register() = o.uart.description().interrupt;
            sched_yield();
        }
    });
    while (!ready)
        sched_yield();
    unsigned before = o.interrupts;
    uintr::disable();
    o.send('y');
    uint64_t pending = 0;
    while (!(pending >> 8 & 1)) // and not taken
        asm volatile("csrr %0, 0x044" : "=r"(pending));
    go = true;
    while (watched < 1000)
        sched_yield();
    done = true;
    thief.join();
    check(stolen == 0, "another thread took the owner's interrupt");
    check(seen == 0, "another thread saw the owner's interrupt");
    check(o.interrupts == before, "nobody took it");
    uintr::enable();
    while (o.interrupts == before)
        ;
    check(o.last == 'y', "the owner took it in the end");
}

// Everything that the page allows. The kernel's own interrupts go on: sleeping is one.
void abuses_its_page(owner& o) {
    for (uint32_t source = 0; source < 1100; source++)
        *o.uart.claim_register() = source;
    o.uart.claim_register()[-1] = 7;
    check(*o.uart.claim_register() == 0, "claim above the threshold");
    usleep(1000);
    unsigned before = o.interrupts;
    o.send('z');
    usleep(30000);
    check(o.interrupts == before, "its own threshold holds its interrupt back");
    o.uart.claim_register()[-1] = 0;
    while (o.interrupts == before)
        ;
}

void child_has_nothing(owner& o) {
    int child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        o.uart.get8(5);
        _exit(0);
    }
    int status = 0;
    check(waitpid(child, &status, 0) == child && WIFSIGNALED(status), "a child that touches it");
}

} // namespace

int main() {
    stay_on_hart();
    refusals();
    leaves_it_claimed();
    std::thread([] { // a second owner, whose page the first one's end has not spoilt
        stay_on_hart();
        uintr::enable();
        owner o;
        check(o.open() == 0, "open");
        check(owner().open() == -EBUSY, "a second device");
        std::thread([] { check(owner().open() == -EBUSY, "a second owner"); }).join();
        cpu_set_t others;
        CPU_ZERO(&others);
        CPU_SET(hart + 1, &others);
        check(sched_setaffinity(0, sizeof others, &others) < 0, "the owner stays where it is");
        delivered_while_running(o);
        wakes_the_blocked(o);
        unseen_by_others(o);
        abuses_its_page(o);
        child_has_nothing(o);
    })
        .join();
    int file = open("/dev/ttyS1", O_RDWR);
    check(file >= 0, "/dev/ttyS1 when the owner has ended");
    std::puts("ok");
}
