// SPDX-License-Identifier: BSD-2-Clause
#include "process/limits.h"

#include "fs/fd_table.h"
#include "process/process.h"

namespace kernel {

resource_limits::resource_limits() {
    of[limit_stack].soft = default_stack_limit;
    of[limit_core].soft = 0;
    of[limit_files] = {max_descriptors, max_descriptors};
}

resource_limit limit_of(process& p, unsigned resource) {
    lock_guard guard(p.lock);
    return p.limits.of[resource];
}

long set_limit(process& p, unsigned resource, const resource_limit& wanted) {
    if (wanted.soft > wanted.hard)
        return -EINVAL;
    // Root may raise a hard limit, but a table of descriptors only grows so far.
    if (resource == limit_files && wanted.hard > max_descriptors)
        return -EPERM;
    lock_guard guard(p.lock);
    p.limits.of[resource] = wanted;
    if (resource == limit_files && p.files)
        p.files->set_limit(uint32_t(wanted.soft));
    if (resource == limit_space && p.space)
        p.space->set_limit(wanted.soft);
    return 0;
}

} // namespace kernel
