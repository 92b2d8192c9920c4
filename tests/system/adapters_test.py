"""What comes from other systems, driven as a person does: evaluators that are functions, tasks that
name their evaluator by evaluate_function, several seeds, warm starts from ShinkaEvolve, OpenEvolve
and earlier runs. Hostile files included.
"""
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

from foreign_runs import (SHINKA_TABLE, openevolve_program, program, shinka_row, write_openevolve,
                          write_shinka)

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.environ.get("GENESIS_HOME", SOURCE)
BIN = os.environ.get("GENESIS_BIN", os.path.join(SOURCE, "build", "release", "bin"))
DEADLINE = 120

# Nearer to (0.5, 0.25) is better; a third number is an error.
SCRIPT = """import json, os, sys
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
scope = {}
exec(open(args["--program_path"]).read(), scope)
def write(name, data):
    with open(os.path.join(args["--results_dir"], name), "w") as out:
        json.dump(data, out)
try:
    x, y = scope["solve"]()
    write("metrics.json", {"combined_score": 1 - (x - 0.5) ** 2 - (y - 0.25) ** 2})
    write("correct.json", {"correct": True, "error": None})
except Exception as failure:
    write("metrics.json", {"combined_score": 0})
    write("correct.json", {"correct": False, "error": str(failure)})
"""

FUNCTION = """import importlib.util
from openevolve.evaluation_result import EvaluationResult

def load(path):
    spec = importlib.util.spec_from_file_location("candidate", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

def evaluate(program_path):
    x, y = load(program_path).solve()
    return EvaluationResult(metrics={"combined_score": 1 - (x - 0.5) ** 2 - (y - 0.25) ** 2},
                            artifacts={"point": "%s %s" % (x, y)})
"""


class Launches(unittest.TestCase):
    """A folder of its own and the two programs."""

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="genesis-adapters-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("GENESIS_") or k == "GENESIS_PYTHON"}
        self.env.update(GENESIS_HOME=HOME, NO_COLOR="1")

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)
        return self.path(name)

    def run_tool(self, *args, tool="genesis", code=0):
        done = subprocess.run([os.path.join(BIN, tool), *args], cwd=self.dir, env=self.env,
                              capture_output=True, text=True, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL)
        if code is not None:
            self.assertEqual(done.returncode, code, "%s\n%s%s" % (args, done.stdout, done.stderr))
        return done

    def arguments(self, *overrides, output="r", seed="initial.py"):
        return ["variant=default", "exp_name=t", "output_dir=%s" % output,
                "evo_config.init_program_path=%s" % seed,
                "job_config.eval_program_path=evaluate.py",
                "evo_config.num_generations=6", "evo_config.max_parallel_jobs=1", *overrides]

    def launch(self, *overrides, code=0, output="r", seed="initial.py"):
        return self.run_tool(*self.arguments(*overrides, output=output, seed=seed),
                             tool="genesis_launch", code=code)

    def rows(self, query, output="r"):
        base = sqlite3.connect("file:%s?mode=ro" % self.path(output, "run.sqlite"), uri=True)
        try:
            return base.execute(query).fetchall()
        finally:
            base.close()

    def metrics(self, generation, output="r"):
        with open(self.path(output, "gen_%d" % generation, "results", "metrics.json")) as file:
            return json.load(file)


