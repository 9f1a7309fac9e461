// SPDX-License-Identifier: BSD-2-Clause

#include <ouros/calls.hpp>
#include <ouros/uintr.hpp>

namespace ouros::uintr {

int64_t sender::open(int fd) {
    close();
    int64_t index = kernel::uintr_register_sender(fd);
    if (index < 0)
        return index;
    index_ = static_cast<uint64_t>(index);
    return 0;
}

void sender::close() {
    if (attached())
        kernel::uintr_unregister_sender(std::exchange(index_, none));
}

bool sender::send_by_kernel() const {
    return attached() && kernel::uintr_send(index_) == 0;
}

} // namespace ouros::uintr
