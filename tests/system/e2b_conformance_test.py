#!/usr/bin/env python3
"""The protocol's asserted behaviours, one case each, driven by two generations of the official SDK for
JavaScript, unmodified, against `genesis sandboxd` with real sandboxes. The names are those of the
protocol's list (its section I.2): folder and file of the SDK's own suite, then what is asserted. What
cannot pass here is in docs/sandboxes.md, with the reason.

    e2b_conformance_test.py             all
    E2B_CASE=files/list e2b_conformance_test.py    those with this in their name"""

import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandboxd_case import HOME, KEY, SandboxdCase  # noqa: E402

RUN = pathlib.Path(__file__).resolve().parent / "sdk" / "conformance" / "run.js"
VERSIONS = ("2.51.0", "2.45.0")


class ConformanceTest(SandboxdCase):
    def test_all_behaviours(self):
        folders = {version: HOME / ".venv" / f"e2b-js-{version}" for version in VERSIONS}
        for version, folder in folders.items():
            if not folder.exists():
                self.skipTest(f"npm's e2b {version} is not installed: ./setup.sh sdks")
        keys = {version: KEY[:-1] + str(n) for n, version in enumerate(VERSIONS)}
        config = self.folder / "sandboxd.yaml"
        config.write_text("teams:\n" + "".join(
            f"  - {{name: team{n}, api_keys: [{key}]}}\n" for n, key in enumerate(keys.values())))
        self.start("--config", str(config))
        running = {version: self.judge(folder, keys[version])
                   for version, folder in folders.items()}
        for version, process in running.items():
            told, errors = process.communicate(timeout=280)
            lines = [json.loads(line) for line in told.splitlines()]
            self.assertEqual(process.returncode, 0, told + errors)
            self.look_at(version, lines[0]["cases"], {line["name"]: line for line in lines[1:]})
        self.assertEqual(self.processes(), [])
        self.assertEqual(self.folders(), [])

    def judge(self, folder, key):
        environment = dict(os.environ, E2B_API_URL=self.ready["url"],
                           E2B_SANDBOX_URL=self.ready["url"], E2B_API_KEY=key)
        if os.geteuid() != 0:
            environment["ONE_USER"] = "1"
        process = subprocess.Popen(["node", str(RUN), str(folder), os.environ.get("E2B_CASE", "")],
                                   env=environment, stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.PIPE)
        self.addCleanup(self.reap, process)
        return process

    def look_at(self, version, names, results):
        if "E2B_CASE" not in os.environ:
            self.assertGreater(len(names), 120)
        for name in names:
            result = results.get(name, {"failed": "it was not tried"})
            if os.environ.get("E2B_CASE", "") not in name:
                continue
            outcome = "refused" if "refused" in result else "FAILED" if "failed" in result else "ok"
            print(f"{version} {name} ... {outcome} {result.get('refused', '')}", flush=True)
            with self.subTest(version=version, behaviour=name):
                if "refused" in result:
                    self.skipTest(result["refused"])
                self.assertNotIn("failed", result, result.get("failed"))


if __name__ == "__main__":
    unittest.main()
