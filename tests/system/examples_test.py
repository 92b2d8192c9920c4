"""The example tasks as a person runs them: by their command lines, judged by the files they write."""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

HOME = os.environ.get("GENESIS_HOME") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ.get("GENESIS_BIN", os.path.join(HOME, "build", "release", "bin"))
NATIVE = os.environ.get("GENESIS_NATIVE_EVALUATOR", "")
VENV = os.path.join(HOME, ".venv", "bin", "python")
PYTHON = os.environ.get("GENESIS_PYTHON") or (VENV if os.path.exists(VENV) else sys.executable)
PACKING = os.path.join(HOME, "examples", "circle_packing")
HAS_NUMPY = subprocess.run([PYTHON, "-c", "import numpy"], stderr=subprocess.DEVNULL).returncode == 0


class TaskCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="genesis-examples-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.results = os.path.join(self.folder, "results")

    def evaluate(self, command, program):
        """(metrics, correct.json) of one evaluation of a program's path."""
        environment = dict(os.environ, PYTHONPATH=os.path.join(HOME, "evaluators", "python"),
                           PYTHONDONTWRITEBYTECODE="1")
        done = subprocess.run(command + ["--program_path", program, "--results_dir", self.results],
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        return [self.read(name) for name in ("metrics.json", "correct.json")]

    def read(self, name):
        with open(os.path.join(self.results, name)) as file:
            return json.load(file)

    def changed(self, source, *replacements):
        """A copy of a program with texts replaced, each of which must be there."""
        with open(source) as file:
            text = file.read()
        for old, new in replacements:
            self.assertIn(old, text)
            text = text.replace(old, new)
        path = os.path.join(self.folder, "main" + os.path.splitext(source)[1])
        with open(path, "w") as file:
            file.write(text)
        return path


@unittest.skipUnless(HAS_NUMPY, "numpy is not installed for %s" % PYTHON)
class CirclePacking(TaskCase):
    SEED = os.path.join(PACKING, "initial.py")

    def commands(self):
        return [[PYTHON, os.path.join(PACKING, name)]
                for name in ("evaluate.py", "evaluate_standalone.py")]

    def test_the_seed_scores_the_same_under_both_evaluators(self):
        for command in self.commands():
            metrics, verdict = self.evaluate(command, self.SEED)
            self.assertEqual(verdict, {"correct": True, "error": None})
            self.assertAlmostEqual(metrics["combined_score"], 0.9597642169952, places=12)

    def test_the_construction_is_archived_bit_for_bit_and_exactly_valid(self):
        metrics, _ = self.evaluate(self.commands()[0], self.SEED)
        circles = [[Fraction(float.fromhex(circle[key])) for key in "xyr"]
                   for circle in self.read("construction.json")["circles"]]
        self.assertEqual(len(circles), 26)
        for i, (x, y, r) in enumerate(circles):
            self.assertTrue(0 <= r and r <= x <= 1 - r and r <= y <= 1 - r)
            for other_x, other_y, other_r in circles[:i]:
                self.assertGreaterEqual((x - other_x) ** 2 + (y - other_y) ** 2, (r + other_r) ** 2)
        total = math.fsum(float(circle[2]) for circle in circles)
        self.assertAlmostEqual(total, metrics["combined_score"], places=14)

    def test_broken_packings_are_named(self):
        fixed = "radii = np.asarray(radii, dtype=float) * (1 - 1e-12)"
        cases = (
            ("radii = np.asarray(radii, dtype=float) * (1 + 1e-14)", "e-16 outside the square"),
            ("radii[:], centers[1] = 0.005, centers[0]", "circles 0 and 1 overlap by 0.01"),
            ("radii = np.asarray(radii, dtype=float) * 2", "outside the square"),
            ("radii = -np.asarray(radii, dtype=float)", "negative radius"),
            ("radii = np.asarray(radii, dtype=float) * np.nan", "not a finite number"),
            ("radii = np.asarray(radii, dtype=float)[:25]", "expected 26"),
            ("raise ValueError('no luck')", "no luck"),
        )
        for replacement, message in cases:
            program = self.changed(self.SEED, (fixed, replacement))
            for command in self.commands():
                with self.subTest(replacement, command=command[1]):
                    metrics, verdict = self.evaluate(command, program)
                    self.assertFalse(verdict["correct"])
                    self.assertIn(message, verdict["error"])

    def test_a_better_ring_scores_more(self):
        program = self.changed(self.SEED, ("0.5 + 0.7 * np.cos", "0.5 + 0.45 * np.cos"),
                               ("0.5 + 0.7 * np.sin", "0.5 + 0.45 * np.sin"))
        metrics, verdict = self.evaluate(self.commands()[0], program)
        self.assertTrue(verdict["correct"])
        self.assertGreater(metrics["combined_score"], 1.0)


@unittest.skipUnless(NATIVE, "GENESIS_NATIVE_EVALUATOR is not set")
class NativeTask(TaskCase):
    SEED = os.path.join(HOME, "examples", "native", "initial.cpp")

    def test_the_seed_and_a_better_polynomial(self):
        metrics, verdict = self.evaluate([NATIVE], self.SEED)
        self.assertTrue(verdict["correct"])
        self.assertAlmostEqual(metrics["combined_score"], 2.654217, places=5)
        better = self.changed(self.SEED, ("0.7;", "0.695976;"), ("0.2;", "0.224940;"),
                              ("0.1;", "0.079084;"))
        improved, _ = self.evaluate([NATIVE], better)
        self.assertGreater(improved["combined_score"], metrics["combined_score"] + 0.8)

    def test_candidates_that_fail(self):
        loop = "  for (volatile int i = 0;;) i = i + 1;\n"
        cases = (
            (("return a +", "return oops +"), "does not compile"),
            (("return a +", "return a / 0.0 +"), "not a finite number"),
            (("return a +", "return *static_cast<volatile double*>(nullptr) +"), "ended before"),
            (("  const double a", loop + "  const double a"), "took longer"),
            (("// Approx", "#include <cmath>\n// Approx"), "not allowed"),
            (('extern "C" double candidate', 'extern "C" double exp2(double);\n'
              'extern "C" double candidate'), None),  # declared only: harmless
            (("  return approximate(x);", "  return exp2(x);"), "does not compile"),
        )
        for replacement, message in cases:
            with self.subTest(message):
                metrics, verdict = self.evaluate(
                    [NATIVE, "--seconds", "1"], self.changed(self.SEED, replacement))
                self.assertEqual(verdict["correct"], message is None)
                self.assertIn(message or "", verdict["error"] or "")
                self.assertEqual(metrics["combined_score"] > 0, message is None)

    def test_the_machines_faults_are_no_scores(self):
        done = subprocess.run([NATIVE, "--program_path", self.SEED, "--results_dir", self.results,
                               "--compiler", "no-such-compiler"], stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no-such-compiler", done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.results, "correct.json")))


# One job at a time: the same run everywhere, so that its outcome can be asserted.
ALONE = ["evo_config.max_parallel_jobs=1", "seed=1"]


class WholeRuns(TaskCase):
    """The examples' README commands, with fewer generations."""

    def launch(self, *overrides):
        run = os.path.join(self.folder, "run")
        command = [os.path.join(BIN, "genesis_launch"), "output_dir=" + run, *overrides]
        done = subprocess.run(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout)
        shown = subprocess.run([os.path.join(BIN, "genesis"), "show", run, "--json"], check=True,
                               stdout=subprocess.PIPE, timeout=60)
        return run, json.loads(shown.stdout)

    @unittest.skipUnless(HAS_NUMPY, "numpy is not installed for %s" % PYTHON)
    def test_circle_packing_improves_and_is_verified(self):
        run, shown = self.launch("variant=circle_packing_example",
                                 "evo_config.num_generations=40",
                                 "+job_config.python_executable=" + PYTHON, *ALONE)
        self.assertEqual(shown["generations"], 40)
        self.assertAlmostEqual(shown["initial"]["combined_score"], 0.9597642, 6)
        self.assertGreater(shown["best"]["combined_score"], 0.98)
        self.assertTrue(os.path.exists(shown["best"]["path"]))
        verified = subprocess.run([os.path.join(BIN, "genesis"), "verify", "circle-packing", run],
                                  stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(verified.returncode, 0, verified.stdout)
        self.assertIn("tolerance zero", verified.stdout)

    def test_the_native_task_improves(self):
        command = NATIVE + " --program_path {program_path} --results_dir {results_dir}"
        _, shown = self.launch("variant=default", "exp_name=native",
                               '+job_config.evaluator_command="%s"' % command,
                               "evo_config.init_program_path=examples/native/initial.cpp",
                               "evo_config.language=cpp", "evo_config.num_generations=150",
                               *ALONE)
        self.assertEqual(shown["generations"], 150)
        self.assertGreater(shown["best"]["combined_score"], shown["initial"]["combined_score"])

    def test_the_embedded_program_finds_the_curve(self):
        run = os.path.join(self.folder, "sine")
        done = subprocess.run([os.path.join(BIN, "embedded"), "examples/embedded/curve.txt", run],
                              cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=300)
        self.assertIn("after 5000 generations", done.stdout)
        self.assertEqual(done.returncode, 0)
        score = float(done.stdout.split("best score ")[1].split()[0])
        self.assertGreater(score, 0.2, "the seed scores 0.005")


if __name__ == "__main__":
    unittest.main(verbosity=2)
