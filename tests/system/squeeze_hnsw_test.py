"""The index in Rust (examples/squeeze_hnsw): its evaluator by hand, programs that are wrong or cheat, runs here
and in sandboxes. What compiles is skipped where there is no `rustc`."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from local_server_case import BIN, HOME, LocalServerCase

TASK = HOME / "examples" / "squeeze_hnsw"
RUSTC = shutil.which("rustc")
# Sandboxes of this machine have its /usr, not its home folders.
RUSTC_OF_SANDBOXES = shutil.which("rustc", path="/usr/local/bin:/usr/bin:/bin")
NO_RUSTC = "there is no rustc here (Debian: apt-get install rustc)"


class SqueezeCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="genesis-squeeze-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.results = self.folder / "results"

    def evaluator(self, program, *options, **more):
        return subprocess.run(
            [sys.executable, str(TASK / "evaluate.py"), "--program_path", str(program),
             "--results_dir", str(self.results), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **more)

    def evaluate(self, program, *options):
        done = self.evaluator(program, *options)
        self.assertEqual(done.returncode, 0, done.stdout)
        return [json.loads((self.results / name).read_text())
                for name in ("metrics.json", "correct.json")]

    def changed(self, *replacements):
        """The seed with texts replaced, each of which must be there."""
        text = (TASK / "initial.rs").read_text()
        for old, new in replacements:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        path = self.folder / "main.rs"
        path.write_text(text)
        return path


def set_to(name, value, kind="usize"):
    seed = (TASK / "initial.rs").read_text()
    old = re.search(rf"const {name}: {kind} = [^;]*;", seed).group()
    return old, f"const {name}: {kind} = {value};"


@unittest.skipUnless(RUSTC, NO_RUSTC)
class Evaluator(SqueezeCase):
    def test_the_seed_has_one_score_everywhere(self):
        metrics, verdict = self.evaluate(TASK / "initial.rs")
        self.assertEqual(verdict, {"correct": True, "error": None})
        self.assertAlmostEqual(metrics["combined_score"], 5.852914699490405, places=9)
        self.assertEqual(metrics["public"]["recall"], 1.0)
        self.assertAlmostEqual(metrics["public"]["bytes_per_vector"], 136.379)

    def test_fewer_bits_and_shorter_walks_score_more_until_the_recall_is_gone(self):
        better = self.changed(set_to("CODE_BITS", 8), set_to("SEARCH_BEAM", 20),
                              set_to("ID_BITS", 12))
        metrics, verdict = self.evaluate(better)
        self.assertTrue(verdict["correct"], verdict)
        self.assertGreater(metrics["combined_score"], 9)
        self.assertLess(metrics["public"]["bytes_per_vector"], 100)
        metrics, verdict = self.evaluate(self.changed(set_to("CODE_BITS", 2)))
        self.assertRegex(verdict["error"], r"^recall 0\.\d+ is below 0\.90$")
        self.assertEqual((verdict["correct"], metrics["combined_score"]), (False, 0.0))
        self.assertIn("bytes per vector", metrics["text_feedback"])

    def test_what_is_wrong_is_named(self):
        answer = "    for found in near.iter().take(k) {\n        answer.push(found.id as u32);\n    }"
        start = "pub fn search(index: &Index, query: &[f32], k: usize) -> Vec<u32> {\n"
        cases = (
            ((set_to("BUILD_BEAM", "many"),), "it does not compile: error"),
            (((start, start + "    std::fs::write(\"answers\", \"\");\n"),), "does not compile"),
            (((start, start + "    let _ = include_bytes!(\"/etc/hostname\");\n"),), "'include_bytes'"),
            (((start, start + "    unsafe {}\n"),), "'unsafe' is not allowed in a program (line"),
            (((start, start + "    let _: &'static str = \"\"; panic!(\"no luck\");\n"),), "no luck"),
            (((start, start + "    loop {}\n"),), "search took more than 1 s"),
            (((answer, "    answer.push(7);"),), "1 answers to a query in place of 10"),
            (((answer, "    answer.resize(k, 70000);"),), "search answered 70000"),
            (((answer, "    answer.resize(k, near[0].id as u32);"),), "recall 0.100 is below"),
            ((("    stored(vectors, dim, &links)", "    Vec::new()"),), "range end index 12 out of range"),
        )
        for replacements, message in cases:
            with self.subTest(message):
                metrics, verdict = self.evaluate(self.changed(*replacements), "--seconds", "1")
                self.assertFalse(verdict["correct"])
                self.assertIn(message, verdict["error"])
                self.assertEqual(metrics["combined_score"], 0.0)


class WithoutACompiler(SqueezeCase):
    def test_it_says_what_to_do_and_scores_nothing(self):
        done = self.evaluator(TASK / "initial.rs", "--rustc", "no-such-rustc")
        self.assertEqual(done.returncode, 1)
        for word in ("no 'no-such-rustc' here", "apt-get install rustc", "job_config.template=NAME",
                     "genesis sandbox templates"):
            self.assertIn(word, done.stdout.replace("\n", " "))
        self.assertFalse((self.results / "correct.json").exists())


class Runs(LocalServerCase):
    def launch(self, generations, *overrides, code=0):
        run = self.folder / "run"
        done = subprocess.run([str(BIN / "genesis_launch"), f"output_dir={run}", "seed=1",
                               f"evo_config.num_generations={generations}", *overrides], cwd=HOME,
                              env=self.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=500)
        self.assertEqual(done.returncode, code, done.stdout)
        shown = subprocess.run([str(BIN / "genesis"), "show", str(run), "--json"], check=True,
                               stdout=subprocess.PIPE, timeout=60)
        return json.loads(shown.stdout), done.stdout

    @unittest.skipUnless(RUSTC, NO_RUSTC)
    def test_operators_that_know_nothing_of_the_task_improve_it(self):
        # One at a time: the same run everywhere.
        shown, _ = self.launch(8, "variant=squeeze_hnsw_example", "evo_config.max_parallel_jobs=1")
        self.assertEqual(shown["generations"], 8)
        self.assertGreater(shown["best"]["combined_score"], shown["initial"]["combined_score"] + 0.2)
        self.assertGreaterEqual(shown["outcomes"]["ok"], 4, shown["outcomes"])

    @unittest.skipUnless(RUSTC_OF_SANDBOXES, "there is no rustc in /usr: sandboxes have none")
    def test_it_runs_in_sandboxes(self):
        shown, said = self.launch(2, "+variant=squeeze_hnsw_e2b", "evo_config.max_parallel_jobs=2")
        self.assertIn("E2B_API_KEY not set: sandboxes are made on this machine", said)
        self.assertAlmostEqual(shown["initial"]["combined_score"], 5.852914699490405, places=9)
        self.poll("no sandbox is left", lambda: not self.sandboxes())

    def test_a_sandbox_without_a_compiler_is_a_clear_end(self):
        _, said = self.launch(2, "variant=squeeze_hnsw_e2b", "evo_config.max_parallel_jobs=1",
                              "+job_config.extra_cmd_args.rustc=no-such-rustc", code=1)
        self.assertIn("the initial program failed its evaluation", said)
        self.assertIn("take a template that has it (job_config.template=NAME", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
