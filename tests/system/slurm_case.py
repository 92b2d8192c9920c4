"""What tests share whose runs evaluate as jobs of a real SLURM: its cluster, commands, and the accounts
that must be right afterwards."""

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
SOAK = bool(os.environ.get("GENESIS_SOAK"))
SEED = "# EVOLVE-BLOCK-START\nscore 1.5\nwidth 0.25\n# EVOLVE-BLOCK-END\n"
# The keys of the person who started it are none of a candidate's business. WAIT may name a file: a line for
# each evaluation that begins, none for those after.
EVALUATOR = """#!/bin/sh
set -e
test -z "$SECRET_API_KEY"
test -n "$SLURM_JOB_ID"
echo "$GENESIS_ATTEMPT_TOKEN" >> "$WITNESS"
case $WAIT in /*) WAIT=$(sed -n "$(grep -c . "$WITNESS")p" "$WAIT") ;; esac
sleep "${WAIT:-0}"
printf '{"combined_score": %s}' "$(grep -c . "$1")" > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""


def needs(munge=False, accounting=False):
    missing = slurm_cluster.missing_programs(munge, accounting)
    return unittest.skipIf(missing, f"SLURM is not installed: no {', '.join(missing)}")


class SlurmCase(CommandCase):
    OPTIONS = ("--nodes", "2", "--cpus", "4", "--set", "MessageTimeout=4")

    @classmethod
    def setUpClass(cls):
        cls.cluster = slurm_cluster.SlurmCluster(*cls.OPTIONS)
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

    def command(self, run, generations, wait, *more, jobs=2):
        return [str(BIN / "genesis_launch"), "variant=default", "cluster=remote", "seed=5",
                f"output_dir={run}", f"evo_config.init_program_path={self.folder}/seed.txt",
                "++evo_config.language=yaml", f"evo_config.num_generations={generations}",
                f"evo_config.max_parallel_jobs={jobs}", "++db_config.num_islands=1",
                "distributed_job_config.conda_env=null", "distributed_job_config.partition=main",
                # One more job changes when slurmctld saves its state: slurm_command_test.py is about it.
                "++distributed_job_config.slurm.probe=false",
                f"++distributed_job_config.env_vars={{WAIT: '{wait}', WITNESS: '{self.witness}'}}",
                f"++distributed_job_config.evaluator_command='{self.folder}/score.sh "
                "{program_path} {results_dir}'", *more]

    def waits(self, *seconds):
        """How long the first evaluations take; all after them take no time."""
        path = self.folder / "waits"
        path.write_text("".join(f"{one}\n" for one in seconds))
        return path

    def launch(self, command, **more):
        return subprocess.run(command, env=self.environment(**more), capture_output=True, text=True,
                              timeout=300, check=False)

    def begin(self, command, **more):
        """A runner that goes on beside the test; its words are in `log`."""
        log = open(self.folder / "log", "a", encoding="utf-8")
        self.addCleanup(log.close)
        runner = subprocess.Popen(command, env=self.environment(**more), stdout=log, stderr=log)
        self.addCleanup(self.reap, runner)
        return runner

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-4000:]

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

    def running(self):
        """Ids of jobs that have nodes."""
        return self.cluster.ask("squeue", "-h", "-r", "-t", "RUNNING", "-o", "%i")[1].split()

    def kill_job(self, job):
        """As a node does that kills what it cannot bear: every process at once, the first cannot tell of the
        others' ends."""
        pids = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if f"SLURM_JOB_ID={job}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    pids.append(int(entry.name))
            except (OSError, ValueError):
                continue
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                os.kill(pid, number)
        return pids

    def witnessed(self):
        return self.witness.read_text().split() if self.witness.exists() else []

    def admin(self, *command):
        code, said, wrong = self.cluster.ask(*command)
        self.assertEqual(code, 0, said + wrong)
        return said

    def said(self, run):
        return "".join(path.read_text(errors="replace") for path in run.glob("*.jsonl"))

    def check_accounts(self, run, generations):
        programs = self.rows(run, "SELECT generation, evaluation FROM programs")
        self.assertEqual(sorted(generation for generation, _ in programs), list(range(generations + 1)))
        self.assertEqual(len({evaluation for _, evaluation in programs}), len(programs))
        attempts = dict(self.rows(run, "SELECT token, outcome FROM attempts"))
        self.assertTrue(all(attempts.values()), attempts)
        witnessed = self.witnessed()
        self.assertEqual(len(set(witnessed)), len(witnessed), "a job ran twice")
        self.assertLessEqual(set(witnessed), set(attempts))
        self.poll("no job is left", lambda: not self.jobs())
        return attempts

    def details(self, run, outcome):
        """What is said of attempts that ended so."""
        return [row[0] for row in self.rows(
            run, f"SELECT detail FROM attempts WHERE outcome = '{outcome}' ORDER BY evaluation, attempt")]
