#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the launcher promises, each test by its name: launcher_test.py NAME OUROS CAT END COUNT"""

import glob
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

OUROS, CAT, END, COUNT = sys.argv[2:6]

FAILED, NOT_RUNNABLE, NOT_FOUND, USAGE = 125, 126, 127, 2


def ouros(*command, stdin=b"", environment=None, **more):
    return subprocess.run([OUROS, *command], input=stdin, capture_output=True, check=False,
                          env={**os.environ, **(environment or {})}, **more)


def run(*command, **more):
    return ouros("run", *command, **more)


def equal(got, expected, what):
    assert got == expected, f"{what}: {got!r}, expected {expected!r}"


def one_line(result, status, *parts):
    """The launcher gave up: this status, nothing on stdout, one line that says these things."""
    equal(result.returncode, status, f"status ({result.stderr!r})")
    equal(result.stdout, b"", "stdout")
    text = result.stderr.decode()
    equal(text.count("\n"), 1, f"lines of {text!r}")
    assert text.startswith("ouros: "), text
    for part in parts:
        assert part in text, f"{part!r} is not in {text!r}"


# --- input, output, status

def input_and_output_are_binary_safe():
    data = random.Random(1).randbytes(1 << 20)
    result = run("--", CAT, stdin=data)
    equal(result.returncode, 0, f"status ({result.stderr!r})")
    equal(hashlib.sha256(result.stdout).hexdigest(), hashlib.sha256(data).hexdigest(),
          f"SHA-256 of {len(result.stdout)} bytes")
    # Every byte value, newlines and terminal control characters among them, in pieces that come
    # late.
    process = subprocess.Popen([OUROS, "run", "--", CAT], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for value in (b"\x04\x03\x1a", bytes(range(256)), b"\r\n\0", b"no newline"):
        process.stdin.write(value)
        process.stdin.flush()
        equal(process.stdout.read(len(value)), value, "what comes back")
    process.stdin.close()
    equal(process.wait(), 0, "status")


def empty_input_ends_at_once():
    result = run("--", CAT, stdin=b"")
    equal((result.returncode, result.stdout, result.stderr), (0, b"", b"0 bytes\n"), "result")
    # stdin that is closed, not empty.
    result = subprocess.run(["sh", "-c", 'exec "$0" run -- "$1" <&-', OUROS, CAT],
                            capture_output=True, check=False)
    equal((result.returncode, result.stdout, result.stderr), (0, b"", b"0 bytes\n"), "result")


def stderr_is_separate():
    result = run("--", CAT, stdin=b"abc")
    equal((result.returncode, result.stdout, result.stderr), (0, b"abc", b"3 bytes\n"), "result")


def exit_status_is_the_programs():
    for status in (0, 1, 42, 125, 255):
        result = run("--", END, "status", str(status))
        equal((result.returncode, result.stdout, result.stderr),
              (status, b"before the end\n", b""), "result")
    equal(run("--", END, "status", str(256 + 7)).returncode, 7, "status")


def signals_end_as_in_a_shell():
    for how, number in (("abort", signal.SIGABRT), ("null", signal.SIGSEGV),
                        ("illegal", signal.SIGILL)):
        result = run("--", END, how)
        equal((result.returncode, result.stdout), (128 + number, b"before the end\n"), how)


def icount_runs_are_equal():
    # On one hart: on several, under load, too; but that is the kernel's to show.
    outputs = {run("--icount", "--", COUNT).stdout for _ in range(5)}
    equal(len(outputs), 1, f"different outputs {outputs}")
    assert b"output" in outputs.pop()


def bench_figures_are_equal():
    with tempfile.TemporaryDirectory() as name:
        reports = []
        for i in range(2):
            result = ouros("bench", "--json", f"{name}/{i}.json")
            equal(result.returncode, 0, f"status ({result.stderr!r})")
            reports.append((result.stdout, pathlib.Path(f"{name}/{i}.json").read_bytes()))
        equal(reports[0], reports[1], "report")
        figures = [row["ouros"] for row in json.loads(reports[0][1])["rows"]]
        assert figures and None not in figures, f"missing figures: {reports[0][0].decode()}"


# --- the demonstration

def boot_digests_equal_sha256sum():
    with tempfile.TemporaryDirectory() as name:
        folder = os.fsencode(name) + b"/top"
        deep = folder + b"/a/b/c/d"
        os.makedirs(deep)
        os.mkdir(folder + b"/empty folder")
        random_bytes = random.Random(2).randbytes
        files = {b"empty": b"", b"no newline": b"x", b"a, b = c": b"1\n2\n",
                 b"-dash": b"-\n" * 1000, b"quote'\"$`\\": b"q\n", b"\xc3\xa9\xf0\x9f\x90\x8d": b"u\n",
                 b"\xff\xfe not UTF-8": b"\0" * 5000, b"tab\there": b"t", b"line\nbreak": b"n",
                 b"x" * 255: b"long name\n", b"a/b/c/d/deep": b"deep\n",
                 b"a/large": random_bytes(5_000_000), b"a/page": random_bytes(4096),
                 b"a/page and 1": random_bytes(4097)}
        for i in range(150): # more than are open at once
            files[b"a/b/many %d" % i] = random_bytes(i * 50)
        for path, content in files.items():
            pathlib.Path(os.fsdecode(folder + b"/" + path)).write_bytes(content)
        os.symlink("empty", folder + b"/link to a file")
        files[b"link to a file"] = b""
        os.symlink("a", folder + b"/link to a folder")
        os.symlink("nowhere", folder + b"/dangling")
        os.symlink("/etc/passwd", folder + b"/out of the export")
        os.symlink("../outside", folder + b"/also out")
        (pathlib.Path(name) / "outside").write_text("secret\n", encoding="ascii")

        expected = b""
        for path in sorted(files):
            content = files[path]
            digest = subprocess.run(["sha256sum"], input=content, capture_output=True, check=True)
            expected += b"%10d %8d  %s  /host/%s\n" % (
                len(content), content.count(b"\n"), digest.stdout.split()[0], path)
        result = ouros("boot", name + "/top")
        equal(result.returncode, 0, f"status ({result.stderr!r})")
        listed, _, summary = result.stdout.partition(b"\n\n")
        assert listed + b"\n" == expected, difference(listed + b"\n", expected)
        counted = dict(line.rsplit(None, 1) for line in summary.decode().splitlines() if line)
        equal(int(counted["files"]), len(files), "files")
        equal(int(counted["bytes"]), sum(map(len, files.values())), "bytes")
        assert int(counted["  most in flight"]) >= 32, summary.decode()
        equal((counted["  submission"], counted["  completion"]), ("0", "0"),
              "kernel entries for submission and completion")


def difference(got, expected):
    lines = set(expected.split(b"\n")) ^ set(got.split(b"\n"))
    return "\n".join(repr(line) for line in sorted(lines)[:10])


def debug_stops_in_the_program():
    result = subprocess.run(
        [OUROS, "debug", "--gdb-arg=-batch", "--gdb-arg=-ex", "--gdb-arg=break main",
         "--gdb-arg=-ex", "--gdb-arg=continue", "--gdb-arg=-ex", "--gdb-arg=info source",
         "--", COUNT], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert b"Breakpoint 1, main" in result.stdout, result
    assert b"count.cpp" in result.stdout, result
    equal(result.returncode, 0, "status")


# --- the end of a machine

def wait_for_end(process, seconds=20):
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("it does not end") from None


def looping():
    """A machine whose program has started and will not end."""
    process = subprocess.Popen([OUROS, "run", "--", END, "loop"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    equal(process.stdout.readline(), b"before the end\n", "output")
    return process


def closed_stdout_ends_the_machine():
    process = subprocess.Popen([OUROS, "run", "--", CAT], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.close()
    try:
        for _ in range(1000):
            process.stdin.write(b"x" * 65536)
    except BrokenPipeError:
        pass
    process.stdin = None
    equal(wait_for_end(process), -signal.SIGPIPE, "status")


def signals_to_the_launcher_end_the_machine():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        process = looping()
        process.send_signal(number)
        equal(wait_for_end(process), -number, "status")


def children_of(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def no_process_or_file_is_left():
    before = set(glob.glob(tempfile.gettempdir() + "/ouros*"))
    process = looping()
    qemu = children_of(process.pid)
    equal(len(qemu), 1, "children")
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(100):
        stat = pathlib.Path(f"/proc/{qemu[0]}/stat")
        if not stat.exists() or stat.read_text(encoding="ascii").split()[2] == "Z":
            break
        time.sleep(0.1)
    else:
        raise AssertionError("QEMU outlives its launcher")
    equal(set(glob.glob(tempfile.gettempdir() + "/ouros*")) - before, set(), "files left")


# --- what cannot run

def compiled_here(folder, *options):
    """A program for this machine."""
    source = folder / "main.c"
    source.write_text("int main(void) { return 0; }\n", encoding="ascii")
    program = folder / "main"
    # Meson puts the cross compiler's folders first in PATH: its assembler is another machine's.
    subprocess.run(["/usr/bin/cc", *options, str(source), "-o", str(program)], check=True,
                   env={"PATH": "/usr/bin:/bin"})
    return str(program)


def wrong_programs_are_named():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        one_line(run("--", name + "/none"), NOT_FOUND, name + "/none", "No such file")
        one_line(run("--", name), NOT_RUNNABLE, name, "is a directory")
        one_line(run("--", "/dev/null"), NOT_RUNNABLE, "not a regular file")
        one_line(run("--", compiled_here(folder)), NOT_RUNNABLE, "not for riscv64")
        (folder / "empty").touch()
        one_line(run("--", name + "/empty"), NOT_RUNNABLE, "is empty")
        (folder / "script").write_text("#!/bin/sh\n", encoding="ascii")
        one_line(run("--", name + "/script"), NOT_RUNNABLE, "is a script")
        whole = pathlib.Path(CAT).read_bytes()
        (folder / "cut").write_bytes(whole[:5000])
        one_line(run("--", name + "/cut"), NOT_RUNNABLE, "truncated")
        dynamic = subprocess.run(
            ["riscv64-linux-gnu-gcc", name + "/main.c", "-o", name + "/dynamic"], check=False)
        equal(dynamic.returncode, 0, "cross compiler")
        one_line(run("--", name + "/dynamic"), NOT_RUNNABLE, "dynamically linked", "-static")


def wrong_options_are_named():
    for harts in ("0", "9", "abc", "-1", ""):
        one_line(run("--smp", harts, "--", CAT), USAGE, "--smp")
    one_line(run("--memory", "lots", "--", CAT), USAGE, "--memory")
    one_line(run("--latency", "-5", "--", CAT), USAGE, "--latency")
    one_line(run("--export", "/nonexistent", "--", CAT), USAGE, "--export /nonexistent")
    one_line(run("--export", CAT, "--", CAT), USAGE, "is not a directory")
    one_line(ouros("boot", "/nonexistent"), USAGE, "/nonexistent", "No such file")
    one_line(run("--bogus", "--", CAT), USAGE, "--bogus")
    one_line(run(), USAGE, "PROGRAM")
    one_line(ouros(), USAGE, "--help")
    one_line(ouros("fly"), USAGE, "fly")
    if os.geteuid() == 0:
        # Root may read every directory, so try as somebody else.
        with tempfile.TemporaryDirectory() as name:
            secret = pathlib.Path(name) / "secret"
            secret.mkdir(mode=0o700)
            os.chmod(name, 0o755)
            try:
                result = run("--export", str(secret), "--", END, user="nobody")
            except PermissionError:
                return  # the build folder itself is closed to others
            one_line(result, USAGE, str(secret), "Permission denied")


def missing_parts_are_named():
    for variable in ("OUROS_KERNEL", "OUROS_QEMU", "OUROS_BIOS"):
        one_line(run("--", CAT, environment={variable: "/nonexistent/part"}), FAILED,
                 "/nonexistent/part", "ninja -C")
    # A kernel that is none: the firmware jumps into nothing. An end, but not the program's.
    result = run("--qemu-arg", "-bogus", "--", CAT)
    equal(result.returncode, FAILED, "status")
    assert b"-bogus" in result.stderr, result.stderr


def too_little_memory_is_said():
    one_line(run("--memory", "1M", "--", CAT), USAGE, "--memory 1M")
    one_line(run("--memory", "31M", "--", CAT), USAGE, "--memory 31M")
    # The least that is allowed is enough.
    equal(run("--memory", "32M", "--", CAT, stdin=b"x").stdout, b"x", "output")


def unknown_calls_are_named_once():
    result = run("--", END, "unknown-call")
    equal(result.returncode, 0, f"status ({result.stderr!r})")
    text = result.stderr.decode()
    equal(text.count("\n"), 1, f"lines of {text!r}")
    assert text.startswith("ouros: ") and ("swapon" in text or "224" in text), text


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")]()
