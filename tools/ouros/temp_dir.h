// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "failure.h"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace ouros {

// A private folder that is removed with everything in it.
class TempDir {
  public:
    TempDir() {
        path_ = (std::filesystem::temp_directory_path() / "ouros-XXXXXX").string();
        if (!::mkdtemp(path_.data()))
            throw Failure(status_failed, "cannot make a temporary folder like " + path_);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

} // namespace ouros
