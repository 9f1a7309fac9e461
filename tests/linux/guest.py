# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Linux on QEMU, with one program as its init, from the first instruction to the end."""

import hashlib
import json
import pathlib
import re
import socket
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools")]

from initramfs import archive  # noqa: E402
from sources import linux  # noqa: E402

MEMORY = 512 << 20

# perf's firmware driver would take the counters away from user mode.
COMMAND_LINE = "console=ttyS0 initcall_blacklist=pmu_sbi_devinit panic=-1"

MACHINE = ["-accel", "tcg,thread=single", "-m", str(MEMORY >> 20), "-display", "none",
           "-monitor", "none", "-nodefaults", "-no-reboot", "-no-shutdown",
           "-icount", "shift=0,sleep=off", "-seed", "1",
           "-rtc", "base=2025-01-01T00:00:00,clock=vm"]


def package():
    return (linux.find() / "package").read_text().strip()


class Monitor:
    """QEMU's monitor, in its JSON form."""

    def __init__(self, connection):
        self.stream = connection.makefile("rw", encoding="utf-8")
        self.next()
        self.execute("qmp_capabilities")

    def next(self):
        line = self.stream.readline()
        if not line:
            raise EOFError("QEMU ended")
        return json.loads(line)

    def execute(self, command, **parameters):
        self.stream.write(json.dumps({"execute": command, "arguments": parameters}) + "\n")
        self.stream.flush()
        while True:
            answer = self.next()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")

    def wait_for(self, event):
        while self.next().get("event") != event:
            pass


class Boot:
    """One boot, to the moment in which the guest has switched the machine off or restarted it.

    When a guest restarts the machine, QEMU stops that hart at that very instruction; the others, and
    all when it switches the machine off, execute some more until QEMU gets round to it.
    """

    def __init__(self, folder, qemu, machine, bios, init, harts=1, arguments=""):
        folder.mkdir()
        (folder / "initrd").write_bytes(archive(init))
        self.harts = harts
        ours, theirs = socket.socketpair()
        with theirs, ours:
            command = [str(qemu), *machine, *MACHINE, "-smp", str(harts),
                       "-bios", str(bios), "-kernel", str(linux.find() / "Image"),
                       "-initrd", "initrd", "-append", f"{COMMAND_LINE} {arguments}",
                       "-serial", "file:console",
                       "-chardev", f"socket,id=qmp,fd={theirs.fileno()}",
                       "-mon", "chardev=qmp,mode=control"]
            with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL,
                                  pass_fds=[theirs.fileno()]) as process:
                theirs.close()
                try:
                    self.collect(folder, Monitor(ours))
                finally:
                    process.kill()

    def collect(self, folder, monitor):
        monitor.wait_for("SHUTDOWN")
        registers = monitor.execute("human-monitor-command", **{"command-line": "info registers -a"})
        self.registers = re.sub(r"\r", "", registers)
        monitor.execute("pmemsave", val=0x80000000, size=MEMORY, filename="memory")
        with open(folder / "memory", "rb") as memory:
            digest = hashlib.sha256()
            while block := memory.read(1 << 20):
                digest.update(block)
        self.memory = digest.hexdigest()
        (folder / "memory").unlink()
        self.console = (folder / "console").read_text(errors="replace").replace("\r", "")
