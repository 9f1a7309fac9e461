// SPDX-License-Identifier: BSD-2-Clause
#include "fs/devices.h"

#include <new>

#include "async/timer.h"
#include "fs/console.h"
#include "fs/serial_file.h"
#include "schedule/preempt.h"
#include "tty/tty.h"

namespace kernel {

namespace {

enum class memory_device : uint32_t { null = 3, zero = 5, full = 7, random = 8, urandom = 9 };

class memory_device_file final : public file {
  public:
    memory_device_file(memory_device kind, uint32_t flags, const file_attributes& attributes)
        : file(flags)
        , kind_(kind)
        , attributes_(attributes) {}

    long read(user_buffers& to, int64_t) override {
        switch (kind_) {
        case memory_device::null:
            return 0;
        case memory_device::zero:
        case memory_device::full:
            return fill(to, [](uint8_t* memory, size_t size) {
                __builtin_memset(memory, 0, size);
                return static_cast<long>(size);
            });
        default:
            return fill(to, [](uint8_t* memory, size_t size) {
                random_bytes(memory, size);
                return static_cast<long>(size);
            });
        }
    }
    long write(user_buffers& from, int64_t) override {
        if (kind_ == memory_device::full)
            return -ENOSPC;
        return static_cast<long>(from.remaining());
    }
    // Any position is as good as another.
    long seek(int64_t, int) override { return 0; }
    bool is_seekable() const override { return true; }

    long attributes(file_attributes& out) override {
        out = attributes_;
        return 0;
    }

  private:
    // Page by page.
    template <class F>
    static long fill(user_buffers& to, F&& with) {
        long total = 0;
        while (!to.empty()) {
            long done = to.each(page_size, protection_write, with);
            if (done <= 0)
                return total > 0 ? total : done;
            total += done;
            preemption_point();
        }
        return total;
    }

    const memory_device kind_;
    const file_attributes attributes_;
};

} // namespace

long open_device(uint32_t major, uint32_t minor, uint32_t flags, const file_attributes& attributes,
                 process* opener, ref<file>& made) {
    if (major == 5 && minor == 1 && !has_console_terminal()) {
        made = open_console_device(flags);
        return made ? 0 : -ENOMEM;
    }
    if (major == 5)
        return open_terminal_device(minor, flags, attributes, opener, made);
    if (major == 4 && minor == 65)
        return open_serial(flags, attributes, made);
    if (major != 1 || (minor != 3 && minor != 5 && minor != 7 && minor != 8 && minor != 9))
        return -ENXIO;
    auto kind = static_cast<memory_device>(minor);
    made = ref<file>::adopt(new (std::nothrow) memory_device_file(kind, flags, attributes));
    return made ? 0 : -ENOMEM;
}

// SplitMix64 over a counter that the clock stirs.
void random_bytes(void* to, size_t size) {
    static uint64_t state;
    auto* out = static_cast<uint8_t*>(to);
    uint64_t start = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15, __ATOMIC_RELAXED) ^ now();
    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        uint64_t word = start += 0x9e3779b97f4a7c15;
        word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
        word = (word ^ word >> 27) * 0x94d049bb133111eb;
        word ^= word >> 31;
        size_t left = size - done;
        __builtin_memcpy(out + done, &word, left < sizeof word ? left : sizeof word);
    }
    __atomic_add_fetch(&state, start, __ATOMIC_RELAXED);
}

} // namespace kernel
