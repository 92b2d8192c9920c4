"""A running chaos proxy for the tests that put it before a server."""

import json
import pathlib
import subprocess
import sys

PROXY = pathlib.Path(__file__).resolve().parents[1] / "support/chaos_proxy.py"


class ChaosProxy:
    def __init__(self, port, *options):
        self.process = subprocess.Popen([sys.executable, str(PROXY), "--to", str(port), *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def counts(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        if self.process.stdin.closed:
            return
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
