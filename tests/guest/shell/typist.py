# SPDX-License-Identifier: BSD-2-Clause
"""Somebody at a terminal: starts `ouros shell` on a pseudo-terminal, types, and reads the screen.

Nothing sleeps: after typing one waits for what must appear. What never appears is a failure when the
time for the whole test is over.
"""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

# busybox asks the terminal where the cursor is; nobody answers.
PROMPT = r"ouros:[^\n]*?# \x1b\[6n"

LIMIT = float(os.environ.get("OUROS_TEST_LIMIT", "100"))  # seconds for a whole test


class Missing(Exception):
    pass


class Typist:
    def __init__(self, command, rows=24, columns=200, limit=LIMIT):
        self.end = time.monotonic() + limit
        self.screen = ""  # since the last thing that was waited for
        self.all = ""
        self.fd, terminal = pty.openpty()
        self.set_window(terminal, rows, columns)
        self.modes_at_start = termios.tcgetattr(terminal)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.environ["TERM"] = "xterm"
                self._login(terminal)
                os.execvp(command[0], command)
            finally:
                os._exit(127)
        os.close(terminal)
        self.modes_at_end = None

    @staticmethod
    def _login(terminal):
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(terminal, fd)

    @staticmethod
    def set_window(fd, rows, columns):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.set_window(self.fd, rows, columns)

    def type(self, text):
        os.write(self.fd, text.encode())

    def _read(self):
        """False at the end."""
        left = self.end - time.monotonic()
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            raise Missing("the time is over")
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other side has closed
            return False
        text = data.decode(errors="replace")
        self.screen += text
        self.all += text
        return bool(data)

    def wait(self, pattern):
        """What came until the pattern was there; the pattern itself is the match it returns."""
        while not (found := re.search(pattern, self.screen, re.M)):
            try:
                more = self._read()
            except Missing:
                more = False
            if not more:
                raise Missing(f"waited for {pattern!r}, and there was {self.screen[-2000:]!r}")
        before = self.screen[:found.end()]
        self.screen = self.screen[found.end():]
        return before

    def run(self, line):
        """Types a command; what it wrote until the next prompt, lines ended by newlines."""
        self.type(line + "\n")
        text = self.wait(PROMPT).replace("\r", "")
        echoed, _, output = text.partition("\n")
        return output[:output.rfind("ouros:")]

    def finish(self):
        """Waits for the end; the exit status."""
        while self._read():
            pass
        self.modes_at_end = termios.tcgetattr(self.fd)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def close(self):
        """Hangs up: what still runs ends."""
        os.close(self.fd)


def expect(condition, what, *details):
    if not condition:
        raise Missing(": ".join([what, *map(repr, details)]))
