#!/usr/bin/env python3
"""What is known of a job that the controller has forgotten: by SLURM's accounting, or without it; and a run
on a cluster where munge vouches for users, and goes away in between."""

import os
import pwd
import unittest

from slurm_case import SlurmCase, needs

# The controller forgets jobs soon after their end.
FORGETFUL = ("--nodes", "1", "--cpus", "4", "--set", "MinJobAge=2", "--set", "MessageTimeout=4")


class ForgottenCase(SlurmCase):
    def patient(self, run):
        return self.command(run, 2, self.waits(0, 100, 100), "++distributed_job_config.slurm.unknown_grace=2s",
                            "++distributed_job_config.slurm.file_wait=2s")

    def end_without_runner(self, run):
        """Two jobs that end while there is no runner, and are forgotten: one is cancelled by somebody and
        leaves a record that says only TERM, of the other every process is killed and nothing is left.
        Their tokens."""
        runner = self.begin(self.patient(run))
        self.poll("two jobs run", lambda: len(self.witnessed()) == 3 or runner.poll() is not None)
        tokens = self.witnessed()[1:]
        refs = dict(self.rows(run, "SELECT token, ref FROM attempts"))
        ids = [refs[token].split("job=")[1] for token in tokens]
        runner.kill()
        runner.wait()
        self.admin("scancel", ids[0])
        self.assertGreater(len(self.kill_job(ids[1])), 1)
        self.poll("the controller has forgotten both", lambda: all(
            "Invalid job id" in self.cluster.ask("scontrol", "show", "job", one)[2] for one in ids))
        return tokens

    def go_on(self, run, tokens):
        """What is said of both attempts, whose outcome is lost: others did their work."""
        again = self.launch(self.patient(run))
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        attempts = self.check_accounts(run, 2)
        self.assertEqual(sorted(attempts.values()), ["exited"] * 3 + ["lost"] * 2, attempts)
        details = dict(self.rows(run, "SELECT token, detail FROM attempts"))
        self.assertEqual([attempts[token] for token in tokens], ["lost", "lost"])
        return [details[token] for token in tokens]


@needs(accounting=True)
class AccountingTest(ForgottenCase):
    OPTIONS = (*FORGETFUL, "--accounting")

    def test_the_accounting_knows_how_a_forgotten_job_ended(self):
        run = self.folder / "r"
        tokens = self.end_without_runner(run)
        cancelled, killed = self.go_on(run, tokens)
        self.assertIn("somebody cancelled it", cancelled)
        self.assertIn(pwd.getpwuid(os.getuid()).pw_name, cancelled)
        self.assertIn("SLURM says", killed)


@needs()
class NoAccountingTest(ForgottenCase):
    OPTIONS = FORGETFUL

    def test_without_accounting_a_forgotten_job_is_lost_after_a_while(self):
        run = self.folder / "r"
        tokens = self.end_without_runner(run)
        cancelled, killed = self.go_on(run, tokens)
        self.assertIn("TERM", cancelled)
        self.assertIn("neither squeue, scontrol, sacct nor its files know", killed)


@needs(munge=True)
class MungeTest(SlurmCase):
    OPTIONS = ("--nodes", "1", "--cpus", "4", "--set", "MessageTimeout=4", "--munge")

    def test_without_munge_nothing_is_concluded_and_the_run_goes_on_after_it(self):
        run = self.folder / "r"
        # SLURM's commands try for most of a minute to reach munge.
        runner = self.begin(self.command(run, 4, 1, "++distributed_job_config.slurm.command_timeout=3s"))
        self.poll("the first job runs", self.witness.exists)
        self.cluster.tell("stop munged")
        self.addCleanup(self.cluster.tell, "start munged")
        self.poll("the runner says so", lambda: "does not answer" in self.said(run)
                  or runner.poll() is not None)
        self.assertIsNone(runner.poll(), self.log())
        self.cluster.tell("start munged")
        self.assertEqual(runner.wait(200), 0, self.log())
        attempts = self.check_accounts(run, 4)
        self.assertEqual(set(attempts.values()), {"exited"}, self.details(run, "lost"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
