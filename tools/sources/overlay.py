# SPDX-License-Identifier: BSD-2-Clause
"""The source tree that QEMU is built from: pristine, with qemu/ laid over it and patches/ applied.

The tree is updated file by file, and only where the wanted content differs, so that an edit of one
patch or device rebuilds what depends on it and no more. Files we wrote are remembered with their
checksum: one that was edited in the tree by hand is never overwritten silently.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from .cache import SourceError, new_folder, say, write_if_changed

IGNORED = re.compile(r"(^|/)(\.[^/]*|[^/]*~|[^/]*\.(orig|rej|swp))$")


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def overlay_files(folder):
    """Path in QEMU's tree -> file of ours."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not IGNORED.search(name):
            found[name] = path
    return found


def series(folder):
    """The patches in the order of the series file; a patch that is not listed is a mistake."""
    listing = folder / "series"
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.split("#")[0].strip() for line in lines]
    names = [name for name in names if name]
    for name in names:
        if not (folder / name).is_file():
            raise SourceError(f"patches/series names {name}, which does not exist")
    unlisted = {path.name for path in folder.glob("*.patch")} - set(names)
    if unlisted:
        raise SourceError(f"not listed in patches/series: {', '.join(sorted(unlisted))}")
    return [folder / name for name in names]


def touched_files(patches):
    names = set()
    for patch in patches:
        text = patch.read_text(errors="replace")
        for name in re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", text, re.M):
            names.add(name)
    return names


def _without_missing_firmware(staging, pristine):
    """Debian's tarball has no edk2 firmware, which QEMU's build would unpack for its tests."""
    if (pristine / "pc-bios/edk2-riscv-code.fd.bz2").exists():
        return
    build = staging / "meson.build"
    text = build.read_text()
    changed = text.replace("unpack_edk2_blobs = bzip2.found()", "unpack_edk2_blobs = false")
    build.write_text(changed)


def _apply(patch, staging):
    result = subprocess.run(
        ["patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch", "--force", "--silent",
         "--reject-file=-", "-d", str(staging), "-i", str(patch)],
        capture_output=True, text=True, check=False)
    if result.returncode != 0 or "with fuzz" in result.stdout:
        raise SourceError(f"patches/{patch.name} does not apply: {result.stdout.strip()}")


def wanted(project, pristine, staging):
    """Puts every file that differs from upstream into `staging`; returns the names concerned.

    Without a project nothing of ours is wanted.
    """
    patches = series(project / "patches") if project else []
    ours = overlay_files(project / "qemu") if project else {}
    touched = touched_files(patches)
    both = sorted(set(ours) & touched)
    if both:
        raise SourceError(f"a patch changes a file of qemu/: {', '.join(both)}")
    for name in sorted(touched | {"meson.build"}):
        if (pristine / name).exists():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(pristine / name, staging / name)
    _without_missing_firmware(staging, pristine)
    for patch in patches:
        _apply(patch, staging)
    for name, path in ours.items():
        if (pristine / name).exists():
            raise SourceError(f"qemu/{name} is a file of upstream's: change it with a patch")
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, staging / name)
    return touched | set(ours) | {"meson.build"}


