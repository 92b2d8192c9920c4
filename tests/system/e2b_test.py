"""Runs whose evaluations happen in sandboxes of `genesis sandboxd`: without a key, killed in between,
with sandboxes that go away. Nothing is evaluated twice, nothing is left."""

import json
import sqlite3
import subprocess
import unittest

from local_server_case import BIN, LocalServerCase

SEED = """# EVOLVE-BLOCK-START
score 1.5
width 0.25
# EVOLVE-BLOCK-END
"""
# Where it is strict, all but the seed end with a code of their own.
EVALUATOR = """#!/bin/sh
set -e
test -z "$E2B_API_KEY"
sleep "$WAIT"
test -f data/limit.txt
test -z "$STRICT" || cmp -s "$1" data/seed.txt || exit 3
printf '{"combined_score": %s}' "$(grep -c . "$1")" > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
head -c 300000 /dev/urandom > "$2/extra.bin"
cksum < "$2/extra.bin" > "$2/extra.sum"
"""


class E2BTest(LocalServerCase):
    def setUp(self):
        super().setUp()
        (self.folder / "seed.txt").write_text(SEED)
        (self.folder / "limit.txt").write_text("7\n")
        score = self.folder / "score.sh"
        score.write_text(EVALUATOR)
        score.chmod(0o755)

    def command(self, run, generations, jobs, wait, *more):
        return [str(BIN / "genesis_launch"), "variant=default", "cluster=e2b", "seed=5",
                f"output_dir={run}", f"evo_config.init_program_path={self.folder}/seed.txt",
                "++evo_config.language=yaml", f"evo_config.num_generations={generations}",
                f"evo_config.max_parallel_jobs={jobs}", "++db_config.num_islands=1",
                "job_config.dependencies=[]", f"++job_config.env_vars.WAIT='{wait}'",
                f"++job_config.evaluator_command='{self.folder}/score.sh "
                "{program_path} {results_dir}'",
                f"++job_config.additional_files={{data/limit.txt: {self.folder}/limit.txt}}", *more]

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

    def started(self, run):
        """Tokens of attempts whose command runs, by the journal."""
        return [row[0] for row in self.rows(
            run, "SELECT token FROM attempts WHERE ref LIKE '%pid=%' AND outcome = ''")]

    def check_taken_up(self, run, tokens):
        """What ran when its runner was killed was not begun again."""
        for token in tokens:
            tries = self.rows(run, "SELECT token, outcome FROM attempts WHERE evaluation = "
                              f"(SELECT evaluation FROM attempts WHERE token = '{token}')")
            self.assertEqual([row[0] for row in tries], [token])
            self.assertNotIn(tries[0][1], ("lost", "backend_error", "cancelled", ""))

    def ended_in_sandboxes(self):
        return list(self.state.glob("sandboxes/*/upper/**/tmp/genesis/state/*/exit.json"))

    def check_accounts(self, run, generations, attempts=None):
        programs = self.rows(run, "SELECT generation, evaluation FROM programs")
        self.assertEqual(sorted(generation for generation, _ in programs),
                         list(range(generations + 1)))
        self.assertEqual(len({evaluation for _, evaluation in programs}), len(programs))
        outcomes = self.rows(run, "SELECT outcome, detail FROM attempts")
        self.assertTrue(all(outcome for outcome, _ in outcomes), outcomes)
        if attempts is not None:
            self.assertEqual(len(outcomes), attempts, outcomes)
        self.poll("no sandbox is left", lambda: not self.sandboxes())

    def test_a_run_without_a_key_makes_its_own_server_and_the_next_one_finds_it(self):
        first = self.launch(self.command(self.folder / "r1", 4, 2, 0))
        self.assertEqual(first.returncode, 0, first.stdout + first.stderr)
        self.assertIn("E2B_API_KEY not set: sandboxes are made on this machine", first.stdout)
        self.assertNotIn(self.server()["api_key"], first.stdout + first.stderr)
        server = self.server()
        second = self.launch(self.command(self.folder / "r2", 4, 2, 0,
                                          "++job_config.sandbox_reuse=pooled"))
        self.assertEqual(second.returncode, 0, second.stdout + second.stderr)
        self.assertEqual(self.server(), server)
        for run in ("r1", "r2"):
            self.check_accounts(self.folder / run, 4, attempts=5)
            kept = list((self.folder / run).glob("gen_*/results/extra.bin"))
            self.assertTrue(kept)
            for file in kept:  # Byte for byte.
                sum_here = subprocess.run(["cksum"], input=file.read_bytes(), capture_output=True,
                                          check=True).stdout
                self.assertEqual(sum_here, file.with_suffix(".sum").read_bytes())
            self.assertFalse(list((self.folder / run).glob(".genesis/*.tar")))

    def test_what_ended_while_no_runner_looked_is_collected_with_its_own_exit_code(self):
        run = self.folder / "r"
        command = self.command(run, 8, 4, 2, "++job_config.env_vars.STRICT='1'",
                               f"++job_config.additional_files={{data/: {self.folder}/*.txt}}")
        runner = self.begin(command)
        self.poll("jobs run", lambda: len(self.started(run)) >= 4)
        tokens = self.started(run)
        runner.kill()
        runner.wait()
        self.poll("they have ended", lambda: len(self.ended_in_sandboxes()) >= len(tokens))
        codes = sorted(json.loads(file.read_text())["code"] for file in self.ended_in_sandboxes())
        ended = self.launch(command)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.check_taken_up(run, tokens)
        found = [self.rows(run, "SELECT p.outcome, p.error FROM programs p JOIN attempts a ON "
                           f"a.evaluation = p.evaluation WHERE a.token = '{token}'")[0]
                 for token in tokens]
        failed = sum("exited with 3" in error for _, error in found)
        self.assertEqual(failed, codes.count(3), (found, codes))
        self.assertGreater(failed, 0)
        self.check_accounts(run, 8)

    def test_what_still_runs_is_followed_to_its_end(self):
        run = self.folder / "r"
        command = self.command(run, 6, 3, 4, "++job_config.sandbox_reuse=pooled")
        runner = self.begin(command)
        self.poll("jobs run", lambda: len(self.started(run)) >= 3)
        tokens = self.started(run)
        runner.kill()
        runner.wait()
        ended = self.launch(command)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.check_taken_up(run, tokens)
        self.check_accounts(run, 6)

    def test_a_sandbox_that_goes_away_costs_an_attempt_and_no_score(self):
        run = self.folder / "r"
        runner = self.begin(self.command(run, 5, 2, 2))
        self.poll("jobs run", lambda: len(self.started(run)) >= 2)
        victim = self.rows(run, "SELECT ref FROM attempts WHERE ref LIKE '%pid=%' AND outcome = ''")
        name = victim[0][0].split("sandbox=")[1].split()[0]
        self.ask("DELETE", "/sandboxes/" + name)
        self.assertEqual(runner.wait(300), 0)
        outcomes = [row[0] for row in self.rows(run, "SELECT outcome FROM attempts")]
        self.assertEqual(outcomes.count("lost"), 1, outcomes)
        self.check_accounts(run, 5)

    def test_an_address_without_a_key_and_the_cloud_without_one_say_so(self):
        for more, variables in (([], {"E2B_DOMAIN": "sandboxes.example.com"}),
                                (["++job_config.provider=cloud"], {})):
            refused = self.launch(self.command(self.folder / "r", 2, 1, 0, *more), **variables)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("E2B_API_KEY not set", refused.stderr)
            self.assertIn("export E2B_API_KEY=your_api_key", refused.stderr)
            self.assertFalse(self.state.exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
