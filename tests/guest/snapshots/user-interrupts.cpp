// SPDX-License-Identifier: BSD-2-Clause
//
// N16 under the kernel: a process holds a device, an armed user timer, pending and masked user
// interrupts, floating-point registers; it runs, sleeps, or is in a handler. The machine is saved
// and loaded at every point, and the process cannot tell. Run by tests/isa/run-points.
#include "../../isa/points.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ouros/calls.hpp>
#include <ouros/timer.hpp>
#include <ouros/uintr.hpp>
#include <ouros/user_device.hpp>

// The place at which the program ends well, for run-points.
extern "C" [[gnu::noinline]] void pass() {
    std::puts("PASS");
    std::fflush(stdout);
}

namespace {

POINT(sent_to_itself_while_off)
POINT(in_handler_of_a_vector)
POINT(device_is_held)
POINT(bytes_are_on_their_way)
POINT(in_handler_of_the_device)
POINT(timer_is_armed)
POINT(in_handler_of_the_timer)
POINT(floating_point_is_in_use)

namespace uintr = ouros::uintr;
using uintr::timer;

constexpr uint64_t millisecond = 10'000; // ticks of 100 ns
constexpr uint64_t ages = uint64_t{1} << 40;

void expect(bool right, const char* what) {
    if (right)
        return;
    std::printf("FAIL %s\n", what);
    std::fflush(stdout);
    std::exit(1);
}

volatile unsigned taken, expired;
volatile uint64_t vectors_taken, expired_at;

void on_vector(unsigned vector, void*) {
    in_handler_of_a_vector();
    vectors_taken = vectors_taken | uint64_t{1} << vector;
    taken = taken + 1;
}

void on_timer(void*) {
    expired_at = timer::now();
    in_handler_of_the_timer();
    expired = expired + 1;
}

void vectors() {
    uintr::set_handler(5, on_vector, nullptr);
    uintr::set_handler(63, on_vector, nullptr);
    uintr::raise(uint64_t{1} << 63 | 1 << 5);
    sent_to_itself_while_off();
    expect(taken == 0, "a vector came while they were off");
    uintr::enable();
    expect(taken == 2 && vectors_taken == (uint64_t{1} << 63 | 1 << 5), "not each vector once");
}

// It expires while the thread runs, and while it sleeps in the kernel.
void timers() {
    timer::set_handler(on_timer);
    uint64_t due = timer::now() + 20 * millisecond;
    timer::arm_at(due);
    timer_is_armed();
    expect(timer::armed_at() == due || expired, "the timer is set to something else");
    while (!expired)
        asm volatile("");
    expect(expired_at - due < ages, "the timer came early");

    uint64_t since = timer::now();
    due = since + 20 * millisecond;
    timer::arm_at(due);
    ouros::kernel::wait(1'000'000'000);
    expect(expired == 2 && expired_at - due < ages, "a sleeper's timer came early, or not at all");
}

// The second UART sends to itself; what arrives is reported some character times later.
struct owner {
    ouros::user_device uart;
    volatile unsigned interrupts = 0, bytes = 0;

    void interrupt() {
        in_handler_of_the_device();
        interrupts = interrupts + 1;
        while (uart.get8(5) & 1) {
            expect(uart.get8(0) == 0x40 + bytes, "another byte than was sent");
            bytes = bytes + 1;
        }
    }
};

void device() {
    static owner own;
    int64_t error = own.uart.open(
        "serial@10009000", [](void* self) { static_cast<owner*>(self)->interrupt(); }, &own);
    expect(error == 0, "the device is not given");
    own.uart.set8(4, 0x10); // loop
    own.uart.set8(1, 0x01); // interrupt when something has come
    own.uart.set8(3, 0x83); // 9600 baud and less
    own.uart.set8(0, 40);
    own.uart.set8(1, 0);
    own.uart.set8(3, 0x03);
    own.uart.set8(2, 0x87); // FIFOs, trigger 8
    device_is_held();
    for (uint8_t i = 0; i < 3; i++)
        own.uart.set8(0, static_cast<uint8_t>(0x40 + i));
    bytes_are_on_their_way();
    while (own.bytes < 3)
        ouros::kernel::wait(100'000'000);
    expect(own.interrupts >= 1, "the bytes came without an interrupt");
}

void floating_point() {
    double sum = 0;
    for (int i = 1; i <= 100; i++) {
        sum += 1.0 / i;
        if (i == 50)
            floating_point_is_in_use();
    }
    expect(sum > 5.18737751 && sum < 5.18737752, "a sum is wrong");
}

} // namespace

int main() {
    expect(ouros::kernel::uintr_setup() >= 0, "no receiver");
    vectors();
    timers();
    device();
    floating_point();
    pass();
}