class FunctionEvaluators(Launches):
    """evaluate(program_path), unmodified."""

    def setUp(self):
        super().setUp()
        self.write("initial.py", program("[0.1, 0.1]"))

    def test_it_is_recognised_checked_and_run(self):
        self.write("evaluate.py", FUNCTION)
        self.assertIn("evaluate(program_path) is called", self.run_tool("check", ".").stdout)
        self.launch()
        self.assertEqual(self.rows("SELECT count(*), sum(correct) FROM programs"), [(7, 7)])
        kept = self.metrics(0)
        self.assertEqual(kept["artifacts"], {"point": "0.1 0.1"})
        self.assertIn("point:\n0.1 0.1", kept["text_feedback"])
        self.assertNotIn("stages", kept)

    def test_a_script_stays_a_script_and_the_form_can_be_named(self):
        self.write("evaluate.py", SCRIPT + "\ndef evaluate(program_path):\n    return {}\n")
        self.launch("evo_config.num_generations=0")
        self.assertEqual(self.rows("SELECT outcome FROM programs"), [("ok",)])
        # As a function it would run its script part at import, without arguments, and fail.
        self.launch("evo_config.num_generations=0", "+job_config.evaluator_form=function",
                    output="f", code=1)
        done = self.launch("+job_config.evaluator_form=functoin", output="g", code=2)
        self.assertIn("did you mean 'function'?", done.stderr)

    def test_flags_for_a_function_are_refused(self):
        self.write("evaluate.py", FUNCTION)
        done = self.launch("+job_config.extra_cmd_args={mode: fast}", code=2)
        self.assertIn("takes no flags; use env_vars", done.stderr)
        self.assertFalse(os.path.exists(self.path("r")))

    def cascade(self, stages, *overrides):
        text = FUNCTION
        for number, body in enumerate(stages, 1):
            text += "\ndef evaluate_stage%d(program_path):\n    %s\n" % (number, body)
        self.write("evaluate.py", text)
        shutil.rmtree(self.path("r"), ignore_errors=True)
        self.launch("evo_config.num_generations=0", *overrides, code=None)
        row = self.rows("SELECT score, correct, outcome, error, extra_json FROM programs")[0]
        return row[0], bool(row[1]), row[2], row[3], json.loads(row[4])

    def test_a_stage_opens_the_next_at_its_threshold(self):
        stages = ["return {'combined_score': 0.5}", "return {'combined_score': 0.74, 'b': 2}",
                  "return {'combined_score': 9.0}"]
        score, correct, _, _, extra = self.cascade(stages)
        self.assertEqual((score, correct), (0.74, True))
        self.assertEqual([(s["stage"], s.get("passed")) for s in extra["stages"]],
                         [(1, True), (2, False)])
        score, _, _, _, extra = self.cascade(stages, "+job_config.cascade_thresholds=[0.5,0.7]")
        self.assertEqual((score, len(extra["stages"])), (9.0, 3))
        score, _, _, _, extra = self.cascade(stages, "+job_config.cascade_thresholds=[0.6]")
        self.assertEqual((score, len(extra["stages"])), (0.5, 1))
        score, _, _, _, extra = self.cascade(stages, "+job_config.cascade_evaluation=false")
        self.assertAlmostEqual(score, 1 - 0.16 - 0.0225)
        self.assertNotIn("stages", extra)

    def test_a_later_stage_that_fails_is_no_success_of_the_earlier_one(self):
        score, correct, outcome, error, extra = self.cascade(
            ["return {'combined_score': 0.9}", "raise ValueError('too big')"])
        self.assertEqual((correct, outcome), (False, "incorrect"))
        self.assertEqual(error, "stage2: ValueError: too big")
        self.assertEqual(score, 0.9)  # kept for people
        self.assertEqual(extra["artifacts"]["failure_stage"], "stage2")
        self.assertIn("too big", extra["artifacts"]["traceback"])

    def test_a_stage_has_a_time_limit_of_its_own(self):
        started = time.monotonic()
        _, correct, outcome, error, extra = self.cascade(
            ["return {'combined_score': 0.9}",
             "import subprocess; subprocess.run(['sleep', '1000'])"],
            "+job_config.stage_timeout=0.5")
        self.assertLess(time.monotonic() - started, 60)
        self.assertEqual((correct, outcome), (False, "incorrect"))
        self.assertIn("stage2: no answer within 0.5 s", error)
        self.assertEqual(len(extra["stages"]), 2)

    def one(self, body):
        self.write("evaluate.py", "def evaluate(program_path):\n    %s\n" % body)
        shutil.rmtree(self.path("r"), ignore_errors=True)
        self.launch("evo_config.num_generations=0", code=None)
        row = self.rows("SELECT score, correct, outcome, error FROM programs")[0]
        return row[0], bool(row[1]), row[2], row[3]

    def test_the_score_is_that_of_openevolve(self):
        for body, wanted in (
                ("return {'a': 1.0, 'b': 2, 'complexity': 900}", (1.5, True)),
                ("return {'complexity': 8, 'diversity': 2}", (5.0, True)),
                ("return {'combined_score': '0.25', 'a': 9}", (0.25, True)),
                ("return {'a': 3.0, 'flag': True, 'b': float('nan')}", (3.0, True)),
                ("return {'combined_score': -1e308, 'a': 1}", (-1e308, True))):
            with self.subTest(body):
                self.assertEqual(self.one(body)[:2], wanted)

    def test_what_is_no_result_is_incorrect_and_says_why(self):
        for body, wanted in (
                ("return None", "returned NoneType"),
                ("return [1.0]", "returned list"),
                ("return {}", "no metric that is a number"),
                ("return {'error': 0.0}", "nothing but error=0.0"),
                ("return {'combined_score': 0.0, 'error': 'no import'}", "no import"),
                ("return {'combined_score': float('inf')}", "combined_score is inf"),
                ("raise KeyError('solve')", "KeyError"),
                ("import sys; sys.exit(0)", "sys.exit(0)"),
                ("import os; os._exit(0)", "exited with status 0"),
                ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL")):
            with self.subTest(body):
                _, correct, outcome, error = self.one(body)
                self.assertEqual((correct, outcome), (False, "incorrect"))
                self.assertIn(wanted, error)

    def test_inline_calls_it_in_the_evaluators_process(self):
        self.write("evaluate.py", "import os\nMINE = os.getpid()\n"
                   "def evaluate(path):\n    return {'same': float(os.getpid() == MINE)}\n")
        self.launch("evo_config.num_generations=0")
        self.assertEqual(self.rows("SELECT score FROM programs"), [(0.0,)])
        self.launch("evo_config.num_generations=0",
                    "+job_config.env_vars={GENESIS_CANDIDATE_PROCESS: inline}", output="i")
        self.assertEqual(self.rows("SELECT score FROM programs", "i"), [(1.0,)])

    def test_an_evaluator_that_cannot_be_imported_is_no_verdict(self):
        self.write("evaluate.py", "import nothing_of_that_name\ndef evaluate(path):\n    return {}\n")
        done = self.launch(code=1)
        self.assertIn("nothing_of_that_name", done.stdout)
        self.assertEqual(self.rows("SELECT outcome FROM programs"), [("exited",)])

    def test_large_and_binary_artifacts_are_files(self):
        self.write("evaluate.py", "class R:\n"
                   "    metrics = {'combined_score': 1.0}\n"
                   "    artifacts = {'log': 'x' * 100000, 'raw/../x': b'\\x00\\xff', 'n': 7}\n"
                   "def evaluate(program_path):\n    return R()\n")
        self.launch("evo_config.num_generations=0")
        kept = self.metrics(0)["artifacts"]
        self.assertEqual(kept["n"], 7)
        self.assertEqual(kept["log"], {"file": "artifacts/0_log", "bytes": 100000})
        folder = self.path("r", "gen_0", "results")
        self.assertEqual(os.path.getsize(os.path.join(folder, "artifacts/0_log")), 100000)
        with open(os.path.join(folder, kept["raw/../x"]["file"]), "rb") as file:
            self.assertEqual(file.read(), b"\x00\xff")
        self.assertLess(len(self.metrics(0)["text_feedback"]), 25000)
        self.assertIn("characters left out", self.metrics(0)["text_feedback"])

    def test_the_candidate_can_neither_write_results_nor_stay(self):
        self.write("evaluate.py", FUNCTION)
        self.write("initial.py", program(
            "[0.5, 0.25]").replace("def solve", """import glob, json, os, subprocess, sys
for folder in glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*")):
    if os.path.isdir(folder):
        json.dump({"combined_score": 99}, open(os.path.join(folder, "metrics.json"), "w"))
        json.dump({"correct": True}, open(os.path.join(folder, "correct.json"), "w"))
pid = subprocess.Popen(["setsid", "sleep", "1000"]).pid
open(%r, "w").write(str(pid))
def solve""" % self.path("pid")))
        self.launch("evo_config.num_generations=0")
        self.assertEqual(self.rows("SELECT score FROM programs"), [(1.0,)])
        with open(self.path("pid")) as file:
            pid = int(file.read())
        self.assertFalse(os.path.exists("/proc/%d" % pid))


class NamedFunctions(Launches):
    """evaluate_function, as the task files of ShinkaEvolve have it."""

    def test_a_task_of_theirs_runs_with_its_own_configuration(self):
        self.write("initial.py", program("[0.1, 0.1]"))
        self.write("tasks/point/rules.py", "TARGET = (0.5, 0.25)\n")
        self.write("tasks/point/evaluate.py", """import os
from shinka.core import run_shinka_eval
import rules

class Weight:
    def __init__(self, value):
        self.value = value

def main(program_path, results_dir, weight, rounds):
    assert os.path.isabs(program_path) and os.path.exists("rules.py")
    run_shinka_eval(program_path=program_path, results_dir=results_dir,
        experiment_fn_name="solve", num_runs=rounds, get_experiment_kwargs=lambda i: {},
        aggregate_metrics_fn=lambda points: {"combined_score": weight.value * (
            1 - sum((a - b) ** 2 for a, b in zip(points[0], rules.TARGET)))})
""")
        self.write("conf/task/point.yaml", """evaluate_function:
  _target_: tasks.point.evaluate.main
  program_path: ???
  results_dir: ???
  rounds: 2
  weight:
    _target_: tasks.point.evaluate.Weight
    value: 10
distributed_job_config:
  _target_: shinka.launch.SlurmCondaJobConfig
  eval_program_path: shinka/eval_hydra.py
evo_config:
  init_program_path: initial.py
  language: python
  job_type: slurm_conda
exp_name: point
""")
        done = self.run_tool("--config-dir", "conf", "task=point", "variant=default",
                             "cluster=local", "output_dir=r", "evo_config.num_generations=3",
                             tool="genesis_launch")
        self.assertNotIn("evaluate_function", done.stdout)
        scores = [row[0] for row in self.rows("SELECT score FROM programs ORDER BY generation")]
        self.assertEqual(len(scores), 4)
        self.assertAlmostEqual(scores[0], 10 * (1 - 0.16 - 0.0225))

    def test_one_that_is_not_used_is_named(self):
        self.write("initial.py", program("[0.1, 0.1]"))
        self.write("evaluate.py", SCRIPT)
        done = self.launch("evo_config.num_generations=0",
                           "+evaluate_function={_target_: a.b, program_path: '???'}")
        self.assertIn("no effect: evaluate_function (", done.stdout)


class SeveralSeeds(Launches):
    def setUp(self):
        super().setUp()
        self.write("evaluate.py", SCRIPT)
        self.write("a.py", program("[0.1, 0.1]"))
        self.write("b.py", program("[0.4, 0.3]"))
        self.write("bad.py", program("[0.1, 0.1, 0.1]"))

    def seeds(self, output="r"):
        return self.rows("SELECT generation, parent, correct, island FROM programs "
                         "WHERE mutator='seed' ORDER BY generation", output)

    def test_each_is_evaluated_recorded_and_counted(self):
        done = self.launch(seed="[a.py,b.py]")
        self.assertIn("2 of 2 starting programs are correct", done.stdout)
        self.assertEqual(self.seeds(), [(0, -1, 1, 0), (1, -1, 1, 1)])
        self.assertEqual(self.rows("SELECT max(generation) FROM programs"), [(6,)])
        report = json.loads(self.run_tool("show", "r", "--json").stdout)
        self.assertEqual((report["programs"], report["generations"]), (7, 6))

    def test_one_good_seed_is_enough(self):
        self.launch(seed="[bad.py,b.py]")
        self.assertEqual(self.seeds(), [(0, -1, 0, 0), (1, -1, 1, 1)])
        self.assertEqual(self.rows("SELECT count(*) FROM programs"), [(7,)])
        # Every island got the first good one.
        self.assertEqual(self.rows("SELECT moves FROM island_moves WHERE moves LIKE '%+%'"), [("1:1+0",)])

    def test_the_run_ends_at_once_when_all_fail_and_starts_afresh(self):
        self.write("worse.py", program("None"))
        done = self.launch(seed="[bad.py,worse.py]", code=1)
        self.assertIn("none of the 2 starting programs is correct", done.stdout + done.stderr)
        self.assertEqual(self.rows("SELECT count(*) FROM programs"), [(2,)])
        self.write("worse.py", program("[0.5, 0.5]"))
        self.launch(seed="[bad.py,worse.py]")
        self.assertEqual(self.rows("SELECT count(*), sum(correct) FROM programs"), [(7, 6)])

    def test_equal_ones_count_once_and_more_than_the_run_may_record_are_refused(self):
        self.write("again.py", program("[0.1, 0.1]"))
        done = self.launch("+evo_config.init_program_paths=[a.py,again.py,b.py]")
        self.assertIn("1 of the 3 seed programs are equal", done.stdout)
        self.assertEqual(len(self.seeds()), 2)
        done = self.launch("evo_config.num_generations=0", seed="[a.py,b.py]", output="s", code=2)
        self.assertIn("2 programs to start from", done.stderr)
        self.assertFalse(os.path.exists(self.path("s")))

    def test_a_seed_that_is_missing_is_named(self):
        done = self.launch(seed="[a.py,nothere.py]", code=2)
        self.assertIn("'nothere.py' was not found", done.stderr)


class WarmStarts(Launches):
    def setUp(self):
        super().setUp()
        self.write("evaluate.py", SCRIPT)
        self.write("initial.py", program("[0.1, 0.1]"))
        self.shinka = write_shinka(self.path("old", "programs.sqlite"), [
            shinka_row("p0", program("[0.0, 0.0]"), 2.0),
            shinka_row("p0copy", program("[0.0, 0.0]"), 2.0, island=1),
            shinka_row("p1", program("[0.2, 0.2]"), 3.5, "p0copy", 1, public={"x": 0.2}),
            shinka_row("p2", program("[0.3, 0.2]"), 3.0, "p1", 2),
            shinka_row("p3", program("oops"), 9.0, "p1", 3, correct=0),
            shinka_row("p4", program("[0.9, 0.9]"), 1.0, "p2", 4),
            shinka_row("p5", program("x", True), 8.0, "p2", 5, language="rust")])

    def imports(self, output="r"):
        return self.rows("SELECT generation, parent, round(score, 4), correct, summary FROM programs "
                         "WHERE mutator='import' ORDER BY generation", output)

    def test_shinka_programs_are_recorded_with_origin_and_evaluated_again(self):
        done = self.launch("+evo_config.warm_start=old", "+evo_config.warm_start_top=3")
        self.assertIn("3 of 7 programs of ShinkaEvolve, to be evaluated again; left out: "
                      "2 beyond the best 3, 1 in another language, 1 incorrect there",
                      done.stdout.replace("\n", " "))
        rows = self.imports()
        self.assertEqual([row[:4] for row in rows],
                         [(1, -1, round(1 - 0.25 - 0.0625, 4), 1),
                          (2, 1, round(1 - 0.09 - 0.0025, 4), 1),
                          (3, 2, round(1 - 0.04 - 0.0025, 4), 1)])
        self.assertEqual(rows[1][4], "from ShinkaEvolve p1 (gen 1, scored 3.5 there)")
        self.assertEqual(self.rows("SELECT count(*) FROM attempts"), [(7,)])
        self.assertIn("from ShinkaEvolve", self.run_tool("show", "r").stdout)

    def test_trusted_scores_are_taken_over_without_an_evaluation(self):
        self.launch("+evo_config.warm_start=old/programs.sqlite", "+evo_config.warm_start_top=2",
                    "+evo_config.warm_start_trust_scores=true")
        self.assertEqual([row[:4] for row in self.imports()], [(1, -1, 3.5, 1), (2, 1, 3.0, 1)])
        self.assertEqual(self.rows("SELECT public_json, extra_json FROM programs WHERE generation=1"),
                         [('{"x":0.2}', '{"trusted_score":true}')])
        self.assertEqual(self.rows("SELECT count(*) FROM attempts"), [(5,)])
        report = json.loads(self.run_tool("show", "r", "--json").stdout)
        self.assertEqual(report["best"]["combined_score"], 3.5)
        self.assertEqual((report["programs"], report["attempts"]), (7, 5))

    def test_openevolve_checkpoints(self):
        nan = float("nan")
        checkpoint = write_openevolve(self.path("oe"), [
            openevolve_program("a", program("[0.0, 0.1]"), {"combined_score": 0.5}),
            openevolve_program("b", program("[0.6, 0.2]", markers=False),
                               {"m": 0.9, "complexity": 5000, "n": nan}, "a", 1),
            openevolve_program("c", program("[1, 1]"), {"error": 0.0}),
            openevolve_program("d", program("[2, 1]"), {"combined_score": nan}),
            openevolve_program("e", program("[0.7, 0.1]"), {"combined_score": 0.1, "error": "no"})])
        with open(os.path.join(checkpoint, "programs", "f.json"), "w") as file:
            file.write('{"id": "f", "code": "x')
        for number, source in enumerate(("oe", "oe/checkpoints", checkpoint)):
            output = "r%d" % number
            done = self.launch("+evo_config.warm_start=%s" % source, output=output)
            self.assertIn("2 of 6 programs of OpenEvolve", done.stdout)
            self.assertIn("1 unreadable", done.stdout)
            rows = self.imports(output)
            self.assertEqual([row[:2] for row in rows], [(1, -1), (2, 1)])
            self.assertIn("from OpenEvolve b (gen 1, scored 0.9 there)", rows[1][4])
        # The one without markers is all one block, so that it can have children.
        with open(self.path("r0", "gen_2", "main.py")) as file:
            self.assertTrue(file.read().startswith("# EVOLVE-BLOCK-START"))

    def test_a_run_of_ours_and_no_seed_at_all(self):
        self.launch(output="first")
        self.launch("+evo_config.warm_start=[first,old]", "+evo_config.warm_start_top=2",
                    seed="null", output="second")
        self.assertEqual(self.rows("SELECT count(*) FROM programs", "second"), [(7,)])
        rows = self.imports("second")
        self.assertEqual(len(rows), 4)
        self.assertIn("from Genesis", rows[0][4])
        self.assertEqual(self.rows("SELECT count(*) FROM programs WHERE mutator='seed'", "second"),
                         [(0,)])

    def wait_for_imports(self, count, process):
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            try:
                if len(self.imports("parts")) >= count:
                    return
            except sqlite3.Error:
                continue  # not made yet
        self.fail("no %d imports within %d s" % (count, DEADLINE))

    def test_a_run_goes_on_without_the_source(self):
        """Killed while the imports are evaluated, the source deleted: the same record."""
        source = random.Random(7)
        rows = [shinka_row("q%d" % i, program("[%r, %r]" % (source.random(), source.random())),
                           float(i), "q%d" % (i // 2) if i else None, i) for i in range(12)]
        write_shinka(self.path("many", "programs.sqlite"), rows)
        overrides = ["+evo_config.warm_start=many", "evo_config.num_generations=40"]
        self.launch(*overrides, output="whole")
        for imported in (1, 2, 5, 8, 11):
            process = subprocess.Popen(
                [os.path.join(BIN, "genesis_launch"), *self.arguments(*overrides, output="parts")],
                cwd=self.dir, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.wait_for_imports(imported, process)
            process.send_signal(signal.SIGKILL)
            self.assertEqual(process.wait(DEADLINE), -signal.SIGKILL)
            shutil.rmtree(self.path("many"), ignore_errors=True)
        self.launch(*overrides, output="parts")
        query = ("SELECT generation, parent, island, mutator, score, program_key FROM programs "
                 "ORDER BY generation")
        self.assertEqual(self.rows(query, "parts"), self.rows(query, "whole"))
        self.assertEqual(len(self.imports("whole")), 12)

    def test_hostile_sources_are_refused_with_a_reason_and_leave_nothing(self):
        self.write("noise.sqlite", "not a database at all, but long enough to be one")
        with open(self.shinka, "rb") as file:
            whole = bytearray(file.read())
        for at in range(100, len(whole), 7):
            whole[at] ^= 0x5A
        with open(self.path("torn.sqlite"), "wb") as file:
            file.write(whole)
        write_shinka(self.path("other.sqlite"), [], SHINKA_TABLE.replace("combined_score", "score"))
        base = sqlite3.connect(self.path("view.sqlite"))
        base.execute("CREATE VIEW programs AS WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT "
                     "id+1 FROM c) SELECT id, 'x' AS code, 0 AS generation, 1.0 AS "
                     "combined_score, 1 AS correct FROM c")
        base.commit()
        base.close()
        write_shinka(self.path("empty.sqlite"), [])
        self.write("oe/checkpoints/checkpoint_1/programs/a.json", "[" * 100000)
        os.makedirs(self.path("bare"))
        for source, why in (("noise.sqlite", "no SQLite database"), ("torn.sqlite", "reading"),
                            ("other.sqlite", "no column 'combined_score'"),
                            ("view.sqlite", "no plain table"), ("empty.sqlite", "nothing of"),
                            ("oe", "can be read"), ("bare", "no programs that are known"),
                            ("nowhere", "no file and no folder")):
            with self.subTest(source):
                done = self.launch("+evo_config.warm_start=%s" % source, code=2)
                self.assertIn(why, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertFalse(os.path.exists(self.path("r")))

    def test_rows_that_are_no_programs_are_counted_and_left_out(self):
        write_shinka(self.path("odd.sqlite"), [
            shinka_row("good", program("[0.5, 0.2]"), 1.0),
            shinka_row("huge", "x" * (70 << 20), 9.0),
            shinka_row("long", "x" * (2 << 20), 8.0),
            shinka_row("blob", b"\x00\x01", 7.0),
            shinka_row("empty", "  \n", 6.0),
            shinka_row("nul", "a\0b", 5.0),
            shinka_row("broken", "# EVOLVE-BLOCK-END\n", 4.0),
            shinka_row("noscore", program("[0.5, 0.1]"), None)])
        done = self.launch("+evo_config.warm_start=odd.sqlite", "+evo_config.warm_start_top=0")
        self.assertIn("2 of 8 programs of ShinkaEvolve", done.stdout)
        for part in ("1 empty", "longer than 1 MB", "1 with unpaired markers", "without an id or"):
            self.assertIn(part, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
