# SPDX-License-Identifier: BSD-2-Clause
"""Configuring and building QEMU in BUILD/qemu."""

import os
import shlex
import shutil
import subprocess

from . import qemu
from .cache import SourceError, cache_dir, say, write_if_changed

FEATURES = [
    "--disable-download", "--disable-docs", "--disable-install-blobs",
    "--target-list=riscv64-softmmu", "--without-default-features", "--enable-system",
    "--enable-tcg", "--enable-plugins", "--enable-fdt=system", "--enable-slirp",
    "--enable-tools", "--enable-trace-backends=log",
]

# ROMs that QEMU's qos-test loads for its network cards and machines, from Debian's packages.
FIRMWARE = ["/usr/lib/ipxe/qemu", "/usr/share/seabios"]


def _compiler(build):
    """The host compiler behind a cache that is shared by every clone on this machine.

    Object files are the same whatever folder they are built in, hence no hash of the folder.
    A wrapper, so that ninja run by hand in BUILD/qemu uses the same cache.
    """
    wrapper = build / "qemu-cc"
    cache = shlex.quote(str(cache_dir() / "ccache"))
    write_if_changed(wrapper, f"""#!/bin/sh
# Written by tools/qemu-source.
CCACHE_DIR=${{CCACHE_DIR:-{cache}}} CCACHE_NOHASHDIR=1 CCACHE_BASEDIR={shlex.quote(str(build))} \\
    exec ccache gcc "$@"
""".encode(), 0o755)
    return wrapper


def configure(build, source, sanitize):
    """Configures anew when the options change or the source is another one.

    Another source's files may be older than what was built from the last one: nothing is kept.
    """
    folder = build / "qemu"
    command = [str(build / "qemu-src/configure"), f"--python={qemu.python()}",
               f"--cc={_compiler(build)}", *FEATURES]
    if sanitize:
        command += ["--enable-asan", "--enable-ubsan"]
    stamp = folder / "configured-with"
    meaning = f"{source.identity}\n{shlex.join(command)}\n"
    if stamp.exists() and (folder / "build.ninja").exists() and stamp.read_text() == meaning:
        return
    say("QEMU: configure (20 seconds)")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    log = folder / "configure.log"
    with open(log, "wb") as stream:
        result = subprocess.run(command, cwd=folder, stdout=stream, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise SourceError(f"QEMU's configure failed; {log} ends with\n{tail}")
    stamp.write_text(meaning)


def _link_firmware(folder):
    target = folder / "qemu-bundle/usr/local/share/qemu-firmware"
    target.mkdir(parents=True, exist_ok=True)
    for origin in FIRMWARE:
        if os.path.isdir(origin):
            for name in os.listdir(origin):
                if not (target / name).exists():
                    (target / name).symlink_to(os.path.join(origin, name))


def build(build_dir, targets, link=None):
    folder = build_dir / "qemu"
    _link_firmware(folder)
    status = subprocess.run(["ninja", "-C", str(folder), *targets], check=False).returncode
    if status == 0 and link:
        goal = folder / targets[0]
        if not link.is_symlink() or os.readlink(link) != str(goal):
            link.unlink(missing_ok=True)
            link.symlink_to(goal)
    return status
