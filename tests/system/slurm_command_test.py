#!/usr/bin/env python3
"""`genesis slurm …` and `genesis doctor slurm`, by hand against a real cluster."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

from command_case import CommandCase

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import slurm_cluster  # noqa: E402

HOME = pathlib.Path(os.environ.get("GENESIS_HOME", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("GENESIS_BIN", HOME / "build/release/bin"))
MISSING = slurm_cluster.missing_programs()
SEED = "# EVOLVE-BLOCK-START\nscore 1.5\nwidth 0.25\n# EVOLVE-BLOCK-END\n"
# The first ends at once; the others when there is a file `go`.
EVALUATOR = """#!/bin/sh
set -e
if ! mkdir "$FOLDER/first" 2>/dev/null; then
  while [ ! -e "$FOLDER/go" ]; do sleep 0.1; done
fi
printf '{"combined_score": %s}' "$(grep -c . "$1")" > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""


@unittest.skipIf(MISSING, f"SLURM is not installed: no {', '.join(MISSING)}")
class SlurmCommandTest(CommandCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = slurm_cluster.SlurmCluster(
            "--nodes", "1", "--cpus", "2", "--set", "MessageTimeout=4", "--set", "MaxArraySize=4",
            "--partition", "brief MaxTime=2 DefMemPerCPU=100")
        cls.addClassCleanup(cls.cluster.close)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gsc"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "seed.txt").write_text(SEED)
        (self.folder / "score.sh").write_text(EVALUATOR)
        (self.folder / "score.sh").chmod(0o755)
        self.run_folder = self.folder / "r"
        self.addCleanup(self.cluster.ask, "scancel", "--user=" + slurm_cluster.pwd.getpwuid(os.getuid()).pw_name)

    def environment(self, **more):
        return dict(os.environ, GENESIS_HOME=str(HOME), **dict(self.cluster.environment, **more))

    def tool(self, *words, code=0, **more):
        done = subprocess.run([str(BIN / "genesis"), *map(str, words)], env=self.environment(**more),
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def command(self, *more):
        return [str(BIN / "genesis_launch"), "variant=default", "cluster=remote", "seed=5",
                f"output_dir={self.run_folder}", f"evo_config.init_program_path={self.folder}/seed.txt",
                "++evo_config.language=yaml", "evo_config.num_generations=3",
                "evo_config.max_parallel_jobs=3", "++db_config.num_islands=1",
                "distributed_job_config.conda_env=null", "distributed_job_config.partition=main",
                "++distributed_job_config.time=5m",
                f"++distributed_job_config.env_vars={{FOLDER: '{self.folder}'}}",
                f"++distributed_job_config.evaluator_command='{self.folder}/score.sh "
                "{program_path} {results_dir}'", *more]

    def begin(self, command):
        runner = subprocess.Popen(command, env=self.environment(), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(self.reap, runner)
        return runner

    def status(self):
        return json.loads(self.tool("slurm", "status", self.run_folder, "--json"))

    def live(self):
        return [job for job in self.status()["jobs"] if not job["ended"]]

    def test_a_runs_jobs_are_listed_explained_and_swept_when_nobody_holds_them(self):
        runner = self.begin(self.command())
        self.poll("two run and one waits", lambda: (self.folder / "first").exists() and
                  sorted(job["state"] for job in self.live()) == ["PENDING", "RUNNING", "RUNNING"])
        waiting = next(job for job in self.live() if job["state"] == "PENDING")
        self.assertEqual((waiting["reason"], waiting["what"], waiting["partition"]),
                         ("Resources", "evaluation", "main"))
        self.assertTrue(str(waiting["work_dir"]).startswith(str(self.run_folder)))
        text = self.tool("slurm", "status", self.folder)  # The one run below it.
        for said in ("2 running, 1 waiting", "all that fits is in use", "n1", f"process {runner.pid}"):
            self.assertIn(said, text)
        text = self.tool("slurm", "explain", self.run_folder)
        for said in (f"1 job waits ({waiting['id']}): Resources", "what to do: ", "main (UP): time at most UNLIMITED",
                     "SLURM expects the first of them to start 2", "at most 4 tasks (MaxArraySize)", "accounting off"):
            self.assertIn(said, text)
        self.assertIn("left alone", self.tool("slurm", "sweep", "--yes"))
        self.assertEqual(len(self.live()), 3)
        self.reap(runner)
        text = self.tool("slurm", "sweep", self.run_folder)
        self.assertIn("nobody holds it", text)
        self.assertIn("Nothing was ended. With --yes 3 jobs would be", text)
        self.assertEqual(len(self.live()), 3)
        self.assertIn("no runner lives", self.tool("slurm", "explain", self.run_folder))
        self.assertIn("Ended 3 jobs", self.tool("slurm", "sweep", "--yes"))
        self.poll("they have ended", lambda: not self.live())
        self.assertIn("No job of this run", self.tool("slurm", "sweep", self.run_folder))
        # Nothing of the run is lost by that.
        (self.folder / "go").touch()
        self.tool("resume", self.run_folder, "--quiet")
        shown = json.loads(self.tool("show", self.run_folder, "--json"))
        self.assertEqual((shown["status"], shown["programs"]), ("finished", 4))

    def test_a_limit_that_is_in_the_way_is_named(self):
        self.begin(self.command("distributed_job_config.partition=brief"))

        def explained():
            done = subprocess.run([str(BIN / "genesis"), "slurm", "explain", str(self.run_folder)],
                                  env=self.environment(), capture_output=True, text=True, timeout=60)
            return done.stdout if "PartitionTimeLimit" in done.stdout else ""

        self.poll("it waits for it", explained)
        text = explained()
        if text:  # The run gives it up after ten seconds.
            for said in ("waits for ever", "a shorter job_config.time", "brief (UP)",
                         "asks for 5:00, which is more than its 00:02:00", "100 MB per processor"):
                self.assertIn(said, text)

    def test_jobs_of_a_run_that_is_not_found_are_ended_only_when_that_is_said(self):
        for name in ("genesis-0123456789ab-0123456789abcdef0123", "genesis-mine"):
            self.assertEqual(self.cluster.ask("sbatch", "-o", "/dev/null", "-J", name, "--chdir", "/tmp",
                                              "--wrap", "sleep 600")[0], 0)
        left = lambda: self.cluster.ask("squeue", "-h", "-t", "PD,R", "-o", "%j")[1].split()  # noqa: E731
        text = self.tool("slurm", "sweep", "--yes")
        self.assertIn("not found from here", text)
        self.assertIn("Ended 0 jobs", text)
        self.assertEqual(len(left()), 2)
        self.assertIn("Ended 1 job.", self.tool("slurm", "sweep", "--yes", "--lost"))
        self.poll("it has ended", lambda: left() == ["genesis-mine"])

    def test_arrays_are_as_large_as_the_cluster_allows(self):
        (self.folder / "go").touch()
        (self.folder / "prices.yaml").write_text("currency: EUR\nvcpu_hour: 3600\noverrides: {brief: {hour: 1}}\n")
        run = subprocess.run(self.command("++distributed_job_config.slurm.mode=array",
                                          f"++distributed_job_config.prices={self.folder}/prices.yaml",
                                          "++distributed_job_config.slurm.batch_window=100ms",
                                          "evo_config.num_generations=12", "evo_config.max_parallel_jobs=8"),
                             env=self.environment(), capture_output=True, text=True, timeout=300)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        sizes = {}
        for name in self.cluster.ask("squeue", "-h", "-r", "-t", "all", "-o", "%F %j")[1].splitlines():
            number, name = name.split()
            if name.startswith("genesis-"):
                sizes[number] = sizes.get(number, 0) + 1
        self.assertEqual(max(sizes.values()), 4, "MaxArraySize")
        shown = json.loads(self.tool("show", self.run_folder, "--json"))
        self.assertEqual(set(shown["outcomes"]), {"ok"}, "an array was refused")
        # Whether the folder is shared is found out beside the jobs, once for all runs beside each other.
        self.assertIn("the run's folder is shared with node", self.tool("slurm", "explain", self.run_folder))
        self.assertEqual(len(self.probes()), 1)
        first, self.run_folder = self.run_folder, self.folder / "second"
        again = subprocess.run(self.command("evo_config.num_generations=1"), env=self.environment(),
                               capture_output=True, timeout=300)
        self.assertEqual(again.returncode, 0)
        self.assertIn("by an earlier probe", self.tool("slurm", "explain", self.run_folder))
        self.assertEqual(len(self.probes()), 1)
        self.run_folder = first
        [used] = shown["usage"]
        self.assertEqual((used["resource"], used["kind"], used["cpus"], used["leases"], used["currency"]),
                         ("node", "main", 1, 13, "EUR"))
        self.assertGreater(used["amount"], 0)
        self.assertAlmostEqual(used["cost"], used["amount"], places=3)
        self.assertRegex(self.tool("slurm", "explain", self.run_folder), r"node time +main \(1 vCPU.*EUR")

    def probes(self):
        jobs = self.cluster.ask("scontrol", "-o", "show", "job")[1].splitlines()
        return [line for line in jobs if "-probe " in line and f"Command={self.folder}/" in line]

    @unittest.skipIf(os.getuid() != 0, "an ordinary user may not mount: nodes cannot have another folder")
    def test_a_folder_that_is_not_shared_is_said(self):
        """The daemons run where something else is mounted over the results."""
        results = self.folder / "results"
        results.mkdir()
        self.run_folder = results / "r"
        cases = [(f"mount -t tmpfs none {results}", "is not there on node n1"),
                 (f"mount --bind -o ro {results} {results} && mount -o remount,bind,ro {results}",
                  "node n1 cannot write to")]
        for mount, said in cases if os.environ.get("GENESIS_SOAK") == "1" else cases[:1]:
            with self.subTest(said):
                wrapper = self.folder / "python"
                wrapper.write_text(f'#!/bin/sh\nexec unshare -m sh -c \'{mount} && exec "$@"\' - '
                                   f'{sys.executable} "$@"\n')
                wrapper.chmod(0o755)
                with unittest.mock.patch.object(sys, "executable", str(wrapper)):
                    cluster = slurm_cluster.SlurmCluster("--nodes", "1", "--cpus", "2")
                self.addCleanup(cluster.close)
                run = subprocess.run(self.command(), env=dict(self.environment(), **cluster.environment),
                                     capture_output=True, text=True, timeout=300)
                self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
                log = (self.run_folder / "evolution_run.log").read_text()
                self.assertIn("the run's folder is not shared with the nodes: ", log)
                self.assertIn(said, log)
                self.assertFalse((self.folder / "first").exists())
                shutil.rmtree(self.run_folder)

    def test_a_start_without_a_cluster_fails_at_once(self):
        for more, said in (({"SLURM_CONF": str(self.folder / "none")}, "SLURM_CONF names"),
                           ({"PATH": str(self.folder)}, "sbatch, squeue, scontrol, scancel not found on PATH")):
            run = subprocess.run(self.command(),
                                 env=self.environment(**more), capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
            self.assertIn(said, run.stdout)
            self.assertFalse((self.folder / "first").exists())
            shutil.rmtree(self.run_folder, ignore_errors=True)

    def test_the_doctor_looks_at_the_cluster(self):
        text = self.tool("doctor", "slurm")
        for said in ("answers for cluster genesis", "main* (UP, time UNLIMITED, 1 nodes)",
                     "brief (UP, time 00:02:00", "of at most 4 tasks", "accounting (sacct)"):
            self.assertIn(said, text)
        text = self.tool("doctor", "slurm", code=1, SLURM_CONF=str(self.folder / "none"))
        self.assertIn("FAIL  SLURM's configuration", text)
        self.assertIn("missing: sbatch", self.tool("doctor", "slurm", PATH=str(self.folder)))
        self.cluster.tell("stop slurmctld")
        self.addCleanup(self.cluster.tell, "start slurmctld")
        self.assertIn("FAIL  SLURM's controller", self.tool("doctor", "slurm", code=1))

    def test_what_is_wrong_is_said(self):
        self.assertIn("did you mean 'sweep'", self.tool("slurm", "sweeep", code=2))
        self.assertIn("no such run folder", self.tool("slurm", "status", self.folder / "none", code=1))
        text = self.tool("slurm", "sweep", code=1, SLURM_CONF=str(self.folder / "none"))
        self.assertIn("SLURM_CONF names", text)
        self.cluster.tell("stop slurmctld")
        self.addCleanup(self.cluster.tell, "start slurmctld")
        self.assertIn("controller does not answer", self.tool("slurm", "sweep", code=1))


if __name__ == "__main__":
    unittest.main()
