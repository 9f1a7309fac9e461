# SPDX-License-Identifier: BSD-2-Clause
"""Files from Debian's archive through a private apt configuration.

The system's apt is asked for its mirror and proxies and is otherwise left alone: sources list,
package lists and downloads live in the cache folder, so this works without root. apt checks the
archive's signatures and every file's SHA-256.
"""

import os
import pathlib
import re
import shutil
import subprocess
import time

from .cache import SourceError, cache_dir, locked, new_folder, say

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
LISTS_ARE_FRESH_FOR = 24 * 3600


def _output(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options).stdout


def _mirror():
    """The system's own mirror of the main archive (not of security updates)."""
    targets = _output(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"])
    for uri in targets.split():
        if re.fullmatch(r".*/debian/?", uri):
            return uri.rstrip("/")
    return DEFAULT_MIRROR


def _proxies():
    dump = _output(["apt-config", "dump"])
    wanted = re.compile(r"^Acquire::\S*(Proxy|Retries|Timeout|CaInfo|Verify-Peer)\S* ", re.I)
    return [line for line in dump.splitlines() if wanted.match(line)]


class Archive:
    """Debian 13 ("trixie"), which has QEMU 10.0 and the riscv64 port, and bookworm-backports."""

    def __init__(self):
        self.root = cache_dir() / "apt"
        self.downloads = cache_dir() / "archives"
        self.downloads.mkdir(exist_ok=True)
        self.environment = dict(os.environ, APT_CONFIG=str(self.root / "apt.conf"), LC_ALL="C")

    def _configure(self):
        for folder in ("lists/partial", "cache/archives/partial"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        if not os.path.exists(KEYRING):
            raise SourceError(f"{KEYRING} is missing: install debian-archive-keyring")
        origin = f"[signed-by={KEYRING}] {_mirror()}"
        (self.root / "sources.list").write_text(
            f"deb-src {origin} trixie main\n"
            f"deb-src {origin} bookworm-backports main\n"
            f"deb {origin.replace('[', '[arch=riscv64 ')} trixie main\n")
        (self.root / "apt.conf").write_text("\n".join([
            f'Dir::State "{self.root}";',
            f'Dir::State::lists "{self.root}/lists/";',
            f'Dir::State::status "{self.root}/status";',
            f'Dir::Cache "{self.root}/cache";',
            f'Dir::Etc::sourcelist "{self.root}/sources.list";',
            'Dir::Etc::sourceparts "/dev/null";',
            'Dir::Etc::parts "/dev/null";',
            'Dir::Etc::preferences "/dev/null";',
            'Dir::Etc::preferencesparts "/dev/null";',
            'APT::Architectures { "riscv64"; };',
            'APT::Sandbox::User "root";',
            'Acquire::Languages "none";',
            'Acquire::GzipIndexes "true";',
            'Acquire::Retries "3";',
        ] + _proxies()) + "\n")

    def _run(self, *command, cwd=None):
        result = subprocess.run(command, cwd=cwd, env=self.environment, check=False, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return result.returncode == 0, result.stdout

    def update(self):
        """Gets the package lists unless they were got today."""
        stamp = self.root / "updated"
        with locked(self.root / "lock"):
            if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_ARE_FRESH_FOR:
                return
            self._configure()
            say("package lists: getting Debian's (private to Ouros; the system's are not touched)")
            done, output = self._run("apt-get", "update", "--error-on=any")
            if not done:
                # A mirror may lack one suite; what it has may be enough.
                lines = [line for line in output.splitlines() if line.startswith(("E:", "W:"))]
                problem = "; ".join(lines or ["no network?"])
                if not list((self.root / "lists").glob("*trixie*Sources*")):
                    raise SourceError(f"apt cannot get Debian's package lists: {problem}")
                say(f"warning: some of Debian's package lists could not be got: {problem}")
            stamp.touch()

    def source_versions(self, package):
        self.update()
        _, output = self._run("apt-cache", "showsrc", package)
        found = re.findall(rf"^Package: {re.escape(package)}\n(?:.*\n)*?Version: (\S+)", output, re.M)
        return list(dict.fromkeys(found))

    def _fetch(self, kind, request, pattern, destination):
        """Runs apt in a folder of its own and keeps the one file that matches."""
        self.update()
        with new_folder(self.downloads / f".get-{kind}") as folder:
            say(f"{kind}: getting {request} from Debian")
            if kind == "source":
                done, output = self._run("apt-get", "source", "--tar-only", "--download-only",
                                         request, cwd=folder)
            else:
                done, output = self._run("apt-get", "download", request, cwd=folder)
            files = sorted(folder.glob(pattern))
            if not done or len(files) != 1:
                errors = [line for line in output.splitlines() if line.startswith("E:")]
                raise SourceError(f"apt cannot get {request}: " + "; ".join(errors))
            target = destination or self.downloads / files[0].name
            files[0].replace(target)
        shutil.rmtree(self.downloads / f".get-{kind}")
        return target

    def source(self, package, version=None):
        """The upstream tarball. Never the .dsc: the pool lacks some, and we patch the original."""
        request = f"{package}={version}" if version else f"{package}/trixie"
        return self._fetch("source", request, "*.orig.tar.*", None)

    def dependency(self, name, pattern, architecture="riscv64"):
        """The package that an empty one stands for: the first that it depends on and that matches."""
        self.update()
        _, output = self._run("apt-cache", "depends", f"{name}:{architecture}")
        for found in re.findall(r"^ *Depends: ([^:\s]+)", output, re.M):
            if re.fullmatch(pattern, found):
                return found
        raise SourceError(f"Debian's archive has no {name} for {architecture}")

    def package(self, name, architecture="riscv64"):
        request = f"{name}:{architecture}" if architecture != "all" else name
        return self._fetch("package", request, "*.deb", None)


def unpack_package(deb, folder):
    subprocess.run(["dpkg-deb", "-x", str(deb), str(folder)], check=True)


def unpack_source(tarball, folder, exclude=(), only=None):
    """Unpacks without the leading folder; `only` and `exclude` are tar patterns."""
    command = ["tar", "-xf", str(tarball), "--strip-components=1", "--no-same-owner",
               "-C", str(folder), "--wildcards"]
    command += [f"--exclude={pattern}" for pattern in exclude]
    command += [only] if only else []
    if subprocess.run(command, check=False).returncode != 0:
        raise SourceError(f"cannot unpack {pathlib.Path(tarball).name}")
