#!/usr/bin/env python3
"""`genesis slurm start`: the runner itself is a job, and makes room for the next one again and again. The
record is that of a run that was never interrupted. GENESIS_SOAK=1: twenty hops, and one by a real time limit."""

import json
import os
import pathlib
import pwd
import shutil
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
SOAK = os.environ.get("GENESIS_SOAK") == "1"
HOPS = 20 if SOAK else 3
SEED = "# EVOLVE-BLOCK-START\nscore 1.5\nwidth 0.25\n# EVOLVE-BLOCK-END\n"
# Waits while there is a file `hold`, but for the first.
EVALUATOR = """#!/bin/sh
set -e
echo "$GENESIS_ATTEMPT_TOKEN" >> "$FOLDER/witness"
mkdir "$FOLDER/first" 2>/dev/null || while [ -e "$FOLDER/hold" ]; do sleep 0.1; done
printf '{"combined_score": %s}' "$(sum "$1" | cut -d' ' -f1)" > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""


@unittest.skipIf(MISSING, f"SLURM is not installed: no {', '.join(MISSING)}")
class ControllerTest(CommandCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = slurm_cluster.SlurmCluster("--nodes", "2", "--cpus", "4", "--set", "MessageTimeout=4")
        cls.addClassCleanup(cls.cluster.close)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gsh"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "seed.txt").write_text(SEED)
        (self.folder / "score.sh").write_text(EVALUATOR)
        (self.folder / "score.sh").chmod(0o755)
        self.run_folder = self.folder / "a run's"
        self.controller = self.run_folder / ".genesis" / "slurm" / "controller"
        self.addCleanup(self.poll, "nothing is left", lambda: not self.jobs())
        self.addCleanup(self.cluster.ask, "scancel", "--user=" + pwd.getpwuid(os.getuid()).pw_name)
        self.path = os.environ["PATH"]

    def environment(self):
        cluster = self.cluster.environment
        return dict(os.environ, GENESIS_HOME=str(HOME), SLURM_CONF=cluster["SLURM_CONF"],
                    PATH=self.path + ":/usr/sbin:/sbin")

    def tool(self, *words, code=0):
        done = subprocess.run([str(BIN / "genesis"), *map(str, words)], env=self.environment(), cwd=self.folder,
                              capture_output=True, text=True, timeout=200)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def arguments(self, run, generations, cluster):
        job = "distributed_job_config" if cluster == "remote" else "job_config"
        return ["variant=default", f"cluster={cluster}", "seed=5", f'output_dir="{run}"',
                "evo_config.init_program_path=seed.txt", "++evo_config.language=yaml",
                f"evo_config.num_generations={generations}", "evo_config.max_parallel_jobs=1",
                "++db_config.num_islands=1", f"++{job}.env_vars={{FOLDER: '{self.folder}'}}",
                f"++{job}.evaluator_command='{self.folder}/score.sh {{program_path}} {{results_dir}}'",
                *(["distributed_job_config.conda_env=null", "distributed_job_config.partition=main"]
                  if cluster == "remote" else [])]

    def start(self, generations, *options, code=0):
        return self.tool("slurm", "start", *options, *self.arguments(self.run_folder, generations, "remote"),
                         code=code)

    def jobs(self):
        return self.cluster.ask("squeue", "-h", "-o", "%i %T %j")[1].split("\n")[:-1]

    def controllers(self, state="RUNNING"):
        rows = [row.split() for row in self.jobs()]
        return [number for number, now, name in rows if name.endswith("-controller") and now == state]

    def lines(self, name):
        return (self.controller / name).read_text().splitlines() if (self.controller / name).exists() else []

    def programs(self):
        try:
            store = sqlite3.connect(f"file:{self.run_folder}/run.sqlite?mode=ro", uri=True)
            try:
                return store.execute("SELECT count(*) FROM programs").fetchone()[0]
            finally:
                store.close()
        except sqlite3.OperationalError:
            return 0

    def hop(self, number):
        """One more job than before, and a program that it recorded."""
        [job] = self.controllers()
        done = self.programs()
        self.assertEqual(self.cluster.ask("scancel", "--batch", "--signal=USR1", job)[0], 0)
        self.poll(f"hop {number} is made", lambda: len(self.lines("hops")) > number and self.controllers())
        self.poll("it goes on", lambda: self.programs() > done)

    def check_end(self, generations):
        # In whatever state: one that is requeued is in many before it runs.
        self.poll("the controller ends", lambda: not any(row.endswith("-controller") for row in self.jobs()))
        shown = json.loads(self.tool("show", self.run_folder, "--json"))
        self.assertEqual((shown["status"], shown["programs"]), ("finished", generations + 1), self.lines("job.log"))
        witnessed = (self.folder / "witness").read_text().split()
        self.assertEqual(len(set(witnessed)), len(witnessed), "a job ran twice")
        self.poll("no job is left", lambda: not self.jobs())

    def dump(self, run):
        return subprocess.run([BIN / "dump_run", run], check=True, capture_output=True, text=True).stdout

    def test_hops_leave_the_record_of_a_run_without_any(self):
        generations = 2 * HOPS + 2
        self.start(generations)
        self.poll("it begins", lambda: self.programs() > 0)
        self.assertIn("has a controller: job", self.start(generations, code=3))
        for number in range(1, HOPS + 1):
            self.hop(number)
        text = self.tool("slurm", "status", self.run_folder)
        self.assertRegex(text, r"\n\d+ +controller +RUNNING +n\d")
        self.tool("slurm", "sweep", "--yes")
        self.assertTrue(self.controllers(), "a controller was swept")
        followed = self.tool("slurm", "attach", self.run_folder)
        self.assertIn("the run is finished", followed)
        self.assertIn("Finished", followed)
        self.check_end(generations)
        self.assertEqual(len(self.lines("hops")), HOPS + 1, self.lines("job.log"))
        (self.folder / "witness").unlink()
        reference = self.folder / "reference"
        subprocess.run([str(BIN / "genesis_launch"), *self.arguments(reference, generations, "local")], check=True,
                       env=self.environment(), cwd=self.folder, capture_output=True, timeout=200)
        self.assertEqual(self.dump(self.run_folder), self.dump(reference))

    def test_an_evaluation_that_outlasts_its_controller_is_taken_up_by_the_next(self):
        (self.folder / "hold").touch()
        self.start(2, "--time", "10m", "--before", "6s")
        self.poll("an evaluation is held", lambda: len(self.witnessed()) == 2)
        [job] = self.controllers()
        self.cluster.ask("scancel", "--batch", "--signal=USR1", job)
        self.poll("the next one runs", lambda: len(self.lines("hops")) == 2)
        self.assertIn("the runner ended with code 137", "".join(self.lines("job.log")))
        (self.folder / "hold").unlink()
        self.check_end(2)
        self.assertEqual(len(self.witnessed()), 3, "the seed and two generations, once each")

    def witnessed(self):
        path = self.folder / "witness"
        return path.read_text().split() if path.exists() else []

    def test_a_stopped_one_goes_on_by_the_same_command(self):
        (self.folder / "hold").touch()
        self.start(3)
        self.poll("an evaluation is held", lambda: len(self.witnessed()) == 2)
        self.assertIn("finishes the running evaluations", self.tool("slurm", "stop", self.run_folder))
        self.poll("it stops", lambda: any("stops" in line for line in self.lines("job.log")))
        (self.folder / "hold").unlink()
        self.poll("it has ended", lambda: not self.jobs())
        self.assertEqual(self.programs(), 2)
        self.assertIn("no controller", self.tool("slurm", "stop", self.run_folder, code=1))
        (self.folder / "hold").touch()
        self.start(3)
        self.poll("an evaluation is held", lambda: len(self.witnessed()) == 3)
        # Its job cancelled: nothing goes on, and the evaluation ends with it.
        [job] = self.controllers()
        self.cluster.ask("scancel", job)
        self.poll("all has ended", lambda: not self.jobs())
        (self.folder / "hold").unlink()
        (self.folder / "witness").unlink()
        self.start(3)
        self.check_end(3)

    def test_where_nodes_may_not_submit_the_job_is_requeued(self):
        (self.folder / "bin").mkdir()
        stub = self.folder / "bin" / "sbatch"
        stub.write_text('#!/bin/sh\ncase " $* " in *" --dependency"*) echo no >&2; exit 1 ;; esac\n'
                        f'exec {shutil.which("sbatch")} "$@"\n')
        stub.chmod(0o755)
        self.path = f"{stub.parent}:{self.path}"
        self.start(3)
        self.poll("it begins", lambda: self.programs() > 0)
        [job] = self.controllers()
        self.cluster.ask("scancel", "--batch", "--signal=USR1", job)
        self.poll("it waits again", lambda: job in self.controllers("PENDING"))
        # SLURM lets requeued jobs wait for two minutes.
        self.cluster.ask("scontrol", "update", f"JobId={job}", "StartTime=now")
        self.check_end(3)
        self.assertEqual([line.split()[0] for line in self.lines("hops")], [job, job])

    def test_what_it_cannot_do_is_said(self):
        self.assertIn("one run at a time", self.tool("slurm", "start", "--", "-m", "output_dir=x", code=2))
        self.assertIn("genesis_launch does not take these arguments", self.tool(
            "slurm", "start", "tsk=circle_packing", "output_dir=x", code=2))
        self.assertIn("half of --time", self.tool("slurm", "start", "--time", "1m", "--before", "1m", "output_dir=x",
                                                  code=2))
        self.assertFalse((self.folder / "x").exists())

    @unittest.skipUnless(SOAK, "GENESIS_SOAK=1: SLURM looks at time limits every half minute")
    def test_a_real_time_limit_is_a_hop_too(self):
        (self.folder / "hold").touch()
        self.start(3, "--time", "1m", "--before", "20s")
        self.poll("SLURM says so by itself", lambda: len(self.lines("hops")) >= 2)
        (self.folder / "hold").unlink()
        self.check_end(3)


if __name__ == "__main__":
    unittest.main()
