#!/usr/bin/env python3
"""What befalls jobs on a real SLURM: nodes that die or are drained, jobs that are requeued, preempted,
cancelled, out of time or memory, a full disk, runners killed at random. Every evaluation is recorded
exactly once, what the cluster did is no candidate's score, and no job is left.

GENESIS_SOAK: a hundred kills at random, and five at each failpoint."""

import os
import random
import subprocess
import sys
import time
import unittest

from slurm_case import SOAK, SlurmCase, needs, slurm_cluster

sys.path.insert(0, os.path.dirname(slurm_cluster.__file__))
import slurm_services  # noqa: E402

FAILPOINTS = ("slurm.before_sbatch", "slurm.after_sbatch", "slurm.before_finished", "runner.journal.before",
              "runner.journal.after", "runner.submit.before", "runner.submit.after", "runner.record.before",
              "runner.record.after")
KILLS = 100 if SOAK else 3


class FaultCase(SlurmCase):
    def begin_long_one(self, run, generations, *more, first=0):
        """A run whose second evaluation takes until something happens to it: (runner, its token, its job)."""
        runner = self.begin(self.command(run, generations, self.waits(first, 100), *more, jobs=1))
        self.poll("it runs", lambda: len(self.witnessed()) == 2 or runner.poll() is not None)
        self.assertIsNone(runner.poll(), self.log())
        token = self.witnessed()[1]
        return runner, token, self.job_of(run, token)

    def job_of(self, run, token):
        return dict(self.rows(run, "SELECT token, ref FROM attempts"))[token].split("job=")[1]

    def finish(self, run, runner, generations, token, outcome, words):
        """The run comes to its end; that attempt ended so, and all others did their work."""
        self.assertEqual(runner.wait(200), 0, self.log())
        attempts = self.check_accounts(run, generations)
        detail = dict(self.rows(run, "SELECT token, detail FROM attempts"))[token]
        self.assertEqual(attempts.pop(token), outcome, detail)
        self.assertIn(words, detail)
        self.assertEqual(set(attempts.values()), {"exited"}, attempts)


@needs()
class NodesTest(FaultCase):
    OPTIONS = ("--nodes", "2", "--cpus", "4", "--set", "MessageTimeout=4", "--set", "SlurmdTimeout=4")

    def node_of(self, job):
        return self.admin("squeue", "-h", "-j", job, "-o", "%N").strip()

    def state_of(self, node):
        return self.admin("sinfo", "-h", "-n", node, "-p", "main", "-o", "%T").strip()

    def test_a_node_that_dies_costs_an_attempt_and_may_come_back(self):
        run = self.folder / "r"
        runner, token, job = self.begin_long_one(run, 2, "++distributed_job_config.slurm.poll_interval=2s")
        node = self.node_of(job)
        self.cluster.tell(f"stop {node}")
        self.addCleanup(self.cluster.tell, f"start {node}")
        self.finish(run, runner, 2, token, "lost", f"its node failed on {node}")
        self.cluster.tell(f"start {node}")
        self.poll("it is back", lambda: self.state_of(node) == "idle")

    def test_drained_nodes_finish_what_they_have_and_the_rest_waits(self):
        run = self.folder / "r"
        runner = self.begin(self.command(run, 3, self.waits(0, 2), jobs=1))
        self.poll("it runs", lambda: len(self.witnessed()) == 2 or runner.poll() is not None)
        self.admin("scontrol", "update", "node=n1,n2", "state=drain", "reason=maintenance")
        self.addCleanup(self.cluster.ask, "scontrol", "update", "node=n1,n2", "state=resume")
        self.poll("one waits for a node", lambda: "PENDING" in "".join(self.jobs()))
        self.assertEqual(len(self.rows(run, "SELECT 1 FROM programs")), 2, "what ran came to its end")
        self.assertIsNone(runner.poll(), self.log())
        self.admin("scontrol", "update", "node=n1,n2", "state=resume")
        self.assertEqual(runner.wait(200), 0, self.log())
        self.assertEqual(set(self.check_accounts(run, 3).values()), {"exited"})


