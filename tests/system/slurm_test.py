#!/usr/bin/env python3
"""Runs whose evaluations are jobs of a real SLURM: the scores of this machine, runners killed at every
side effect, a controller that goes away. Nothing is evaluated twice, no job is left."""

import json
import signal
import unittest

from slurm_case import BIN, SlurmCase, needs


@needs()
class SlurmTest(SlurmCase):
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

    def test_a_partition_that_there_is_not_is_told(self):
        done = self.launch(self.command(self.folder / "r", 2, 0, "distributed_job_config.partition=nowhere"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("invalid partition", (done.stdout + done.stderr).lower())


if __name__ == "__main__":
    unittest.main(verbosity=2)
