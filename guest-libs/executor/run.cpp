// SPDX-License-Identifier: BSD-2-Clause

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ouros/crew.hpp>
#include <ouros/spawn.hpp>

namespace ouros {

namespace {

int refuse(int64_t error) {
    if (error == -ENOSYS)
        std::fputs("ouros: this program needs the Ouros kernel\n", stderr);
    else
        std::fprintf(stderr, "ouros: no queue pair: %s\n", std::strerror(static_cast<int>(-error)));
    return 1;
}

int64_t run_here(detail::promise_base& root, const worker_options& options) {
    worker here;
    if (int64_t error = here.start(options); error < 0)
        return error;
    uintr::disable();
    here.start_strand(&root, {});
    here.run_until(root);
    here.stop();
    return 0;
}

} // namespace

int run(task<int> program, const worker_options& options) {
    auto coroutine = program.release();
    auto& root = coroutine.promise();
    root.continuation = nullptr;
    root.self = coroutine;
    root.joiner = detail::promise_base::of_run();
    root.resume_point = coroutine.address();
    spawned<int> main(coroutine);
    int64_t error = options.threaded() ? crew::run(root, options) : run_here(root, options);
    if (error < 0) {
        root.joiner = detail::promise_base::ended(); // it has not begun
        return refuse(error);
    }
    return main.take();
}

} // namespace ouros
