#!/usr/bin/env python3
"""The same programs give the same results wherever they are evaluated: here, as jobs of a real SLURM, in
sandboxes. With the stand-alone evaluator the files are equal to the byte, with the helper but for the times.

Twelve programs, the helper without sandboxes; GENESIS_SOAK: fifty, all of it."""

import json
import os
import subprocess
import unittest

from slurm_case import BIN, HOME, SOAK, SlurmCase, needs

COUNT = 50 if SOAK else 12
EXAMPLE = HOME / "examples" / "circle_packing"
# What candidates do wrong, in place of construct_packing().
FAULTS = ("raise ValueError('no packing')", "return place_centers() + 1, np.full(COUNT, 0.01)",
          "return place_centers(), np.full(COUNT, np.nan)", "return np.zeros((3, 2)), np.zeros(3)",
          "return place_centers(), np.full(COUNT, -0.1)", "return None")


def program(number):
    """Rings of other sizes, from other angles; every fifth one is wrong."""
    text = (EXAMPLE / "initial.py").read_text()
    if number % 5 == 4:
        fault = FAULTS[number // 5 % len(FAULTS)]
        return text.replace("    centers = place_centers()\n    return centers, largest_radii(centers)\n",
                            f"    {fault}  # {number}\n")
    return (text.replace("0.3 *", f"{0.2 + number * 0.003:.3f} *").replace("0.7 *", f"{0.5 + number * 0.007:.3f} *")
            .replace("* i / 16", f"* (i + {number % 7 / 7:.4f}) / 16"))


@needs()
class EqualityTest(SlurmCase):
    def setUp(self):
        super().setUp()
        self.programs = []
        for number in range(COUNT):
            path = self.folder / f"p{number}.py"
            path.write_text(program(number))
            self.programs.append(path)
        self.state = self.folder / "sandboxd"
        self.addCleanup(self.end_server)

    def end_server(self):
        """The one that runs in sandboxes have started."""
        client = self.state / "client.json"
        if client.exists():
            pid = json.loads(client.read_text())["pid"]
            os.kill(pid, 15)
            self.poll("the server has ended", lambda: not os.path.exists(f"/proc/{pid}"))

    def results(self, cluster, evaluator, *more):
        """metrics.json and correct.json of each program."""
        run = self.folder / f"{cluster}-{evaluator}"
        kept = {name: value for name, value in self.environment().items() if not name.startswith("E2B_")}
        done = subprocess.run(
            [str(BIN / "genesis_launch"), "variant=default", "task=circle_packing", f"cluster={cluster}", "seed=3",
             f"output_dir={run}", "results.keep=all", f"evo_config.num_generations={COUNT - 1}",
             "evo_config.max_parallel_jobs=6", f"evo_config.init_program_path=[{','.join(map(str, self.programs))}]",
             f"distributed_job_config.eval_program_path={EXAMPLE}/{evaluator}.py", *more],
            env=dict(kept, GENESIS_SANDBOXD_DIR=str(self.state)), capture_output=True, text=True, timeout=900,
            check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = {}
        for number in range(COUNT):
            folder = run / f"gen_{number}"
            files = [(folder / "results" / name).read_bytes() for name in ("metrics.json", "correct.json")]
            found[(folder / "main.py").read_text()] = files
        self.assertEqual(set(found), {path.read_text() for path in self.programs})
        return found

    def everywhere(self, evaluator, sandboxes=True):
        there = ["distributed_job_config.conda_env=null", "distributed_job_config.partition=main",
                 "++distributed_job_config.slurm.mode=array"]
        found = {"local": self.results("local", evaluator), "slurm": self.results("remote", evaluator, *there)}
        if sandboxes:
            found["e2b"] = self.results("e2b", evaluator, "++job_config.sandbox_reuse=pooled")
        return found

    def check(self, found, changed=lambda files: files):
        for where in found:
            for text, files in found["local"].items():
                self.assertEqual(changed(found[where][text]), changed(files), (where, text))
        verdicts = [json.loads(correct)["correct"] for _, correct in found["local"].values()]
        self.assertEqual(verdicts.count(False), COUNT // 5)
        scores = {json.loads(metrics)["combined_score"] for metrics, _ in found["local"].values()}
        self.assertGreater(len(scores), COUNT // 2, "programs that are all alike prove little")

    def test_the_stand_alone_evaluator_writes_the_same_bytes(self):
        self.check(self.everywhere("evaluate_standalone"))

    def test_the_helper_says_the_same_but_for_the_times(self):
        def without_times(files):
            return [{key: value for key, value in json.loads(text).items() if "time" not in key} for text in files]

        self.check(self.everywhere("evaluate", sandboxes=SOAK), without_times)


if __name__ == "__main__":
    unittest.main(verbosity=2)
