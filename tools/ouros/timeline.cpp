// SPDX-License-Identifier: BSD-2-Clause
#include "timeline.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <linux/io_uring.h>
#include <ouros/trace.h>
#include <utility>

namespace ouros {

const std::vector<std::string> timeline_events = {"riscv_timeline_*", "asyscall_accept",
                                                  "asyscall_complete", "asyscall_doorbell",
                                                  "asyscall_notify"};

namespace {

// Tracks are grouped by process in the viewer. The guest's processes have numbers from 1 up; ours
// come before them there.
constexpr uint64_t harts_group = 1, kernel_group = 2, device_group = 3, first_process = 1000;

constexpr int64_t shortest = 1; // ns: a slice that a flow can begin or end in

const char* opcode_name(unsigned opcode) {
    switch (opcode) {
    case IORING_OP_NOP:
        return "nop";
    case IORING_OP_READ:
        return "read";
    case IORING_OP_WRITE:
        return "write";
    case IORING_OP_READV:
        return "readv";
    case IORING_OP_WRITEV:
        return "writev";
    case IORING_OP_FSYNC:
        return "fsync";
    case IORING_OP_READ_FIXED:
        return "read_fixed";
    case IORING_OP_WRITE_FIXED:
        return "write_fixed";
    case IORING_OP_POLL_ADD:
        return "poll_add";
    case IORING_OP_POLL_REMOVE:
        return "poll_remove";
    case IORING_OP_SENDMSG:
        return "sendmsg";
    case IORING_OP_RECVMSG:
        return "recvmsg";
    case IORING_OP_TIMEOUT:
        return "timeout";
    case IORING_OP_TIMEOUT_REMOVE:
        return "timeout_remove";
    case IORING_OP_ACCEPT:
        return "accept";
    case IORING_OP_ASYNC_CANCEL:
        return "async_cancel";
    case IORING_OP_LINK_TIMEOUT:
        return "link_timeout";
    case IORING_OP_CONNECT:
        return "connect";
    case IORING_OP_FALLOCATE:
        return "fallocate";
    case IORING_OP_OPENAT:
        return "openat";
    case IORING_OP_OPENAT2:
        return "openat2";
    case IORING_OP_CLOSE:
        return "close";
    case IORING_OP_STATX:
        return "statx";
    case IORING_OP_SEND:
        return "send";
    case IORING_OP_RECV:
        return "recv";
    case IORING_OP_SPLICE:
        return "splice";
    case IORING_OP_TEE:
        return "tee";
    case IORING_OP_SHUTDOWN:
        return "shutdown";
    case IORING_OP_RENAMEAT:
        return "renameat";
    case IORING_OP_UNLINKAT:
        return "unlinkat";
    case IORING_OP_MKDIRAT:
        return "mkdirat";
    case IORING_OP_SYMLINKAT:
        return "symlinkat";
    case IORING_OP_LINKAT:
        return "linkat";
    case IORING_OP_MSG_RING:
        return "msg_ring";
    case IORING_OP_SOCKET:
        return "socket";
    default:
        return nullptr;
    }
}

std::string request_name(unsigned opcode) {
    const char* name = opcode_name(opcode);
    return name ? name : fmt::format("opcode {}", opcode);
}

// The RISC-V Instruction Set Manual, Volume II, table "Machine cause register values".
std::string cause_name(bool interrupt, uint64_t cause) {
    if (interrupt)
        switch (cause) {
        case 0:
            return "user software interrupt";
        case 1:
            return "supervisor software interrupt";
        case 3:
            return "machine software interrupt";
        case 4:
            return "user timer interrupt";
        case 5:
            return "supervisor timer interrupt";
        case 7:
            return "machine timer interrupt";
        case 8:
            return "user external interrupt";
        case 9:
            return "supervisor external interrupt";
        case 11:
            return "machine external interrupt";
        default:
            return fmt::format("interrupt {}", cause);
        }
    switch (cause) {
    case 0:
        return "misaligned jump";
    case 2:
        return "illegal instruction";
    case 3:
        return "breakpoint";
    case 4:
        return "misaligned load";
    case 6:
        return "misaligned store";
    case 8:
        return "system call";
    case 9:
        return "call of the firmware";
    case 12:
        return "page fault of a fetch";
    case 13:
        return "page fault of a load";
    case 15:
        return "page fault of a store";
    default:
        return fmt::format("exception {}", cause);
    }
}

// "name key value key value ...": none if a value is missing.
std::optional<std::map<std::string, std::string, std::less<>>> fields_of(std::string_view text) {
    std::map<std::string, std::string, std::less<>> fields;
    const auto word = [&text]() -> std::string_view {
        const auto begin = text.find_first_not_of(" \r");
        if (begin == text.npos)
            return {};
        text.remove_prefix(begin);
        const auto found = text.substr(0, text.find(' '));
        text.remove_prefix(found.size());
        return found;
    };
    while (true) {
        const auto key = word();
        if (key.empty())
            return fields;
        const auto value = word();
        if (value.empty())
            return std::nullopt;
        fields.emplace(key, value);
    }
}

template <typename Fields>
uint64_t number(const Fields& fields, std::string_view key) {
    const auto found = fields.find(key);
    if (found == fields.end())
        return 0;
    std::string_view text = found->second;
    const bool hex = text.starts_with("0x");
    if (hex)
        text.remove_prefix(2);
    const bool negative = text.starts_with("-");
    if (negative)
        text.remove_prefix(1);
    uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    return negative ? -value : value;
}

std::string characters(uint64_t word) {
    std::string text;
    for (; word & 0xff; word >>= 8)
        text += static_cast<char>(word & 0xff);
    return text;
}

} // namespace

Timeline::Timeline(std::ostream& out)
    : out_(out) {
    out_ << "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n";
    name_process(harts_group, "harts");
    name_process(kernel_group, "kernel");
    name_process(device_group, "asyscall device");
}

void Timeline::line(std::string_view text) {
    const auto name = text.substr(0, text.find(' '));
    const bool of_hart = name.starts_with("riscv_timeline_");
    if (!of_hart && !name.starts_with("asyscall_"))
        return;
    const auto parsed = fields_of(text.substr(name.size()));
    if (!parsed || !parsed->contains("ns"))
        return;
    const Fields& f = *parsed;
    const auto now = static_cast<int64_t>(number(f, "ns"));
    last_ = std::max(last_, now);
    if (name == "asyscall_accept")
        return accept(f);
    if (name == "asyscall_complete")
        return complete(f);
    if (name == "asyscall_doorbell")
        return instant("doorbell", number(f, "qp"), now, {});
    if (name == "asyscall_notify")
        return instant("notification", number(f, "qp"), now, {});
    if (!of_hart)
        return;

    const uint64_t index = number(f, "hart");
    Hart& h = harts_[index];
    if (name == "riscv_timeline_trap") {
        h.cause = cause_name(number(f, "async") != 0, number(f, "cause"));
        return;
    }
    if (name == "riscv_timeline_mark")
        return mark(h, index, now, static_cast<unsigned>(number(f, "code")), number(f, "value"));
    close(h, index, now);
    if (name == "riscv_timeline_mode") {
        h.mode = static_cast<Mode>(number(f, "to"));
    } else if (name == "riscv_timeline_user_trap") {
        h.in_handler = true;
    } else if (name == "riscv_timeline_uret") {
        h.in_handler = false;
    }
}

// What the hart did until now, as slices of its own track and of whose time it was.
void Timeline::close(Hart& h, uint64_t index, int64_t now) {
    const int64_t from = std::exchange(h.since, now);
    if (now <= from)
        return;
    name_track(harts_group, index, fmt::format("hart {}", index));
    const bool in_user = h.mode == user && h.process != 0;
    if (h.idle) {
        slice(harts_group, index, "idle", from, now);
    } else if (in_user) {
        const std::string what = h.in_handler ? "handler: " + h.cause : "program";
        slice(harts_group, index, fmt::format("process {}: {}", h.process, what), from, now);
        name_track(first_process + h.process, h.thread, fmt::format("thread {}", h.thread));
        slice(first_process + h.process, h.thread, what, from, now, {{"hart", index}});
    } else if (h.mode == supervisor) {
        slice(harts_group, index, "kernel: " + h.cause, from, now);
        name_track(kernel_group, index, fmt::format("on hart {}", index));
        slice(kernel_group, index, h.cause, from, now);
    } else {
        slice(harts_group, index, "firmware: " + h.cause, from, now);
    }
}

void Timeline::mark(Hart& h, uint64_t index, int64_t now, unsigned code, uint64_t value) {
    switch (code) {
    case OUROS_MARK_SUBMIT:
        h.submitted = value;
        h.submitted_at = now;
        break;
    case OUROS_MARK_SUSPEND:
        waiting_.emplace(h.submitted,
                         Waiting{h.process, h.thread, value, h.submitted_at, std::nullopt});
        break;
    case OUROS_MARK_RESUME:
        resume(h, now, value);
        break;
    case OUROS_MARK_THREAD:
        h.process = value >> 32;
        h.thread = static_cast<uint32_t>(value);
        h.in_handler = false;
        break;
    case OUROS_MARK_PROCESS:
        h.named = value;
        break;
    case OUROS_MARK_NAME:
        h.name = characters(value);
        break;
    case OUROS_MARK_NAME_REST:
        h.name += characters(value);
        name_process(first_process + h.named, fmt::format("{} [{}]", h.name, h.named));
        break;
    case OUROS_MARK_IDLE:
        close(h, index, now);
        h.idle = value != 0;
        break;
    default: // somebody else's
        break;
    }
}

// A coroutine's wait is a slice of its own kind: many overlap in one thread.
void Timeline::resume(const Hart& h, int64_t now, uint64_t user_data) {
    const auto [begin, end] = waiting_.equal_range(user_data);
    const auto found = std::find_if(
        begin, end, [&](const auto& entry) { return entry.second.process == h.process; });
    if (found == end)
        return;
    const Waiting w = found->second;
    waiting_.erase(found);
    std::string name = "wait";
    nlohmann::json arguments = {{"user_data", fmt::format("{:#x}", user_data)},
                                {"coroutine", fmt::format("{:#x}", w.coroutine)}};
    const auto request = w.request ? requests_.find(*w.request) : requests_.end();
    if (request != requests_.end()) {
        name = request_name(request->second.opcode);
        arguments["token"] = *w.request;
        // Where it goes on: the flow ends in the slice of the thread that it goes on in.
        flow("f", *w.request, first_process + h.process, h.thread, now);
        requests_.erase(request);
        counts_.followed++;
    }
    const std::string id = fmt::format("{:#x}", w.coroutine);
    const uint64_t process = first_process + w.process;
    write({{"ph", "b"},
           {"cat", "coroutine"},
           {"name", name},
           {"id", id},
           {"pid", process},
           {"tid", w.thread},
           {"ts", static_cast<double>(w.since) / 1000},
           {"args", arguments}});
    write({{"ph", "e"},
           {"cat", "coroutine"},
           {"name", name},
           {"id", id},
           {"pid", process},
           {"tid", w.thread},
           {"ts", static_cast<double>(now) / 1000}});
}

void Timeline::accept(const Fields& f) {
    const uint64_t token = number(f, "token"), user_data = number(f, "user_data");
    Request request = {number(f, "qp"), user_data, static_cast<unsigned>(number(f, "opcode")),
                       static_cast<int64_t>(number(f, "ns"))};
    counts_.requests++;
    name_track(device_group, request.queue_pair, fmt::format("queue pair {}", request.queue_pair));
    slice(device_group, request.queue_pair, "accept " + request_name(request.opcode),
          request.accepted, request.accepted + shortest,
          {{"user_data", fmt::format("{:#x}", user_data)},
           {"token", token},
           {"fd", static_cast<int32_t>(number(f, "fd"))}});

    // Whose is it? Addresses of different processes may be equal, queue pairs are not.
    const auto [begin, end] = waiting_.equal_range(user_data);
    const auto known = process_of_.find(request.queue_pair);
    const auto found = std::find_if(begin, end, [&](const auto& entry) {
        return !entry.second.request &&
               (known == process_of_.end() || known->second == entry.second.process);
    });
    if (found != end) {
        Waiting& w = found->second;
        w.request = token;
        request.marked = true;
        process_of_[request.queue_pair] = w.process;
        flow("s", token, first_process + w.process, w.thread, w.since);
    }
    flow(request.marked ? "t" : "s", token, device_group, request.queue_pair, request.accepted);
    requests_.insert_or_assign(token, request);
}

void Timeline::complete(const Fields& f) {
    const uint64_t token = number(f, "token");
    const auto found = requests_.find(token);
    if (found == requests_.end())
        return;
    const Request& r = found->second;
    const auto now = static_cast<int64_t>(number(f, "ns"));
    const std::string name = request_name(r.opcode);
    const nlohmann::json arguments = {{"user_data", fmt::format("{:#x}", r.user_data)},
                                      {"token", token},
                                      {"result", static_cast<int64_t>(number(f, "result"))}};
    counts_.completed++;
    slice(device_group, r.queue_pair, "complete " + name, now, now + shortest, arguments);
    const std::string id = fmt::format("{}", token);
    write({{"ph", "b"},
           {"cat", "request"},
           {"name", name},
           {"id", id},
           {"pid", device_group},
           {"tid", r.queue_pair},
           {"ts", static_cast<double>(r.accepted) / 1000},
           {"args", arguments}});
    write({{"ph", "e"},
           {"cat", "request"},
           {"name", name},
           {"id", id},
           {"pid", device_group},
           {"tid", r.queue_pair},
           {"ts", static_cast<double>(now) / 1000}});
    flow(r.marked ? "t" : "f", token, device_group, r.queue_pair, now);
    if (!r.marked)
        requests_.erase(found);
}

void Timeline::instant(const char* name, uint64_t queue_pair, int64_t ns,
                       nlohmann::json arguments) {
    write({{"ph", "i"},
           {"s", "t"},
           {"name", name},
           {"pid", device_group},
           {"tid", queue_pair},
           {"ts", static_cast<double>(ns) / 1000},
           {"args", std::move(arguments)}});
}

void Timeline::end() {
    for (auto& [index, h] : harts_)
        close(h, index, last_);
    out_ << "\n]}\n";
}

void Timeline::name_process(uint64_t process, const std::string& name) {
    write({{"ph", "M"}, {"name", "process_name"}, {"pid", process}, {"args", {{"name", name}}}});
    write({{"ph", "M"},
           {"name", "process_sort_index"},
           {"pid", process},
           {"args", {{"sort_index", process}}}});
}

void Timeline::name_track(uint64_t process, uint64_t track, const std::string& name) {
    if (!named_tracks_.emplace(std::pair(process, track), true).second)
        return;
    write({{"ph", "M"},
           {"name", "thread_name"},
           {"pid", process},
           {"tid", track},
           {"args", {{"name", name}}}});
}

void Timeline::slice(uint64_t process, uint64_t track, const std::string& name, int64_t from,
                     int64_t to, nlohmann::json arguments) {
    nlohmann::json event = {{"ph", "X"},
                            {"name", name},
                            {"pid", process},
                            {"tid", track},
                            {"ts", static_cast<double>(from) / 1000},
                            {"dur", static_cast<double>(to - from) / 1000}};
    if (!arguments.empty())
        event["args"] = std::move(arguments);
    write(event);
}

void Timeline::flow(const char* phase, uint64_t token, uint64_t process, uint64_t track,
                    int64_t ns) {
    nlohmann::json event = {{"ph", phase},
                            {"cat", "request"},
                            {"name", "request"},
                            {"id", token},
                            {"pid", process},
                            {"tid", track},
                            {"ts", static_cast<double>(ns) / 1000}};
    if (*phase == 'f')
        event["bp"] = "e"; // in the slice around it
    write(event);
}

void Timeline::write(const nlohmann::json& event) {
    if (!std::exchange(first_, false))
        out_ << ",\n";
    out_ << event.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

} // namespace ouros
