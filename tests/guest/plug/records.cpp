// SPDX-License-Identifier: BSD-2-Clause
//
// records FOLDER sync|no-sync
//
// Appends records to four files, two by an io_uring, two by system calls, without end; after each
// fsync it says so: "FILE RECORD". The next record of the file is begun when that is out. With
// no-sync it lies.
#include <fcntl.h>
#include <string>
#include <thread>
#include <vector>

#include "../io_uring/raw_ring.hpp"

namespace {

constexpr unsigned record_size = 70'001;

// `pulled` has the same formula.
std::vector<unsigned char> record_of(unsigned file, unsigned record) {
    std::vector<unsigned char> bytes(record_size);
    for (unsigned n = 0; n < record_size; n++)
        bytes[n] = static_cast<unsigned char>((n * 7 + record * 31 + file * 101) % 251);
    return bytes;
}

struct log_file {
    log_file(const char* folder, unsigned number)
        : number(number)
        , fd(open((folder + ("/" + std::to_string(number))).c_str(), O_CREAT | O_WRONLY, 0644)) {
        EXPECT(fd >= 0);
    }
    void begin() { bytes = record_of(number, record); }
    uint64_t offset() const { return uint64_t(record) * record_size; }
    void say() {
        std::string line = std::to_string(number) + " " + std::to_string(record) + "\n";
        EXPECT(write(1, line.data(), line.size()) == ssize_t(line.size()));
        record++;
    }

    const unsigned number;
    const int fd;
    unsigned record = 0;
    std::vector<unsigned char> bytes;
};

void by_calls(const char* folder, unsigned number, bool syncs) {
    for (log_file f(folder, number);;) {
        f.begin();
        EXPECT(pwrite(f.fd, f.bytes.data(), record_size, off_t(f.offset())) == record_size);
        EXPECT(!syncs || (number % 2 ? fsync(f.fd) : fdatasync(f.fd)) == 0);
        f.say();
    }
}

void begin(raw_ring& ring, log_file& f, bool syncs) {
    f.begin();
    ring.entry(~0ull, IORING_OP_WRITE, f.fd, f.bytes.data(), record_size, f.offset()).flags =
        IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe& last =
        ring.entry(f.number, syncs ? IORING_OP_FSYNC : IORING_OP_NOP, syncs ? f.fd : -1);
    if (syncs && f.number % 2)
        last.fsync_flags = IORING_FSYNC_DATASYNC;
}

void by_ring(const char* folder, bool syncs) {
    raw_ring ring(8);
    log_file files[] = {{folder, 0}, {folder, 1}};
    for (log_file& f : files)
        begin(ring, f, syncs);
    for (;;) {
        EXPECT(ring.submit(1) >= 0);
        while (ring.ready()) {
            io_uring_cqe done = ring.take();
            EXPECT(done.user_data < 2 && done.res == 0);
            log_file& f = files[done.user_data];
            f.say();
            begin(ring, f, syncs);
        }
    }
}

} // namespace

int main(int, char** argv) {
    const bool syncs = argv[2] == std::string("sync");
    std::thread(by_calls, argv[1], 2, syncs).detach();
    std::thread(by_calls, argv[1], 3, syncs).detach();
    by_ring(argv[1], syncs);
}
