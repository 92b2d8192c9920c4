#!/usr/bin/env python3
"""`genesis sandbox`: sandboxes by hand, against a real server."""

import json
import os
import pty
import subprocess
import unittest

from sandboxd_case import BIN, HOME, KEY, SandboxdCase


class SandboxCommandTest(SandboxdCase):
    def setUp(self):
        super().setUp()
        self.start("--at-stop", "end")
        url = self.ready["url"]
        self.environment = dict(os.environ, E2B_API_KEY=KEY, E2B_API_URL=url, E2B_SANDBOX_URL=url,
                                GENESIS_HOME=str(HOME))

    def sandbox(self, *words, code=0, **options):
        done = subprocess.run([str(BIN / "genesis"), "sandbox", *map(str, words)], env=self.environment,
                              capture_output=True, timeout=60, **options)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done

    def make(self, *options):
        return self.sandbox("create", "--timeout", "5m", *options).stdout.decode().strip()

    def test_one_is_made_found_shown_frozen_and_ended(self):
        made = self.make("--metadata", "who=me", "--env", "A=B")
        listed = json.loads(self.sandbox("list", "--metadata", "who=me", "--json").stdout)
        self.assertEqual([(s["id"], s["state"], s["metadata"]) for s in listed],
                         [(made, "running", {"who": "me"})])
        self.assertEqual(json.loads(self.sandbox("list", "--metadata", "who=you", "--json").stdout), [])
        self.assertIn(made, self.sandbox("list").stdout.decode())
        shown = json.loads(self.sandbox("info", made, "--metrics", "--logs").stdout)
        self.assertEqual((shown["id"], shown["template"]), (made, "base"))
        self.assertIn("sandbox started", "".join(shown["log"]))
        self.assertGreater(shown["metrics"][0]["memory_total"], 0)
        self.assertIn(b"code-interpreter-v1", self.sandbox("templates").stdout)
        if self.can_freeze(made):
            self.assertEqual(json.loads(self.sandbox("info", made).stdout)["state"], "paused")
            self.assertIn(b"already", self.sandbox("pause", made).stderr)
            self.sandbox("resume", made, "--timeout", "10m")
        self.assertEqual(self.sandbox("exec", made, "echo $A").stdout, b"B\n")
        self.sandbox("kill", made)
        self.assertIn(b"no sandbox", self.sandbox("kill", made, code=1).stderr)
        self.assertIn(b"not found", self.sandbox("exec", made, "true", code=1).stderr)

    def can_freeze(self, made):
        done = subprocess.run([str(BIN / "genesis"), "sandbox", "pause", made], env=self.environment,
                              capture_output=True, timeout=60)
        if done.returncode:
            self.assertIn(b"501", done.stderr)
        return done.returncode == 0

    def test_a_command_has_its_words_input_outputs_and_code(self):
        made = self.make()
        done = self.sandbox("exec", made, "echo \"out $0\"; echo err >&2; exit 7", code=7)
        self.assertEqual((done.stdout, done.stderr), (b"out /bin/bash\n", b"err\n"))
        words = ["a b", "$HOME", "-n", "--yes"]
        self.assertEqual(self.sandbox("exec", made, "--", "printf", "%s|", *words).stdout.decode(),
                         "a b|$HOME|-n|--yes|")
        done = self.sandbox("exec", "--cwd", "/tmp", "--user", "root", "--env", "X=1 2", made,
                            "pwd; echo $X; id -u")
        self.assertEqual(done.stdout.split(b"\n")[:2], [b"/tmp", b"1 2"])
        data = os.urandom(300_000)
        self.assertEqual(self.sandbox("exec", "-i", made, "--", "cat", input=data).stdout, data)
        self.assertIn(b"timeout", self.sandbox("exec", "--timeout", "1", made, "sleep 60", code=1).stderr)
        self.assertIn(b"killed", self.sandbox("exec", made, "kill -9 $$", code=128).stderr)
        self.assertIn(b"which command", self.sandbox("exec", made, code=2).stderr)

    def test_a_terminal_is_one(self):
        made = self.make()
        ours, theirs = pty.openpty()
        done = subprocess.Popen([str(BIN / "genesis"), "sandbox", "exec", "-t", made], stdin=theirs,
                                stdout=theirs, stderr=theirs, env=self.environment)
        os.close(theirs)
        os.write(ours, b"tty; echo and-$((40+2)); exit 5\r")
        seen = b""
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # The other end is closed.
            pass
        os.close(ours)
        self.assertEqual(done.wait(60), 5, seen)
        self.assertIn(b"/dev/pts/", seen)
        self.assertIn(b"and-42", seen)

    def test_files_and_folders_travel_both_ways(self):
        made = self.make()
        tree = self.folder / "tree"
        (tree / "deep/er").mkdir(parents=True)
        (tree / "empty").mkdir()
        (tree / "deep/er/data \"x\"").write_bytes(bytes(range(256)) * 1000)
        (tree / "nothing").touch()
        program = tree / "run.sh"
        program.write_text("#!/bin/sh\necho ran\n")
        program.chmod(0o755)
        (tree / "link").symlink_to("run.sh")
        self.sandbox("cp", tree, f"{made}:work")
        self.assertEqual(self.sandbox("exec", made, "work/run.sh").stdout, b"ran\n")
        self.sandbox("cp", f"{made}:work", self.folder / "back")
        same = subprocess.run(["diff", "-r", str(tree), str(self.folder / "back")], capture_output=True)
        self.assertEqual(same.returncode, 0, same.stdout)
        self.assertTrue(os.access(self.folder / "back/run.sh", os.X_OK))
        self.sandbox("cp", "--gzip", tree, f"{made}:packed")
        self.sandbox("cp", "--gzip", f"{made}:packed", self.folder / "unpacked")
        same = subprocess.run(["diff", "-r", str(tree), str(self.folder / "unpacked")], capture_output=True)
        self.assertEqual(same.returncode, 0, same.stdout)
        self.sandbox("cp", f"{made}:work/run.sh", self.folder)
        self.assertTrue((self.folder / "run.sh").is_file())
        self.sandbox("cp", tree, f"{made}:/tmp")
        self.assertEqual(self.sandbox("exec", made, "ls /tmp/tree").stdout.split(),
                         [b"deep", b"empty", b"link", b"nothing", b"run.sh"])
        self.assertIn(b"No such", self.sandbox("cp", tree / "none", f"{made}:x", code=1).stderr)
        self.assertIn(b"cp:", self.sandbox("cp", "a", "b", code=2).stderr)
        self.sandbox("cp", f"{made}:/no/such", self.folder, code=1)

    def test_what_runs_left_is_swept(self):
        left = self.make("--metadata", "genesis_run=r1")
        other = self.make("--metadata", "genesis_run=r2")
        mine = self.make()
        done = self.sandbox("sweep").stdout.decode()
        self.assertIn("Nothing was ended", done)
        self.assertNotIn(mine, done)
        self.sandbox("sweep", "--run", "r1", "--yes")
        self.assertEqual(set(self.listed()), {other, mine})
        self.sandbox("sweep", "--yes")
        self.assertEqual(set(self.listed()), {mine})
        self.assertIn(b"No sandbox", self.sandbox("sweep").stdout)
        self.assertNotIn(left, self.listed())

    def test_who_and_where_is_said_when_it_is_not_known(self):
        del self.environment["E2B_API_KEY"]
        self.assertIn(b"E2B_API_KEY not set", self.sandbox("list", code=2).stderr)
        self.environment["E2B_API_TOKEN"] = KEY
        self.sandbox("list")
        self.environment["E2B_API_KEY"] = "e2b_" + "0" * 40
        refused = self.sandbox("list", code=2).stderr
        self.assertIn(b"401", refused)
        self.assertNotIn(b"e2b_0000", refused)
        self.assertIn(b"which of create, list", self.sandbox(code=2).stderr)
        self.assertIn(b"did you mean 'exec'", self.sandbox("exce", code=2).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
