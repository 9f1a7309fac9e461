// SPDX-License-Identifier: BSD-2-Clause
#include "lib/print.h"

#include <atomic>
#include <cstdint>

#include "arch/riscv64/hart.h"
#include "drivers/power.h"
#include "drivers/uart.h"
#include "lib/spinlock.h"

namespace kernel {

namespace {

spinlock print_lock;
std::atomic<uint32_t> panicking{0};

class writer {
  public:
    writer(char* buffer, size_t size)
        : buffer_(buffer)
        , size_(size) {}
    void put(char c) {
        if (length_ + 1 < size_)
            buffer_[length_] = c;
        length_++;
    }
    int finish() {
        if (size_)
            buffer_[length_ < size_ ? length_ : size_ - 1] = 0;
        return int(length_);
    }

  private:
    char* buffer_;
    size_t size_;
    size_t length_ = 0;
};

struct conversion {
    bool left = false, zero = false;
    int width = 0;
    int precision = -1;
};

void put_padded(writer& out, const conversion& c, const char* text, int length, char fill) {
    int padding = c.width - length;
    if (!c.left)
        for (; padding > 0; padding--)
            out.put(fill);
    for (int i = 0; i < length; i++)
        out.put(text[i]);
    for (; padding > 0; padding--)
        out.put(' ');
}

void put_number(writer& out, conversion c, uint64_t value, unsigned base, bool negative) {
    char digits[24];
    int n = 0;
    if (negative && c.zero) {
        out.put('-');
        c.width--;
        negative = false;
    }
    do
        digits[sizeof digits - ++n] = "0123456789abcdef"[value % base];
    while (value /= base);
    if (negative)
        digits[sizeof digits - ++n] = '-';
    put_padded(out, c, digits + sizeof digits - n, n, c.zero && !c.left ? '0' : ' ');
}

} // namespace

int format_to_v(char* buffer, size_t size, const char* format, va_list arguments) {
    writer out(buffer, size);
    for (; *format; format++) {
        if (*format != '%') {
            out.put(*format);
            continue;
        }
        conversion c;
        for (format++;; format++) {
            if (*format == '-')
                c.left = true;
            else if (*format == '0')
                c.zero = true;
            else
                break;
        }
        for (; *format >= '0' && *format <= '9'; format++)
            c.width = c.width * 10 + (*format - '0');
        if (*format == '.') {
            c.precision = 0;
            if (*++format == '*') {
                c.precision = va_arg(arguments, int);
                format++;
            }
            for (; *format >= '0' && *format <= '9'; format++)
                c.precision = c.precision * 10 + (*format - '0');
        }
        bool wide = false;
        for (; *format == 'l' || *format == 'z'; format++)
            wide = true;
        switch (*format) {
        case 'd':
        case 'i': {
            int64_t v = wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
            put_number(out, c, v < 0 ? -uint64_t(v) : uint64_t(v), 10, v < 0);
            break;
        }
        case 'u':
            put_number(out, c, wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned), 10,
                       false);
            break;
        case 'x':
            put_number(out, c, wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned), 16,
                       false);
            break;
        case 'o':
            put_number(out, c, wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned), 8,
                       false);
            break;
        case 'p':
            out.put('0');
            out.put('x');
            put_number(out, c, reinterpret_cast<uint64_t>(va_arg(arguments, void*)), 16, false);
            break;
        case 's': {
            const char* s = va_arg(arguments, const char*);
            if (!s)
                s = "(null)";
            int n = 0;
            while ((c.precision < 0 || n < c.precision) && s[n])
                n++;
            put_padded(out, c, s, n, ' ');
            break;
        }
        case 'c': {
            char one = char(va_arg(arguments, int));
            put_padded(out, c, &one, 1, ' ');
            break;
        }
        case '%':
            out.put('%');
            break;
        default:
            return out.finish();
        }
    }
    return out.finish();
}

int format_to(char* buffer, size_t size, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int n = format_to_v(buffer, size, format, arguments);
    va_end(arguments);
    return n;
}

void print(const char* format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int n = format_to_v(line, sizeof line, format, arguments);
    va_end(arguments);
    if (n >= int(sizeof line))
        n = sizeof line - 1;
    lock_guard guard(print_lock);
    uart_write(line, size_t(n));
}

void panic(const char* format, ...) {
    // The lock's holder may be the one that panics: print without it. One panic is enough.
    if (!panicking.exchange(1)) {
        char line[512];
        va_list arguments;
        va_start(arguments, format);
        int n = format_to_v(line, sizeof line, format, arguments);
        va_end(arguments);
        if (n >= int(sizeof line))
            n = sizeof line - 1;
        char head[64];
        int h = format_to(head, sizeof head,
                          "\nouros: kernel panic on hart %u: ", arch::this_hart().index);
        uart_write(head, size_t(h));
        uart_write(line, size_t(n));
        uart_write("\n", 1);
    }
    power_off(exit_status_panic);
}

} // namespace kernel
