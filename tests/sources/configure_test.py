# SPDX-License-Identifier: BSD-2-Clause
"""./configure before it changes anything: what it says about missing packages and bad options."""

import os
import pathlib
import subprocess
import tempfile
import unittest

CONFIGURE = pathlib.Path(__file__).resolve().parents[2] / "configure"

# A system on which everything is installed except for what the test names.
DPKG_QUERY = """#!/bin/sh
for package; do :; done
case " $MISSING " in
    *" $package "*) exit 1 ;;
    *) printf installed ;;
esac
"""


class ConfigureTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = pathlib.Path(folder.name)
        (self.bin / "dpkg-query").write_text(DPKG_QUERY)
        (self.bin / "dpkg-query").chmod(0o755)

    def configure(self, *options, missing=""):
        environment = dict(os.environ, PATH=f"{self.bin}:/usr/bin:/bin", MISSING=missing)
        return subprocess.run([CONFIGURE, *options], env=environment, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)

    def test_prints_one_line_and_stops(self):
        result = self.configure("--no-install", missing="ccache seabios")
        self.assertEqual(result.returncode, 1)
        lines = [line for line in result.stderr.splitlines() if line.startswith("apt-get ")]
        self.assertEqual(lines, ["apt-get install ccache seabios"])

    def test_refuses_unknown_options(self):
        result = self.configure("--frobnicate")
        self.assertEqual(result.returncode, 1)
        self.assertIn("unknown option: --frobnicate", result.stderr)

    def test_refuses_a_source_that_is_not_there(self):
        result = self.configure("--qemu-source=/nonexistent/qemu")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent/qemu does not exist", result.stderr)

    def test_refuses_a_source_that_is_not_qemu(self):
        with tempfile.TemporaryDirectory() as build:
            result = self.configure(f"--qemu-source={self.bin}", f"--build-dir={build}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("is not QEMU's source", result.stderr)

    def test_help(self):
        result = self.configure("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--qemu-source=DIR|TARBALL", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
