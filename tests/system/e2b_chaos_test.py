"""Runs in sandboxes over a wire that fails: requests, answers and streams cut, 429s and 5xx in bursts,
ends that never come, sandboxes killed behind the runner's back. Every evaluation is recorded exactly
once and no sandbox is left.

Each kind of fault alone for a few jobs, then all of them for GENESIS_CHAOS_SECONDS (12; an hour with
GENESIS_SOAK), run after run, with the seeds from GENESIS_CHAOS_SEED on."""

import os
import pathlib
import random
import sqlite3
import subprocess
import threading
import time
import unittest

from chaos_proxy_case import ChaosProxy
from sandboxd_case import BIN, HOME, KEY, SandboxdCase

SEED = "# EVOLVE-BLOCK-START\nscore 1.5\nwidth 0.25\n# EVOLVE-BLOCK-END\n"
EVALUATOR = """#!/bin/sh
sleep "$WAIT"
printf '{"combined_score": %s}' "$(grep -c . "$1")" > "$2/metrics.json"
printf '{"correct": true}' > "$2/correct.json"
"""
SECONDS = int(os.environ.get("GENESIS_CHAOS_SECONDS",
                             "3600" if os.environ.get("GENESIS_SOAK") else "12"))
FIRST_SEED = int(os.environ.get("GENESIS_CHAOS_SEED", "1"))
# A tenth of what is said is cut.
CHAOS = ["--cut-request", "0.04", "--cut-answer", "0.04", "--no-end", "0.02", "--half-close", "0.02",
         "--delay", "0.05", "--slow", "0.05", "--too-many", "0.02", "--unavailable", "0.01"]
# Costs a minute each time: the client's patience.
HANG = ["--hang", "0.002", "--streams-do-not-hang"]
# Half of them have ended by themselves before: a twentieth of all are killed.
KILLED = 0.12


class Killer(threading.Thread):
    """Ends a twentieth of the sandboxes, some time after they were made, past the proxy."""

    def __init__(self, case, seed):
        super().__init__(daemon=True)
        self.case, self.draw = case, random.Random(seed)
        self.over = threading.Event()
        self.seen, self.due, self.killed = set(), {}, 0

    def run(self):
        while not self.over.wait(0.1):
            for name in self.case.listed():
                if name not in self.seen:
                    self.seen.add(name)
                    if self.draw.random() < KILLED:
                        self.due[name] = time.time() + self.draw.uniform(0, 2)
            for name, when in list(self.due.items()):
                if when <= time.time():
                    del self.due[name]
                    self.killed += self.case.ask("DELETE", "/sandboxes/" + name)[0] == 204

    def stop(self):
        self.over.set()
        self.join()


