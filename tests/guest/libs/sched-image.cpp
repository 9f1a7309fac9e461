// SPDX-License-Identifier: BSD-2-Clause
//
// S5: what the kernel maps at AT_SYSINFO_EHDR is the scheduler image, byte for byte. With "write":
// it cannot be written; the attempt ends the process.

#include "expect.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <ouros/image.h>
#include <string>
#include <sys/auxv.h>

int main(int argc, char** argv) {
    auto* image = reinterpret_cast<char*>(getauxval(AT_SYSINFO_EHDR));
    if (argc > 2) {
        *image = 0;
        return 0;
    }
    std::ifstream file(argv[1], std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    expect(bytes.size() > 1000, "the file is there", static_cast<long>(bytes.size()));
    expect(image && std::memcmp(image, bytes.data(), bytes.size()) == 0, "the same bytes");

    ouros_scheduler scheduler = {};
    if (!ouros_scheduler_bind(&scheduler, image)) {
        expect(false, "all functions are found");
        return 1;
    }
    ouros_queue queue;
    ouros_task task;
    uint32_t published = 0;
    scheduler.init(&queue, &published);
    scheduler.task_init(&task, 7);
    scheduler.wake(&queue, &task);
    expect(published == 7, "published priority", published);
    expect(scheduler.reschedule(&queue) == &task, "the task is picked");
    return failures != 0;
}
