"""Sweeps (`genesis_launch -m`) as a person runs them: one after another and over one pool, interrupted,
killed, continued, refused; and `--info`.

The evaluator appends the token of its attempt to a witness file, so that it can be told what ran and
how often. GENESIS_UPDATE_GOLDEN=1 writes the golden files anew."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

from command_case import DEADLINE, CommandCase

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HOME = pathlib.Path(os.environ.get("GENESIS_HOME", SOURCE))
BIN = pathlib.Path(os.environ["GENESIS_BIN"])
GOLDEN = SOURCE / "tests" / "golden" / "cli"
SEED_TEXT = """# EVOLVE-BLOCK-START
score 1.5
width 0.25
depth -3
# EVOLVE-BLOCK-END
"""


class SweepTest(CommandCase):
    maxDiff = None

    def setUp(self):
        self.dir = pathlib.Path(os.path.realpath(tempfile.mkdtemp(prefix="genesis-sweep-")))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        (self.dir / "seed.txt").write_text(SEED_TEXT)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("GENESIS_")}
        self.env.update(GENESIS_HOME=str(HOME), TERM="dumb")

    # -- what tests are made of

    def command(self, *overrides, folder="s", generations=6, jobs=1, sleep_ms=0):
        evaluator = (f"{BIN}/trivial_evaluator --program_path {{program_path}} --results_dir "
                     f"{{results_dir}} --score-from-text --witness {self.dir}/{folder}.witness")
        if sleep_ms:
            evaluator += f" --sleep-ms {sleep_ms}"
        return [str(BIN / "genesis_launch"), "-m", "variant=default", "exp_name=sweep",
                "evo_config.init_program_path=seed.txt", "++evo_config.language=yaml",
                f"evo_config.num_generations={generations}", f"evo_config.max_parallel_jobs={jobs}",
                f'++job_config.evaluator_command="{evaluator}"', f"output_dir={folder}", *overrides]

    def run_command(self, command, code=0):
        done = subprocess.run(command, cwd=self.dir, env=self.env, capture_output=True, text=True,
                              timeout=DEADLINE, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def sweep(self, *overrides, code=0, **more):
        return self.run_command(self.command(*overrides, **more), code)

    def tool(self, *arguments, code=0):
        return self.run_command([str(BIN / "genesis"), *arguments], code)

    def start(self, *overrides, **more):
        process = subprocess.Popen(self.command(*overrides, **more), cwd=self.dir, env=self.env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.reap, process)
        return process

    def state(self, folder="s"):
        return json.loads((self.dir / folder / "sweep.json").read_text())

    def statuses(self, folder="s"):
        return [job["status"] for job in self.state(folder)["jobs"]]

    def witnessed(self, folder="s"):
        witness = self.dir / f"{folder}.witness"
        return witness.read_text().split() if witness.exists() else []

    def dump(self, run):
        return subprocess.run([BIN / "dump_run", run], cwd=self.dir, check=True, capture_output=True,
                              text=True).stdout

    def programs(self, run):
        store = self.dir / run / "run.sqlite"
        if not store.exists():
            return 0
        try:
            connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
            with connection:
                return connection.execute("SELECT count(*) FROM programs").fetchone()[0]
        except sqlite3.OperationalError:  # not made yet
            return 0

    @staticmethod
    def signals_pending(process):
        """Two signals at once count as one."""
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            return 0
        return int(re.search(r"ShdPnd:\s*(\w+)", status).group(1), 16)

    def evaluators_running(self):
        marker = str(self.dir).encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if entry.name.isdigit() and b"trivial_evaluator" in line.split(b"\0")[0] and marker in line:
                found.append(entry.name)
        return found

    def assert_complete(self, folder, jobs, generations):
        """Every job recorded every generation, every evaluation once, every token accounted for."""
        known = {}
        for number in range(jobs):
            store = sqlite3.connect(f"file:{self.dir}/{folder}/{number}/run.sqlite?mode=ro", uri=True)
            try:
                programs = store.execute("SELECT generation, evaluation FROM programs").fetchall()
                known.update(store.execute("SELECT token, outcome FROM attempts").fetchall())
            finally:
                store.close()
            self.assertEqual(sorted(g for g, _ in programs), list(range(generations + 1)))
            self.assertEqual(len({e for _, e in programs}), len(programs))
        tokens = self.witnessed(folder)
        self.assertEqual([token for token in tokens if token not in known], [])
        self.assertEqual(len(set(tokens)), len(tokens), "one attempt ran twice")
        self.assertTrue(all(known.values()), "an attempt without an end")


class InSequence(SweepTest):
    def test_every_combination_is_a_run_of_its_own(self):
        done = self.sweep("seed=1,2", "db_config.num_islands=1,2")
        self.assertEqual(self.statuses(), ["finished"] * 4)
        labels = [line for line in done.stdout.splitlines() if re.match(r"\[\d/\d\] seed", line)]
        self.assertEqual(labels[:3], ["[1/4] seed=1 db_config.num_islands=1 …",
                                      "[1/4] seed=1 db_config.num_islands=1: all 6 generations are recorded",
                                      "[2/4] seed=1 db_config.num_islands=2 …"])
        self.assertIn("Sweep of 4 jobs in s: 4 finished", done.stdout)
        self.assertRegex(done.stdout, r"\n +2  seed=2 db_config.num_islands=1 +[\d.-]+ +6/6  finished \(generations\)  s/2\n")
        master = (self.dir / "s/multirun.yaml").read_text()
        self.assertIn("  mode: MULTIRUN\n", master)
        self.assertIn("    - seed=1,2\n", master)
        overrides = (self.dir / "s/3/.hydra/overrides.yaml").read_text()
        self.assertIn("- seed=2\n", overrides)
        self.assertIn("- db_config.num_islands=2\n", overrides)
        config = (self.dir / "s/3/.hydra/config.yaml").read_text()
        self.assertIn(f"\noutput_dir: {self.dir}/s/3\n", config)
        self.assertIn("\nseed: 2\n", config)
        hydra = (self.dir / "s/3/.hydra/hydra.yaml").read_text()
        self.assertIn("    num: 3\n", hydra)
        self.assertIn(f"    output_dir: {self.dir}/s/3\n", hydra)
        state = self.state()
        self.assertEqual(state["status"], "finished")
        self.assertEqual(state["counts"], {"finished": 4})
        self.assertEqual(state["jobs"][1]["generations"], 6)
        self.assertEqual(state["jobs"][1]["output_dir"], str(self.dir / "s/1"))
        best = max(job["best"]["combined_score"] for job in state["jobs"])
        self.assertEqual(state["best"]["combined_score"], best)
        self.assertNotEqual(self.dump("s/0"), self.dump("s/2"))
        self.assert_complete("s", 4, 6)
        self.assertEqual(len(self.tool("runs", "s").stdout.splitlines()), 5)

    def test_a_job_is_the_run_that_it_would_be_alone(self):
        self.sweep("seed=4,5")
        alone = [word for word in self.command("seed=5", folder="alone") if word != "-m"]
        self.run_command(alone)
        self.assertEqual(self.dump("s/1"), self.dump("alone"))

    def test_what_has_finished_is_not_run_again(self):
        self.sweep("seed=1,2")
        before = self.witnessed()
        done = self.sweep("seed=1,2")
        self.assertIn("[1/2] seed=1: finished before\n[2/2] seed=2: finished before\n", done.stdout)
        self.assertEqual(self.witnessed(), before)
        self.assertEqual(self.statuses(), ["finished"] * 2)

    def test_one_that_fails_does_not_stop_the_rest(self):
        (self.dir / "plain.txt").write_text("no markers here\n")
        done = self.sweep("evo_config.init_program_path=missing.txt,plain.txt,seed.txt", code=1)
        self.assertEqual(self.statuses(), ["failed", "failed", "finished"])
        state = self.state()
        self.assertIn("missing.txt", state["jobs"][0]["message"])
        self.assertIn("EVOLVE-BLOCK", state["jobs"][1]["message"])
        self.assertEqual(state["status"], "finished")
        self.assertIn("2 failed", done.stdout)
        self.assertFalse((self.dir / "s/0").exists(), "a refused start leaves nothing behind")
        # Mended, the same sweep runs what is missing.
        (self.dir / "missing.txt").write_text(SEED_TEXT)
        (self.dir / "plain.txt").write_text(SEED_TEXT)
        self.sweep("evo_config.init_program_path=missing.txt,plain.txt,seed.txt")
        self.assertEqual(self.statuses(), ["finished"] * 3)

    def test_interrupted_it_goes_on_where_it_was(self):
        self.sweep("seed=1,2,3", folder="whole", generations=12)
        process = self.start("seed=1,2,3", generations=12, sleep_ms=30)
        self.poll("the second job records programs", lambda: self.programs("s/1") >= 3)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=DEADLINE)[0]
        self.assertEqual(process.returncode, 130, output)
        self.assertEqual(self.statuses(), ["finished", "interrupted", "not_started"])
        self.assertEqual(self.state()["status"], "interrupted")
        self.assertFalse((self.dir / "s/2").exists())
        done = self.sweep("seed=1,2,3", generations=12, sleep_ms=30)
        self.assertIn("[1/3] seed=1: finished before", done.stdout)
        self.assertIn("Resuming sweep in s/1", done.stdout)
        for number in range(3):
            self.assertEqual(self.dump(f"s/{number}"), self.dump(f"whole/{number}"))

    def test_a_job_that_somebody_stops_does_not_stop_the_sweep(self):
        process = self.start("seed=1,2", generations=8, sleep_ms=50)
        self.poll("the first job records programs", lambda: self.programs("s/0") >= 2)
        self.tool("stop", "s/0")
        output = process.communicate(timeout=DEADLINE)[0]
        self.assertEqual(process.returncode, 130, output)
        self.assertEqual(self.statuses(), ["interrupted", "finished"])
        self.assertEqual(self.state()["status"], "interrupted")

    def test_folders_named_by_what_is_swept_let_a_sweep_grow(self):
        named = ["hydra.sweep.subdir=${hydra.job.override_dirname}",
                 "hydra.job.config.override_dirname.exclude_keys=[output_dir,variant,exp_name,"
                 "evo_config.init_program_path,evo_config.language,evo_config.num_generations,"
                 "evo_config.max_parallel_jobs,job_config.evaluator_command]"]
        self.sweep("seed=1,3", *named)
        self.assertTrue((self.dir / "s/seed=3/run.sqlite").exists())
        done = self.sweep("seed=1,2,3", *named)
        self.assertIn("[1/3] seed=1: finished before", done.stdout)
        self.assertIn("[2/3] seed=2 …", done.stdout)
        self.assertIn("[3/3] seed=3: finished before", done.stdout)

    def test_another_configuration_is_a_conflict_for_its_job_only(self):
        self.sweep("seed=1,2")
        done = self.sweep("seed=1,9", code=3)
        self.assertEqual(self.statuses(), ["finished", "conflict"])
        self.assertIn("seed: 2 in the run, 9 now", done.stdout)

    def test_the_configuration_may_ask_for_a_sweep_itself(self):
        command = [word for word in self.command("seed=1,2", "hydra.mode=MULTIRUN") if word != "-m"]
        self.run_command(command)
        self.assertEqual(self.statuses(), ["finished"] * 2)

    def test_quiet_says_nothing(self):
        done = self.sweep("seed=1,2", "--quiet")
        self.assertEqual(done.stdout + done.stderr, "")
        (self.dir / "plain.txt").write_text("no markers here\n")
        done = self.sweep("evo_config.init_program_path=plain.txt,seed.txt", "--quiet", folder="q", code=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("job 0", done.stderr)


class Refused(SweepTest):
    def refuse(self, *overrides, code=2, drop=()):
        command = [word for word in self.command(*overrides) if word not in drop]
        done = self.run_command(command, code)
        self.assertFalse((self.dir / "s").exists(), "nothing is begun")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_before_anything_begins(self):
        self.assertIn("add --multirun", self.refuse("seed=1,2", drop=["-m"]))
        self.assertIn("add --multirun", self.refuse("seed=range(3)", drop=["-m"]))
        self.assertIn("job 1 (seed=x)", self.refuse("seed=1,x"))
        self.assertIn("did you mean 'seed'", self.refuse("sed=1,2"))
        self.assertIn("no jobs", self.refuse("database=glob(nothing*)"))
        self.assertIn("interval()", self.refuse("seed=interval(0,1)"))
        self.assertIn("cannot be swept over", self.refuse("hydra.job.name=a,b"))
        self.assertIn("did you mean 'share_pool'", self.refuse("seed=1", "+sweep.share_pol=true"))

    def test_jobs_for_which_one_launcher_will_not_do(self):
        said = self.refuse("++job_config.pin_cpus=true,false", "sweep.share_pool=true")
        self.assertIn("job 1 (++job_config.pin_cpus=False)", said)
        self.assertIn("job_config.pin_cpus differs", said)

    def test_two_sweeps_at_once_in_one_folder(self):
        process = self.start("seed=1,2", sleep_ms=100)
        self.poll("it runs", lambda: self.programs("s/0") >= 1)
        done = self.sweep("seed=1,2", code=3)
        self.assertIn(f"process {process.pid}", done.stderr)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE)


class OverOnePool(SweepTest):
    POOL = ("sweep.share_pool=true",)

    def test_the_same_runs_as_one_after_another(self):
        done = self.sweep("seed=1,2,3", *self.POOL, "sweep.max_parallel_jobs=2")
        self.sweep("seed=1,2,3", folder="apart")
        for number in range(3):
            self.assertEqual(self.dump(f"s/{number}"), self.dump(f"apart/{number}"))
        self.assertIn("Sweep of 3 jobs in s, all over one pool", done.stdout)
        self.assertIn("[2/3] seed=2: starting, 6 generations", done.stdout)
        self.assertRegex(done.stdout, r"\[3/3\] seed=3: all 6 generations are recorded, best [\d.-]+")
        self.assertEqual(self.statuses(), ["finished"] * 3)
        self.assertTrue(self.state()["share_pool"])
        self.assertTrue((self.dir / "s/1/.hydra/config.yaml").exists())
        self.assertTrue((self.dir / "s/sweep.log").exists())
        self.assertEqual(self.evaluators_running(), [])
        # Each run is an ordinary one for every other command.
        self.assertIn("finished", self.tool("show", "s/2").stdout)
        again = self.sweep("seed=1,2,3", *self.POOL)
        self.assertEqual(again.stdout.count("finished before"), 3)

    def test_all_run_at_once_within_the_pools_slots(self):
        process = self.start("seed=1,2,3,4", *self.POOL, "sweep.max_parallel_jobs=2", generations=8,
                             sleep_ms=60)
        most = 0
        self.poll("all have recorded something",
                  lambda: all(self.programs(f"s/{number}") >= 2 for number in range(4)))
        self.assertEqual(self.statuses(), ["running"] * 4)
        while process.poll() is None:
            most = max(most, len(self.evaluators_running()))
        self.assertEqual(process.returncode, 0, process.stdout.read())
        self.assertLessEqual(most, 2)
        self.assert_complete("s", 4, 8)

    def test_no_more_runs_at_a_time_than_asked_for(self):
        process = self.start("seed=1,2,3,4,5", *self.POOL, "sweep.max_runs=2", sleep_ms=20)
        most = 0
        while process.poll() is None:
            if (self.dir / "s/sweep.json").exists():
                most = max(most, self.statuses().count("running"))
        self.assertEqual(process.returncode, 0, process.stdout.read())
        self.assertEqual(most, 2)
        self.assertEqual(self.statuses(), ["finished"] * 5)

    def test_one_that_fails_does_not_stop_the_rest(self):
        (self.dir / "bad.txt").write_text("# EVOLVE-BLOCK-START\nno number\n# EVOLVE-BLOCK-END\n")
        (self.dir / "plain.txt").write_text("no markers here\n")
        self.sweep("evo_config.init_program_path=plain.txt,seed.txt,bad.txt",
                   "++evo_config.max_attempts=1", *self.POOL, code=1)
        statuses = self.statuses()
        self.assertEqual(statuses[:2], ["failed", "finished"])
        self.assertIn("EVOLVE-BLOCK", self.state()["jobs"][0]["message"])

    def test_interrupted_it_goes_on_where_it_was(self):
        arguments = ("seed=1,2,3", *self.POOL, "sweep.max_parallel_jobs=2")
        self.sweep(*arguments, folder="whole", generations=12)
        for signals in (1, 2):
            process = self.start(*arguments, generations=12, sleep_ms=40)
            seen = sum(self.programs(f"s/{number}") for number in range(3))
            self.poll("programs are recorded", lambda: process.poll() is not None or sum(
                self.programs(f"s/{number}") for number in range(3)) >= seen + 4)
            for _ in range(signals):
                process.send_signal(signal.SIGINT)
                self.poll("the signal is taken", lambda: self.signals_pending(process) == 0)
            output = process.communicate(timeout=DEADLINE)[0]
            self.assertEqual(process.returncode, 130, output)
            self.assertEqual(set(self.statuses()), {"interrupted"})
            self.assertEqual(self.evaluators_running(), [])
        self.sweep(*arguments, generations=12, sleep_ms=40)
        for number in range(3):
            self.assertEqual(self.dump(f"s/{number}"), self.dump(f"whole/{number}"))
        self.assert_complete("s", 3, 12)

    def test_killed_at_random_it_loses_nothing(self):
        arguments = ("seed=1,2,3", *self.POOL, "sweep.max_parallel_jobs=2")
        self.sweep(*arguments, folder="whole", generations=25)
        chance = random.Random(7)
        kills = 0
        for _ in range(6):
            process = self.start(*arguments, generations=25, sleep_ms=40)
            # By what is recorded, not by the clock: a quick machine must not be done before it is killed.
            enough = sum(self.programs(f"s/{number}") for number in range(3)) + chance.randint(1, 8)
            self.poll("programs are recorded", lambda: process.poll() is not None or sum(
                self.programs(f"s/{number}") for number in range(3)) >= enough)
            time.sleep(chance.random() * 0.05)
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
            self.poll("the guard has ended the jobs", lambda: not self.evaluators_running())
        self.assertGreaterEqual(kills, 1)
        self.sweep(*arguments, generations=25, sleep_ms=40)
        self.assertEqual(self.statuses(), ["finished"] * 3)
        self.assert_complete("s", 3, 25)
        for number in range(3):
            self.assertEqual(self.dump(f"s/{number}"), self.dump(f"whole/{number}"))


class Shown(SweepTest):
    def launch(self, *arguments, code=0):
        return self.run_command([str(BIN / "genesis_launch"), *arguments], code)

    def test_info_is_as_recorded(self):
        text = ""
        for arguments in (["--info", "defaults", "database=island_large"], ["--info", "defaults-tree"],
                          ["--info", "searchpath"], ["--info", "defalts"], ["--info", "plugins"],
                          ["--info", "config", "seed=1,2"], ["--info", "-m"]):
            done = subprocess.run([str(BIN / "genesis_launch"), *arguments], cwd=self.dir, env=self.env,
                                  capture_output=True, text=True, timeout=DEADLINE)
            shown = (done.stdout + done.stderr).replace(str(HOME), "HOME")
            # The table is as wide as the path of this checkout.
            shown = re.sub(r"^(\| \S+ +\| \S+) +\|$", r"\1 |", shown, flags=re.M)
            shown = re.sub(r"^(\| Provider +\| Search path) +\|$", r"\1 |", shown, flags=re.M)
            if "searchpath" in arguments:
                shown = re.sub(r"^-+$", "-----", shown, flags=re.M)
            text += f"$ genesis_launch {' '.join(arguments)}\n{shown}[{done.returncode}]\n"
        golden = GOLDEN / "info.txt"
        if os.environ.get("GENESIS_UPDATE_GOLDEN"):
            golden.write_text(text)
        self.assertEqual(text, golden.read_text())

    def test_info_shows_all_that_makes_the_configuration(self):
        shown = self.launch("--info", "config", "seed=3").stdout
        everything = self.launch("--info", "seed=3").stdout
        self.assertEqual(everything, everything.splitlines()[0] + "\n" +
                         "=" * len(everything.splitlines()[0]) + "\n" + shown)
        self.assertTrue(shown.endswith("\nConfig\n******\n" + self.launch("--cfg", "job", "seed=3").stdout
                                       + "\n"))

    def test_what_cannot_be_resolved_is_shown_as_it_is_written(self):
        shown = self.launch("--cfg", "job", "exp_name=${nowhere.to.be.found}").stdout
        self.assertIn("exp_name: ${nowhere.to.be.found}\n", shown)
        refused = self.launch("--cfg", "job", "--resolve", "exp_name=${nowhere.to.be.found}", code=2)
        self.assertIn("nowhere", refused.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
