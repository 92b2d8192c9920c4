"""What goes wrong with sandboxes, as docs/e2b.md's Troubleshooting has it: each message provoked, and its remedy
tried."""

import subprocess
import unittest

from local_server_case import BIN, LocalServerCase

PROGRAM = "# EVOLVE-BLOCK-START\nwidth = 1\n# EVOLVE-BLOCK-END\n"
EVALUATOR = """import argparse, json, os, time
{first}
parser = argparse.ArgumentParser()
parser.add_argument("--program_path")
parser.add_argument("--results_dir")
arguments = parser.parse_args()
for name, value in (("metrics", {{"combined_score": 1.5}}), ("correct", {{"correct": True}})):
    with open(os.path.join(arguments.results_dir, name + ".json"), "w") as file:
        json.dump(value, file)
"""


class TroubleshootingTest(LocalServerCase):
    def setUp(self):
        super().setUp()
        (self.folder / "initial.py").write_text(PROGRAM)

    def launch(self, first, *overrides, code=0, environment=None):
        """All that a run says, its lines joined."""
        (self.folder / "evaluate.py").write_text(EVALUATOR.format(first=first))
        self.runs = getattr(self, "runs", 0) + 1
        done = subprocess.run(
            [str(BIN / "genesis_launch"), "variant=default", "cluster=e2b", "exp_name=trouble",
             f"output_dir={self.folder}/run{self.runs}", "evo_config.num_generations=1",
             f"evo_config.init_program_path={self.folder}/initial.py",
             f"job_config.eval_program_path={self.folder}/evaluate.py", "job_config.dependencies=[]",
             *overrides], env=environment or self.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout)
        return " ".join(done.stdout.split())

    def test_no_key(self):
        words = "E2B_API_KEY not set: export E2B_API_KEY=your_api_key"
        address = self.environment(E2B_DOMAIN="sandboxes.invalid")
        self.assertIn(words, self.launch("", code=2, environment=address))
        self.assertIn(words, self.launch("", "++job_config.provider=cloud", code=2))
        refused = subprocess.run([str(BIN / "genesis"), "sandbox", "list"], env=address,
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual(refused.returncode, 2)
        self.assertIn(words, refused.stderr)
        self.assertIn("sandboxes are made on this machine", self.launch(""))  # The other remedy.

    def test_a_timeout(self):
        said = self.launch("time.sleep(1.5)", "job_config.timeout=1", code=1)
        self.assertIn("Sandbox timeout: the limit is 1.0 s; raise job_config.timeout", said)
        self.launch("time.sleep(1.5)", "job_config.timeout=600")

    def test_a_missing_dependency(self):
        said = self.launch("import scipy_of_ours.optimize", code=1)
        self.assertIn("Dependencies missing in sandbox: add scipy_of_ours to job_config.dependencies",
                      said)

    def test_an_unknown_template(self):
        words = "`genesis sandbox templates` lists those that there are"
        said = self.launch("", "job_config.template=no_such_template", code=1)
        self.assertIn("template 'no_such_template'", said)
        self.assertIn(words, said)
        refused = subprocess.run([str(BIN / "genesis"), "sandbox", "create", "--template", "bass"],
                                 env=self.environment(), capture_output=True, text=True, timeout=60)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn(words, refused.stderr)
        listed = subprocess.run([str(BIN / "genesis"), "sandbox", "templates"], env=self.environment(),
                                capture_output=True, text=True, timeout=60)
        self.assertIn("base", listed.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