@needs()
class JobsTest(FaultCase):
    OPTIONS = ("--nodes", "1", "--cpus", "4", "--set", "MessageTimeout=4", "--set",
               "PreemptType=preempt/partition_prio", "--set", "PreemptMode=REQUEUE",
               "--partition", "low PriorityTier=1 PreemptMode=REQUEUE",
               "--partition", "high PriorityTier=10 PreemptMode=OFF")

    def test_what_an_administrator_puts_back_into_the_queue_is_recorded_once(self):
        run = self.folder / "r"
        runner, token, job = self.begin_long_one(run, 2)
        self.assertNotEqual(self.cluster.ask("scontrol", "requeue", job)[0], 0, "it asked for no requeue")
        self.admin("scontrol", "update", f"job={job}", "requeue=1")
        self.admin("scontrol", "requeue", job)
        self.finish(run, runner, 2, token, "lost", "back into the queue")

    def test_a_preempted_job_is_recorded_once(self):
        run = self.folder / "r"
        runner, token, _ = self.begin_long_one(run, 2, "distributed_job_config.partition=low")
        self.admin("sbatch", "-p", "high", "-N1", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 1")
        self.finish(run, runner, 2, token, "lost", "it was preempted")

    def test_what_somebody_cancels_is_tried_again(self):
        run = self.folder / "r"
        runner, token, job = self.begin_long_one(run, 2)
        self.admin("scancel", job)
        self.finish(run, runner, 2, token, "lost", "somebody cancelled it")

    def test_our_time_limit_is_the_candidates(self):
        run = self.folder / "r"
        runner, token, _ = self.begin_long_one(run, 2, "distributed_job_config.time=2s")
        self.finish(run, runner, 2, token, "timeout", "time limit of 2.0 s")

    @unittest.skipUnless(SOAK, "half a minute until SLURM looks at the time: in the soak")
    def test_slurms_time_limit_is_the_candidates_too(self):
        run = self.folder / "r"
        runner, token, job = self.begin_long_one(run, 2)
        self.admin("scontrol", "update", f"job={job}", "EndTime=now")
        self.finish(run, runner, 2, token, "timeout", "time limit")

    def test_runners_killed_at_random_lose_nothing_and_leave_nothing(self):
        draw = random.Random(1)
        modes = ("job", "array") if SOAK else ("array",)
        generations = KILLS + 4
        for mode in modes:
            run = self.folder / mode
            self.witness.unlink(missing_ok=True)
            command = self.command(run, generations, 0.3, f"++distributed_job_config.slurm.mode={mode}",
                                   "++distributed_job_config.slurm.batch_window=100ms", jobs=3)
            for _ in range(KILLS // len(modes)):
                runner = self.begin(command)
                end = time.time() + draw.uniform(0.1, 2.5)
                self.poll("its time has come", lambda: time.time() > end or runner.poll() is not None)
                runner.kill()
                runner.wait()
            again = self.launch(command)
            self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
            attempts = self.check_accounts(run, generations)
            self.assertFalse(set(attempts.values()) - {"exited", "lost", "cancelled"}, attempts)

    @unittest.skipUnless(SOAK, "five runs for each failpoint: in the soak")
    def test_runners_killed_at_each_side_effect_five_times(self):
        for mode in ("job", "array"):
            for point in FAILPOINTS:
                for number in range(1, 6):
                    with self.subTest(point, mode=mode, number=number):
                        run = self.folder / f"{mode}-{point}-{number}"
                        self.witness.unlink(missing_ok=True)
                        command = self.command(run, 5, 0, f"++distributed_job_config.slurm.mode={mode}",
                                               "++distributed_job_config.slurm.batch_window=100ms")
                        killed = self.launch(command, GENESIS_FAILPOINT=f"{point}:{number}")
                        self.assertIn(killed.returncode, (-9, 0), killed.stdout + killed.stderr)
                        again = self.launch(command)
                        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
                        self.check_accounts(run, 5)


@needs()
@unittest.skipIf(slurm_services.no_memory_limits(), slurm_services.no_memory_limits())
class MemoryTest(FaultCase):
    OPTIONS = ("--nodes", "1", "--cpus", "4", "--memory-limits", "--set", "SelectTypeParameters=CR_Core_Memory")
    GREEDY = """#!/bin/sh
echo "$GENESIS_ATTEMPT_TOKEN" >> "$WITNESS"
case $(grep -c . "$WITNESS") in 2) exec python3 -c 'x = bytearray(500_000_000)' ;; esac
printf '{"combined_score": 1}' > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""

    def test_what_takes_more_memory_than_it_asked_for_is_told_so(self):
        (self.folder / "score.sh").write_text(self.GREEDY)
        run = self.folder / "r"
        runner = self.begin(self.command(run, 2, 0, "distributed_job_config.mem=100M", jobs=1))
        self.assertEqual(runner.wait(200), 0, self.log())
        attempts = self.check_accounts(run, 2)
        self.assertEqual(attempts[self.witnessed()[1]], "out_of_memory", attempts)
        self.assertIn("memory limit of 100", self.details(run, "out_of_memory")[0])


@needs()
@unittest.skipIf(os.getuid() != 0, "only root can make a disk that is soon full")
class DiskTest(FaultCase):
    OPTIONS = ("--nodes", "1", "--cpus", "4")

    def test_a_full_disk_is_told_and_nothing_is_lost(self):
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(disk)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=True)
        run = disk / "r"
        command = self.command(run, 4, self.waits(0, 3), "++distributed_job_config.slurm.file_wait=2s",
                               "++results.min_free_bytes=1000000", jobs=1)
        runner = self.begin(command)
        self.poll("it runs", lambda: len(self.witnessed()) == 2 or runner.poll() is not None)
        self.assertIsNone(runner.poll(), self.log())
        token = self.witnessed()[1]
        with open(disk / "filler", "wb") as filler:
            try:
                while filler.write(b"x" * 65536):
                    filler.flush()
            except OSError:
                pass
        self.poll("it says so", lambda: "free some space to go on" in self.log())
        self.poll("the job has ended", lambda: not self.running())
        (disk / "filler").unlink()
        self.finish(run, runner, 4, token, "backend_error", "could not write to the run's folder: is its disk full")


if __name__ == "__main__":
    unittest.main(verbosity=2)
