// SPDX-License-Identifier: BSD-2-Clause
#include "initramfs.h"

#include "failure.h"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <set>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>

namespace ouros {
namespace {

class CpioWriter {
  public:
    explicit CpioWriter(int fd)
        : archive_(archive_write_new(), archive_write_free) {
        check(archive_write_set_format_cpio_newc(archive_.get()));
        check(archive_write_set_bytes_in_last_block(archive_.get(), 1));
        check(archive_write_open_fd(archive_.get(), fd));
    }

    void add_directory(const std::string& path) { add(path, AE_IFDIR, 0755, {}); }
    void add_file(const std::string& path, mode_t permissions, std::string_view content) {
        add(path, AE_IFREG, permissions, content);
    }
    void finish() { check(archive_write_close(archive_.get())); }

  private:
    void add(const std::string& path, unsigned type, mode_t permissions, std::string_view content) {
        std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       archive_entry_free);
        archive_entry_set_pathname(entry.get(), path.c_str());
        archive_entry_set_filetype(entry.get(), type);
        archive_entry_set_perm(entry.get(), permissions);
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
        archive_entry_set_ino(entry.get(), ++inode_);
        archive_entry_set_nlink(entry.get(), 1);
        archive_entry_set_mtime(entry.get(), 0, 0);
        check(archive_write_header(archive_.get(), entry.get()));
        // libarchive may take less than all of a large file at once.
        while (!content.empty()) {
            const la_ssize_t n = archive_write_data(archive_.get(), content.data(), content.size());
            if (n <= 0)
                check(ARCHIVE_FATAL);
            content.remove_prefix(static_cast<size_t>(n));
        }
    }

    void check(int result) {
        if (result != ARCHIVE_OK)
            throw Failure(status_failed, fmt::format("cannot make the initial file system: {}",
                                                     archive_error_string(archive_.get())));
    }

    std::unique_ptr<archive, int (*)(archive*)> archive_;
    la_int64_t inode_ = 0;
};

} // namespace

std::string nul_terminated(const std::vector<std::string>& strings) {
    std::string joined;
    for (const auto& string : strings) {
        joined += string;
        joined += '\0';
    }
    return joined;
}

UniqueFd make_initramfs(const FirstProgram& program) {
    UniqueFd fd(::memfd_create("initramfs", MFD_CLOEXEC));
    if (!fd)
        throw Failure(status_failed, fmt::format("memfd_create: {}", std::strerror(errno)));
    const std::string path = "bin/" + program.name;
    CpioWriter cpio(fd.get());
    cpio.add_directory("bin");
    cpio.add_file(path, 0755,
                  {reinterpret_cast<const char*>(program.image.data()), program.image.size()});
    cpio.add_directory("ouros");
    cpio.add_file("ouros/exec", 0444, nul_terminated({"/" + path}));
    cpio.add_file("ouros/argv", 0444, nul_terminated(program.arguments));
    cpio.add_file("ouros/envp", 0444, nul_terminated(program.environment));
    if (!program.terminal.empty())
        cpio.add_file("ouros/terminal", 0444, program.terminal);
    std::set<std::string> folders = {"bin", "ouros"};
    for (const GuestFile& file : program.files) {
        for (size_t slash = 0; (slash = file.path.find('/', slash)) != file.path.npos; ++slash)
            if (const auto folder = file.path.substr(0, slash); folders.insert(folder).second)
                cpio.add_directory(folder);
        cpio.add_file(file.path, file.permissions, file.content);
    }
    cpio.finish();
    return fd;
}

} // namespace ouros