class Tree:
    """build/qemu-src and what is remembered about it."""

    def __init__(self, folder):
        self.folder = folder
        self.memory = folder.with_name(folder.name + ".json")

    def remembered(self):
        try:
            return json.loads(self.memory.read_text())
        except (OSError, ValueError):
            return {}

    def _remember(self, memory):
        write_if_changed(self.memory, json.dumps(memory, indent=1).encode())

    def _start(self, source):
        say(f"QEMU {source.version}: laying out {self.folder}")
        self.memory.unlink(missing_ok=True)
        with new_folder(self.folder) as new:
            subprocess.run(["cp", "-a", "--reflink=auto", f"{source.folder}/.", str(new)],
                           check=True)
        memory = {"source": source.identity, "files": {}}
        self._remember(memory)
        return memory

    def update(self, project, source, force=False):
        """Returns the names of the files that changed."""
        memory = self.remembered()
        if not self.folder.exists() or memory.get("source") != source.identity:
            memory = self._start(source)
        with tempfile.TemporaryDirectory(prefix="qemu-src-") as temporary:
            staging = pathlib.Path(temporary)
            names = wanted(project, source.folder, staging)
            plan = self._plan(names | set(memory["files"]), staging, names, source)
            self._protect_edits(plan, memory["files"], source, force)
            # Remembered before writing: a run that is interrupted here finds its own files again.
            memory["files"] = {name: sums for name, sums in memory["files"].items()}
            for name, data in plan.items():
                known = memory["files"].setdefault(name, [])
                if data is not None and _digest(data) not in known:
                    known.append(_digest(data))
            self._remember(memory)
            changed = [name for name, data in plan.items() if self._put(name, data, source)]
            memory["files"] = {name: [_digest(plan[name])] if plan[name] is not None else []
                               for name in sorted(names)}
            self._remember(memory)
        return changed

    @staticmethod
    def _plan(candidates, staging, names, source):
        """Name -> content it shall have, None where it shall not exist."""
        plan = {}
        for name in sorted(candidates):
            origin = (staging if name in names else source.folder) / name
            plan[name] = origin.read_bytes() if origin.exists() else None
        return plan

    def _protect_edits(self, plan, known, source, force):
        edited = []
        for name, data in plan.items():
            path = self.folder / name
            if not path.exists():
                continue
            present = path.read_bytes()
            upstream = source.folder / name
            ours = known.get(name, [])
            if (present != data and _digest(present) not in ours
                    and not (upstream.exists() and upstream.read_bytes() == present)):
                edited.append(name)
        if edited and not force:
            raise SourceError(
                f"edited by hand in {self.folder}: {', '.join(edited)}; take the edit over into "
                "patches/ or qemu/ (tools/qemu-source diff shows it), or drop it with --force")

    def _put(self, name, data, source):
        path = self.folder / name
        if data is None:
            if not path.exists():
                return False
            path.unlink()
            return True
        upstream = source.folder / name
        mode = upstream.stat().st_mode & 0o777 if upstream.exists() else None
        return write_if_changed(path, data, mode)

    def differences(self, project, source):
        """What was edited in the tree and is neither in patches/ nor in qemu/, as a diff -U1."""
        with tempfile.TemporaryDirectory(prefix="qemu-src-") as temporary:
            staging = pathlib.Path(temporary) / "a"
            staging.mkdir()
            names = wanted(project, source.folder, staging)
            now = pathlib.Path(temporary) / "b"
            for name in sorted(names | set(self._edited_since_start(source))):
                present = self.folder / name
                if not (staging / name).exists() and (source.folder / name).exists() \
                        and name not in names:
                    (staging / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source.folder / name, staging / name)
                if present.exists():
                    (now / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(present, now / name)
            result = subprocess.run(["diff", "-U1", "-rN", "a", "b"], cwd=temporary,
                                    capture_output=True, text=True, check=False)
        return re.sub(r"^diff .*\n", "", re.sub(r"^((?:---|\+\+\+) \S+)\t.*$", r"\1",
                                               result.stdout, flags=re.M), flags=re.M)

    def _edited_since_start(self, source):
        """Upstream files that are newer than in the pristine tree (cp -a keeps time stamps)."""
        for folder, folders, files in os.walk(self.folder):
            folders[:] = [name for name in folders if not name.startswith(".")
                          and name != "__pycache__"]
            for file in files:
                path = pathlib.Path(folder) / file
                name = path.relative_to(self.folder).as_posix()
                if IGNORED.search(name) or path.is_symlink():
                    continue
                upstream = source.folder / name
                if upstream.exists() and upstream.stat().st_mtime_ns != path.stat().st_mtime_ns:
                    yield name
