# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's pristine source: found, checked and unpacked in the cache folder."""

import pathlib
import re

from .cache import SourceError, cache_dir, locked, new_folder, say, sha256
from .debian import Archive, unpack_package, unpack_source

SERIES = "10.0"

# Tried in this order; the checksums are those of the upstream tarballs as Debian ships them.
KNOWN = {
    "1:10.0.13+ds-0+deb13u1": "6a0888e806c2ffc0c5f0733e974f9aea55491950d3c47c98669c8b236dde59ae",
    "1:10.0.2+ds-2+deb13u1~bpo12+1":
        "0901da33844a331bf8b3602b9c1fbd178e60b737c8e3ade678255bd090c9b9f1",
}

# Firmware of other machines: two thirds of the archive, and nothing here builds it.
NOT_UNPACKED = ["*/roms/*/*"]


class Source:
    """A folder with the unchanged source, its version, and a name that changes with its content."""

    def __init__(self, folder, identity):
        self.folder = folder
        self.identity = identity
        self.version = _version(folder)


def _version(folder):
    try:
        version = (folder / "VERSION").read_text().strip()
    except OSError:
        raise SourceError(f"{folder} is not QEMU's source: it has no VERSION file") from None
    if not version.startswith(SERIES + "."):
        raise SourceError(f"{folder} is QEMU {version}; Ouros patches the {SERIES} series")
    if not (folder / "target/riscv/cpu.h").exists():
        raise SourceError(f"{folder} is not a whole source tree of QEMU (no target/riscv)")
    return version


def _upstream(debian_version):
    return re.sub(r"^\d+:|\+.*$|-.*$", "", debian_version)


def _order(tarball):
    return [int(number) for number in re.findall(r"\d+", tarball.name.split("+")[0])]


def _unpack(tarball, folder):
    with locked(cache_dir() / "qemu.lock"):
        if not folder.exists():
            say(f"unpacking {tarball.name}")
            with new_folder(folder) as new:
                unpack_source(tarball, new, exclude=NOT_UNPACKED)
                _version(new)
    return folder


def _users_own(given):
    path = pathlib.Path(given).expanduser().resolve()
    if path.is_dir():
        return Source(path, f"folder {path}")
    if not path.is_file():
        raise SourceError(f"--qemu-source: {path} is neither a folder nor a file")
    checksum = sha256(path)
    return Source(_unpack(path, cache_dir() / f"qemu-own-{checksum[:12]}"), f"sha256 {checksum}")


def _in_cache():
    """The newest tarball of the series that an earlier run has checked and kept."""
    found = list((cache_dir() / "archives").glob(f"qemu_{SERIES}.*.orig.tar.*"))
    return max(found, key=_order, default=None)


def _from_debian():
    archive = Archive()
    offered = archive.source_versions("qemu")
    for version, checksum in KNOWN.items():
        if version not in offered:
            continue
        tarball = archive.source("qemu", version)
        if sha256(tarball) == checksum:
            return tarball
        tarball.unlink()
        say(f"warning: QEMU {version} from the archive has an unknown checksum; not used")
    for version in offered:
        if _upstream(version).startswith(SERIES + ".") and version not in KNOWN:
            say(f"warning: QEMU {version} is newer than the versions Ouros was tested with; "
                "apt has checked its signature")
            return archive.source("qemu", version)
    raise SourceError(f"Debian's archive offers no QEMU {SERIES}.z (it has: "
                      f"{', '.join(offered) or 'none'}); use --qemu-source=DIR|TARBALL")


def find(given=None):
    """The user's own copy, else the cache, else Debian's."""
    if given:
        return _users_own(given)
    with locked(cache_dir() / "archives.lock"):
        tarball = _in_cache() or _from_debian()
    folder = cache_dir() / ("qemu-" + tarball.name.split("_")[1].split("+")[0].split(".orig")[0])
    return Source(_unpack(tarball, folder), tarball.name)


def python():
    """A Python with a Meson that QEMU's build accepts; Debian 12's is older than it wants.

    The packages are pure Python; a virtual environment that sees them and the system's own
    modules leaves the system as it was.
    """
    venv = cache_dir() / "python"
    interpreter = venv / "bin/python3"
    with locked(cache_dir() / "python.lock"):
        if (venv / "complete").exists() and interpreter.exists():
            return interpreter
        archive = Archive()
        packages = [archive.package(name, "all") for name in ("meson", "python3-pycotap")]
        # Not new_folder(): a virtual environment must be made where it will be used.
        _make_venv(venv, packages)
        (venv / "complete").touch()
    return interpreter


def _make_venv(venv, packages):
    import shutil
    import subprocess
    import tempfile

    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", "--system-site-packages",
                    str(venv)], check=True)
    site = next(venv.glob("lib/python3*/site-packages"))
    with tempfile.TemporaryDirectory() as unpacked:
        for package in packages:
            unpack_package(package, unpacked)
        shutil.copytree(pathlib.Path(unpacked) / "usr/lib/python3/dist-packages", site,
                        dirs_exist_ok=True)
        shutil.copy(pathlib.Path(unpacked) / "usr/bin/meson", venv / "bin/meson")
    script = venv / "bin/meson"
    script.write_text(re.sub(r"^#!.*", f"#!{venv}/bin/python3", script.read_text(), count=1))
