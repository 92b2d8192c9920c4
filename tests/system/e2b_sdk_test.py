#!/usr/bin/env python3
"""The judges: the official E2B SDKs, unmodified, against `genesis sandboxd` with real sandboxes. All of
them at once against one server, each with a team of its own. ./setup.sh sdks installs them."""

import os
import pathlib
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
                           E2B_SANDBOX_URL=self.ready["url"], E2B_API_KEY=self.key(number),
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
