# SPDX-License-Identifier: BSD-2-Clause
"""A QEMU that is held at its first instruction, driven through QMP and through its gdb stub."""

import json
import pathlib
import re
import socket
import subprocess
import time

DEADLINE = 60


class Failure(Exception):
    """Said by the test, without a traceback."""


def connect(path, process):
    end = time.monotonic() + DEADLINE
    while True:
        if process.poll() is not None:
            raise Failure(f"QEMU ended with {process.returncode}")
        try:
            stream = socket.socket(socket.AF_UNIX)
            stream.settimeout(DEADLINE)
            stream.connect(str(path))
            return stream
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


class Machine:
    """One process. `folder` takes its sockets and its console's output."""

    def __init__(self, qemu, arguments, folder, name):
        self.console = pathlib.Path(folder, f"{name}.console")
        qmp, gdb, qtest = (pathlib.Path(folder, f"{name}.{kind}")
                           for kind in ("qmp", "gdb", "qtest"))
        self.process = subprocess.Popen([
            qemu, *arguments, "-S", "-display", "none", "-monitor", "none",
            # Without the state of the stopped source ("debug"), which cannot be loaded.
            "-global", "migration.store-global-state=off",
            "-serial", f"file:{self.console}", "-qmp", f"unix:{qmp},server=on,wait=off",
            "-qtest", f"unix:{qtest},server=on,wait=off", "-qtest-log", "none",
            "-chardev", f"socket,id=gdb,path={gdb},server=on,wait=off", "-gdb", "chardev:gdb"],
            stdin=subprocess.DEVNULL)
        self.qmp_stream = connect(qmp, self.process).makefile("rw")
        self.gdb_stream = connect(gdb, self.process)
        self.qtest_stream = connect(qtest, self.process).makefile("rw")
        self.gdb_left = b""
        self.qmp_stream.readline()
        self.qmp("qmp_capabilities")
        self.gdb("qSupported")

    def qmp(self, command, **arguments):
        try:
            self.qmp_stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.qmp_stream.flush()
            while True:
                answer = json.loads(self.qmp_stream.readline() or "{}")
                if "error" in answer:
                    raise Failure(f"{command}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]
                if not answer:
                    raise ConnectionError
        except ConnectionError:
            raise Failure(f"QEMU ended on {command}") from None

    def hmp(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line})

    def gdb_send(self, text):
        data = text.encode()
        self.gdb_stream.sendall(b"$%s#%02x" % (data, sum(data) & 255))

    def gdb_receive(self):
        """The next packet, or None when QEMU has ended."""
        try:
            while not (match := re.match(rb"[+-]*\$([^#]*)#..", self.gdb_left, re.DOTALL)):
                more = self.gdb_stream.recv(65536)
                if not more:
                    return None
                self.gdb_left += more
            self.gdb_left = self.gdb_left[match.end():]
            self.gdb_stream.sendall(b"+")
            return match[1].decode(errors="replace")
        except ConnectionError:
            return None

    def gdb(self, text):
        self.gdb_send(text)
        return self.gdb_receive()

    def pc(self):
        return int.from_bytes(bytes.fromhex(self.gdb("p20")), "little")

    def run_to(self, addresses):
        """Which of them it came to; None when it ended first."""
        for address in addresses:
            if self.gdb(f"Z0,{address:x},4") != "OK":
                raise Failure(f"no breakpoint at {address:#x}")
        self.gdb_send("c")
        stopped = self.gdb_receive()
        if stopped is None or stopped.startswith("W"):
            return None
        for address in addresses:
            self.gdb(f"z0,{address:x},4")
        return self.pc()

    def input(self, irq, level):
        """Drives an input of the first hart."""
        hart = "/machine/soc0/harts[0]"
        self.qtest_stream.write(f"set_irq_in {hart} unnamed-gpio-in {irq} {level}\n")
        self.qtest_stream.flush()
        if (answer := self.qtest_stream.readline().strip()) != "OK":
            raise Failure(f"the hart's input {irq}: {answer or 'QEMU ended'}")

    def reset(self):
        """It is held at its first instruction, as after the start."""
        self.qmp("system_reset")
        end = time.monotonic() + DEADLINE
        while self.qmp("query-status")["status"] != "prelaunch":
            if time.monotonic() > end:
                raise Failure("the machine is not reset")
            time.sleep(0.02)

    def save(self, file):
        self.qmp("migrate", uri=f"file:{file}")
        end = time.monotonic() + DEADLINE
        while (status := self.qmp("query-migrate").get("status")) != "completed":
            if status == "failed" or time.monotonic() > end:
                raise Failure(f"saving the machine: {status}")
            time.sleep(0.02)

    def add_disk(self, file):
        """An empty one, for snapshots."""
        def create(job, **options):
            self.qmp("blockdev-create", **{"job-id": job, "options": options})
            end = time.monotonic() + DEADLINE
            while (state := self.qmp("query-jobs")[0])["status"] != "concluded":
                if time.monotonic() > end:
                    raise Failure(f"creating {file}: {state['status']}")
                time.sleep(0.02)
            self.qmp("job-dismiss", id=job)
            if "error" in state:
                raise Failure(f"creating {file}: {state['error']}")

        create("file", driver="file", filename=file, size=0)
        self.qmp("blockdev-add", driver="file", filename=file, **{"node-name": "file"})
        create("disk", driver="qcow2", file="file", size=1 << 20)
        self.qmp("blockdev-add", driver="qcow2", file="file", **{"node-name": "disk"})

    def take_disk(self, file):
        """One that another machine has had."""
        self.qmp("blockdev-add", driver="file", filename=file, **{"node-name": "file"})
        self.qmp("blockdev-add", driver="qcow2", file="file", **{"node-name": "disk"})

    def snapshot(self, command):
        """savevm or loadvm, in this process."""
        if message := self.hmp(f"{command} here"):
            raise Failure(f"{command}: {message}")

    def loaded(self):
        """Waits for an -incoming machine."""
        end = time.monotonic() + DEADLINE
        while self.qmp("query-status")["status"] == "inmigrate":
            if time.monotonic() > end:
                raise Failure("the machine does not load")
            time.sleep(0.02)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait(DEADLINE)


def symbols(nm, program, prefixes):
    """Addresses by name."""
    listing = subprocess.run([nm, program], check=True, capture_output=True, text=True).stdout
    return {name: int(value, 16) for value, _, name in map(str.split, listing.splitlines())
            if name.startswith(tuple(prefixes)) and not name.endswith("_")}
