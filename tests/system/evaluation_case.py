"""What the tests of the Python evaluator helper share: one evaluation in a process of its own."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

HOME = os.environ.get("GENESIS_HOME") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
HELPER = os.path.join(HOME, "evaluators", "python")
VENV = os.path.join(HOME, ".venv", "bin", "python")
PYTHON = os.environ.get("GENESIS_PYTHON") or (VENV if os.path.exists(VENV) else None)


def run_tests():
    """unittest.main, under the Python that tasks use where there is one: it has numpy."""
    if PYTHON and not os.environ.get("GENESIS_TEST_REEXECUTED"):
        os.environ["GENESIS_TEST_REEXECUTED"] = "1"
        os.execvp(PYTHON, [PYTHON] + sys.argv)
    unittest.main(verbosity=2)


sys.path.insert(0, HELPER)
HAS_NUMPY = importlib.util.find_spec("numpy") is not None
needs_numpy = unittest.skipUnless(HAS_NUMPY, "numpy is not installed for %s" % sys.executable)

EVALUATOR = """
import os, sys, time
from {package}.core import run_{package}_eval

def validate(value):
    good = value == 7
    return good, None if good else "expected 7, got %r" % (value,)

results_dir = sys.argv[2]
run_{package}_eval(program_path=sys.argv[1], results_dir=results_dir,
    experiment_fn_name="solve", num_runs=1, validate_fn=validate,
    aggregate_metrics_fn=lambda values: {{"combined_score": 1.0 if values == [7] else 0.25}})
"""


class EvaluationCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="genesis-eval-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.results = os.path.join(self.folder, "results")
        self.log = ""

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(textwrap.dedent(text))
        return path

    def evaluate(self, program, evaluator=EVALUATOR.format(package="genesis"), environment=None,
                 status=0):
        """(metrics, correct, error) as the files say; None where there is no file."""
        self.write("main.py", program)
        self.write("evaluate.py", evaluator)
        variables = dict(os.environ, PYTHONPATH=HELPER, PYTHONDONTWRITEBYTECODE="1",
                         **(environment or {}))
        done = subprocess.run(
            [sys.executable, os.path.join(self.folder, "evaluate.py"),
             os.path.join(self.folder, "main.py"), self.results],
            cwd=self.folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=120)
        self.log = done.stdout.decode("utf-8", "replace")
        if status is not None:
            self.assertEqual(done.returncode, status, self.log)
        metrics, verdict = self.read("metrics.json"), self.read("correct.json")
        return metrics, verdict and verdict["correct"], verdict and verdict["error"]

    def read(self, name):
        path = os.path.join(self.results, name)
        self.assertFalse(os.path.islink(path), "%s is a link" % name)
        if not os.path.exists(path):
            return None
        with open(path) as file:
            return json.load(file)

    def helper(self, program, prologue="", **arguments):
        """One call of run_shinka_eval with `arguments` as source text."""
        text = "import sys\nfrom shinka.core import run_shinka_eval\n%s\n" % textwrap.dedent(prologue)
        given = dict(program_path="sys.argv[1]", results_dir="sys.argv[2]",
                     experiment_fn_name="'solve'", num_runs="1")
        given.update(arguments)
        text += "answer = run_shinka_eval(%s)\n" % ", ".join(
            "%s=%s" % item for item in given.items())
        return self.evaluate(program, text)
