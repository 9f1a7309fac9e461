// SPDX-License-Identifier: BSD-2-Clause

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ouros/spawn.hpp>

namespace ouros {

int run(task<int> program, const worker_options& options) {
    if (int64_t error = this_worker.start(options); error < 0) {
        if (error == -ENOSYS)
            std::fputs("ouros: this program needs the Ouros kernel\n", stderr);
        else
            std::fprintf(stderr, "ouros: no queue pair: %s\n",
                         std::strerror(static_cast<int>(-error)));
        return 1;
    }
    spawned<int> main = spawn(std::move(program));
    this_worker.run_until(&main.promise().done);
    this_worker.stop();
    return main.take();
}

} // namespace ouros
