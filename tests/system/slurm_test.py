#!/usr/bin/env python3
"""Runs whose evaluations are jobs of a real SLURM: the scores of this machine, runners killed at every
side effect, a controller that goes away. Nothing is evaluated twice, no job is left."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

from command_case import CommandCase

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import slurm_cluster  # noqa: E402

HOME = pathlib.Path(os.environ.get("GENESIS_HOME", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("GENESIS_BIN", HOME / "build/release/bin"))
MISSING = slurm_cluster.missing_programs()
SEED = "# EVOLVE-BLOCK-START\nscore 1.5\nwidth 0.25\n# EVOLVE-BLOCK-END\n"
# The keys of the person who started it are none of a candidate's business.
EVALUATOR = """#!/bin/sh
set -e
test -z "$SECRET_API_KEY"
test -n "$SLURM_JOB_ID"
echo "$GENESIS_ATTEMPT_TOKEN" >> "$WITNESS"
sleep "$WAIT"
printf '{"combined_score": %s}' "$(grep -c . "$1")" > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""


@unittest.skipIf(MISSING, f"SLURM is not installed: no {', '.join(MISSING)}")
class SlurmTest(CommandCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = slurm_cluster.SlurmCluster("--nodes", "2", "--cpus", "4", "--set", "MessageTimeout=4")
        cls.addClassCleanup(cls.cluster.close)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gsl"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "seed.txt").write_text(SEED)
        (self.folder / "score.sh").write_text(EVALUATOR)
        (self.folder / "score.sh").chmod(0o755)
        self.witness = self.folder / "witness"

    def environment(self, **more):
        return dict(os.environ, GENESIS_HOME=str(HOME), SECRET_API_KEY="sk-1", **self.cluster.environment,
                    **more)

    def command(self, run, generations, wait, *more):
        return [str(BIN / "genesis_launch"), "variant=default", "cluster=remote", "seed=5",
                f"output_dir={run}", f"evo_config.init_program_path={self.folder}/seed.txt",
                "++evo_config.language=yaml", f"evo_config.num_generations={generations}",
                "evo_config.max_parallel_jobs=2", "++db_config.num_islands=1",
                "distributed_job_config.conda_env=null", "distributed_job_config.partition=main",
                f"++distributed_job_config.env_vars={{WAIT: '{wait}', WITNESS: '{self.witness}'}}",
                f"++distributed_job_config.evaluator_command='{self.folder}/score.sh "
                "{program_path} {results_dir}'", *more]

    def launch(self, command, **more):
        return subprocess.run(command, env=self.environment(**more), capture_output=True, text=True,
                              timeout=300)

    def begin(self, command):
        runner = subprocess.Popen(command, env=self.environment(), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(self.reap, runner)
        return runner

    def rows(self, run, question):
        try:
            store = sqlite3.connect(f"file:{run}/run.sqlite?mode=ro", uri=True)
            try:
                return store.execute(question).fetchall()
            finally:
                store.close()
        except sqlite3.OperationalError:
            return []

    def jobs(self):
        return self.cluster.ask("squeue", "-h", "-o", "%i %T %j")[1].split("\n")[:-1]

    def check_accounts(self, run, generations):
        programs = self.rows(run, "SELECT generation, evaluation FROM programs")
        self.assertEqual(sorted(generation for generation, _ in programs), list(range(generations + 1)))
        self.assertEqual(len({evaluation for _, evaluation in programs}), len(programs))
        attempts = dict(self.rows(run, "SELECT token, outcome FROM attempts"))
        self.assertTrue(all(attempts.values()), attempts)
        witnessed = self.witness.read_text().split()
        self.assertEqual(len(set(witnessed)), len(witnessed), "a job ran twice")
        self.assertLessEqual(set(witnessed), set(attempts))
        self.poll("no job is left", lambda: not self.jobs())
        return attempts

    def test_circle_packing_scores_as_on_this_machine(self):
        scores = {}
        for cluster, more in (("remote", ["distributed_job_config.conda_env=null",
                                          "distributed_job_config.partition=main"]),
                              ("local", [])):
            run = self.folder / cluster
            done = self.launch([str(BIN / "genesis_launch"), "variant=default", "task=circle_packing",
                                f"cluster={cluster}", "seed=3", f"output_dir={run}",
                                "evo_config.num_generations=3", "evo_config.max_parallel_jobs=1", *more])
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            scores[cluster] = [self.metrics(run / f"gen_{i}" / "results" / "metrics.json") for i in range(4)]
        self.assertEqual(scores["remote"], scores["local"])
        self.assertEqual(self.rows(self.folder / "remote", "SELECT DISTINCT ref GLOB '*1 name=genesis-* job=*' "
                                   "FROM attempts"), [(1,)])
        self.poll("no job is left", lambda: not self.jobs())

    def metrics(self, path):
        """Without how long it took."""
        found = json.loads(path.read_text())
        return {key: value for key, value in found.items() if "time" not in key}

    def test_a_runner_killed_at_each_side_effect_leaves_nothing_and_loses_nothing(self):
        for mode, point in (("job", "slurm.before_sbatch"), ("job", "slurm.after_sbatch"),
                            ("job", "slurm.before_finished"), ("array", "slurm.after_sbatch")):
            with self.subTest(point, mode=mode):
                run = self.folder / f"{mode}-{point}"
                self.witness.unlink(missing_ok=True)
                command = self.command(run, 3, 0, f"++distributed_job_config.slurm.mode={mode}")
                killed = self.launch(command, GENESIS_FAILPOINT=f"{point}:2")
                self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stdout + killed.stderr)
                again = self.launch(command)
                self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
                attempts = self.check_accounts(run, 3)
                # What sbatch had taken is found by its name; what it had not was begun anew.
                ran = [token for token, outcome in attempts.items() if outcome == "exited"]
                self.assertEqual(set(ran), set(self.witness.read_text().split()))

    def test_what_runs_when_its_runner_is_killed_is_followed_to_its_end(self):
        run = self.folder / "r"
        runner = self.begin(self.command(run, 3, 3))
        question = "SELECT token FROM attempts WHERE ref LIKE '%job=%' AND outcome = ''"
        self.poll("two jobs run", lambda: self.witness.exists() and len(self.rows(run, question)) == 2
                  or runner.poll() is not None)
        tokens = [row[0] for row in self.rows(run, question)]
        runner.kill()
        runner.wait()
        again = self.launch(self.command(run, 3, 3))
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        attempts = self.check_accounts(run, 3)
        self.assertEqual([attempts[token] for token in tokens], ["exited"] * len(tokens))

    def test_a_controller_that_goes_away_costs_no_evaluation(self):
        run = self.folder / "r"
        runner = self.begin(self.command(run, 4, 1))
        self.poll("the first job runs", self.witness.exists)
        self.cluster.tell("stop slurmctld")
        self.addCleanup(self.cluster.tell, "start slurmctld")
        before = len(self.witness.read_text().split())
        self.poll("the runner says so", lambda: "does not answer" in self.said(run))
        self.assertIsNone(runner.poll(), "it ended")
        self.assertLessEqual(len(self.witness.read_text().split()), before + 2, "jobs of nobody")
        self.cluster.tell("start slurmctld")
        self.assertEqual(runner.wait(200), 0)
        attempts = self.check_accounts(run, 4)
        self.assertEqual(set(attempts.values()), {"exited"})

    def said(self, run):
        return "".join(path.read_text(errors="replace") for path in run.glob("*.jsonl"))

    def test_a_partition_that_there_is_not_is_told(self):
        done = self.launch(self.command(self.folder / "r", 2, 0, "distributed_job_config.partition=nowhere"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("invalid partition", (done.stdout + done.stderr).lower())


if __name__ == "__main__":
    unittest.main()
