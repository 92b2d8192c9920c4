#!/usr/bin/env python3
"""Clients that mean harm, or are broken, against `genesis sandboxd` with real sandboxes: paths that would
lead out of a sandbox, requests hidden in others, connections that are never finished. What needs no
sandbox (slow heads and bodies, every form of smuggling at the first server) is in tests/unit/net."""

import base64
import hashlib
import json
import os
import pathlib
import socket
import struct
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandboxd_case import KEY, SandboxdCase  # noqa: E402

AGENT = 49983


class PathTricks(SandboxdCase):
    """Files of the machine, of another sandbox and of the server must not be had by any name."""

    SECRET = "the machine's own, which no sandbox has"

    def setUp(self):
        super().setUp()
        self.start()
        self.secret = self.folder / "secret"
        self.secret.write_text(self.SECRET)
        self.mine = self.create()
        self.other = self.create()
        self.write(self.other, "/home/user/theirs", self.SECRET)
        self.addCleanup(self.end_all)

    def write(self, sandbox, path, text):
        status, _, value = self.to_sandbox(
            sandbox, AGENT, "POST", "/files?path=" + urllib.parse.quote(path, safe=""), text,
            {"content-type": "application/octet-stream"})
        return status, value

    def read(self, query):
        status, _, value = self.to_sandbox(self.mine, AGENT, "GET", "/files?" + query)
        return status, value if isinstance(value, bytes) else json.dumps(value).encode()

    def run_command(self, text):
        message = json.dumps({"process": {"cmd": "/bin/bash", "args": ["-c", text]},
                              "stdin": False}).encode()
        status, _, answer = self.to_sandbox(
            self.mine, AGENT, "POST", "/process.Process/Start",
            struct.pack(">BI", 0, len(message)) + message,
            {"content-type": "application/connect+json"})
        self.assertEqual(status, 200)
        self.assertIn(b'"exitCode":0', answer)

    def test_no_name_leads_out(self):
        theirs = f"{self.state}/sandboxes/{self.other['sandboxID']}"
        targets = [str(self.secret), theirs + "/root" + "/home/user/theirs", f"{theirs}/envd.sock",
                   f"{self.state}/journal", "/home/user/theirs"]
        links = "; ".join(f"ln -sfn {target} /home/user/link{n}"
                          for n, target in enumerate(targets))
        self.run_command(f"cd /home/user; {links}; ln -sfn {self.folder} folder; ln -sfn / root")
        up = "../" * 30
        names = targets + [f"link{n}" for n in range(len(targets))]
        for target in targets:
            names += [f"/home/user/{up}{target}", f"/proc/1/root{target}", f"/proc/self/root{target}",
                      f"/proc/1/cwd/{up}{target}", f"/home/user/root{target}", f"//{target}",
                      f"/tmp/./..{target}", f"~{target}", f"~/{up}{target}"]
        names += ["folder/secret", f"/proc/{self.server.pid}/root{self.secret}"]
        for name in names:
            for query in ("path=" + urllib.parse.quote(name, safe=""),
                          "path=" + urllib.parse.quote(name).replace("..", "%2e%2e")):
                with self.subTest(query=query):
                    status, text = self.read(query)
                    self.assertNotIn(self.SECRET.encode(), text)
                    self.assertIn(status, (400, 404))

    def test_names_that_are_none(self):
        for query in ("path=a%00b", "path=%zz", "path=" + "x" * 300, "path=" + "d/" * 3000,
                      "path=~other/x", "path=/dev/zero", "path=/home",
                      "path=a&username=" + "u" * 500, "path=a&username=..%2froot"):
            with self.subTest(query=query):
                status, _ = self.read(query)
                self.assertIn(status, (400, 401, 404))
        self.assertEqual(self.read("path=/proc/self/mem"), (200, b""))  # The agent's is not told.
        self.assertEqual(self.to_sandbox(self.mine, AGENT, "GET", "/health")[0], 204)

    def test_what_is_written_stays_inside(self):
        self.run_command(f"ln -sfn {self.folder} /home/user/out; ln -sfn {self.secret} /home/user/s")
        for path in ("/home/user/out/made", "/home/user/s", f"{self.folder}/made",
                     f"/proc/1/root{self.folder}/made", "../../../../../.." + f"{self.folder}/made"):
            self.write(self.mine, path, "overwritten")
        self.assertEqual(self.secret.read_text(), self.SECRET)
        self.assertFalse((self.folder / "made").exists())
        body = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
                + f"{self.folder}/made".encode() + b'"\r\n\r\nx\r\n--b--\r\n')
        self.to_sandbox(self.mine, AGENT, "POST", "/files", body,
                        {"content-type": "multipart/form-data; boundary=b"})
        self.assertFalse((self.folder / "made").exists())

    def test_a_signature_opens_one_path_of_one_sandbox(self):
        raw = f"/home/user/theirs:read::{self.mine['envdAccessToken']}"
        signature = "v1_" + base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode()
        query = urllib.parse.urlencode({"path": "/home/user/theirs",
                                        "signature": signature.rstrip("=")})
        status, _, text = self.ask("GET", "/files?" + query, key=None)
        self.assertEqual(status, 404, text)  # Mine has no such file; theirs is not looked at.
        status, _, text = self.ask("GET", "/files?" + query, key=None, headers={
            "e2b-sandbox-id": self.other["sandboxID"], "e2b-sandbox-port": str(AGENT)})
        self.assertEqual(status, 401, text)


