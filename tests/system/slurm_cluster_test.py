#!/usr/bin/env python3
"""The tests' own SLURM cluster: it runs jobs, and nothing of it outlives the test, however that ends."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))
import slurm_cluster  # noqa: E402

MISSING = slurm_cluster.missing_programs()


def is_there(pid):
    stat = slurm_cluster.read_stat(pid)
    return stat is not None and stat[1] not in "ZX"


@unittest.skipIf(MISSING, f"SLURM is not installed: no {', '.join(MISSING)}")
class ClusterTest(unittest.TestCase):
    def poll(self, what, *arguments, seconds=120):
        deadline = time.monotonic() + seconds
        while not (found := what(*arguments)):
            self.assertLess(time.monotonic(), deadline, "nothing came")
            time.sleep(0.05)
        return found

    def test_jobs_run_and_everything_ends_with_the_test(self):
        cluster = slurm_cluster.SlurmCluster("--nodes", "2", "--cpus", "4", "--gpus", "1")
        self.addCleanup(cluster.close)
        code, first, error = cluster.ask("sbatch", "--parsable", "-o", "/dev/null", "--gres=gpu:1", "--wrap", "exit 4")
        self.assertEqual((code, error), (0, ""))

        def outcome():
            text = cluster.ask("scontrol", "-o", "show", "job", first.strip())[1]
            return text if "JobState=FAILED" in text else ""

        self.assertIn("ExitCode=4:0", self.poll(outcome))
        # One that leaves a session of its own behind, and a step.
        script = "(setsid setsid sleep 1000 >/dev/null 2>&1 &); sleep 1000"
        self.assertEqual(cluster.ask("sbatch", "-o", "/dev/null", "--wrap", script)[0], 0)

        def stray():
            others = cluster.tell("pids")["others"]
            return others if len([pid for pid in others if "sleep" in self.command(pid)]) == 2 else []

        others = self.poll(stray)
        pids = [pid for pid in cluster.tell("pids").values() if isinstance(pid, int)] + others
        self.assertGreaterEqual(len(pids), 3 + 2)
        cluster.close()
        self.assertEqual([pid for pid in pids if is_there(pid)], [])
        self.assertFalse(pathlib.Path(cluster.ready["folder"]).exists())

    def command(self, pid):
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
        except OSError:
            return ""

    def test_a_crashing_test_takes_the_cluster_with_it(self):
        script = ("import sys, time; sys.path.insert(0, sys.argv[1]); import slurm_cluster, json;"
                  "c = slurm_cluster.SlurmCluster('--nodes', '1');"
                  "print(json.dumps(c.tell('pids')), flush=True); time.sleep(1000)")
        with subprocess.Popen([sys.executable, "-c", script, str(SUPPORT)], stdout=subprocess.PIPE) as test:
            self.addCleanup(test.kill)
            found = json.loads(test.stdout.readline())
            pids = [found["slurmctld"], found["n1"]]
            self.assertTrue(all(is_there(pid) for pid in pids))
            os.kill(test.pid, signal.SIGKILL)
        self.poll(lambda: not any(is_there(pid) for pid in pids))

    def test_a_daemon_can_be_ended_and_started_again(self):
        cluster = slurm_cluster.SlurmCluster("--nodes", "1", "--cpus", "2")
        self.addCleanup(cluster.close)
        self.assertEqual(cluster.tell("stop slurmctld"), {"done": "stop slurmctld"})
        self.assertIn("is DOWN", cluster.ask("scontrol", "ping")[1])
        cluster.tell("start slurmctld")
        self.poll(lambda: cluster.ask("sbatch", "-o", "/dev/null", "--wrap", "true")[0] == 0)
        self.assertIn("error", cluster.tell("stop n7"))

    @unittest.skipIf(os.getuid() != 0, "this user is an ordinary one: the other cases are this one")
    def test_an_ordinary_user_has_one_too(self):
        folder = tempfile.mkdtemp(prefix="gsu")
        self.addCleanup(shutil.rmtree, folder)
        program = pathlib.Path(folder) / "slurm_cluster.py"
        for part in ("slurm_cluster.py", "slurm_services.py"):  # The checkout may be closed to others.
            shutil.copy(SUPPORT / part, folder)
        os.chmod(folder, 0o755)
        more = [] if slurm_cluster.missing_programs(True, True) else ["--munge", "--accounting"]
        with subprocess.Popen(["/usr/bin/python3", "-B", str(program), "--nodes", "1", *more], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, user="nobody", group="nogroup",
                              extra_groups=[], env={"PATH": "/usr/bin:/bin"}, cwd="/") as cluster:
            ready = json.loads(cluster.stdout.readline())
            self.assertIn("conf", ready)
            owner = pathlib.Path(ready["folder"]).owner()
            self.assertEqual(owner, "nobody")
            cluster.stdin.close()
            self.assertEqual(cluster.wait(60), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
