"""Programs that are evaluated again: `genesis rescore`, and the best of a run on seeds that its
search never saw. The tasks are noisy, so that selection bias can be seen.
"""
import glob
import json
import os
import signal
import statistics
import subprocess
import time
import unittest

from epochs_test import BIN, DEADLINE, EpochCase

# The true score is that of x; the search sees it with noise that is fixed for each program, so the
# best of many is the luckiest. An unseen seed is another throw.
NOISY = """import json, os, random, sys, zlib
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
scope = {}
text = open(args["--program_path"]).read()
exec(text, scope)
unseen = os.environ.get("GENESIS_UNSEEN_SEED", "")
noise = random.Random("%s %s" % (zlib.crc32(text.encode()), unseen)).gauss(0, 1)
while os.path.exists("hold") and unseen not in ("", "1"):
    pass
def write(name, data):
    with open(os.path.join(args["--results_dir"], name), "w") as out:
        json.dump(data, out)
x, y = (float(value) for value in scope["solve"]())
write("metrics.json", {"combined_score": min(x, 1) * 0.001 + noise})
write("correct.json", {"correct": True, "error": None})
"""

HELPER = """import sys
from genesis.core import run_genesis_eval
run_genesis_eval(program_path=sys.argv[2], results_dir=sys.argv[4], experiment_fn_name="solve",
                 num_runs=2, aggregate_metrics_fn=lambda values: {"combined_score": sum(values)})
"""
SEEDED = """# EVOLVE-BLOCK-START
def solve(seed):
    return seed * 1.0
# EVOLVE-BLOCK-END
"""


class Rescore(EpochCase):
    def rescore(self, *arguments, code=0):
        return json.loads(self.tool("rescore", "r", "--json", *arguments, code=code).stdout)

    def test_the_same_evaluator_says_the_same(self):
        self.launch()
        before = self.rows("SELECT count(*), max(id) FROM proposals")
        report = self.rescore("--top", "3")
        self.assertEqual(len(report["programs"]), 3)
        self.assertIsNone(report["evaluator_difference"])
        self.assertFalse(report["ranking_changes"])
        for program in report["programs"]:
            self.assertEqual(program["scores"], [program["recorded_score"]])
        self.assertEqual(self.rows("SELECT count(*), max(id) FROM proposals"), before)
        text = self.tool("rescore", "r", "--top", "2", "--repeats", "3").stdout
        self.assertIn("each time", text)
        self.assertIn("the ranking stays", text)
        kept = glob.glob(self.path("r", "rescore", "*"))
        self.assertEqual(len(kept), 2)  # and no working folder
        self.assertEqual(len(glob.glob(self.path("r", "rescore", ".*"))), 0)
        with open(sorted(kept, key=os.path.getmtime)[0]) as file:
            self.assertEqual(json.load(file), report)

    def test_a_changed_evaluator_is_named_and_the_run_stays_as_it_is(self):
        self.launch()
        self.scale(-1)  # the last comes first
        report = self.rescore("--generation", "0", "--generation", "5")
        self.assertIn("scoring.py' has changed", report["evaluator_difference"])
        self.assertNotEqual(report["evaluator"], report["recorded_evaluator"])
        self.assertEqual({program["generation"] for program in report["programs"]}, {0, 5})
        for program in report["programs"]:
            self.assertEqual(program["scores"], [-program["recorded_score"]])
        self.assertTrue(self.rescore()["ranking_changes"])
        self.assert_unmixed([1])
        self.assertIn("there is no generation 99",
                      self.tool("rescore", "r", "--generation", "99", code=1).stderr)
        self.tool("rescore", "r", "--generation", "1", "--top", "2", code=2)

    def test_interrupted_it_says_what_it_has(self):
        self.launch()
        self.write("hold", "")
        runner = subprocess.Popen([os.path.join(BIN, "genesis"), "rescore", "r"], cwd=self.dir,
                                  env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  text=True)
        limit = time.monotonic() + DEADLINE
        while not glob.glob(self.path("r", "rescore", ".work-*", "evaluations", "*")):
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.02)
        # Equal signals that are pending are one: the second is sent until it has arrived.
        while runner.poll() is None:
            self.assertLess(time.monotonic(), limit)
            runner.send_signal(signal.SIGINT)
            time.sleep(0.1)
        text = runner.communicate(timeout=DEADLINE)[0]
        self.assertEqual(runner.returncode, 130, text)
        self.assertIn("interrupted: not all evaluations were made", text)
        self.assertEqual(glob.glob(self.path("r", "rescore", ".work-*")), [])

    def test_unseen_seeds_reach_the_helper_cold_and_warm(self):
        self.write("initial.py", SEEDED)
        self.write("evaluate.py", HELPER)
        for warm in ("false", "wait"):
            run = "run_%s" % warm
            self.launch("++job_config.warm=%s" % warm, "output_dir=%s" % run, generations=0)
            report = json.loads(self.tool("rescore", run, "--unseen", "--repeats", "4", "--jobs",
                                          "1", "--json").stdout)
            (program,) = report["programs"]
            self.assertEqual(program["recorded_score"], 1 + 2)
            # Two runs each: seeds 3 and 4, 5 and 6 …
            self.assertEqual(sorted(program["scores"]), [7, 11, 15, 19])


