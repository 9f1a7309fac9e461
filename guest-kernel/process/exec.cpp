// SPDX-License-Identifier: BSD-2-Clause
#include "process/exec.h"

#include <asm/auxvec.h>
#include <asm/hwcap.h>
#include <cstring>

#include "fs/devices.h"
#include "lib/mark.h"
#include "process/elf.h"
#include "process/limits.h"
#include "process/process.h"
#include "schedule/preempt.h"
#include "schedule/scheduler.h"
#include "signals/signals.h"

#ifndef AT_RANDOM
#include <linux/auxvec.h>
#endif

namespace kernel {

namespace {

constexpr size_t least_stack = arguments_limit + (128 << 10), most_stack = 1 << 30;
constexpr uint64_t hardware_capabilities = // one bit per letter of "imafdc"
    1u << ('i' - 'a') | 1u << ('m' - 'a') | 1u << ('a' - 'a') | 1u << ('f' - 'a') |
    1u << ('d' - 'a') | 1u << ('c' - 'a');

// Writes downwards from the top of the new stack; the first error is remembered.
class stack_writer {
  public:
    explicit stack_writer(address_space& space)
        : space_(space) {}
    user_address bytes(const void* data, size_t size) {
        at_ -= size;
        if (error_ == 0)
            error_ = copy_much_to_user(space_, at_, data, size);
        return at_;
    }
    void align(size_t to) { at_ &= ~(to - 1); }
    void reserve(size_t size) { at_ -= size; }
    user_address at() const { return at_; }
    long error() const { return error_; }

  private:
    address_space& space_;
    user_address at_ = stack_top;
    long error_ = 0;
};

// Upwards, the words that start at the stack pointer.
class word_writer {
  public:
    word_writer(address_space& space, user_address at)
        : space_(space)
        , at_(at) {}
    void put(uint64_t value) {
        buffer_[count_++] = value;
        if (count_ == sizeof buffer_ / sizeof buffer_[0])
            flush();
    }
    long flush() {
        if (error_ == 0)
            error_ = copy_to_user(space_, at_, buffer_, count_ * 8);
        at_ += count_ * 8;
        count_ = 0;
        return error_;
    }

  private:
    address_space& space_;
    user_address at_;
    uint64_t buffer_[32];
    unsigned count_ = 0;
    long error_ = 0;
};

void put_pointers(word_writer& words, const string_block& block, user_address address) {
    size_t offset = 0;
    for (size_t i = 0; i < block.count; i++) {
        words.put(address + offset);
        // Up to 128 KiB each, by parts.
        while (size_t part = strnlen(block.data + offset, page_size / 2)) {
            offset += part;
            preemption_point();
        }
        offset++;
    }
    words.put(0);
}

long make_stack(address_space& space, const char* path, const string_block& arguments,
                const string_block& environment, const loaded_program& program,
                user_address scheduler, size_t stack_size, user_address& pointer) {
    if (arguments.size + environment.size + (arguments.count + environment.count) * 8 >
        arguments_limit)
        return -E2BIG;
    user_address bottom = stack_top - stack_size;
    if (long error = space.map(bottom, stack_size, protection_read | protection_write); error < 0)
        return error;
    space.set_stack_bottom(bottom);

    stack_writer stack(space);
    uint64_t zero = 0;
    stack.bytes(&zero, 8);
    user_address path_at = stack.bytes(path, strlen(path) + 1);
    user_address environment_at = stack.bytes(environment.data, environment.size);
    user_address arguments_at = stack.bytes(arguments.data, arguments.size);
    space.set_strings(arguments_at, arguments_at + arguments.size, environment_at,
                      environment_at + environment.size);
    uint8_t random[16];
    random_bytes(random, sizeof random);
    stack.align(16);
    user_address random_at = stack.bytes(random, sizeof random);

    struct {
        uint64_t type, value;
    } auxiliary[] = {
        {AT_PHDR, program.headers},
        {AT_PHENT, 56},
        {AT_PHNUM, program.header_count},
        {AT_PAGESZ, page_size},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, program.entry},
        {AT_UID, 0},
        {AT_EUID, 0},
        {AT_GID, 0},
        {AT_EGID, 0},
        {AT_SECURE, 0},
        {AT_HWCAP, hardware_capabilities},
        {AT_CLKTCK, 100},
        {AT_RANDOM, random_at},
        {AT_EXECFN, path_at},
        {AT_SYSINFO_EHDR, scheduler},
        {AT_NULL, 0},
    };
    constexpr size_t auxiliary_words = sizeof auxiliary / 8;
    size_t words_count = 1 + arguments.count + 1 + environment.count + 1 + auxiliary_words;
    stack.reserve(words_count * 8);
    stack.align(16);
    pointer = stack.at();
    space.set_stack_start(pointer);

    word_writer words(space, pointer);
    words.put(arguments.count);
    put_pointers(words, arguments, arguments_at);
    put_pointers(words, environment, environment_at);
    for (auto& entry : auxiliary) {
        words.put(entry.type);
        words.put(entry.value);
    }
    long error = words.flush();
    return error < 0 ? error : stack.error();
}

} // namespace

string_block string_block::of(const char* data, size_t size) {
    string_block block;
    block.data = data;
    for (size_t i = 0; i < size; i++)
        if (!data[i]) {
            block.count++;
            block.size = i + 1;
        }
    return block;
}

long make_program_image(ref<memory_object> file, const char* path, const string_block& arguments,
                        const string_block& environment, uint64_t stack_limit, program_image& out,
                        const char*& why) {
    if (stack_limit == no_limit)
        stack_limit = default_stack_limit;
    stack_limit = (stack_limit + page_size - 1) & ~uint64_t(page_size - 1);
    size_t stack_size = stack_limit < least_stack  ? least_stack
                        : stack_limit > most_stack ? most_stack
                                                   : stack_limit;
    why = "out of memory";
    out.space = address_space::create();
    if (!out.space)
        return -ENOMEM;
    loaded_program program;
    if (long error = load_elf(*out.space, std::move(file), program, why); error < 0)
        return error;
    why = "out of memory";
    preemption_point();
    out.space->initialise_break(program.end);
    long scheduler =
        out.space->map_fixed_pages(to_physical(scheduler_image()), scheduler_image_size(),
                                   protection_read | protection_execute);
    if (scheduler < 0)
        return scheduler;
    preemption_point();
    out.space->set_signal_return(user_address(scheduler) + signal_return_offset());
    long error = make_stack(*out.space, path, arguments, environment, program,
                            user_address(scheduler), stack_size, out.stack);
    if (error == -E2BIG)
        why = "arguments and environment are too long";
    out.entry = program.entry;
    return error;
}

void name_process(process& p, const char* path) {
    const char* slash = strrchr(path, '/');
    const char* name = slash ? slash + 1 : path;
    memset(p.name, 0, sizeof p.name);
    memcpy(p.name, name, strnlen(name, sizeof p.name - 1));
    mark_name(p.id, p.name);
}

} // namespace kernel