class Smuggling(SandboxdCase):
    """Connections to agents are used again: what one request leaves behind would be the next one's."""

    def setUp(self):
        super().setUp()
        self.start()
        self.sandbox = self.create()
        self.addCleanup(self.end_all)

    def raw(self, text):
        with socket.create_connection(("127.0.0.1", self.port), 30) as raw:
            raw.sendall(text)
            raw.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: raw.recv(65536), b""))

    def test_nothing_is_left_behind_for_the_next_request(self):
        routing = (f"e2b-sandbox-id: {self.sandbox['sandboxID']}\r\ne2b-sandbox-port: {AGENT}\r\n"
                   f"x-access-token: {self.sandbox['envdAccessToken']}\r\n")
        hidden = "GET /envs HTTP/1.1\r\nhost: h\r\n" + routing + "\r\n"
        tricks = ("content-length: 5\r\ntransfer-encoding: chunked\r\n",
                  "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
                  "content-length: 5\r\ncontent-length: 6\r\n", "content-length: +5\r\n",
                  "transfer-encoding: xchunked\r\n", "transfer-encoding : chunked\r\n",
                  "transfer-encoding: chunked, identity\r\n", " content-length: 5\r\n",
                  "content-length: 5,5\r\n", "x: y\rcontent-length: 0\r\n")
        for trick in tricks:
            with self.subTest(trick=trick):
                text = ("POST /filesystem.Filesystem/Stat HTTP/1.1\r\nhost: h\r\n"
                        "content-type: application/json\r\n" + routing + trick + "\r\n"
                        "0\r\n\r\n" + hidden)
                answers = self.raw(text.encode())
                self.assertNotIn(b"E2B_SANDBOX", answers)  # What /envs would say.
                for _ in range(3):
                    status, _, value = self.to_sandbox(self.sandbox, AGENT, "GET", "/health")
                    self.assertEqual((status, value), (204, b""))

    def test_a_head_cannot_be_split(self):
        for value in ("x\r\nx-injected: 1", "x\nx-injected: 1", "x\0y"):
            raw = (f"GET /health HTTP/1.1\r\nhost: h\r\ne2b-sandbox-id: {value}\r\n"
                   f"e2b-sandbox-port: {AGENT}\r\n\r\n").encode()
            self.assertRegex(self.raw(raw), rb"^HTTP/1\.1 (400|502) ")
        for target in ("/files?path=a b", "/files\r\n", "//evil", "*"):
            answer = self.raw(f"GET {target} HTTP/1.1\r\nhost: h\r\n\r\n".encode())
            self.assertRegex(answer, rb"^HTTP/1\.1 4\d\d ", target)


class UnfinishedOnes(SandboxdCase):
    def setUp(self):
        super().setUp()
        self.start()
        self.sandbox = self.create()
        self.addCleanup(self.end_all)

    def head(self, more=""):
        return (f"POST /process.Process/Start HTTP/1.1\r\nhost: h\r\n"
                f"e2b-sandbox-id: {self.sandbox['sandboxID']}\r\ne2b-sandbox-port: {AGENT}\r\n"
                f"x-access-token: {self.sandbox['envdAccessToken']}\r\n"
                f"content-type: application/connect+json\r\n{more}\r\n").encode()

    def begin(self, script):
        message = json.dumps({"process": {"cmd": "/bin/bash", "args": ["-c", script]},
                              "stdin": False}).encode()
        raw = socket.create_connection(("127.0.0.1", self.port), 30)
        self.addCleanup(raw.close)
        raw.sendall(self.head(f"content-length: {len(message) + 5}\r\n")
                    + struct.pack(">BI", 0, len(message)) + message)
        return raw

    def test_a_half_closed_stream_is_told_to_its_end(self):
        raw = self.begin("echo first; sleep 0.3; echo last")
        raw.shutdown(socket.SHUT_WR)
        told = b"".join(iter(lambda: raw.recv(65536), b""))
        self.assertIn(base64.b64encode(b"last\n"), told)
        self.assertTrue(told.endswith(b"0\r\n\r\n"), told)

    def test_streams_that_are_dropped_cost_nothing(self):
        def held():
            return len(os.listdir(f"/proc/{self.server.pid}/fd"))
        self.to_sandbox(self.sandbox, AGENT, "GET", "/health")
        before = held()
        for number in range(30):
            raw = self.begin("sleep 1000")
            if number % 2:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.recv(1024)
            raw.close()
        # And those that never send what they announced.
        for body in (b"", b"\0\0\0\1\0{", b"\xff" * 100):
            raw = socket.create_connection(("127.0.0.1", self.port), 30)
            raw.sendall(self.head("content-length: 100000\r\n") + body)
            raw.close()
        # What stays is the pool of connections to the agent.
        self.poll("its descriptors are back", lambda: held() <= before + 33)
        status, _, value = self.to_sandbox(self.sandbox, AGENT, "POST", "/process.Process/List", "{}",
                                           {"content-type": "application/json"})
        self.assertEqual((status, len(value["processes"])), (200, 30))  # A disconnect kills none.


class Guessing(SandboxdCase):
    def test_wrong_keys_wait_and_right_ones_do_not_suffer(self):
        self.start()
        crowd = []
        for number in range(200):
            raw = socket.create_connection(("127.0.0.1", self.port), 30)
            raw.sendall(f"GET /v2/sandboxes HTTP/1.1\r\nhost: h\r\nx-api-key: e2b_{number:040x}\r\n"
                        "connection: close\r\n\r\n".encode())
            crowd.append(raw)
        self.assertEqual(self.ask("GET", "/v2/sandboxes")[0], 200)
        answers = set()
        for raw in crowd:
            answers.add(b"".join(iter(lambda: raw.recv(65536), b"")).split(b"\r\n")[0])
            raw.close()
        self.assertEqual(answers, {b"HTTP/1.1 401 Unauthorized"})
        self.assertEqual(self.ask("GET", "/v2/sandboxes", key=KEY)[0], 200)


if __name__ == "__main__":
    unittest.main()
