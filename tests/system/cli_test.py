"""Drives the real genesis_launch and genesis programs as a person does, bad inputs included.

GENESIS_BIN names the folder that holds them. GENESIS_UPDATE_GOLDEN=1 writes the golden files anew.
Nothing sleeps for effect: whatever takes time is polled with a deadline.
"""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from command_case import DEADLINE, CommandCase

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.environ.get("GENESIS_HOME", SOURCE)
GOLDEN = os.path.join(SOURCE, "tests", "golden", "cli")
BIN = os.environ.get("GENESIS_BIN", os.path.join(SOURCE, "build", "release", "bin"))

PROGRAM = """# EVOLVE-BLOCK-START
def solve():
    return 0.5 * 3.0 + 1.0
# EVOLVE-BLOCK-END
"""

# Scores what solve() returns. While a file `hold` lies beside it, evaluations wait, and say so by a
# file `held`.
EVALUATOR = """import json, os, sys, time
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
here = os.path.dirname(os.path.abspath(__file__))
end = time.time() + 60
while os.path.exists(os.path.join(here, "hold")) and time.time() < end:
    open(os.path.join(here, "held"), "w").close()
    time.sleep(0.01)
scope = {}
exec(open(args["--program_path"]).read(), scope)
value = float(scope["solve"]())
print("scored", value)
def write(name, data):
    path = os.path.join(args["--results_dir"], name)
    with open(path + ".tmp", "w") as out:
        json.dump(data, out)
    os.replace(path + ".tmp", path)
write("metrics.json", {"combined_score": -abs(value - 7.25), "public": {"value": value}})
write("correct.json", {"correct": True, "error": None})
"""

TASK = """# @package _global_
evo_config:
  init_program_path: t/initial.py
  language: python
  num_generations: 5
  max_parallel_jobs: 1
distributed_job_config:
  eval_program_path: t/evaluate.py
job_config:
  time: 60
exp_name: small
"""


class CliTest(CommandCase):
    maxDiff = None
    RUN = ["--config-dir", "t", "task=small", "variant=default", "output_dir=results/r"]

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="genesis-cli-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("GENESIS_", "E2B_"))}
        self.env.update(GENESIS_HOME=HOME, TERM="xterm")
        self.env.pop("NO_COLOR", None)

    # -- what tests are made of

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def make_task(self, program=PROGRAM, evaluator=EVALUATOR):
        self.write("t/initial.py", program)
        self.write("t/evaluate.py", evaluator)
        self.write("t/task/small.yaml", TASK)

    def run_tool(self, *args, tool="genesis", code=0, **more):
        done = subprocess.run([os.path.join(BIN, tool), *args], cwd=self.dir, env=self.env,
                              capture_output=True, text=True, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL, **more)
        if code is not None:
            self.assertEqual(done.returncode, code, "%s\n%s%s" % (args, done.stdout, done.stderr))
        return done

    def launch(self, *overrides, code=0):
        return self.run_tool(*self.RUN, *overrides, tool="genesis_launch", code=code)

    def start(self, *overrides, **more):
        """A run in the background; killed at the end of the test whatever happens."""
        process = subprocess.Popen(
            [os.path.join(BIN, "genesis_launch"), *self.RUN, *overrides],
            cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more})
        self.addCleanup(self.reap, process)
        return process

    def show(self):
        return json.loads(self.run_tool("show", "results/r", "--json").stdout)

    def held_run(self, *overrides):
        """A running run that has recorded its seed and now waits inside an evaluation."""
        self.make_task()
        process = self.start("evo_config.num_generations=50", *overrides)
        self.poll("programs are recorded", lambda: self.recorded() >= 2)
        pathlib.Path(self.path("t/held")).unlink(missing_ok=True)
        self.write("t/hold", "")
        self.poll("an evaluation is held", lambda: os.path.exists(self.path("t/held")))
        return process

    def recorded(self):
        done = self.run_tool("show", "results/r", "--json", code=None)
        return json.loads(done.stdout)["programs"] if done.returncode == 0 else 0

    def release(self):
        os.remove(self.path("t/hold"))

    def check_golden(self, name, text):
        text = text.replace(self.dir, "DIR")
        file = os.path.join(GOLDEN, name)
        if os.environ.get("GENESIS_UPDATE_GOLDEN"):
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
        with open(file, encoding="utf-8") as recorded:
            self.assertEqual(recorded.read(), text, name)


