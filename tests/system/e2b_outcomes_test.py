"""How an evaluation in a sandbox can end, each way provoked for real: by a candidate, a limit, the
kernel, a sandbox that dies, a provider that is away. Only the candidate's own end is scored."""

import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import unittest

from sandboxd_case import BIN, HOME, KEY, SandboxdCase

SEED = """# EVOLVE-BLOCK-START
score 1.5
width 0.25
# EVOLVE-BLOCK-END
"""
# The seed is fine; of everything else becomes what BAD says.
EVALUATOR = """#!/bin/sh
if ! cmp -s "$1" data/seed.txt; then
  eval "$BAD"
fi
sleep "$WAIT"
printf '{"combined_score": 1}' > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""
SMALL = 64 << 20


class OutcomesTest(SandboxdCase):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "sandboxd.yaml"
        self.config.write_text("templates: [{name: small, cpu_count: 1, memory: 64M}]\n")
        (self.folder / "seed.txt").write_text(SEED)
        (self.folder / "prices.yaml").write_text("currency: EUR\nvcpu_hour: 36\n")
        score = self.folder / "score.sh"
        score.write_text(EVALUATOR)
        score.chmod(0o755)
        self.run_folder = self.folder / "r"

    def command(self, *options):
        found = super().command("--config", str(self.config), *options)
        if self.port:  # The same again.
            found[found.index("127.0.0.1:0")] = f"127.0.0.1:{self.port}"
        return found

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("E2B_")}
        url = self.ready["url"]
        return dict(kept, GENESIS_HOME=str(HOME), E2B_API_KEY=KEY, E2B_API_URL=url, E2B_SANDBOX_URL=url)

    def launch_command(self, generations, bad, *more, wait=0, jobs=1):
        return [str(BIN / "genesis_launch"), "variant=default", "cluster=e2b", "seed=5",
                f"output_dir={self.run_folder}",
                f"evo_config.init_program_path={self.folder}/seed.txt",
                "++evo_config.language=yaml", f"evo_config.num_generations={generations}",
                f"evo_config.max_parallel_jobs={jobs}", "++db_config.num_islands=1",
                "job_config.dependencies=[]", f"++job_config.env_vars.WAIT='{wait}'",
                f"++job_config.env_vars.BAD='{bad}'",
                f"++job_config.evaluator_command='{self.folder}/score.sh "
                "{program_path} {results_dir}'",
                f"++job_config.additional_files={{data/: {self.folder}/*.txt}}",
                f"++job_config.prices={self.folder}/prices.yaml", *more]

    def begin(self, *arguments, **named):
        self.output = open(self.folder / "out", "w", encoding="utf-8")
        self.addCleanup(self.output.close)
        runner = subprocess.Popen(self.launch_command(*arguments, **named), env=self.environment(),
                                  stdout=self.output, stderr=self.output)
        self.addCleanup(self.reap, runner)
        return runner

    def said(self):
        return (self.folder / "out").read_text()

    def rows(self, question):
        try:
            store = sqlite3.connect(f"file:{self.run_folder}/run.sqlite?mode=ro", uri=True)
            try:
                return store.execute(question).fetchall()
            finally:
                store.close()
        except sqlite3.OperationalError:
            return []

    def attempts(self, outcome):
        return self.rows("SELECT token, detail FROM attempts WHERE outcome = '%s'" % outcome)

    def running(self):
        return self.rows("SELECT token, ref FROM attempts WHERE ref LIKE '%pid=%' AND outcome = ''")

    def end_of(self, runner):
        self.assertEqual(runner.wait(300), 0, self.said())

    def check_accounts(self, generations):
        """Every evaluation once, no sandbox left, and all of them in the ledger."""
        programs = self.rows("SELECT generation, evaluation FROM programs")
        self.assertEqual(sorted(row[0] for row in programs), list(range(generations + 1)))
        self.assertEqual(len({row[1] for row in programs}), len(programs))
        self.poll("no sandbox is left", lambda: not self.listed())
        shown = subprocess.run([str(BIN / "genesis"), "show", str(self.run_folder), "--json"],
                               capture_output=True, text=True, check=True, timeout=60)
        usage = json.loads(shown.stdout)["usage"]
        self.assertEqual(len(usage), 1, usage)
        self.assertEqual(self.rows("SELECT * FROM leases"), [])
        self.assertGreater(usage[0]["cpus"], 0)
        self.assertAlmostEqual(usage[0]["cost"], usage[0]["amount"] / 100 * usage[0]["cpus"], 6)
        return usage[0]

    def with_token(self, token):
        """Processes of an attempt, wherever on this machine."""
        wanted = b"GENESIS_ATTEMPT_TOKEN=" + token.encode() + b"\0"
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and wanted in (entry / "environ").read_bytes() + b"\0":
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def test_a_candidate_that_fails_is_scored_as_such_and_tried_once(self):
        self.start()
        self.end_of(self.begin(2, "exit 3"))
        self.assertEqual(len(self.attempts("exited")), 3)
        errors = [row[0] for row in self.rows("SELECT error FROM programs WHERE generation > 0")]
        for error in errors:
            self.assertIn("exited with 3", error)
        usage = self.check_accounts(2)
        self.assertEqual(usage["leases"], 3)
        held = sum(row[0] for row in self.rows("SELECT held_millis FROM attempts"))
        self.assertGreater(held, 0)
        self.assertLessEqual(held / 1000, usage["amount"] + 0.1)

    def test_at_the_limit_every_process_of_the_job_ends_and_the_sandbox_serves_on(self):
        self.start()
        stubborn = ("trap \"\" TERM; setsid sleep 3600 & "
                    "(trap \"\" TERM; sleep 3600) & sleep 3600")
        runner = self.begin(2, stubborn, "++job_config.timeout=3",
                            "++job_config.sandbox_reuse=pooled")
        seen = {}

        def first_has_ended():
            for token, _ in self.running():
                seen[token] = max(seen.get(token, 0), len(self.with_token(token)))
            return self.attempts("timeout")

        self.poll("a limit is reached", first_has_ended)
        token = self.attempts("timeout")[0][0]
        self.assertGreaterEqual(seen.get(token, 0), 4, "it never ran")
        self.assertEqual(self.with_token(token), [])
        self.end_of(runner)
        self.assertEqual(len(self.attempts("timeout")), 2)
        for _, detail in self.attempts("timeout"):
            self.assertIn("Sandbox timeout: the limit is 3", detail)
        self.assertEqual(self.check_accounts(2)["leases"], 1, "a sandbox was replaced")

    def memory_is_limited(self):
        """Whether the kernel holds a sandbox to its template's memory, by its control group."""
        made = self.create(templateID="small")
        found = ""
        for pid in self.processes():
            for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
                _, kinds, path = line.split(":", 2)
                for root, name in ((f"/sys/fs/cgroup{path}", "memory.max"),
                                   (f"/sys/fs/cgroup/memory{path}", "memory.limit_in_bytes")):
                    if kinds in ("", "memory") and (pathlib.Path(root) / name).exists():
                        found = (pathlib.Path(root) / name).read_text().strip()
                if found.isdigit() and int(found) == SMALL:
                    break
            if found.isdigit() and int(found) == SMALL:
                break
        self.ask("DELETE", "/sandboxes/" + made["sandboxID"])
        return found.isdigit() and int(found) == SMALL

    def test_what_the_kernel_ends_for_memory_is_out_of_memory(self):
        self.start()
        if not self.memory_is_limited():
            self.skipTest("no control group here limits a sandbox's memory")
        self.end_of(self.begin(1, "tail /dev/zero; exit $?", "job_config.template=small"))
        ended = self.attempts("out_of_memory")
        self.assertEqual(len(ended), 1, self.rows("SELECT outcome, detail FROM attempts"))
        self.assertIn("memory", ended[0][1])
        self.assertEqual(self.rows("SELECT outcome FROM programs WHERE generation = 1"),
                         [("out_of_memory",)])
        self.assertEqual(self.check_accounts(1)["memory_gib"], SMALL / 2**30)

    def test_a_sandbox_that_is_killed_behind_the_runners_back_is_lost_and_never_scored(self):
        self.start()
        runner = self.begin(3, "true", wait=2, jobs=2)
        self.poll("two run", lambda: len(self.running()) == 2)
        token, ref = self.running()[0]
        sandbox = re.search(r"sandbox=(\S+)", ref).group(1)
        first = min(pid for pid in self.processes()
                    if f"sandboxes/{sandbox}" in pathlib.Path(f"/proc/{pid}/mountinfo").read_text())
        os.kill(first, signal.SIGKILL)
        self.end_of(runner)
        lost = self.attempts("lost")
        self.assertEqual([row[0] for row in lost], [token], lost)
        tries = self.rows("SELECT outcome FROM attempts WHERE evaluation = (SELECT evaluation FROM "
                          f"attempts WHERE token = '{token}') ORDER BY attempt")
        self.assertEqual(tries, [("lost",), ("exited",)])
        self.assertEqual({row[0] for row in self.rows("SELECT outcome FROM programs")}, {"ok"})
        self.assertEqual(self.check_accounts(3)["leases"], 5)

    def test_a_provider_that_is_away_costs_no_evaluation(self):
        self.start()
        runner = self.begin(5, "true", wait=2, jobs=2)
        self.poll("two run", lambda: len(self.running()) == 2)
        running = [token for token, _ in self.running()]
        self.stop()  # Its sandboxes go on, and nobody answers.
        for token in running:
            self.poll("it ends there", lambda: not self.with_token(token))
        self.start()
        self.end_of(runner)
        for token in running:
            self.assertEqual(self.rows(f"SELECT outcome FROM attempts WHERE token = '{token}'"),
                             [("exited",)], "it went on in its sandbox")
        self.assertEqual({row[0] for row in self.rows("SELECT outcome FROM attempts")}, {"exited"})
        self.check_accounts(5)

    def test_a_sandbox_outlives_the_lease_that_it_was_made_with(self):
        self.start()
        # Made for 2 + 1.5 + 1 + 1 + 1 seconds; nine jobs take longer.
        short = [f"++job_config.{name}=1" for name in ("setup_timeout", "download_timeout",
                                                       "orphan_grace")]
        self.end_of(self.begin(8, "true", "++job_config.timeout=2", *short,
                               "++job_config.sandbox_reuse=pooled", wait=1))
        self.assertEqual({row[0] for row in self.rows("SELECT outcome FROM attempts")}, {"exited"})
        usage = self.check_accounts(8)
        self.assertEqual(usage["leases"], 1)
        self.assertGreater(usage["amount"], 8)

    def test_a_runner_that_is_killed_loses_no_time_of_a_sandbox_that_is_found_again(self):
        self.start()
        runner = self.begin(1, "true", wait=4)
        self.poll("it runs", self.running)
        runner.kill()
        runner.wait()
        self.assertEqual(self.rows("SELECT * FROM usage"), [])
        self.end_of(self.begin(1, "true", wait=4))
        usage = self.check_accounts(1)
        self.assertEqual(usage["leases"], 2)
        self.assertGreater(usage["amount"], 8, "the first sandbox counts from its creation")
        self.assertLess(usage["amount"], 60)


if __name__ == "__main__":
    unittest.main(verbosity=2)
