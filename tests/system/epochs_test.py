"""Evaluators that change: refused or a new epoch, at a start and in the middle of a run, killed in
between; scores of two evaluators are never compared. Driven as a person does.
"""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.environ.get("GENESIS_HOME", SOURCE)
BIN = os.environ.get("GENESIS_BIN", os.path.join(SOURCE, "build", "release", "bin"))
DEADLINE = 180

PROGRAM = """# EVOLVE-BLOCK-START
def solve():
    return [0.1, 0.1]
# EVOLVE-BLOCK-END
"""

# The score's size is the module's: scores of two versions are told apart by it.
EVALUATOR = """import json, os, sys
from scoring import scale
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
scope = {}
exec(open(args["--program_path"]).read(), scope)
def write(name, data):
    with open(os.path.join(args["--results_dir"], name), "w") as out:
        json.dump(data, out)
while os.path.exists("hold"):
    pass
x, y = (float(value) for value in scope["solve"]())
write("metrics.json", {"combined_score": scale * (1 + 1 / (1 + (x - 0.5) ** 2 + y ** 2))})
write("correct.json", {"correct": True, "error": None})
"""


class EpochCase(unittest.TestCase):
    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="genesis-epochs-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("GENESIS_") or k == "GENESIS_PYTHON"}
        self.env.update(GENESIS_HOME=HOME, NO_COLOR="1")
        self.write("initial.py", PROGRAM)
        self.write("evaluate.py", EVALUATOR)
        self.scale(1)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def scale(self, value):
        """Version `value` of the evaluator: scores are between value and 2 x value."""
        self.write("scoring.py.new", "scale = %r\n" % value)
        os.rename(self.path("scoring.py.new"), self.path("scoring.py"))

    def tool(self, *args, tool="genesis", code=0, failpoint=None):
        env = dict(self.env, **({"GENESIS_FAILPOINT": failpoint} if failpoint else {}))
        done = subprocess.run([os.path.join(BIN, tool), *args], cwd=self.dir, env=env,
                              capture_output=True, text=True, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL)
        if code is not None:
            self.assertEqual(done.returncode, code, "%s\n%s%s" % (args, done.stdout, done.stderr))
        return done

    def command(self, *overrides, generations=12):
        return ["variant=default", "exp_name=t", "output_dir=r",
                "evo_config.init_program_path=initial.py",
                "job_config.eval_program_path=evaluate.py",
                "evo_config.num_generations=%d" % generations, "evo_config.max_parallel_jobs=2",
                "+evo_config.epoch_seeds=3", *overrides]

    def launch(self, *overrides, code=0, generations=12, failpoint=None):
        return self.tool(*self.command(*overrides, generations=generations), tool="genesis_launch",
                         code=code, failpoint=failpoint)

    def start(self, *overrides, generations=100000):
        runner = subprocess.Popen(
            [os.path.join(BIN, "genesis_launch"),
             *self.command(*overrides, generations=generations)],
            cwd=self.dir, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(runner.stdout.close)
        self.addCleanup(lambda: runner.poll() is None and runner.kill())
        return runner

    def rows(self, query, run="r"):
        base = sqlite3.connect("file:%s?mode=ro" % self.path(run, "run.sqlite"), uri=True)
        try:
            return base.execute(query).fetchall()
        finally:
            base.close()

    def wait_for_programs(self, count, runner, run="r"):
        limit = time.monotonic() + DEADLINE
        while time.monotonic() < limit:
            self.assertIsNone(runner.poll(), "the runner ended early")
            try:
                if self.rows("SELECT count(*) FROM programs", run)[0][0] >= count:
                    return
            except sqlite3.Error:
                pass
            time.sleep(0.02)
        self.fail("there are no %d programs" % count)

    def epochs(self, run="r"):
        return json.loads(self.rows("SELECT value FROM state WHERE key='epochs'", run)[0][0])

    def show(self):
        return json.loads(self.tool("show", "r", "--json").stdout)

    def assert_unmixed(self, scales, run="r"):
        """Each epoch's scores are of its own version, and nothing is lost or there twice."""
        epochs = self.epochs(run)
        self.assertEqual(len(epochs), len(scales), epochs)
        ends = [epoch["first_generation"] for epoch in epochs[1:]] + [1 << 40]
        for epoch, end, scale in zip(epochs, ends, scales):
            scores = [row[0] for row in self.rows(
                "SELECT score FROM programs WHERE generation>=%d AND generation<%d AND correct"
                % (epoch["first_generation"], end), run)]
            self.assertTrue(scores, "epoch %d is empty" % epoch["number"])
            for score in scores:
                self.assertTrue(scale < score <= 2 * scale, "%s in epoch %s" % (score, epoch))
            for parent, mutator in self.rows(
                    "SELECT parent, mutator FROM programs WHERE generation>=%d AND generation<%d"
                    % (epoch["first_generation"], end), run):
                if epoch["number"] > 1 and mutator == "rescore":
                    self.assertLess(parent, epoch["first_generation"])
        generations = [row[0] for row in
                       self.rows("SELECT generation FROM programs ORDER BY generation", run)]
        self.assertEqual(generations, list(range(len(generations))))
        self.assertEqual(self.rows("SELECT count(*) FROM (SELECT evaluation FROM programs "
                                   "GROUP BY evaluation HAVING count(*) > 1)", run), [(0,)])


class AtTheStart(EpochCase):
    def test_a_changed_module_is_refused_and_a_restored_one_goes_on(self):
        self.launch()
        self.scale(10)
        done = self.launch(code=3)
        self.assertIn("'%s' has changed (written " % self.path("scoring.py"), done.stderr)
        self.assertIn("genesis resume r --new-epoch", done.stderr)
        self.scale(1)
        self.launch()
        self.tool("extend", "r", "+4")
        self.tool("resume", "r")
        self.assert_unmixed([1])
        self.assertEqual(self.show()["generations"], 16)

    def test_a_new_epoch_begins_with_the_best_and_knows_no_others(self):
        self.launch()
        old_best = self.show()["best"]
        self.scale(0.1)  # lower than everything before: the old best must not stay the best
        done = self.tool("resume", "r", "--new-epoch")
        self.assertIn("epoch 2 begins at generation 13", done.stdout)
        self.assert_unmixed([1, 0.1])
        seeds = self.rows("SELECT generation, parent, mutator, summary FROM programs "
                          "WHERE mutator='rescore' ORDER BY generation")
        self.assertEqual(seeds[0][:3], (13, 0, "rescore"))  # the initial program
        self.assertIn(len(seeds), (3, 4))  # it may be among the best
        self.assertIn(old_best["generation"], [seed[1] for seed in seeds])
        self.assertIn("generation %d again: " % seeds[1][1], seeds[1][3])
        for (parents, inspirations) in self.rows(
                "SELECT parent, inspirations FROM proposals WHERE mutator<>'rescore' AND id > "
                "(SELECT max(id) FROM proposals WHERE mutator='rescore')"):
            drawn = [parents] + [int(i) for i in inspirations.split(",") if i]
            self.assertTrue(all(g >= 13 for g in drawn), drawn)
        shown = self.show()
        self.assertLess(shown["best"]["combined_score"], 0.2)
        self.assertLess(shown["initial"]["combined_score"], 0.2)
        # The programs that were evaluated again do not use up what was asked for.
        self.assertEqual(shown["generations"], 12 + len(seeds))
        self.assertEqual(shown["target_generations"], 12 + len(seeds))
        text = self.tool("show", "r").stdout
        self.assertIn("scores of different epochs are not comparable", text)
        self.assertEqual([epoch["first_generation"] for epoch in shown["epochs"]], [0, 13])
        self.assertTrue(os.path.isdir(self.path("r", "best_epoch_1")))
        with open(self.path("r", "best", "results", "metrics.json")) as metrics:
            self.assertLess(json.load(metrics)["combined_score"], 0.2)
        best = self.tool("best", "r").stdout
        self.tool("export", "r", "out")
        (exported,) = os.listdir(self.path("out"))
        self.assertGreaterEqual(int(exported[4:]), 13)
        with open(self.path("out", exported, "main.py")) as program:
            self.assertEqual(program.read(), best)

    def test_touching_files_is_no_change(self):
        self.launch(generations=3)
        os.utime(self.path("scoring.py"))
        self.write("evaluate.py", EVALUATOR)
        self.tool("extend", "r", "+3")
        self.tool("resume", "r")
        self.assert_unmixed([1])
        self.assertEqual(self.show()["generations"], 6)

    def test_a_run_of_before_epochs_goes_on_as_the_first(self):
        self.launch()
        base = sqlite3.connect(self.path("r", "run.sqlite"))
        base.execute("DELETE FROM state WHERE key='epochs'")
        base.commit()
        base.close()
        self.tool("extend", "r", "+3")
        self.tool("resume", "r")
        self.assert_unmixed([1])
        base = sqlite3.connect(self.path("r", "run.sqlite"))
        base.execute("DELETE FROM state WHERE key='epochs'")
        base.commit()
        base.close()
        self.write("evaluate.py", EVALUATOR + "# another one\n")
        self.assertIn("its file or its arguments differ", self.tool("resume", "r", code=3).stderr)
        self.launch("+job_config.on_evaluator_change=new_epoch")
        self.assert_unmixed([1, 1])

    def test_data_is_part_of_it(self):
        self.write("data/a.txt", "1\n")
        data = "+job_config.evaluator_data=[data,no_such.txt]"
        self.assertIn("'no_such.txt' is not there", self.launch(data, code=2).stderr)
        self.assertFalse(os.path.exists(self.path("r")))
        data = "+job_config.evaluator_data=[data]"
        self.launch(data)
        self.write("data/b.txt", "2\n")
        self.assertIn("b.txt' is new", self.launch(data, code=3).stderr)
        os.remove(self.path("data", "b.txt"))
        self.launch(data)
        self.write("data/a.txt", "2\n")
        self.assertIn("a.txt' has changed", self.launch(data, code=3).stderr)

    def test_a_failing_new_evaluator_costs_no_programs(self):
        self.launch()
        self.write("scoring.py", "raise SystemExit(3)\n")
        self.tool("resume", "r", "--new-epoch", code=1)
        self.assertEqual(len(self.epochs()), 2)
        self.scale(10)
        self.tool("resume", "r", "--new-epoch")
        self.assertEqual(len(self.epochs()), 3)
        last = self.epochs()[-1]["first_generation"]
        # What epoch 1 had found is there again, though epoch 2 scored nothing.
        self.assertGreaterEqual(self.rows(
            "SELECT count(*) FROM programs WHERE mutator='rescore' AND correct AND "
            "generation>=%d" % last)[0][0], 3)
        self.assertEqual(self.rows("SELECT min(score) > 10 FROM programs WHERE generation>=%d"
                                   % last), [(1,)])


class InTheMiddle(EpochCase):
    def changed_while_running(self, *overrides):
        runner = self.start(*overrides)
        self.wait_for_programs(8, runner)
        self.scale(10)
        return runner

    def test_the_run_stops_and_goes_on_when_the_file_is_back(self):
        runner = self.changed_while_running()
        text = runner.communicate(timeout=DEADLINE)[0]
        self.assertEqual(runner.returncode, 4, text)
        self.assertIn("'%s' has changed (written " % self.path("scoring.py"), text)
        self.assertIn("in flight", text)
        self.assertIn("job_config.on_evaluator_change=new_epoch", text)
        self.assert_unmixed([1])
        self.assertEqual(self.show()["reason"], "evaluator_changed")
        pending = self.rows("SELECT count(*) FROM evaluations WHERE state=0")[0][0]
        self.assertGreater(pending, 0)
        self.assertGreater(self.rows("SELECT count(*) FROM attempts WHERE outcome='cancelled'")[0][0],
                           0)
        self.launch(generations=100000, code=3)
        self.scale(1)
        again = self.start()
        self.wait_for_programs(self.show()["programs"] + 8, again)
        again.send_signal(signal.SIGINT)
        again.communicate(timeout=DEADLINE)
        self.assertEqual(again.returncode, 130)
        self.assert_unmixed([1])

    def test_the_same_process_begins_a_new_epoch(self):
        runner = self.start("+job_config.on_evaluator_change=new_epoch")
        self.wait_for_programs(8, runner)
        for scale in (10, 0.1):
            self.scale(scale)
            first = self.rows("SELECT count(*) FROM programs")[0][0]
            self.wait_for_programs(first + 12, runner)
        runner.send_signal(signal.SIGINT)
        text = runner.communicate(timeout=DEADLINE)[0]
        self.assertEqual(runner.returncode, 130, text)
        self.assertIn("epoch 3 begins at generation", text)
        self.assert_unmixed([1, 10, 0.1])

    def test_runs_over_one_pool_never_meet_a_process_of_the_old_evaluator(self):
        """The pool and its fork servers live on when the runs begin their new epoch."""
        own = EVALUATOR.replace("from scoring import scale", "scale = 1")
        self.write("evaluate.py", own)
        arguments = [a for a in self.command("+job_config.on_evaluator_change=new_epoch",
                                             generations=100000)]
        runner = subprocess.Popen(
            [os.path.join(BIN, "genesis_launch"), "-m", "seed=1,2", "sweep.share_pool=true",
             "++job_config.warm=wait", *arguments], cwd=self.dir, env=self.env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(runner.stdout.close)
        self.addCleanup(lambda: runner.poll() is None and runner.kill())
        names = ("r/0", "r/1")
        for name in names:
            self.wait_for_programs(8, runner, name)
        self.write("evaluate.new", own.replace("scale = 1", "scale = 10"))
        os.rename(self.path("evaluate.new"), self.path("evaluate.py"))
        for name in names:
            first = self.rows("SELECT count(*) FROM programs", name)[0][0]
            self.wait_for_programs(first + 12, runner, name)
        runner.send_signal(signal.SIGINT)
        text = runner.communicate(timeout=DEADLINE)[0]
        self.assertEqual(runner.returncode, 130, text)
        for name in names:
            self.assert_unmixed([1, 10], name)

    def test_a_touch_is_survived(self):
        runner = self.start()
        for count in (4, 8, 12):
            self.wait_for_programs(count, runner)
            self.scale(1)  # another file with the same content
        runner.send_signal(signal.SIGINT)
        runner.communicate(timeout=DEADLINE)
        self.assertEqual(runner.returncode, 130)
        self.assert_unmixed([1])

    def test_an_evaluation_that_ran_across_a_change_and_a_kill_is_not_collected(self):
        """Results that lie there complete when the runner is killed were made by nobody knows
        which evaluator once its files have been written."""
        self.launch(generations=2)
        self.tool("extend", "r", "+100")
        self.scale(1)
        self.write("hold", "")
        runner = subprocess.Popen([os.path.join(BIN, "genesis"), "resume", "r"], cwd=self.dir,
                                  env=self.env, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        limit = time.monotonic() + DEADLINE
        while not self.rows("SELECT count(*) FROM attempts WHERE ref<>'' AND outcome=''")[0][0]:
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.02)
        token = self.rows("SELECT token FROM attempts WHERE outcome='' ORDER BY token")
        runner.kill()
        runner.wait()
        os.remove(self.path("hold"))
        os.utime(self.path("scoring.py"))
        self.tool("resume", "r")
        self.assert_unmixed([1])
        for (old,) in token:
            self.assertEqual(self.rows("SELECT outcome FROM attempts WHERE token='%s'" % old),
                             [("cancelled",)])


class Killed(EpochCase):
    def test_at_the_beginning_of_an_epoch(self):
        """Killed before, at and after the commit that begins it, and in its first evaluations."""
        scales = [1]
        self.launch(generations=6)
        for number, point in enumerate(
                ["run.epoch.before:1", "run.epoch.after:1", "runner.journal.after:1",
                 "local.after_spawn:2", "runner.record.before:1", "runner.record.after:1",
                 "publish.best.between:1"], 2):
            scale = 10 if number % 2 == 0 else 0.1
            self.scale(scale)
            scales.append(scale)
            self.tool("resume", "r", "--new-epoch", code=-signal.SIGKILL, failpoint=point)
            self.tool("resume", "r", "--new-epoch")
            with self.subTest(point):
                self.assert_unmixed(scales)
        self.assertEqual(self.rows("SELECT count(*) FROM evaluations WHERE state=0"), [(0,)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
