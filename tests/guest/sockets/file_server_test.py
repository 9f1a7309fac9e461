#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""guest-apps/file-server, asked 1000 times: file_server_test.py OUROS FILE-SERVER

By curl first, which is what people use, then by connections of our own, many at a time. Each must
bring exactly its file.
"""

import concurrent.futures
import hashlib
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile

OUROS, SERVER = sys.argv[1:3]
CONNECTIONS, AT_ONCE = 1000, 50


def get(port, name):
    with socket.create_connection(("127.0.0.1", port), timeout=200) as connection:
        connection.sendall(f"GET /{name} HTTP/1.0\r\nHost: guest\r\n\r\n".encode())
        answer = b""
        while block := connection.recv(65536):
            answer += block
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), body


def main():
    with tempfile.TemporaryDirectory() as directory:
        files = {}
        for number, size in enumerate((0, 1, 100, 4096, 16384, 16385, 100_000, 1_000_000)):
            files[f"file{number}"] = random.Random(number).randbytes(size)
            pathlib.Path(directory, f"file{number}").write_bytes(files[f"file{number}"])
        os.mkdir(f"{directory}/folder")
        # Not told to end by whoever is to find out whether it does.
        server = subprocess.Popen(
            [OUROS, "run", "--smp", "2", "--net", "loopback", "--export", directory, "--", SERVER,
             "/host", "0", str(CONNECTIONS)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            word, port = server.stdout.readline().split()
            assert word == b"port", word
            port, asked = int(port), 0

            curl = shutil.which("curl")
            for name in list(files) if curl else []:
                body = subprocess.run([curl, "-sSf", "--noproxy", "*",
                                       f"http://127.0.0.1:{port}/{name}"],
                                      capture_output=True, check=True).stdout
                assert body == files[name], f"curl: {name}: {len(body)} bytes"
                asked += 1
            for name in ("missing", "folder", "../secret"):
                line, body = get(port, name)
                assert line == "HTTP/1.0 404 Not Found" and body == b"", (name, line)
                asked += 1

            names = [sorted(files)[n % 7] for n in range(CONNECTIONS - asked)]
            names[::50] = ["file7"] * len(names[::50])
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                for name, (line, body) in zip(names, pool.map(lambda n: get(port, n), names)):
                    assert line == "HTTP/1.0 200 OK", (name, line)
                    assert hashlib.sha256(body).digest() == hashlib.sha256(files[name]).digest(), \
                        f"{name}: {len(body)} bytes of {len(files[name])}"
            assert server.wait(timeout=200) == 0, f"status {server.returncode}"
            print(f"{CONNECTIONS} connections, {AT_ONCE} at a time, curl {'yes' if curl else 'no'}")
        finally:
            server.kill()
            server.wait()


main()
