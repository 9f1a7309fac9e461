// SPDX-License-Identifier: BSD-2-Clause
//
// A call that a test has made by each of the three entries, and the comparison of what comes of it.
#ifndef DEED_HPP
#define DEED_HPP

#include "entries.hpp"

#include <cstring>
#include <functional>
#include <optional>
#include <ouros/opcodes.h>
#include <set>
#include <sys/syscall.h>
#include <thread>

inline char memory[65536]; // what calls read and write
inline uint64_t at(unsigned offset) {
    return address(memory + offset);
}
constexpr uint64_t nowhere = 8;

struct deed {
    std::string name;
    call as_call;
    std::optional<entry> as_entry = {};
    std::function<void()> prepare = {};
    // It has to wait; this ends the wait. Without it the call does not wait.
    std::function<void()> act = {};
    std::function<void(int64_t)> after = {}; // gets the result: puts things back
    bool result_varies = false;              // only whether it is an error counts
};

struct outcome {
    int64_t result;
    std::string left; // the memory
};

inline outcome finish(const deed& d, int64_t result) {
    outcome o{result, std::string(memory, 256)};
    if (d.after)
        d.after(result);
    return o;
}

inline void begin(const deed& d) {
    std::memset(memory, '.', sizeof memory);
    if (d.prepare)
        d.prepare();
}

inline outcome by_ecall(const deed& d) {
    begin(d);
    std::thread actor;
    if (d.act)
        actor = std::thread([&] {
            timespec a_while{0, 3'000'000};
            nanosleep(&a_while, nullptr); // so that the call waits, mostly
            d.act();
        });
    int64_t result = d.as_call.by_ecall();
    if (d.act)
        actor.join();
    return finish(d, result);
}

inline outcome asynchronously(const deed& d, const char* how,
                              const std::function<uint64_t()>& start) {
    begin(d);
    uint64_t mine = start();
    if (d.act) {
        let_the_kernel_work();
        if (is_there(mine)) {
            std::printf("WRONG: %s does not wait %s: %ld\n", d.name.c_str(), how, arrived[mine]);
            wrong++;
        }
        d.act();
    }
    return finish(d, result_of(mine));
}

inline int64_t cancel(uint64_t user_data, uint32_t flags = 0, int fd = -1) {
    return result_of(submit({IORING_OP_ASYNC_CANCEL, fd, user_data, 0, 0, flags}));
}

inline void compare(const deed& d, const char* how, const outcome& found, const outcome& wanted) {
    if (!d.result_varies)
        expect_equal(d.name + " " + how, found.result, wanted.result);
    else
        expect_equal(d.name + " " + how, found.result < 0, wanted.result < 0);
    if (found.left != wanted.left) {
        std::printf("WRONG: %s %s: other memory\n", d.name.c_str(), how);
        wrong++;
    }
}

inline void cancel_while_waiting(const deed& d, const char* how,
                                 const std::function<uint64_t()>& start) {
    begin(d);
    uint64_t mine = start();
    let_the_kernel_work();
    expect_equal(d.name + " cancel " + how, cancel(mine), -EALREADY);
    expect_equal(d.name + " cancelled " + how, result_of(mine), -ECANCELED);
    d.act(); // nobody minds
    if (d.after)
        d.after(-ECANCELED);
    expect_equal(d.name + " cancel again " + how, cancel(mine), -ENOENT);
}

inline std::set<long> tried; // numbers of calls

// By ecall, by token, as a call in the ring, and by its opcode if it has one.
inline void run(const deed& d) {
    struct {
        const char* name;
        std::function<uint64_t()> start;
    } ways[] = {
        {"by token", [&] { return d.as_call.hand_over(); }},
        {"in the ring",
         [&] {
             return submit({OUROS_OP_CALL, -1, address(d.as_call.a),
                            static_cast<uint32_t>(d.as_call.number)});
         }},
        {"by opcode", [&] { return submit(*d.as_entry); }},
    };
    outcome wanted = by_ecall(d);
    for (unsigned i = 0; i < (d.as_entry ? 3 : 2); i++) {
        compare(d, ways[i].name, asynchronously(d, ways[i].name, ways[i].start), wanted);
        if (d.act)
            cancel_while_waiting(d, ways[i].name, ways[i].start);
    }
    tried.insert(d.as_call.number);
    std::printf("%-44s %ld\n", d.name.c_str(), d.result_varies ? 0 : wanted.result);
}

// About the thread: the ring does not take it.
inline void run_own(const deed& d) {
    compare(d, "by token", asynchronously(d, "by token", [&] { return d.as_call.hand_over(); }),
            by_ecall(d));
}

inline uint64_t reg(int64_t value) {
    return uint64_t(value);
}

void run_others(); // others.cpp

#endif // DEED_HPP
