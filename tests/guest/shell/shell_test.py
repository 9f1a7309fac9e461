# SPDX-License-Identifier: BSD-2-Clause
"""The interactive guest, as somebody at a terminal uses it. NAME OUROS [OPTION]... of `ouros shell`."""

import os
import pathlib
import signal
import subprocess
import sys
import termios

from typist import PROMPT, Missing, Typist, expect

HERE = pathlib.Path(__file__).resolve().parent


def same(what, got, wanted):
    expect(got.strip().split("\n") == wanted.strip().split("\n"), what, got, wanted)


def start(user, line, before=""):
    """A command in the foreground, which by then is: it says so itself."""
    user.type(f"{before}sh -c 'echo ru\"\"ns; exec {line}'\n")
    user.wait("^runs\r\n")


def pipelines(user):
    """As on this machine: the export is a directory of it."""
    names = sorted(os.listdir(HERE))
    same("ls", user.run("ls -1 /host"), "\n".join(n for n in names if not n.startswith(".")))
    same("ls -l | sort | head", user.run("ls -l /host | sort | head -n 1 | cut -c 1,5-7"),
         "-r--" if os.access(HERE / "script.sh", os.R_OK) else "")
    text = subprocess.run("cat script.sh | tr -cs a-z '\\n' | sort | uniq -c | sort -k1,1nr -k2 "
                          "| head -n 5 | sed 's/^ *//'", shell=True, cwd=HERE, text=True,
                          capture_output=True, env={"LC_ALL": "C", **os.environ}, check=True)
    same("a pipeline of six", user.run("cat /host/script.sh | tr -cs a-z '\\n' | sort | uniq -c | "
                                      "sort -k1,1nr -k2 | head -n 5 | sed 's/^ *//'"), text.stdout)
    timed = user.run("time true")
    expect("real" in timed and "user" in timed and "sys" in timed, "time", timed)
    same("status of a pipeline", user.run("true | false; echo $?"), "1")
    same("a long pipeline", user.run("seq 1 20000 | cat | cat | cat | tail -n 1"), "20000")
    same("standard streams", user.run("tty; test -t 0 </dev/tty; echo $?; test -t 2; echo $?"),
         "/dev/console\n0\n0")


def job_control(user):
    start(user, "sleep 1000")
    user.type("\x1a")
    user.wait(r"Stopped.*sleep 1000")
    user.wait(PROMPT)
    expect("Stopped" in user.run("jobs"), "^Z stops", user.all)
    user.run("bg")
    expect("Running" in user.run("jobs"), "bg continues")
    # The shell says what it continues before it gives the terminal away: ^C would be its own.
    user.run('p=$(pidof sleep); ( (until read s </proc/$p/stat; set -- $s; [ "$5" = "$8" ]; '
             'do :; done; echo in fr""ont) & )')
    user.type("fg\n")
    user.wait("in front\r\n")
    user.type("\x03")
    user.wait(PROMPT)
    same("^C ends it", user.run("echo $?"), "130")
    same("no job is left", user.run("jobs"), "")

    user.run("sleep 1000 & sleep 2000 &")
    jobs = user.run("jobs")
    expect(jobs.count("Running") == 2, "two jobs", jobs)
    user.run("kill %1; kill -STOP %2")
    user.run("wait %1")
    jobs = user.run("jobs")
    expect("Stopped" in jobs and "1000" not in jobs.replace("Terminated", ""), "kill", jobs)
    user.run("bg %2")
    expect("Running" in user.run("jobs"), "bg continues")
    user.run("kill -9 %2; wait %2")
    same("no job is left", user.run("jobs"), "")

    # A pipeline is one group: it stops and ends as one.
    start(user, "cat", "sleep 1000 | sleep 1000 | ")
    user.type("\x1a")
    user.wait("Stopped")
    user.wait(PROMPT)
    user.run("kill %1; kill -CONT %1; wait %1")
    user.run("jobs")  # tells once of what has ended
    same("the pipeline has gone", user.run("jobs"), "")


def background(user):
    """Who is in the background may not read, nor, with TOSTOP, write."""
    user.run("cat &")
    stopped = user.run("sleep 1; jobs")
    expect("Stopped (tty input)" in stopped, "a read stops", stopped)
    user.type("fg\n")
    user.wait("^cat\r\n")
    user.type("now it reads\n")
    user.wait("^now it reads\r\nnow it reads\r\n")
    user.type("\x04")
    user.wait(PROMPT)
    user.run("(echo free to write >&2) & wait")
    expect("free to write" in user.all, "without TOSTOP", user.all)
    user.run("stty tostop; (echo held; echo back) > /dev/tty &")
    stopped = user.run("sleep 1; jobs")
    expect("Stopped (tty output)" in stopped and "\nback" not in user.all, "a write stops", stopped)
    user.type("fg\n")
    user.wait("^held\r\nback\r\n")
    user.wait(PROMPT)
    # It may if it ignores the signal.
    user.run("stty tostop; (trap '' TTOU; echo ignores it) > /dev/tty & wait")
    expect("ignores it\r\n" in user.all, "SIGTTOU ignored", user.all)