class UnseenSeeds(EpochCase):
    def setUp(self):
        super().setUp()
        self.write("evaluate.py", NOISY)

    FINAL = ["+evo_config.final_repeats=12", "+evo_config.final_top=3"]

    def finals(self):
        return self.show()["unseen_seeds"]

    def test_the_best_of_a_noisy_search_is_worse_elsewhere(self):
        text = self.launch(*self.FINAL, generations=60).stdout
        scores = self.finals()
        self.assertTrue(scores["complete"])
        self.assertEqual(scores["repeats"], 12)
        best = self.show()["best"]
        self.assertEqual(scores["programs"][0]["generation"], best["generation"])
        self.assertEqual(len(scores["programs"]), 3)
        for program in scores["programs"]:
            self.assertEqual(set(program["scores"]), {str(seed) for seed in range(1, 13)})
            values = list(program["scores"].values())
            self.assertAlmostEqual(program["mean"], statistics.fmean(values))
            self.assertAlmostEqual(program["standard_deviation"], statistics.stdev(values))
            # The luckiest of 60 throws is 2.3 deviations up on average, a mean of 12 is not.
            self.assertLess(program["mean"], program["search_score"] - 0.5)
        line = "on 12 unseen seeds: gen %d " % best["generation"]
        self.assertIn(line, text)
        self.assertIn(line, self.tool("show", "r").stdout)
        with open(self.path("r", "best", "unseen_seeds.json")) as file:
            self.assertEqual(json.load(file), scores)
        if scores["best_generation"] != best["generation"]:
            self.assertIn("generation %d is better there" % scores["best_generation"], text)
        # Nothing of it is in the record of the search.
        self.assertEqual(self.rows("SELECT count(*) FROM programs"), [(61,)])
        # The same command has nothing left to do; another number of repeats has.
        again = self.launch(*self.FINAL, generations=60).stdout
        self.assertNotIn("evaluating the best", again)
        self.launch("+evo_config.final_repeats=13", "+evo_config.final_top=3", generations=60)
        more = self.finals()
        self.assertEqual(more["programs"][0]["scores"]["12"],
                         scores["programs"][0]["scores"]["12"])
        self.assertEqual(len(more["programs"][0]["scores"]), 13)

    def test_interrupted_it_is_taken_up_by_the_same_command(self):
        self.write("hold", "")
        runner = self.start(*self.FINAL, generations=6)
        limit = time.monotonic() + DEADLINE
        while not self.rows_or_none("SELECT value FROM state WHERE key='final_scores'"):
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.02)
        runner.kill()
        runner.communicate()
        kept = json.loads(self.rows("SELECT value FROM state WHERE key='final_scores'")[0][0])
        self.assertFalse(kept["complete"])
        os.remove(self.path("hold"))
        self.launch(*self.FINAL, generations=6)
        scores = self.finals()
        self.assertTrue(scores["complete"])
        self.assertEqual(kept["programs"][0]["scores"].items()
                         - scores["programs"][0]["scores"].items(), set())
        self.assertEqual(self.show()["status"], "finished")
        self.assertFalse(os.path.exists(self.path("r", ".genesis", "final")))

    def rows_or_none(self, query):
        try:
            return self.rows(query)
        except Exception:  # the store is not there yet
            return []

    def test_a_score_that_does_not_vary_is_named(self):
        self.scale(1)
        from epochs_test import EVALUATOR
        self.write("evaluate.py", EVALUATOR)
        text = self.launch(*self.FINAL, generations=4).stdout
        self.assertIn("the same on every seed", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
