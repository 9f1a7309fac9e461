// SPDX-License-Identifier: BSD-2-Clause
#include "uintr/sender_file.h"

#include <asm/fcntl.h>

namespace kernel {

namespace {

class sender_file final : public file {
  public:
    explicit sender_file(uintr_target&& target)
        : file(O_RDWR)
        , target_(std::move(target)) {}
    long attributes(file_attributes& out) override {
        out = {};
        out.mode = 0600;
        out.links = 1;
        return 0;
    }
    const uintr_target* sender_target() const override { return &target_; }

  private:
    const uintr_target target_;
};

} // namespace

ref<file> make_sender_file(uintr_target target) {
    return ref<file>::adopt(new (std::nothrow) sender_file(std::move(target)));
}

} // namespace kernel