def keys(user):
    start(user, "cat")
    user.type("abc\x7fd\x15xy z\x17w\n")  # erase, kill, word erase
    user.wait("^xy w\r\n")
    user.type("one\x16\x03two\n")  # ^V: ^C as it is
    user.wait("^one\x03two\r\n")
    user.type("unfinished\x04")  # the end of the file pushes what there is
    user.wait("unfinishedunfinished")
    user.type("\x04")
    user.wait(PROMPT)
    user.type("cat\n")
    user.wait("^cat\r\n|cat\r\n")
    user.type("here\n")
    user.wait("here\r\n")  # once, if it was typed before cat had the terminal
    user.type("again\n")
    user.wait("again\r\nagain\r\n")
    user.type("\x1c")
    user.wait(PROMPT)
    same("^\\", user.run("echo $?"), "131")
    user.type("sh -c 'trap \"echo caught; exit 3\" INT; echo ru\"\"ns; while :; do sleep 1; done'\n")
    user.wait("^runs\r\n")
    user.type("\x03")
    user.wait("caught\r\n")
    user.wait(PROMPT)
    same("a handler for ^C", user.run("echo $?"), "3")
    start(user, "cat")
    user.type("\x13typed\n")  # ^S: nothing is shown
    user.type("\x11")
    user.wait("^typed\r\ntyped\r\n")
    user.type("\x03")
    user.wait(PROMPT)
    same("a raw read", user.run("stty -icanon -echo min 0 time 1; dd bs=1 count=1 2>&1 | tail -n 1; "
                                "stty sane"), "0+0 records out")
    # ^D at the prompt is the end.
    user.type("\x04")
    expect(user.finish() == 0, "the shell ends")


def editing(user):
    user.type("echo frst\x1b[D\x1b[D\x1b[Di\n")  # left, left, left
    user.wait("^first\r\n")
    user.wait(PROMPT)
    user.type("echo second\n")
    user.wait("^second\r\n")
    user.wait(PROMPT)
    user.type("\x1b[A\x1b[A\n")  # up, up
    user.wait("^first\r\n")
    user.wait(PROMPT)
    user.type("cho at the start\x01e\x05!\n")  # ^A, ^E
    user.wait("^at the start!\r\n")
    user.wait(PROMPT)
    user.run("touch /tmp/a-long-name")
    user.type("ls /tmp/a-lo\t\n")
    user.wait("^/tmp/a-long-name\r\n")
    user.wait(PROMPT)
    user.type("never this\x03")  # ^C drops the line
    user.wait(PROMPT)
    history = user.run("history")
    expect("echo second" in history and "never" not in history, "history", history)


def window(user):
    same("at the start", user.run("stty size"), "24 200")
    user.type("sh -c 'trap \"stty size; exit 4\" WINCH; echo ru\"\"ns; while :; do sleep 1; done'\n")
    user.wait("^runs\r\n")
    user.resize(50, 132)
    user.wait("^50 132\r\n")
    user.wait(PROMPT)
    same("the trap has ended it", user.run("echo $?"), "4")
    user.run("stty rows 30 cols 100")
    same("set in the guest", user.run("stty size"), "30 100")


def vi(user):
    user.type("vi /tmp/poem\n")
    user.wait("/tmp/poem")
    user.type("iroses are red\nviolets are bleu\x1b")
    user.wait(r"- /tmp/poem \[Modified\]")  # an escape sequence would come at once
    user.type("bcwblue\x1b")
    user.wait(r"- /tmp/poem \[Modified\]")
    user.type(":wq\n")
    user.wait(PROMPT)
    same("what vi wrote", user.run("cat /tmp/poem"), "roses are red\nviolets are blue")
    same("the terminal is as before", user.run("stty | grep -c -- -echo"), "0")
    user.type("vi /host/script.sh\n")
    user.wait("A script as people write them")
    user.type("G")
    user.wait("exit 6")
    user.type(":q!\n")
    user.wait(PROMPT)


def leaves_nothing(user):
    """K5: the free pages after many commands are those before."""
    work = ("for i in 1 2 3 4 5 6 7 8 9 10; do ls -l /host | sort | head -n 2 >/tmp/x; "
            "sh -c 'sleep 0 & wait; (exit 3)'; cat </tmp/x | wc -l >/dev/null; done; rm -f /tmp/x")
    free = lambda: int(user.run("stat -f -c %f /tmp"))
    user.run(work)
    user.run(work)
    before = free()
    for _ in range(4):
        user.run(work)
    after = free()
    expect(after >= before - 8, "pages are missing", before, after)


def script(user):
    here = subprocess.run(["sh", HERE / "script.sh"], capture_output=True, text=True, check=False)
    guest = user.run("sh /host/script.sh 2>/dev/null; echo status $?")
    same("a script", guest, here.stdout + f"status {here.returncode}\n")


def restored(user):
    """However it ends, the terminal is as it was."""
    before = user.modes_at_start
    expect(termios.tcgetattr(user.fd) != before, "the terminal is raw while the shell runs")
    os.kill(user.pid, signal.SIGTERM)
    status = user.finish()
    expect(status == -signal.SIGTERM, "ended by the signal", status)
    expect(user.modes_at_end == before, "restored", user.modes_at_end, before)


def status(user):
    user.type("exit 7\n")
    expect(user.finish() == 7, "the shell's status is the launcher's")


TESTS = {f.__name__.replace("_", "-"): f for f in (
    pipelines, job_control, background, keys, editing, window, vi, leaves_nothing, script, restored,
    status)}


def main():
    name, ouros, *options = sys.argv[1:]
    user = Typist([ouros, "shell", "--export", str(HERE), *options])
    try:
        user.wait(PROMPT)
        TESTS[name](user)
    except Missing as problem:
        sys.exit(f"{problem}\n--- the screen:\n{user.all}")
    finally:
        user.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
