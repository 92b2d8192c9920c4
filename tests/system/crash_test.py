"""Kills the runner before and after every side effect, and at random, and checks that nothing is
lost, nothing counts twice and, with one job at a time, that the run ends as if nothing had happened.

The evaluator appends the token of its attempt to a witness file, so that every evaluation that ever
began can be held against the journal. GENESIS_SOAK=1 kills more often."""
import collections
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["GENESIS_BIN"])
SOAK = bool(os.environ.get("GENESIS_SOAK"))
SEED_TEXT = """# EVOLVE-BLOCK-START
score 1.5
width 0.25
depth -3
# EVOLVE-BLOCK-END
"""


class CrashTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="genesis-crash-"))
        (cls.root / "seed.txt").write_text(SEED_TEXT)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def command(self, run, generations, jobs, sleep_ms=0):
        evaluator = (f"{BIN}/trivial_evaluator --program_path {{program_path}} --results_dir "
                     f"{{results_dir}} --score-from-text --witness {run}.witness")
        if sleep_ms:
            evaluator += f" --sleep-ms {sleep_ms}"
        return [str(BIN / "genesis_launch"), "--quiet", "variant=default", "seed=5",
                f"output_dir={run}", "exp_name=crash",
                f"evo_config.init_program_path={self.root}/seed.txt",
                "++evo_config.language=yaml", f"evo_config.num_generations={generations}",
                f"evo_config.max_parallel_jobs={jobs}", "++db_config.num_islands=2",
                f'++job_config.evaluator_command="{evaluator}"']

    def launch(self, command, failpoint=None):
        environment = dict(os.environ)
        environment.pop("GENESIS_FAILPOINT", None)
        if failpoint:
            environment["GENESIS_FAILPOINT"] = failpoint
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    def finish(self, command):
        ended = self.launch(command)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def dump(self, run):
        return subprocess.run([BIN / "dump_run", run], check=True, capture_output=True, text=True).stdout

    def check_accounts(self, run, generations):
        store = sqlite3.connect(f"file:{run}/run.sqlite?mode=ro", uri=True)
        try:
            programs = store.execute("SELECT generation, evaluation FROM programs").fetchall()
            attempts = dict(store.execute("SELECT token, outcome FROM attempts").fetchall())
        finally:
            store.close()
        self.assertEqual(sorted(g for g, _ in programs), list(range(generations + 1)))
        self.assertEqual(len({e for _, e in programs}), len(programs), "an evaluation recorded twice")
        witnessed = pathlib.Path(f"{run}.witness").read_text().split()
        unknown = [token for token in witnessed if token not in attempts]
        self.assertEqual(unknown, [], "evaluations began that the journal does not know")
        again = [t for t, n in collections.Counter(witnessed).items() if n > 1]
        self.assertEqual(again, [], "one attempt ran twice")
        self.assertTrue(all(attempts.values()), "an attempt without an end")
        leftovers = list(pathlib.Path(run).glob("evaluations/**/*")) + list(pathlib.Path(run).glob(".*.tmp"))
        self.assertEqual([str(path) for path in leftovers], [])

    def test_1_killed_at_every_side_effect(self):
        generations = 14
        reference = self.root / "reference"
        self.finish(self.command(reference, generations, 1))
        expected = self.dump(reference)
        self.check_accounts(reference, generations)
        names_file = self.root / "failpoints"
        self.launch(self.command(self.root / "listing", generations, 1), f"list:{names_file}")
        names = sorted(set(names_file.read_text().split()))
        for needed in ("runner.journal.before", "runner.submit.before", "runner.submit.after",
                       "runner.record.before", "runner.record.after", "publish.rename.before",
                       "publish.rename.after", "publish.best.between", "store.commit.before",
                       "store.commit.after"):
            self.assertIn(needed, names)
        for name in names:
            killed = 0
            # Later passes first; a place that is passed only once per process is killed there again.
            for trial, count in enumerate((5, 4, 3, 2, 1, 1, 1, 1, 1)):
                if killed == 5:
                    break
                with self.subTest(failpoint=name, count=count):
                    run = self.root / f"{name}-{trial}"
                    command = self.command(run, generations, 1)
                    ended = self.launch(command, f"{name}:{count}")
                    self.assertIn(ended.returncode, (0, -signal.SIGKILL), ended.stderr)
                    killed += ended.returncode != 0
                    self.finish(command)
                    self.check_accounts(run, generations)
                    self.assertEqual(self.dump(run), expected)
                    shutil.rmtree(run)
            self.assertEqual(killed, 5, f"{name} was passed too seldom")
        print(f"{len(names)} failpoints, each killed 5 times")

    def test_2_killed_at_random(self):
        kills = 1000 if SOAK else 200
        generations = 60_000 if SOAK else 12_000
        run = self.root / "random"
        # The sleep bounds the pace, so that the run outlasts the kills on any machine.
        command = self.command(run, generations, 3, sleep_ms=8)
        chance = random.Random(17)
        done = 0
        for _ in range(kills):
            runner = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + chance.uniform(0.02, 0.25)
            while runner.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            if runner.poll() is not None:
                self.assertEqual(runner.returncode, 0)
                break
            runner.send_signal(signal.SIGKILL)
            runner.wait()
            done += 1
        print(f"killed {done} times at random")
        self.assertEqual(done, kills)
        self.finish(command)
        self.check_accounts(run, generations)

    def test_3_interrupted_politely(self):
        run = self.root / "polite"
        command = self.command(run, 30, 1, sleep_ms=20)
        reference = self.root / "polite-reference"
        self.finish(self.command(reference, 30, 1, sleep_ms=20))
        for _ in range(3):
            runner = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 30
            seen = pathlib.Path(f"{run}.witness")
            before = len(seen.read_text().split()) if seen.exists() else 0
            while time.monotonic() < deadline:
                now = len(seen.read_text().split()) if seen.exists() else 0
                if now > before + 4:
                    break
                time.sleep(0.002)
            runner.send_signal(signal.SIGINT)
            self.assertEqual(runner.wait(timeout=30), 130)
        self.finish(command)
        self.check_accounts(run, 30)
        self.assertEqual(self.dump(run), self.dump(reference))


if __name__ == "__main__":
    unittest.main(verbosity=2)
