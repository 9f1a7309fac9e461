// SPDX-License-Identifier: BSD-2-Clause
//
// Scripts: what the interpreter named in "#!" is given, and which lines name none. Also programs
// that are larger than any block of memory. Linux on this machine says the same.
#include "self.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <vector>

namespace {

void write_file(const char* name, const std::string& text) {
    int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0755);
    if (fd < 0 || write(fd, text.data(), text.size()) != ssize_t(text.size()))
        printf("cannot write %s\n", name);
    close(fd);
}

void execute(const char* name, std::vector<const char*> arguments = {"zero", "one"}) {
    printf("%s:\n", name);
    fflush(stdout);
    pid_t id = fork();
    if (id == 0) {
        arguments.push_back(nullptr);
        char* environment[] = {nullptr};
        execve(name, const_cast<char**>(arguments.data()), environment);
        printf("  error %d\n", errno);
        fflush(stdout);
        _exit(0);
    }
    waitpid(id, nullptr, 0);
}

int show(int argc, char** argv) {
    for (int i = 0; i < argc; i++)
        printf("  %zu '%.60s'\n", strlen(argv[i]), argv[i]);
    return 0;
}

void script(const char* name, const std::string& text) {
    write_file(name, text);
    execute(name);
}

void lines() {
    script("plain", "#!./i\nbody\n");
    script("argument", "#! \t ./i  one argument,  with blanks \t \nbody\n");
    script("no-newline", "#!./i last");
    script("blanks", "#!   \t\n./i\n");
    script("nul", std::string("#!./i a\0b\n", 10));
    script("missing", "#!./absent\n");
    script("directory", "#!/tmp\n");
    script("long-argument", "#!./i " + std::string(400, 'a') + "\n");
    script("name-fills-the-head", "#!./" + std::string(252, 'n') + "\n");
    script("name-is-cut", "#!./" + std::string(300, 'n') + "\n");
    script("carriage-return", "#!./i\r\n");
}

void nested() {
    write_file("n1", "#!./i a\n");
    for (int i = 2; i <= 6; i++)
        write_file(("n" + std::to_string(i)).c_str(), "#!./n" + std::to_string(i - 1) + "\n");
    execute("./n5");
    execute("./n6");
    write_file("loop", "#!./loop\n");
    execute("./loop");
    execute("./n1", {}); // not even argv[0]
}

void by_descriptor() {
    int fd = open("plain", O_RDONLY | O_CLOEXEC);
    char name[] = "zero";
    char* arguments[] = {name, nullptr};
    errno = 0;
    execveat(fd, "", arguments, nullptr, AT_EMPTY_PATH);
    printf("a descriptor that closes: %d\n", errno);
    close(fd);
}

void large(const std::string& path) {
    std::string program;
    FILE* f = fopen(path.c_str(), "r");
    char block[65536];
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        program.append(block, n);
    fclose(f);
    program.append(20 << 20, '\0');
    write_file("large", program);
    execute("large", {"large", "show", "20 MiB"});
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 || strcmp(argv[0], "./i") == 0)
        return show(argc, argv);
    std::string path = own_path(argv[0]);
    char folder[] = "/tmp/scripts-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) || symlink(path.c_str(), "i"))
        return 1;
    lines();
    nested();
    by_descriptor();
    large(path);
    for (const char* name : {"i",
                             "plain",
                             "argument",
                             "no-newline",
                             "nothing",
                             "blanks",
                             "nul",
                             "missing",
                             "directory",
                             "long-argument",
                             "name-fills-the-head",
                             "name-is-cut",
                             "carriage-return",
                             "n1",
                             "n2",
                             "n3",
                             "n4",
                             "n5",
                             "n6",
                             "loop",
                             "large"})
        unlink(name);
    return chdir("/") || rmdir(folder);
}