class E2BChaosTest(SandboxdCase):
    def setUp(self):
        super().setUp()
        self.start()
        (self.folder / "seed.txt").write_text(SEED)
        score = self.folder / "score.sh"
        score.write_text(EVALUATOR)
        score.chmod(0o755)

    def proxy(self, *options):
        made = ChaosProxy(self.port, *options)
        self.addCleanup(made.close)
        return made

    def logs(self):
        """Where what runs say is kept: with GENESIS_CHAOS_LOGS, beyond the test."""
        return pathlib.Path(os.environ.get("GENESIS_CHAOS_LOGS", self.folder))

    def launch(self, name, proxy, generations, jobs, *more, wait=0.1):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("E2B_")}
        url = f"http://127.0.0.1:{proxy.port}"
        log = open(self.logs() / (name + ".log"), "w", encoding="utf-8")
        self.addCleanup(log.close)
        return subprocess.run(
            [str(BIN / "genesis_launch"), "variant=default", "cluster=e2b", "seed=5",
             f"output_dir={self.folder / name}",
             f"evo_config.init_program_path={self.folder}/seed.txt", "++evo_config.language=yaml",
             f"evo_config.num_generations={generations}", f"evo_config.max_parallel_jobs={jobs}",
             "++evo_config.max_attempts=20", "++db_config.num_islands=1", "job_config.dependencies=[]",
             "++job_config.creates_per_second=50", f"++job_config.env_vars.WAIT='{wait}'",
             f"++job_config.evaluator_command='{self.folder}/score.sh "
             "{program_path} {results_dir}'", *more],
            env=dict(kept, GENESIS_HOME=str(HOME), E2B_API_KEY=KEY, E2B_API_URL=url,
                     E2B_SANDBOX_URL=url), stdout=log, stderr=subprocess.STDOUT, timeout=900,
            check=False).returncode

    def rows(self, name, question):
        store = sqlite3.connect(f"file:{self.folder / name}/run.sqlite?mode=ro", uri=True)
        try:
            return store.execute(question).fetchall()
        finally:
            store.close()

    def check(self, name, code, generations):
        """The outcomes of the attempts."""
        log = (self.logs() / (name + ".log")).read_text()
        self.assertEqual(code, 0, log[-3000:])
        programs = self.rows(name, "SELECT generation, evaluation, outcome, error FROM programs")
        self.assertEqual(sorted(row[0] for row in programs), list(range(generations + 1)))
        self.assertEqual(len({row[1] for row in programs}), len(programs))
        outcomes = [row[0] for row in self.rows(name, "SELECT outcome FROM attempts")]
        self.assertEqual(outcomes.count("exited"), generations + 1, (outcomes, log[-3000:]))
        self.assertFalse(set(outcomes) - {"exited", "lost", "backend_error"}, outcomes)
        left = list(self.listed())
        self.assertEqual(left, [], log[-3000:])
        self.assertEqual(self.processes(), [])
        return outcomes

    def test_each_kind_of_fault_alone(self):
        for number, (kind, rate) in enumerate((
                ("cut-request", 0.2), ("cut-answer", 0.2), ("no-end", 0.7), ("half-close", 0.2),
                ("delay", 0.5), ("slow", 0.7), ("too-many", 0.5), ("unavailable", 0.1))):
            with self.subTest(kind=kind):
                proxy = self.proxy("--seed", "3", "--" + kind, str(rate))
                code = self.launch(kind, proxy, 6, 3, wait=0,
                                   *(["++job_config.sandbox_reuse=pooled"] if number % 2 else []))
                outcomes = self.check(kind, code, 6)
                told = proxy.counts()
                self.assertGreater(told.get(kind.replace("-", "_"), 0), 0, told)
                if kind in ("no-end", "delay", "slow", "too-many"):
                    self.assertEqual(len(outcomes), 7, outcomes)  # Nothing was lost by it.
                proxy.close()

    def test_all_of_them(self):
        since, seed = time.time(), FIRST_SEED
        sums = {"runs": 0, "evaluations": 0, "attempts": 0, "sandboxes": 0, "killed": 0}
        while time.time() < since + SECONDS:
            proxy = self.proxy("--seed", str(seed), *CHAOS, *(HANG if SECONDS >= 600 else []))
            killer = Killer(self, seed)
            killer.start()
            name = f"run{seed}"
            generations = 30 if SECONDS < 60 else 150
            try:
                code = self.launch(name, proxy, generations, 12, *(
                    ["++job_config.sandbox_reuse=pooled", "++job_config.recycle_after=8"]
                    if seed % 2 else []))
            finally:
                killer.stop()
            outcomes = self.check(name, code, generations)
            sums["runs"] += 1
            sums["evaluations"] += generations + 1
            sums["attempts"] += len(outcomes)
            sums["sandboxes"] += len(killer.seen)
            sums["killed"] += killer.killed
            for kind, count in proxy.counts().items():
                sums[kind] = sums.get(kind, 0) + count
            proxy.close()
            print(f"seed {seed}, {time.time() - since:.0f} s: {sums}", flush=True)
            seed += 1
        self.assertGreater(sums["cut_request"] + sums["cut_answer"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
