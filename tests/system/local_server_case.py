"""Programs that are started without a key: they make sandboxes on this machine, by a server of their own."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import tempfile

from command_case import CommandCase

HOME = pathlib.Path(os.environ.get("GENESIS_HOME", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("GENESIS_BIN", HOME / "build/release/bin"))


class LocalServerCase(CommandCase):
    def setUp(self):
        # Short: the agents' sockets are below it, and such names have a limit.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gls"))
        self.state = self.folder / "s"
        self.addCleanup(self.clean_up)

    def clean_up(self):
        if (self.state / "client.json").exists():
            for sandbox in self.sandboxes():
                self.ask("DELETE", "/sandboxes/" + sandbox["sandboxID"])
            pid = self.server()["pid"]
            os.kill(pid, signal.SIGTERM)
            self.poll("the server has ended", lambda: not pathlib.Path(f"/proc/{pid}").exists())
        shutil.rmtree(self.folder, ignore_errors=True)

    def server(self):
        return json.loads((self.state / "client.json").read_text())

    def ask(self, method, target):
        server = self.server()
        connection = http.client.HTTPConnection(server["url"].split("//")[1], timeout=60)
        try:
            connection.request(method, target, headers={"x-api-key": server["api_key"]})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        return json.loads(text) if text else None

    def sandboxes(self):
        return self.ask("GET", "/v2/sandboxes")

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("E2B_")}
        return dict(kept, GENESIS_HOME=str(HOME), GENESIS_SANDBOXD_DIR=str(self.state), **more)
