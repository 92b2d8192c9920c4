#!/usr/bin/env python3
"""The judges: the official E2B SDKs, unmodified, against `genesis sandboxd` with real sandboxes. All of
them at once against one server, each with a team of its own. ./setup.sh sdks installs them."""

import http.client
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandboxd_case import HOME, KEY, SandboxdCase  # noqa: E402

SESSIONS = pathlib.Path(__file__).resolve().parent / "sdk"
SDKS = HOME / ".venv"
PYTHON = str(SDKS / "bin" / "python3")

# Who judges: the folder of the package, the package's name, the least number of cases it has.
JUDGES = (("e2b-2.63.0", "e2b", 21), ("e2b-2.45.1", "e2b", 21),
          ("e2b-code-interpreter-2.11.5", "e2b_code_interpreter", 22),
          ("e2b-js-2.51.0", "e2b", 10), ("e2b-js-2.45.0", "e2b", 10),
          ("e2b-code-interpreter-js-2.8.0", "@e2b/code-interpreter", 11))


def command_of(folder):
    if "-js-" in folder:
        return ["node", str(SESSIONS / "js_session.js"), str(SDKS / folder)]
    return [PYTHON, str(SESSIONS / "python_session.py")]


class SdkTest(SandboxdCase):
    def start_with_teams(self, count):
        config = self.folder / "sandboxd.yaml"
        teams = "".join(f"  - {{name: team{n}, api_keys: [{self.key(n)}]}}\n" for n in range(count))
        config.write_text(f"teams:\n{teams}templates:\n  - {{name: code-interpreter}}\n")
        self.start("--config", str(config))

    @staticmethod
    def key(number):
        return KEY[:-2] + f"{number:02}"

    def judge(self, command, number, folder, package="e2b"):
        environment = dict(os.environ, E2B_API_URL=self.ready["url"], E2B_PACKAGE=package,
                           E2B_SANDBOX_URL=self.ready["url"],
                           E2B_API_KEY=KEY if number is None else self.key(number),
                           PYTHONPATH=str(SDKS / folder))
        process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(self.reap, process)
        return process

    def need(self, *folders):
        for folder in folders:
            if not (SDKS / folder / ".genesis-ready").exists():
                self.skipTest(f"the SDK {folder} is not installed: ./setup.sh sdks")

    def nothing_is_left(self):
        self.assertEqual(self.processes(), [])
        self.assertEqual(self.folders(), [])

    def test_all_judges(self):
        self.need(*(folder for folder, _, _ in JUDGES))
        self.start_with_teams(len(JUDGES))
        running = [self.judge(command_of(folder), number, folder, package)
                   for number, (folder, package, _) in enumerate(JUDGES)]
        for process, (folder, _, least) in zip(running, JUDGES):
            told, _ = process.communicate(timeout=280)
            with self.subTest(sdk=folder):
                print(f"{folder}: {told}", flush=True)
                self.assertEqual(process.returncode, 0, (self.folder / "log").read_text())
                self.assertGreaterEqual(told.count("passed "), least)
        self.nothing_is_left()

    def test_over_tls(self):
        folder = "e2b-js-2.51.0"
        self.need(folder)
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                        str(key), "-out", str(certificate)], check=True, capture_output=True)
        config = self.folder / "sandboxd.yaml"
        config.write_text(f"tls: {{certificate: {certificate}, key: {key}}}\n")
        self.start("--config", str(config))
        self.assertTrue(self.ready["url"].startswith("https://127.0.0.1:"), self.ready)
        os.environ["NODE_EXTRA_CA_CERTS"] = str(certificate)
        self.addCleanup(os.environ.pop, "NODE_EXTRA_CA_CERTS")
        process = self.judge(command_of(folder), None, folder)
        # Those who do not speak TLS, or say nothing, do not hold it up.
        silent = [socket.create_connection(("127.0.0.1", self.port), 30) for _ in range(50)]
        for connection in silent[::2]:
            connection.sendall(b"GET /health HTTP/1.1\r\nhost: h\r\n\r\n")
        told, _ = process.communicate(timeout=120)
        for connection in silent:
            connection.close()
        self.assertEqual(process.returncode, 0, told)
        self.assertGreaterEqual(told.count("passed "), 10)
        # A body of some size arrives whole, and one that is torn is not taken for whole.
        context = ssl.create_default_context(cafile=str(certificate))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60,
                                                 context=context)
        connection.request("POST", "/v2/sandboxes", '{"templateID":"base"}', {"x-api-key": KEY})
        made = json.loads(connection.getresponse().read())
        routing = {"e2b-sandbox-id": made["sandboxID"], "e2b-sandbox-port": "49983",
                   "x-access-token": made["envdAccessToken"],
                   "content-type": "application/octet-stream"}
        data = os.urandom(5_000_000)
        connection.request("POST", "/files?path=big", data, routing)
        self.assertEqual(json.loads(connection.getresponse().read())[0]["name"], "big")
        connection.request("GET", "/files?path=big", headers=routing)
        self.assertEqual(connection.getresponse().read(), data)
        connection.request("DELETE", f"/sandboxes/{made['sandboxID']}", headers={"x-api-key": KEY})
        self.assertEqual(connection.getresponse().status, 204)
        connection.close()
        self.nothing_is_left()

    def test_the_samples_of_the_founding_document(self):
        folder = "e2b-code-interpreter-2.11.5"
        self.need(folder)
        self.start_with_teams(1)
        samples = SESSIONS / "seed_samples.py"
        process = self.judge([PYTHON, str(samples)], 0, folder)
        told, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, told)
        first = told.splitlines()[:2]
        self.assertRegex(first[0], r"^sandbox id: s[a-z0-9]+$")
        self.assertEqual(first[1], f"sandbox {first[0].split()[-1]} killed")
        text = samples.read_text(encoding="utf-8")
        self.assertIn(text, told)  # 2.1.3 writes its own text and prints what it reads back.
        self.assertIn("hello\n\nworld\n", told[told.index(text) + len(text):])
        self.assertIn("CommandResult", told)
        self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()