class HelpTest(CliTest):
    COMMANDS = ["init", "check", "runs", "show", "best", "rerun", "resume", "extend", "stop",
                "status", "export", "prune", "doctor", "verify", "sandboxd", "sandbox",
                "slurm"]

    def test_help_of_every_command_is_as_recorded(self):
        text = self.run_tool("--help").stdout
        for command in self.COMMANDS:
            text += "\n$ genesis %s --help\n%s" % (command, self.run_tool(command, "--help").stdout)
            self.assertIn("Examples:", text.rsplit("$ genesis", 1)[1])
        text += "\n$ genesis verify circle-packing --help\n"
        text += self.run_tool("verify", "circle-packing", "--help").stdout
        for inner in ("create", "list", "exec", "cp", "kill", "sweep"):
            text += "\n$ genesis sandbox %s --help\n%s" % (inner, self.run_tool("sandbox", inner, "--help").stdout)
        for inner in ("status", "explain", "sweep", "start", "attach", "stop"):
            text += "\n$ genesis slurm %s --help\n%s" % (inner, self.run_tool("slurm", inner, "--help").stdout)
        self.check_golden("genesis_help.txt", text)

    def test_help_of_the_launcher_is_as_recorded(self):
        self.write("configs/config.yaml", "")
        self.write("configs/cluster/local.yaml", "")
        self.write("configs/task/circle_packing.yaml", "")
        done = self.run_tool("--help", "--config-path", "configs", tool="genesis_launch")
        self.check_golden("genesis_launch_help.txt", done.stdout)

    def test_help_lists_the_shipped_groups(self):
        text = self.run_tool("--help", tool="genesis_launch").stdout
        self.assertRegex(text, r"\n  task +.*circle_packing")
        self.assertRegex(text, r"\n  cluster +.*local")

    def test_versions(self):
        for tool in ("genesis", "genesis_launch"):
            self.assertRegex(self.run_tool("--version", tool=tool).stdout,
                             r"\A%s \d+\.\d+\.\d+\n\Z" % tool)

    def test_no_arguments_teach(self):
        self.assertIn("genesis init my_task", self.run_tool(code=2).stdout)


