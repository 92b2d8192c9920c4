#!/usr/bin/env python3
"""Runs whose evaluations go to workers in standing allocations of a real SLURM: what dies on either side, the
walltime, and that every evaluation is recorded once and nothing is left."""

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
echo "$GENESIS_ATTEMPT_TOKEN" >> "$WITNESS"
sleep "$WAIT"
printf '{"combined_score": %s}' "$(grep -c . "$1")" > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""


@unittest.skipIf(MISSING, f"SLURM is not installed: no {', '.join(MISSING)}")
class SlurmPilotTest(CommandCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = slurm_cluster.SlurmCluster("--nodes", "2", "--cpus", "4", "--set", "MessageTimeout=4")
        cls.addClassCleanup(cls.cluster.close)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gpl"))
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
                "distributed_job_config.time=30", "distributed_job_config.mem=1G",
                "++distributed_job_config.gpus=0", "++distributed_job_config.slurm.mode=pilot",
                "++distributed_job_config.slurm.pilot_grace=3s",
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

    def queue(self):
        return self.cluster.ask("squeue", "-h", "-o", "%i %T %j")[1].split("\n")[:-1]

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
        self.poll("no allocation is left", lambda: not self.queue())
        self.poll("no process is left", lambda: not self.cluster.tell("pids")["others"])
        return attempts

    def test_circle_packing_scores_as_on_this_machine(self):
        scores = {}
        for cluster, more in (("remote", ["distributed_job_config.conda_env=null",
                                          "distributed_job_config.partition=main",
                                          "++distributed_job_config.slurm.mode=pilot",
                                          "distributed_job_config.time=60"]),
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
        self.poll("no allocation is left", lambda: not self.queue())

    def metrics(self, path):
        """Without how long it took."""
        found = json.loads(path.read_text())
        return {key: value for key, value in found.items() if "time" not in key}


if __name__ == "__main__":
    unittest.main()
