"""A running `genesis sandboxd` for the tests that talk to it."""

import http.client
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from command_case import CommandCase

HOME = pathlib.Path(os.environ.get("GENESIS_HOME", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("GENESIS_BIN", HOME / "build/release/bin"))
KEY = "e2b_" + "5eed" * 10


class SandboxdCase(CommandCase):
    def setUp(self):
        # Short: the agents' sockets are below it, and such names have a limit.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gsd"))
        self.state = self.folder / "s"
        self.server = None
        self.port = 0
        self.addCleanup(self.clean_up)

    def clean_up(self):
        if self.server and self.server.poll() is None:
            self.stop()
        if self.processes():
            self.start("--at-stop", "end")  # Those of all teams.
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertFalse(self.folder.exists(), "the state folder cannot be removed")

    def command(self, *options):
        return [str(BIN / "genesis"), "sandboxd", "--listen", "127.0.0.1:0", "--api-key", KEY,
                "--state-dir", str(self.state), *options]

    def start(self, *options, failpoint="", may_die=False):
        environment = dict(os.environ, GENESIS_HOME=str(HOME))
        environment.pop("GENESIS_FAILPOINT", None)
        if failpoint:
            environment["GENESIS_FAILPOINT"] = failpoint
        self.log = open(self.folder / "log", "a", encoding="utf-8")
        self.server = subprocess.Popen(self.command(*options), stdout=subprocess.PIPE,
                                       stderr=self.log, text=True, env=environment)
        self.addCleanup(self.reap, self.server)
        self.log.close()
        line = self.server.stdout.readline()
        if may_die and not line:
            self.server.wait()
            return None
        self.assertTrue(line, (self.folder / "log").read_text())
        self.ready = json.loads(line)
        self.port = int(self.ready["url"].rsplit(":", 1)[1])
        return self.ready

    def stop(self):
        self.server.terminate()
        code = self.server.wait(60)
        self.reap(self.server)
        self.assertEqual(code, 0, (self.folder / "log").read_text())

    def ask(self, method, target, body=None, headers=None, key=KEY):
        """Status, headers and body (parsed where it is JSON)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        all_headers = dict(headers or {})
        if key:
            all_headers["x-api-key"] = key
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            all_headers["content-type"] = "application/json"
        try:
            connection.request(method, target, body, all_headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, value

    def create(self, **body):
        status, _, made = self.ask("POST", "/v2/sandboxes", {"templateID": "base", **body})
        self.assertEqual(status, 201, made)
        return made

    def to_sandbox(self, sandbox, port, method, target, body=None, headers=None):
        routing = {"e2b-sandbox-id": sandbox["sandboxID"], "e2b-sandbox-port": str(port)}
        if sandbox.get("envdAccessToken"):
            routing["x-access-token"] = sandbox["envdAccessToken"]
        return self.ask(method, target, body, {**routing, **(headers or {})}, key=None)

    def listed(self):
        status, _, found = self.ask("GET", "/v2/sandboxes")
        self.assertEqual(status, 200, found)
        return {sandbox["sandboxID"]: sandbox for sandbox in found}

    def end_all(self):
        for sandbox in self.listed():
            self.ask("DELETE", f"/sandboxes/{sandbox}")

    def processes(self):
        """Those whose root is a sandbox of this test's state folder."""
        found = []
        mark = str(self.state.resolve() / "sandboxes")
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or (self.server and int(entry.name) == self.server.pid):
                continue
            try:
                if mark in (entry / "mountinfo").read_text(errors="replace"):
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def folders(self):
        folder = self.state / "sandboxes"
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []
