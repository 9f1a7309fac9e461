// SPDX-License-Identifier: BSD-2-Clause
//
// A timeline from QEMU's trace events (docs/tracing.md): harts, kernel, the asynchronous system
// call device and the guest's processes as tracks, in the JSON form of Chrome's trace viewer, which
// Perfetto opens. https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace ouros {

// The events that it is made from, as patterns for QEMU's -trace.
extern const std::vector<std::string> timeline_events;

class Timeline {
  public:
    // Where the JSON goes, from the first line on.
    explicit Timeline(std::ostream& out);

    // A line of QEMU's log, in the order in which they were written. One that is no such event, or
    // that is cut off, changes nothing.
    void line(std::string_view text);
    // There are no more.
    void end();

    struct Counts {
        uint64_t requests = 0;  // that the device took in
        uint64_t completed = 0; // of these
        uint64_t followed =
            0; // of these, from the coroutine that wrote the entry to where it went on
    };
    const Counts& counts() const { return counts_; }

  private:
    enum Mode { user = 0, supervisor = 1, machine = 3 };
    struct Hart {
        Mode mode = machine;
        bool in_handler = false; // of user interrupts and exceptions
        bool idle = false;
        int64_t since = 0;
        std::string cause = "boot"; // of being above user mode
        uint64_t process = 0, thread = 0;
        uint64_t named = 0; // the process that the next marks name
        std::string name;
        // Of the coroutine that is about to say where it waits.
        uint64_t submitted = 0;
        int64_t submitted_at = 0;
    };
    // A coroutine that waits for its operation.
    struct Waiting {
        uint64_t process, thread, coroutine;
        int64_t since;
        std::optional<uint64_t> request; // by its token, once the device has taken it in
    };
    struct Request {
        uint64_t queue_pair, user_data;
        unsigned opcode;
        int64_t accepted;
        bool marked = false; // by a coroutine
    };
    using Fields = std::map<std::string, std::string, std::less<>>;

    Hart& hart(const Fields& f);
    void close(Hart& h, uint64_t index, int64_t now);
    void mark(Hart& h, uint64_t index, int64_t now, unsigned code, uint64_t value);
    void resume(const Hart& h, int64_t now, uint64_t user_data);
    void accept(const Fields& f);
    void complete(const Fields& f);
    void instant(const char* name, uint64_t queue_pair, int64_t ns, nlohmann::json arguments);

    void name_process(uint64_t process, const std::string& name);
    void name_track(uint64_t process, uint64_t track, const std::string& name);
    void slice(uint64_t process, uint64_t track, const std::string& name, int64_t from, int64_t to,
               nlohmann::json arguments = {});
    void flow(const char* phase, uint64_t token, uint64_t process, uint64_t track, int64_t ns);
    void write(const nlohmann::json& event);

    std::ostream& out_;
    bool first_ = true;
    int64_t last_ = 0; // the latest time seen
    std::map<uint64_t, Hart> harts_;
    // By user_data, which is an address: several processes may have the same.
    std::multimap<uint64_t, Waiting> waiting_;
    std::map<uint64_t, Request> requests_;    // by token
    std::map<uint64_t, uint64_t> process_of_; // by queue pair
    std::map<std::pair<uint64_t, uint64_t>, bool> named_tracks_;
    Counts counts_;
};

} // namespace ouros
