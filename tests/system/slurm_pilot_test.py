#!/usr/bin/env python3
"""Runs whose evaluations go to workers in standing allocations of a real SLURM: what dies on either side, the
walltime, and that every evaluation is recorded once and nothing is left."""

import json
import os
import pathlib
import signal
import unittest

from slurm_case import BIN, SlurmCase, needs, slurm_cluster

# The keys of the person who started it are none of a candidate's business.
EVALUATOR = """#!/bin/sh
set -e
test -z "$SECRET_API_KEY"
echo "$GENESIS_ATTEMPT_TOKEN" >> "$WITNESS"
test -e "$WITNESS.quick" || sleep "$WAIT"
printf '{"combined_score": %s}' "$(grep -c . "$1")" > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""


@needs()
class SlurmPilotTest(SlurmCase):
    def setUp(self):
        super().setUp()
        # What a test that failed left would be in the next one's way.
        self.addCleanup(self.cluster.ask, "scancel", "--partition=main")
        (self.folder / "score.sh").write_text(EVALUATOR)

    def command(self, run, generations, wait, *more):
        return super().command(
            run, generations, wait, "distributed_job_config.time=30s", "distributed_job_config.mem=1G",
            "++distributed_job_config.gpus=0", "++distributed_job_config.slurm.mode=pilot",
            "++distributed_job_config.slurm.pilot_grace=3s", *more)

    def check_accounts(self, run, generations):
        """Every program once, every attempt with an end, everything that ran in the journal, nothing left."""
        programs = self.rows(run, "SELECT generation, evaluation FROM programs")
        self.assertEqual(sorted(generation for generation, _ in programs), list(range(generations + 1)))
        self.assertEqual(len({evaluation for _, evaluation in programs}), len(programs))
        attempts = dict(self.rows(run, "SELECT token, outcome FROM attempts"))
        self.assertTrue(all(attempts.values()), attempts)
        witnessed = self.witness.read_text().split()
        self.assertEqual(len(set(witnessed)), len(witnessed), "an attempt ran twice")
        self.assertLessEqual(set(witnessed), set(attempts))
        self.poll("no allocation is left", lambda: not self.jobs())
        self.poll("no worker is left", lambda: not self.named(self.cluster.tell("pids")["others"], "genesis"))
        return attempts

    @staticmethod
    def named(pids, name):
        found = []
        for pid in pids:
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == name:
                    found.append(pid)
            except OSError:
                pass
        return found

    def test_circle_packing_scores_as_on_this_machine(self):
        scores = {}
        for cluster, more in (("remote", ["distributed_job_config.conda_env=null",
                                          "distributed_job_config.partition=main",
                                          "++distributed_job_config.slurm.mode=pilot",
                                          "distributed_job_config.time=60s"]),
                              ("local", [])):
            run = self.folder / cluster
            done = self.launch([str(BIN / "genesis_launch"), "variant=default", "task=circle_packing",
                                f"cluster={cluster}", "seed=3", f"output_dir={run}",
                                "evo_config.num_generations=3", "evo_config.max_parallel_jobs=1", *more])
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            scores[cluster] = [self.metrics(run / f"gen_{i}" / "results" / "metrics.json") for i in range(4)]
        self.assertEqual(scores["remote"], scores["local"])
        self.assertEqual(self.rows(self.folder / "remote", "SELECT DISTINCT ref GLOB '*1 pilot=genesis-* job=* "
                                   "node=n*' FROM attempts"), [(1,)])
        self.poll("no allocation is left", lambda: not self.jobs())

    def metrics(self, path):
        """Without how long it took."""
        found = json.loads(path.read_text())
        return {key: value for key, value in found.items() if "time" not in key}

    def test_a_runner_killed_at_each_side_effect_leaves_nothing_and_loses_nothing(self):
        for point in ("before_pilot:1", "after_pilot:1", "pilot_noted:1", "before_step:1", "after_step:1",
                      "before_line:3", "line_sent:2", "before_finished:3"):
            with self.subTest(point):
                run = self.folder / point.split(":")[0]
                self.witness.unlink(missing_ok=True)
                command = self.command(run, 3, 0)
                killed = self.launch(command, GENESIS_FAILPOINT=f"slurm.{point}")
                self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stdout + killed.stderr)
                again = self.launch(command)
                self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
                attempts = self.check_accounts(run, 3)
                # A worker tells nobody of nothing: whatever ran to its end left a record of it.
                ran = [token for token, outcome in attempts.items() if outcome == "exited"]
                self.assertEqual(set(ran), set(self.witness.read_text().split()))

    def test_a_worker_killed_at_its_side_effects_costs_an_attempt_at_most(self):
        for point, kept in (("worker.before_record:2", False), ("worker.after_record:2", True)):
            with self.subTest(point):
                run = self.folder / point.split(":")[0]
                self.witness.unlink(missing_ok=True)
                done = self.launch(self.command(run, 3, 0, "evo_config.max_parallel_jobs=1",
                                                "++distributed_job_config.env_passthrough=[GENESIS_FAILPOINT]"),
                                   GENESIS_FAILPOINT=point)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                outcomes = list(self.check_accounts(run, 3).values())
                self.assertEqual("lost" in outcomes, not kept, outcomes)
                self.assertEqual(outcomes.count("exited"), 4)

    def tokens(self, run, count):
        question = "SELECT token FROM attempts WHERE ref LIKE '%pilot=%' AND outcome = ''"
        self.poll("evaluations run", lambda: self.witness.exists() and len(self.rows(run, question)) == count)
        return [row[0] for row in self.rows(run, question)]

    def test_srun_killed_costs_attempts_and_no_evaluation(self):
        run = self.folder / "r"
        # Longer than any grace: what has the time to end by itself is not lost.
        runner = self.begin(self.command(run, 3, 60))
        tokens = self.tokens(run, 1)
        for srun in self.named(slurm_cluster.descendants(runner.pid), "srun"):
            os.kill(srun, signal.SIGKILL)
        pathlib.Path(f"{self.witness}.quick").touch()
        self.poll("the run ends", lambda: runner.poll() is not None)
        self.assertEqual(runner.returncode, 0)
        attempts = self.check_accounts(run, 3)
        self.assertEqual({attempts[token] for token in tokens}, {"lost"})

    def test_what_ends_within_the_grace_is_collected_when_the_runner_is_killed(self):
        run = self.folder / "r"
        runner = self.begin(self.command(run, 3, 2))
        tokens = self.tokens(run, 2)
        runner.kill()
        runner.wait()
        again = self.launch(self.command(run, 3, 2))
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        attempts = self.check_accounts(run, 3)
        self.assertEqual([attempts[token] for token in tokens], ["exited"] * len(tokens))

    def test_a_worker_that_lost_both_runner_and_srun_makes_way(self):
        run = self.folder / "r"
        more = ["++distributed_job_config.slurm.pilot_lease=4s"]
        runner = self.begin(self.command(run, 2, 60, *more))
        tokens = self.tokens(run, 1)
        # In an order in which nobody can tell the worker.
        sruns = self.named(slurm_cluster.descendants(runner.pid), "srun")
        for victims, sign in ((sruns, signal.SIGSTOP), ([runner.pid], signal.SIGKILL), (sruns, signal.SIGKILL)):
            for pid in victims:
                os.kill(pid, sign)
        runner.wait()
        self.assertEqual(len(self.cluster.ask("squeue", "-h", "--steps", "-o", "%j")[1].split("genesis-worker")), 2)
        pathlib.Path(f"{self.witness}.quick").touch()
        again = self.launch(self.command(run, 2, 60, *more))
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        attempts = self.check_accounts(run, 2)
        self.assertEqual({attempts[token] for token in tokens}, {"lost"})

    def test_nothing_is_begun_that_the_walltime_would_cut(self):
        run = self.folder / "r"
        # An evaluation needs 42 + 2 + 15 of an allocation's 60 seconds: after the first one nothing begins there.
        done = self.launch(self.command(run, 3, 2, "distributed_job_config.time=42s",
                                        "++distributed_job_config.slurm.pilot_time=1m"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.check_accounts(run, 3)
        refs = {row[0].split()[2] for row in self.rows(run, "SELECT ref FROM attempts")}
        self.assertGreaterEqual(len(refs), 2, "one allocation cannot have run all of them")
        self.assertEqual(self.rows(run, "SELECT count(*) FROM attempts WHERE outcome != 'exited'"), [(0,)])

    def test_a_partition_that_there_is_not_is_told(self):
        done = self.launch(self.command(self.folder / "r", 2, 0, "distributed_job_config.partition=nowhere"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("invalid partition", (done.stdout + done.stderr).lower())
        self.assertIn("`sinfo` lists those that there are", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
