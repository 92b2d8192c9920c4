#!/usr/bin/env python3
"""`genesis worker` by itself, with this test as its runner: what it says, what it leaves, how it goes."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from command_case import CommandCase

HOME = pathlib.Path(os.environ.get("GENESIS_HOME", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("GENESIS_BIN", HOME / "build/release/bin"))


class SlurmWorkerTest(CommandCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gwk"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.worker = subprocess.Popen([str(BIN / "genesis"), "worker"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env=dict(os.environ, GENESIS_HOME=str(HOME)))
        self.addCleanup(self.reap, self.worker)

    def say(self, what, **members):
        self.worker.stdin.write(json.dumps(dict(members, **{"is": what})) + "\n")
        self.worker.stdin.flush()

    def hear(self, what):
        """The next line of that kind."""
        for line in self.worker.stdout:
            message = json.loads(line)
            if message["is"] == what:
                return message
        self.fail(f"it went away and never said {what}: {self.worker.stderr.read()}")

    def hello(self, lease=60_000, grace=0, slots=1):
        self.say("hello", v=1, run_id="r", folder=str(self.folder / "worker"), slots=slots, cpus=1, lease_ms=lease,
                 grace_ms=grace, warm=0, activate_script="", env_passthrough=[], numeric_threads=1)
        return self.hear("ready")

    def submit(self, token, script, **limits):
        self.say("submit", job={
            "key": [1, 0, 0, 1], "token": token, "argv": ["/bin/sh", "-c", script],
            "inputs": [{"path": "in.txt", "content": "hello"}], "environment": [["WHO", "me"]],
            "work_dir": str(self.folder / token), "cwd": "", "outputs": [], "limits": dict(limits, grace_ms=500),
            "cpus": 1, "gpus": 0})

    def record(self, token):
        return json.loads((self.folder / token / ".slurm" / "end.json").read_text())

    def gone(self):
        return self.worker.wait(60)

    def test_jobs_run_and_each_end_is_on_the_disk_before_it_is_told(self):
        ready = self.hello(slots=2)
        self.assertTrue(ready["host"])
        self.submit("a", "cat in.txt; echo $WHO; exit 3")
        self.submit("b", "exec sleep 60", wall_ms=100)
        ends = {}
        for _ in range(2):
            message = self.hear("ended")
            ends[message["token"]] = message["outcome"]
            self.assertEqual(self.record(message["token"]), message)
        self.assertEqual((ends["a"]["kind"], ends["a"]["code"]), ("exited", 3))
        self.assertEqual(ends["b"]["kind"], "timeout")
        self.assertEqual((self.folder / "a/results/job_log.out").read_text(), "hellome\n")
        self.say("heartbeat")
        self.hear("heartbeat")
        self.say("bye", text="")
        self.hear("bye")
        self.assertEqual(self.gone(), 0)

    def test_a_kill_that_nobody_explains_is_not_the_candidates(self):
        self.hello()
        self.submit("a", "kill -KILL $$")
        outcome = self.hear("ended")["outcome"]
        self.assertEqual(outcome["kind"], "lost")
        self.assertIn("unexplained", outcome["detail"])
        self.submit("b", "kill -SEGV $$")
        self.assertEqual(self.hear("ended")["outcome"]["kind"], "signalled")

    def test_what_ends_within_the_grace_leaves_its_record_though_nobody_listens(self):
        self.hello(grace=60_000)
        self.submit("a", "read -r x; sleep 0.3; exit 4")
        self.hear("started")
        self.worker.stdin.close()
        self.assertEqual(self.gone(), 0)
        self.assertEqual(self.record("a")["outcome"]["code"], 4)

    def test_silence_for_the_lease_ends_it_and_what_it_runs(self):
        self.hello(lease=500, grace=200)
        self.submit("a", "echo $$ > pid; exec sleep 3600")
        self.hear("started")
        self.submit("b", "true")
        self.assertEqual(self.gone(), 0)
        for token in "ab":
            outcome = self.record(token)["outcome"]
            self.assertEqual(outcome["kind"], "lost", outcome)
            self.assertIn("its runner was silent", outcome["detail"])
        pid = int((self.folder / "a/pid").read_text())
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())

    def test_a_signal_ends_it_at_once_with_records(self):
        self.hello(grace=60_000)
        self.submit("a", "exec sleep 3600")
        self.hear("started")
        self.worker.send_signal(signal.SIGTERM)
        self.assertEqual(self.gone(), 0)
        self.assertEqual(self.record("a")["outcome"]["kind"], "lost")

    def test_cancelled_is_what_the_runner_cancelled(self):
        self.hello()
        self.submit("a", "exec sleep 3600")
        self.submit("b", "true")
        self.hear("started")
        self.say("take_back", token="a")  # It runs.
        self.say("take_back", token="b")
        self.assertEqual(self.hear("ended")["token"], "b")
        self.say("cancel", token="a")
        ended = self.hear("ended")
        self.assertEqual((ended["token"], ended["outcome"]["kind"]), ("a", "cancelled"))

    def test_lines_that_are_none_are_answered_and_end_it(self):
        for first in ("[]", '{"is":"hello","v":2}', '{"is":"cancel","token":"t"}', "x" * 20):
            with self.subTest(first):
                done = subprocess.run([str(BIN / "genesis"), "worker"], input=first + "\n", capture_output=True,
                                      text=True, timeout=60, env=dict(os.environ, GENESIS_HOME=str(HOME)))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertTrue(json.loads(done.stdout.splitlines()[0])["text"])

    def test_without_a_runner_it_says_what_it_is_for(self):
        done = subprocess.run([str(BIN / "genesis"), "worker"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("starts workers by itself", done.stderr)
        shown = subprocess.run([str(BIN / "genesis"), "worker", "--help"], capture_output=True, text=True, timeout=60)
        self.assertIn("pilot_lease", shown.stdout)
        commands = subprocess.run([str(BIN / "genesis"), "--help"], capture_output=True, text=True, timeout=60)
        self.assertNotIn("worker", commands.stdout)


if __name__ == "__main__":
    unittest.main()