class ErrorTest(CliTest):
    """What people get wrong: exit code and message, all in one recorded file."""

    CASES = [
        ("genesis", ["shwo", "results/r"]),
        ("genesis", ["show"]),
        ("genesis", ["show", "results/r", "--jsn"]),
        ("genesis", ["show", "resluts"]),
        ("genesis", ["show", "t"]),
        ("genesis", ["best", "nowhere"]),
        ("genesis", ["runs", "nowhere"]),
        ("genesis", ["rerun", "results/r", "abc"]),
        ("genesis", ["rerun", "results/r", "-1"]),
        ("genesis", ["rerun", "results/r", "99"]),
        ("genesis", ["extend", "results/r", "0"]),
        ("genesis", ["extend", "results/r", "+five"]),
        ("genesis", ["stop", "results/r"]),
        ("genesis", ["export", "results/r", "out", "--top", "2", "--all"]),
        ("genesis", ["export", "results/r", "out", "--gen", "99"]),
        ("genesis", ["prune", "results/r", "--keep", "everything"]),
        ("genesis", ["verify", "circle-pakcing", "results/r"]),
        ("genesis", ["verify", "circle-packing", "missing.json"]),
        ("genesis", ["verify", "circle-packing", "results/r"]),
        ("genesis", ["init", "t"]),
        ("genesis", ["init", "new", "--language", "pyton"]),
        ("genesis", ["check", "some/where"]),
        ("genesis", ["resume", "t"]),
        ("genesis_launch", ["--confg-dir", "t"]),
        ("genesis_launch", ["seed=1,2"]),
        ("genesis_launch", ["--cfg", "jobs"]),
        ("genesis_launch", ["--resolve"]),
        ("genesis_launch", ["--config-dir", "nowhere", "task=small"]),
        ("genesis_launch", ["task=small", "evo_config.num_generationz=3"]),
        ("genesis_launch", ["task=small", "evo_config.num_generations=many"]),
        ("genesis_launch", ["task=small", "evo_config.num_generations=-1"]),
        ("genesis_launch", ["task=small", "evo_config.language=pyhton"]),
        ("genesis_launch", ["task=small", "evo_config.init_program_path=missing.py"]),
        ("genesis_launch", ["task=small", "job_config.eval_program_path=missing.py"]),
        ("genesis_launch", ["task=small", "job_config.time=soon"]),
        ("genesis_launch", ["task=small", "evo_config.num_generations=[1"]),
        ("genesis_launch", ["task=samll"]),
        ("genesis_launch", ["task=small", "cluster=slurm", "++job_config.slurm.mode=auto"]),
        ("genesis_launch", ["task=small", "cluster=e2b", "++job_config.provider=cloud"]),
    ]

    def make_home(self):
        """Configurations of our own, so that the recorded messages do not change with configs/."""
        self.write("home/configs/config.yaml",
                   "defaults:\n- _self_\n- task@_global_: other\n- cluster@_global_: local\n"
                   "- variant@_global_: default\n"
                   "exp_name: task\nseed: 0\noutput_dir: ${hydra:runtime.output_dir}\n")
        self.write("home/configs/task/other.yaml", "# @package _global_\nexp_name: other\n")
        for name, target in (("local", "LocalJobConfig"), ("e2b", "E2BJobConfig"),
                             ("slurm", "SlurmCondaJobConfig")):
            self.write("home/configs/cluster/%s.yaml" % name,
                       "# @package _global_\njob_config:\n  _target_: " + target + "\n  "
                       "eval_program_path: ${distributed_job_config.eval_program_path}\n")
        self.write("home/configs/variant/default.yaml", "# @package _global_\n")
        os.symlink(os.path.join(SOURCE, "evaluators"), self.path("home", "evaluators"))
        self.env["GENESIS_HOME"] = self.path("home")

    def test_every_mistake_is_told_as_recorded(self):
        self.make_home()
        self.make_task()
        self.launch()
        report = ""
        for index, (tool, args) in enumerate(self.CASES):
            more = []
            if "task=small" in args:
                more = ["variant=default", "output_dir=results/bad%d" % index]
            given = (["--config-dir", "t"] if more and "--config-dir" not in args else []) + args
            done = self.run_tool(*given, *more, tool=tool, code=None)
            self.assertNotEqual(done.returncode, 0, given)
            self.assertLess(done.returncode, 4, (given, done.stderr))
            self.assertEqual(done.stdout, "", given)
            report += "$ %s %s\n%s[%d]\n" % (tool, " ".join(args), done.stderr, done.returncode)
        report = re.sub(r"results/bad\d+", "results/bad", report)
        self.check_golden("errors.txt", report)

    def test_no_crash_without_a_home(self):
        self.env["GENESIS_HOME"] = self.dir
        done = self.run_tool("task=small", tool="genesis_launch", code=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("GENESIS_HOME", done.stderr)


class WalkTest(CliTest):
    """The first walk of the README, with every command that looks at the result."""

    def test_a_new_task_runs_to_its_end(self):
        for language in ("python", "cpp"):
            with self.subTest(language=language):
                name = "my_" + language
                self.assertIn("next: genesis check " + name,
                              self.run_tool("init", name, "--language", language).stdout)
                check = self.run_tool("check", name).stdout
                self.assertIn("correct, combined_score -6.5", check)
                self.assertIn("the same score", check)
                choice = ["--config-dir", name, "task=" + name, "variant=default"]
                self.assertIn("Ready: genesis_launch " + " ".join(choice), check)
                done = self.run_tool(*choice, "output_dir=results/w",
                                     "evo_config.num_generations=4", tool="genesis_launch")
                self.assertIn("Finished: all 4 generations are recorded", done.stdout)
                self.assertIn("next      genesis show results/w", done.stdout)
                shutil.rmtree(self.path("results"))

    def test_every_look_at_a_finished_run(self):
        self.make_task()
        done = self.launch("evo_config.num_generations=30")
        self.assertIn("num_generations=30 counts recorded programs", done.stdout)
        shown = self.show()
        self.assertEqual(shown["status"], "finished")
        self.assertEqual(shown["programs"], 31)
        self.assertEqual(shown["generations"], 30)
        self.assertEqual(shown["initial"]["combined_score"], -4.75)
        self.assertEqual(sum(shown["outcomes"].values()), 31)
        self.assertGreater(shown["best"]["combined_score"], -4.75)
        best = shown["best"]
        self.assertEqual(best["program_id"], "%s-%d" % (shown["run_id"][:8], best["generation"]))
        with open(best["path"] if os.path.isabs(best["path"]) else self.path(best["path"])) as file:
            self.assertEqual(self.run_tool("best", "results").stdout, file.read())
        diff = self.run_tool("best", "results/r", "--diff").stdout
        self.assertIn("-    return 0.5 * 3.0 + 1.0", diff)
        self.assertRegex(self.run_tool("show", "results/r").stdout, r"status +finished")
        table = self.run_tool("runs").stdout
        self.assertRegex(table, r"results/r +finished +\S+ +30/30 +31 ")
        self.assertEqual(len(json.loads(self.run_tool("runs", "--json").stdout)), 1)
        again = self.run_tool("rerun", "results/r", str(best["generation"]))
        self.assertIn("scored ", again.stdout)
        self.assertIn("as recorded", again.stdout)
        for name in ("config.yaml", "hydra.yaml", "overrides.yaml"):
            self.assertTrue(os.path.exists(self.path("results/r/.hydra", name)), name)

    def test_status_of_a_finished_run_comes_from_its_store(self):
        self.make_task()
        self.launch()
        status = json.loads(self.run_tool("status", "results/r", "--json").stdout)
        self.assertEqual(status["status"], "finished")

    def test_export_and_prune(self):
        self.make_task()
        self.launch("evo_config.num_generations=12")
        best = self.show()["best"]["generation"]
        self.run_tool("export", "results/r", "out", "--all")
        self.assertEqual(len(os.listdir(self.path("out"))), 13)
        for name in ("main.py", "original.py", "edit.diff", "results/metrics.json",
                     "results/correct.json"):
            with open(self.path("results/r/gen_1", name)) as ours, \
                    open(self.path("out/gen_1", name)) as theirs:
                exported = theirs.read()
                if name.endswith(".json"):
                    mine, published = json.loads(exported), json.load(ours)
                    for key, value in published.items():
                        self.assertEqual(mine[key], value, key)
                else:
                    self.assertEqual(exported, ours.read(), name)
        self.run_tool("export", "results/r", "one", "--gen", "3")
        self.assertEqual(os.listdir(self.path("one")), ["gen_3"])
        listing = self.run_tool("prune", "results/r", "--keep", "best").stdout
        self.assertIn("nothing deleted; --yes deletes", listing)
        self.assertTrue(os.path.exists(self.path("results/r/gen_1")))
        self.run_tool("prune", "results/r", "--keep", "best", "--yes")
        left = [n for n in os.listdir(self.path("results/r")) if n.startswith("gen_")]
        self.assertEqual(left, ["gen_%d" % best])
        self.assertEqual(self.show()["programs"], 13)
        self.assertIn("nothing to delete",
                      self.run_tool("prune", "results/r", "--keep", "best").stdout)

    def test_extend_then_resume(self):
        self.make_task()
        self.launch()
        self.assertIn("the target is generation 8 now",
                      self.run_tool("extend", "results/r", "+3").stdout)
        done = self.run_tool("resume", "results/r")
        self.assertIn("Resuming small in results/r: 5 of 8 generations recorded", done.stdout)
        self.assertEqual(self.show()["generations"], 8)
        self.assertEqual(self.show()["target_generations"], 8)

    def test_cfg_prints_and_runs_nothing(self):
        self.make_task()
        done = self.launch("--cfg", "job", "--package", "evo_config")
        self.assertIn("num_generations: 5\n", done.stdout)
        self.assertFalse(os.path.exists(self.path("results")))
        self.assertIn("hydra:", self.launch("--cfg", "hydra").stdout)

    def test_dotenv_fills_in_but_the_shell_wins(self):
        self.make_task()
        self.write(".env", "GENERATIONS=3\nNAME=from_file\n")
        self.env["NAME"] = "from_shell"
        done = self.launch("evo_config.num_generations=${oc.env:GENERATIONS}",
                           "exp_name=${oc.env:NAME}", "--cfg", "job", "--resolve")
        self.assertRegex(done.stdout, r"num_generations: '?3'?\n")
        self.assertIn("exp_name: from_shell\n", done.stdout)

    def test_quiet_is_quiet(self):
        self.make_task()
        done = self.launch("--quiet")
        self.assertEqual(done.stdout + done.stderr, "")

    def test_settings_without_effect_are_named(self):
        self.make_task()
        done = self.launch("+evo_config.llm_models=[m1]", "+evo_config.meta_rec_interval=10")
        self.assertRegex(done.stdout, r"no effect: .*\bevo_config.llm_models, .*"
                         r"\bevo_config.meta_rec_interval\b")

    def test_verify_judges_files_exactly(self):
        self.write("good.json", json.dumps({"centers": [[0.25, 0.5], [0.75, 0.5]],
                                            "radii": [0.25, 0.25]}))
        self.assertIn("valid: inside the unit square",
                      self.run_tool("verify", "circle-packing", "good.json").stdout)
        self.write("bad.json", json.dumps({"centers": [[0.25, 0.5], [0.75, 0.5]],
                                           "radii": [0.25, 0.25000000000000006]}))
        self.assertIn("NOT VALID",
                      self.run_tool("verify", "circle-packing", "bad.json", code=1).stdout)

    def test_verify_takes_the_archived_construction_of_a_run(self):
        for radius, code in ((0.5, 0), (0.5000000000000001, 1)):
            circle = 'write("construction.json", {"centers": [[0.5, 0.5]], "radii": [%r]})' % radius
            self.make_task(evaluator=EVALUATOR + circle + "\n")
            self.launch("evo_config.num_generations=2")
            done = self.run_tool("verify", "circle-packing", "results/r", code=code)
            self.assertIn("circles    1\n", done.stdout)
            self.assertIn("recorded ", done.stdout)
            shutil.rmtree(self.path("results"))

    def test_doctor_looks_at_machine_and_backends(self):
        text = self.run_tool("doctor", code=None).stdout
        self.assertRegex(text, r"program data +" + re.escape(HOME))
        self.assertIn("\nlocal: ", text)


class TaskTest(CliTest):
    """What genesis check and the launcher say about tasks that are not right."""

    def test_check_names_what_is_missing(self):
        self.make_task(program="def solve():\n    return 1.0\n")
        text = self.run_tool("check", "t", code=1).stdout
        self.assertIn("EVOLVE-BLOCK-START", text)
        os.remove(self.path("t/evaluate.py"))
        self.assertRegex(self.run_tool("check", "t", code=1).stdout, r"FAIL  evaluator +not found")

    def test_check_of_a_plain_folder_says_how_to_launch_it(self):
        self.make_task()
        shutil.rmtree(self.path("t/task"))
        text = self.run_tool("check", "t").stdout
        ready = re.search(r"Ready: genesis_launch (.*)\n", text).group(1).split()
        self.run_tool(*ready, "evo_config.num_generations=1", tool="genesis_launch")
        self.assertEqual(len(json.loads(self.run_tool("runs", "--json").stdout)), 1)

    def test_check_finds_a_noisy_evaluator(self):
        self.make_task(evaluator=EVALUATOR.replace("-abs(value - 7.25)", "-time.time()"))
        self.assertIn("a noisy evaluator", self.run_tool("check", "t").stdout)

    def test_check_shows_the_log_of_a_failing_evaluator(self):
        self.make_task(evaluator="raise SystemExit('no such data set')\n# program_path results_dir")
        text = self.run_tool("check", "t", code=1).stdout
        self.assertIn("no such data set", text)

    def test_a_failing_seed_ends_the_run_with_its_log(self):
        self.make_task(evaluator="import sys\nsys.exit('broken on purpose')\n")
        done = self.launch(code=1)
        self.assertIn("Failed: the initial program failed its evaluation", done.stdout)
        self.assertIn("broken on purpose", done.stdout)
        self.assertIn("genesis check", done.stdout)
        self.make_task()
        self.assertIn("Finished", self.launch().stdout)


class SteeringTest(CliTest):
    """Two terminals, signals, and programs that die."""

    def test_a_second_runner_is_refused_and_status_and_stop_reach_the_first(self):
        first = self.held_run()
        refused = self.launch("evo_config.num_generations=50", code=3)
        self.assertIn("by process %d on host" % first.pid, refused.stderr)
        for command in (["prune", "results/r", "--yes"], ["resume", "results/r"]):
            self.assertEqual(self.run_tool(*command, code=None).returncode, 3, command)
        status = json.loads(self.run_tool("status", "results/r", "--json").stdout)
        self.assertEqual(status["slots_busy"], 1)
        self.assertEqual(status["target_generations"], 50)
        self.assertRegex(self.run_tool("status", "results/r").stdout, r"progress +gen ")
        self.assertEqual(self.show()["status"], "running")
        self.assertIn("goes on to generation 52",
                      self.run_tool("extend", "results/r", "+2").stdout)
        stop = subprocess.Popen([os.path.join(BIN, "genesis"), "stop", "results/r"], cwd=self.dir,
                                env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                text=True)
        self.addCleanup(self.reap, stop)
        self.poll("the run drains", lambda: json.loads(
            self.run_tool("status", "results/r", "--json").stdout).get("state") == "draining")
        self.assertIsNone(first.poll())  # the running evaluation is waited for
        self.release()
        self.assertIn("genesis resume results/r", stop.communicate(timeout=DEADLINE)[0])
        out, _ = first.communicate(timeout=DEADLINE)
        self.assertEqual(first.returncode, 130)
        self.assertIn("Stopped: interrupted", out)
        self.assertEqual(self.show()["status"], "interrupted")

    def test_each_signal_drains(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                process = self.held_run()
                process.send_signal(number)
                self.poll("it drains", lambda: json.loads(self.run_tool(
                    "status", "results/r", "--json").stdout).get("state") == "draining")
                before = self.recorded()
                self.release()
                out, err = process.communicate(timeout=DEADLINE)
                self.assertEqual(process.returncode, 130, out + err)
                self.assertIn("finishing the running evaluations", err)
                self.assertEqual(self.recorded(), before + 1)
                self.assertIn("genesis resume results/r", out)
                shutil.rmtree(self.path("results"))

    def test_a_second_signal_aborts_and_the_same_command_continues(self):
        process = self.held_run()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 130, out + err)
        self.assertIn("Stopped: aborted", out)
        self.release()
        done = self.launch("evo_config.num_generations=50")
        self.assertIn("Resuming small", done.stdout)
        self.assertEqual(self.show()["generations"], 50)

    def test_stop_now_ends_running_evaluations(self):
        process = self.held_run()
        self.run_tool("stop", "results/r", "--now")
        self.assertEqual(process.wait(timeout=DEADLINE), 130)

    def test_a_killed_runner_is_shown_as_interrupted_and_continued(self):
        process = self.held_run()
        process.kill()
        process.wait()
        self.assertEqual(self.show()["status"], "interrupted")
        self.assertIn("is not running", self.run_tool("stop", "results/r", code=1).stderr)
        self.release()
        self.run_tool("resume", "results/r")
        shown = self.show()
        self.assertEqual((shown["status"], shown["generations"]), ("finished", 50))

    def test_another_configuration_is_refused_and_changes_nothing(self):
        self.make_task()
        self.launch()
        with open(self.path("results/r/.hydra/overrides.yaml")) as file:
            before = file.read()
        done = self.launch("seed=7", code=3)
        self.assertIn("seed: ", done.stderr)
        with open(self.path("results/r/.hydra/overrides.yaml")) as file:
            self.assertEqual(file.read(), before)
        self.assertIn("Finished", self.launch("evo_config.max_parallel_jobs=2").stdout)

    def test_a_closed_output_does_not_end_the_run(self):
        self.make_task()
        read_end, write_end = os.pipe()
        process = self.start("evo_config.num_generations=20", stdout=write_end,
                             stderr=subprocess.DEVNULL)
        os.close(write_end)
        os.close(read_end)
        self.assertEqual(process.wait(timeout=DEADLINE), 0)
        self.assertEqual(self.show()["generations"], 20)


class TerminalTest(CliTest):
    def on_terminal(self, columns=60):
        """The bytes that a run writes to a terminal of so many columns."""
        import fcntl
        import struct
        import termios
        self.make_task()
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = self.start("evo_config.num_generations=8", stdout=slave, stderr=slave)
        os.close(slave)
        text = b""
        end = time.time() + DEADLINE
        while time.time() < end:
            if not select.select([master], [], [], 1)[0]:
                continue
            try:
                part = os.read(master, 4096)
            except OSError:
                break
            if not part:
                break
            text += part
        os.close(master)
        self.assertEqual(process.wait(timeout=DEADLINE), 0)
        return text.decode()

    def test_one_line_is_redrawn_and_fits(self):
        text = self.on_terminal(60)
        self.assertIn("\r\x1b[2Kgen ", text)
        self.assertIn("\x1b[1m", text)
        drawn = re.findall(r"\r\x1b\[2K(gen [^\r\n\x1b]*)", text)
        self.assertTrue(drawn)
        self.assertLessEqual(max(len(line) for line in drawn), 59)
        self.assertIn("gen 8/8", drawn[-1])
        self.assertIn("Finished: all 8 generations", text)

    def test_no_color_is_respected(self):
        self.env["NO_COLOR"] = "1"
        self.assertNotIn("\x1b[1m", self.on_terminal())


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
