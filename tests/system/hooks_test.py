"""events.jsonl, `genesis events` and hooks, with the real programs and real servers on loopback.

GENESIS_BIN names the folder of the programs. Nothing sleeps for effect: whatever takes time is polled
with a deadline.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from command_case import DEADLINE, CommandCase
from hook_servers import Receiver, TunnelProxy

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HOME = os.environ.get("GENESIS_HOME", str(SOURCE))
BIN = os.environ.get("GENESIS_BIN", str(SOURCE / "build" / "release" / "bin"))
SECRET = "xoxb-4711-very-secret"

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
  num_generations: 12
  max_parallel_jobs: 1
distributed_job_config:
  eval_program_path: t/evaluate.py
job_config:
  time: 60
exp_name: small
"""


class HooksTest(CommandCase):
    maxDiff = None
    RUN = ["--config-dir", "t", "task=small", "variant=default", "output_dir=results/r"]

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="genesis-hooks-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("GENESIS_") and not k.lower().endswith("_proxy")}
        self.env.update(GENESIS_HOME=HOME)
        self.write("t/initial.py", PROGRAM)
        self.write("t/evaluate.py", EVALUATOR)
        self.write("t/task/small.yaml", TASK)

    # -- what tests are made of

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def run_tool(self, *args, tool="genesis", code=0):
        done = subprocess.run([os.path.join(BIN, tool), *args], cwd=self.dir, env=self.env,
                              capture_output=True, text=True, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL)
        if code is not None:
            self.assertEqual(done.returncode, code, "%s\n%s%s" % (args, done.stdout, done.stderr))
        return done

    def launch(self, *overrides, code=0):
        return self.run_tool(*self.RUN, *overrides, tool="genesis_launch", code=code)

    def start(self, *overrides):
        process = subprocess.Popen([os.path.join(BIN, "genesis_launch"), *self.RUN, *overrides],
                                   cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.reap, process)
        return process

    def lines(self):
        text = self.read("results/r/events.jsonl")
        self.assertTrue(text == "" or text.endswith("\n"))  # made, and nothing told yet
        return [json.loads(line) for line in text.splitlines()]

    def of(self, event):
        return [line for line in self.lines() if line["event"] == event]

    def stored_improvements(self):
        import sqlite3
        with contextlib.closing(sqlite3.connect(self.path("results/r/run.sqlite"))) as store:
            return [row[0] for row in store.execute(
                "SELECT generation FROM programs WHERE improved ORDER BY generation")]

    def check_lines(self):
        """All lines fit the schema and count on; every improvement of the store is told once."""
        import jsonschema
        with open(SOURCE / "docs" / "events.schema.json", encoding="utf-8") as file:
            schema = json.load(file)
        validator = jsonschema.Draft202012Validator(schema)
        lines = self.lines()
        for line in lines:
            errors = [error.message for error in validator.iter_errors(line)]
            self.assertEqual(errors, [], line)
            # The schema allows fields of later versions; ours are all in it.
            own = schema["$defs"][line["event"]]["properties"]
            self.assertEqual(set(line) - set(schema["properties"]) - set(own), set(), line)
        self.assertEqual([line["seq"] for line in lines], list(range(1, len(lines) + 1)))
        for start, after in zip(lines, lines[1:]):
            if start["event"] == "start" and not start["resumed"]:
                self.assertLessEqual(start["elapsed_s"], after["elapsed_s"])
        self.assertEqual([line["generation"] for line in self.of("improvement")],
                         self.stored_improvements())
        return lines

    def receiver(self, **more):
        server = Receiver(**more)
        self.addCleanup(server.stop)
        return server

    def hook(self, server_or_command, events="all", name="h", **options):
        """Overrides that make a hook."""
        kind = "url" if "://" in server_or_command else "command"
        value = server_or_command.replace("\\", "\\\\").replace("'", "\\'")
        overrides = ["+hooks.%s.%s='%s'" % (name, kind, value),
                     "+hooks.%s.on=%s" % (name, events)]
        return overrides + ["+hooks.%s.%s=%s" % (name, k, v) for k, v in options.items()]

    def certificate(self, name="localhost"):
        """A certificate of its own authority, made here; the file names of it and its key."""
        cert, key = self.path(name + ".pem"), self.path(name + ".key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=" + name, "-addext", "subjectAltName=DNS:" + name, "-keyout", key,
                        "-out", cert], check=True, capture_output=True)
        return cert, key


class EventsTest(HooksTest):
    def test_a_run_tells_its_story_in_lines_of_the_schema(self):
        self.launch()
        lines = self.check_lines()
        self.assertEqual(lines[0]["event"], "start")
        self.assertEqual(lines[0]["task"], "small")
        self.assertFalse(lines[0]["resumed"])
        self.assertEqual(lines[-1]["event"], "end")
        self.assertEqual(lines[-1]["reason"], "generations")
        self.assertEqual(lines[-1]["generation"], 12)
        self.assertEqual(lines[-1]["outcomes"], {"ok": 13})
        limit = self.of("limit")
        self.assertEqual(len(limit), 1)
        self.assertEqual((limit[0]["limit"], limit[0]["allowed"]), ("generations", 12))
        best = [line["score"] for line in self.of("improvement")]
        self.assertEqual(best, sorted(best))
        self.assertEqual(lines[-1]["best_score"], best[-1])
        previous = [line["previous_best"] for line in self.of("improvement")]
        self.assertEqual(previous, [None] + best[:-1])

    def test_further_sessions_append(self):
        self.launch()
        before = self.lines()
        self.run_tool("extend", "results/r", "+8")
        self.run_tool("resume", "results/r", "--quiet")
        lines = self.check_lines()
        self.assertEqual(lines[:len(before)], before)
        second = lines[len(before):]
        self.assertEqual(second[0]["event"], "start")
        self.assertTrue(second[0]["resumed"])
        self.assertEqual({line["run_id"] for line in lines}, {before[0]["run_id"]})
        self.assertEqual([line["allowed"] for line in self.of("limit")], [12, 20])

    def test_a_kill_between_commit_and_line_loses_and_repeats_nothing(self):
        for count in range(1, 9):
            name = "events.append.before" if count % 2 else "events.append.after"
            self.env["GENESIS_FAILPOINT"] = "%s:%d" % (name, count)
            killed = self.launch(code=None)
            self.assertIn(killed.returncode, (0, -signal.SIGKILL))
        del self.env["GENESIS_FAILPOINT"]
        self.launch()
        self.assertEqual(self.check_lines()[-1]["event"], "end")

    def test_torn_and_missing_lines_are_made_good(self):
        self.launch()
        lines = self.read("results/r/events.jsonl").splitlines(keepends=True)
        last = max(i for i, line in enumerate(lines) if '"event":"improvement"' in line)
        self.write("results/r/events.jsonl", "".join(lines[:last]) + lines[last][:40])
        self.run_tool("extend", "results/r", "+1")
        self.run_tool("resume", "results/r", "--quiet")
        self.check_lines()
        # And a run of a version without events has them all told.
        os.remove(self.path("results/r/events.jsonl"))
        self.run_tool("extend", "results/r", "+1")
        self.run_tool("resume", "results/r", "--quiet")
        self.check_lines()

    def test_a_stall_is_told_and_ends(self):
        self.launch("evo_config.num_generations=60", "events.stall_generations=4",
                    "events.stall_time=0")
        self.check_lines()
        stalls, ends = self.of("stall"), self.of("stall_end")
        self.assertGreaterEqual(len(stalls), 1)
        self.assertIn(len(ends), (len(stalls), len(stalls) - 1))
        for stall in stalls:
            self.assertGreaterEqual(stall["generations_without_improvement"], 4)

    def test_low_space_is_told_before_the_run_pauses(self):
        self.launch("events.disk_low_bytes=%d" % (1 << 60))
        low = self.of("disk_low")
        self.assertEqual(len(low), 1)
        self.assertEqual(low[0]["threshold_bytes"], 1 << 60)
        self.check_lines()

    def test_a_pause_is_told(self):
        process = self.start("+results.min_free_bytes=%d" % (1 << 60))
        self.poll("the pause is told", lambda: os.path.exists(self.path("results/r/events.jsonl"))
                  and self.of("pause"))
        process.send_signal(signal.SIGINT)
        process.wait(DEADLINE)
        self.assertEqual(self.of("pause")[0]["kind"], "disk")
        self.assertEqual(self.lines()[-1]["reason"], "interrupted")
        self.check_lines()

    def test_events_are_printed(self):
        self.launch()
        lines = self.read("results/r/events.jsonl")
        self.assertEqual(self.run_tool("events", "results/r", "--json").stdout, lines)
        text = self.run_tool("events", "results/r").stdout.splitlines()
        self.assertEqual(len(text), len(lines.splitlines()))
        self.assertRegex(text[0], r"^    1  \d{4}-.*Z  start        new run of 'small': 12 gener")
        self.assertRegex(text[-1], r"end          generations: 12 generations, best ")
        since = self.run_tool("events", "results/r", "--since", "2").stdout.splitlines()
        self.assertEqual(since, text[2:])
        self.assertEqual(self.run_tool("events", "results/r", "-f").stdout.splitlines(), text)

    def test_following_ends_with_the_run(self):
        process = self.start("evo_config.num_generations=40")
        self.poll("there are events", lambda: os.path.exists(self.path("results/r/events.jsonl")))
        followed = self.run_tool("events", "results/r", "--follow", "--json").stdout
        process.wait(DEADLINE)
        self.assertEqual(followed, self.read("results/r/events.jsonl"))

    def test_damaged_lines_are_passed_over(self):
        self.launch()
        text = self.read("results/r/events.jsonl")
        self.write("results/r/events.jsonl", "{torn\n\x1b[2J\n" + text)
        done = self.run_tool("events", "results/r")
        self.assertEqual(len(done.stdout.splitlines()), len(text.splitlines()))
        self.assertIn("a line is passed over", done.stderr)
        self.run_tool("extend", "results/r", "+1")
        self.run_tool("resume", "results/r", "--quiet")

    def test_a_run_without_events_says_so(self):
        self.launch()
        os.remove(self.path("results/r/events.jsonl"))
        self.assertIn("events.jsonl", self.run_tool("events", "results/r", code=1).stderr)

    def test_wrong_settings_are_refused(self):
        for override, said in (("events.limit_share=1.5", "events.limit_share: must be above 0"),
                               ("events.stall_generations=-1", "events.stall_generations: must be"),
                               ("+events.stal_time=5", "did you mean 'stall_time'?")):
            self.assertIn(said, self.launch(override, code=2).stderr)


class CommandHookTest(HooksTest):
    def test_a_command_hears_of_the_end(self):
        self.write("tell.sh", 'cat > got.json; echo "$GENESIS_EVENT|$GENESIS_REASON|$1|$MINE" > got\n')
        self.env["MINE"] = "the person's own"
        done = self.launch(*self.hook("sh tell.sh 'gen {generation} of {task}'", "[end]"))
        self.assertEqual(self.read("got"), "end|generations|gen 12 of small|the person's own\n")
        self.assertEqual(json.loads(self.read("got.json")), self.lines()[-1])
        self.assertIn("hooks     h 1 delivered", done.stdout)
        self.check_lines()

    def test_every_event_arrives_once_in_order(self):
        self.launch(*self.hook("sh -c 'cat >> got'"))
        self.assertEqual([json.loads(line) for line in self.read("got").splitlines()],
                         self.lines())

    def test_a_failing_hook_never_fails_the_run_and_is_said_once(self):
        done = self.launch(*self.hook("sh -c 'echo broken pipe dream >&2; exit 3'"))
        self.assertEqual(done.stdout.count("hook 'h' failed"), 1)
        self.assertIn("exit status 3", done.stdout)
        self.assertRegex(done.stdout, r"hooks     h 0 delivered, \d+ failed \(exit status 3\)")
        self.assertIn("    broken pipe dream\n", self.read("results/r/.genesis/hooks.log"))
        self.assertEqual(len(self.of("notice")), 1)
        self.check_lines()

    def test_a_hanging_hook_delays_nothing_but_the_end_and_is_ended(self):
        process = self.start(*self.hook("sh -c 'setsid sleep 600 & echo $! > pid; sleep 600'",
                                        "[start]", timeout=0.5))
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertIn("not done within", process.stdout.read())
        self.assert_gone(int(self.read("pid")))

    def test_the_second_interrupt_gives_hooks_up(self):
        self.write("t/hold", "")
        process = self.start(*self.hook("sh -c 'echo $$ > pid; exec sleep 600'", "[end]",
                                        timeout=600))
        self.poll("an evaluation waits", lambda: os.path.exists(self.path("t/held")))
        process.send_signal(signal.SIGINT)
        os.remove(self.path("t/hold"))
        self.poll("the hook runs", lambda: os.path.exists(self.path("pid"))
                  and self.read("pid").strip())
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(DEADLINE), 130)
        self.assert_gone(int(self.read("pid")))
        self.assertEqual(self.lines()[-1]["reason"], "interrupted")

    def assert_gone(self, pid):
        self.poll("process %d has gone" % pid, lambda: not os.path.exists("/proc/%d" % pid))

    def test_hooks_of_a_resumed_run(self):
        self.env["PLACE"] = "first"
        self.launch(*self.hook("sh -c 'cat > got-{task}'", "[end]"))
        os.remove(self.path("got-small"))
        self.run_tool("extend", "results/r", "+1")
        self.run_tool("resume", "results/r", "--quiet")
        self.assertEqual(json.loads(self.read("got-small"))["generation"], 13)
        # They may change at any time: they are no part of what the run is.
        self.run_tool("extend", "results/r", "+1")
        self.launch(*self.hook("sh -c 'cat > other'", "[end]"))
        self.assertEqual(json.loads(self.read("other"))["generation"], 14)

    def test_hooks_of_a_sweep_over_one_pool(self):
        self.run_tool("-m", *self.RUN[:-1], "output_dir=results/s", "seed=1,2",
                      "sweep.share_pool=true", *self.hook("sh -c 'cat >> got'", "[end]"),
                      tool="genesis_launch")
        ends = [json.loads(line) for line in self.read("got").splitlines()]
        self.assertEqual(len(ends), 2)
        self.assertEqual(len({end["run_id"] for end in ends}), 2)

    def test_hooks_from_a_file_where_on_is_a_truth_value(self):
        self.write("t/task/small.yaml", TASK + "hooks:\n  log:\n    on: [start, end]\n"
                   "    command: [sh, -c, 'cat >> \"$0\"', 'out file']\n")
        self.launch()
        self.assertEqual(len(self.read("out file").splitlines()), 2)

    def test_wrong_hooks_are_refused(self):
        for overrides, said in (
                (["+hooks.h.command=x"], "hooks.h.events: name the events"),
                (self.hook("x", "[improvment]"), "did you mean 'improvement'?"),
                (self.hook("x {genration}"), "did you mean 'generation'?"),
                (["+hooks.h.on=all"], "hooks.h.command: give a command, or a url"),
                (self.hook("x") + ["+hooks.h.url='http://a/'"], "excludes command"),
                (self.hook("'open"), "unclosed quote"),
                (self.hook("ftp://a/secretpath"), "only http and https"),
                (self.hook("http://a/", headers="{A@B: x}"), "is not the name of a header"),
                (self.hook("http://a/", "all", timeout=0), "hooks.h.timeout: must be more than 0"),
                (self.hook("x", colour="red"), "hooks.h.colour: unknown key")):
            done = self.launch(*overrides, code=2)
            self.assertIn(said, done.stderr, overrides)
            self.assertNotIn("secretpath'", done.stderr.replace("argument", ""))
        self.assertFalse(os.path.exists(self.path("results")))

    def test_a_trial(self):
        self.launch(*self.hook("sh -c 'echo told of {event}; cat > got'", "[end]"))
        done = self.run_tool("hooks", "test", "results/r", "--event", "improvement")
        self.assertRegex(done.stdout, r"h +improvement +done\n    told of improvement\n")
        self.assertEqual(json.loads(self.read("got"))["generation"], 12)
        self.assertIn("did you mean 'end'?", self.run_tool(
            "hooks", "test", "results/r", "--event", "endd", code=2).stderr)
        self.assertIn("there is no hook 'x'", self.run_tool(
            "hooks", "test", "results/r", "--hook", "x", code=2).stderr)

    def test_a_trial_before_there_is_a_run(self):
        done = self.launch("--test-hooks", *self.hook("sh -c 'exit 7'", "[end]"), code=1)
        self.assertRegex(done.stdout, r"h +end +exit status 7")
        self.assertIn("there are no hooks", self.launch("--test-hooks", code=2).stderr)
        self.assertFalse(os.path.exists(self.path("results")))


class WebhookTest(HooksTest):
    def test_events_are_posted(self):
        server = self.receiver()
        self.launch(*self.hook(server.url("/services/x?y=1"), headers="{X-Mine: abc}"))
        self.assertEqual([json.loads(body) for _, _, body in server.received], self.lines())
        path, headers, _ = server.received[0]
        self.assertEqual(path, "/services/x?y=1")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["X-Mine"], "abc")

    def test_a_body_of_ones_own(self):
        server = self.receiver()
        self.write("t/task/small.yaml", TASK + "hooks:\n  chat:\n    events: end\n"
                   "    url: '%s'\n    body: '{\"text\": \"{task}: {text}\"}'\n" % server.url())
        self.launch()
        self.assertRegex(json.loads(server.received[0][2])["text"],
                         r"^small: end: generations: 12 generations, best ")

    def test_what_may_pass_is_tried_again(self):
        server = self.receiver(answers=[503])
        self.launch(*self.hook(server.url(), "[start]", retries=2),
                    "evo_config.num_generations=1")
        # At the end nobody waits for a second try's pause.
        self.assertEqual(server.events(), ["start", "start"])

    def test_what_will_not_pass_is_not(self):
        server = self.receiver(answers=[404])
        done = self.launch(*self.hook(server.url(), "[start]", retries=5))
        self.assertEqual(len(server.received), 1)
        self.assertIn("HTTP status 404", done.stdout)

    def test_improvements_give_way_to_the_latest(self):
        server = self.receiver()
        self.launch(*self.hook(server.url(), "[improvement,end]", min_interval=3600))
        told = [json.loads(body) for _, _, body in server.received]
        improvements = self.of("improvement")
        self.assertGreater(len(improvements), 2)
        self.assertEqual(told, [improvements[0], improvements[-1], self.lines()[-1]])

    def test_a_silent_server_delays_nothing(self):
        hold = threading.Event()
        server = self.receiver(hold=hold)
        done = self.launch(*self.hook(server.url(), "[start]", timeout=0.3, retries=0))
        self.assertIn("no answer in time", done.stdout)
        self.check_lines()

    def test_tls_with_its_certificate(self):
        cert, key = self.certificate()
        server = self.receiver(certificate=(cert, key))
        hook = self.hook(server.url(), "[end]", retries=0)
        refused = self.launch(*hook)
        self.assertIn("its certificate is not accepted", refused.stdout)
        self.assertEqual(server.received, [])
        self.env["SSL_CERT_FILE"] = cert
        self.run_tool("hooks", "test", "results/r")
        self.assertEqual(server.events(), ["end"])

    def test_tls_for_another_name_is_refused(self):
        cert, key = self.certificate("elsewhere.example")
        server = self.receiver(certificate=(cert, key))
        self.env["SSL_CERT_FILE"] = cert
        done = self.launch("--test-hooks", code=1,
                           *self.hook(server.url(), "[end]"))
        self.assertIn("certificate is not accepted", done.stdout)
        self.assertEqual(server.received, [])

    def test_tls_through_a_proxy(self):
        cert, key = self.certificate()
        server = self.receiver(certificate=(cert, key))
        proxy = TunnelProxy()
        self.addCleanup(proxy.listener.close)
        self.env.update(SSL_CERT_FILE=cert, HTTPS_PROXY="http://me:pw@127.0.0.1:%d" % proxy.port)
        hook = self.hook(server.url(), "[end]")
        self.launch("--test-hooks", *hook)
        self.assertEqual(server.events(), ["end"])
        self.assertEqual(len(proxy.requests), 1)
        self.assertIn("Proxy-Authorization: Basic bWU6cHc=", proxy.requests[0])
        self.env["NO_PROXY"] = "localhost"
        self.launch("--test-hooks", *hook)
        self.assertEqual(len(proxy.requests), 1)
        self.assertEqual(len(server.received), 2)

    def secret_hook(self, server):
        self.env.update(HOOK_URL=server.url("/" + SECRET), HOOK_TOKEN="Bearer " + SECRET)
        self.write("t/task/small.yaml", TASK + "my_url: ${oc.env:HOOK_URL}\n"
                   "hooks:\n  web:\n    events: [start, end]\n    url: ${my_url}\n"
                   "    headers:\n      Authorization: ${oc.env:HOOK_TOKEN}\n")

    def assert_no_secret_below(self, folder):
        for path in pathlib.Path(self.path(folder)).rglob("*"):
            if path.is_file():
                self.assertNotIn(SECRET.encode(), path.read_bytes(), str(path))

    def test_secrets_are_used_and_neither_stored_nor_shown(self):
        server = self.receiver(answers=[500] * 8)
        self.secret_hook(server)
        done = self.launch("+hooks.web.retries=0")
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        self.assertIn("HTTP status 500", done.stdout)
        self.assertEqual(server.received[0][0], "/" + SECRET)
        self.assertEqual(server.received[0][1]["Authorization"], "Bearer " + SECRET)
        self.assert_no_secret_below("results")
        shown = self.launch("--cfg", "job", "--resolve").stdout
        self.assertNotIn(SECRET, shown)
        self.assertIn("Authorization: ${oc.env:HOOK_TOKEN}", shown)
        self.assertNotIn(SECRET, self.launch("--cfg", "job", "--resolve", "-p", "hooks").stdout)
        # What is stored is enough to go on with, where the environment has them.
        server.received.clear()
        self.run_tool("extend", "results/r", "+1")
        self.run_tool("resume", "results/r", "--quiet")
        self.assertEqual(server.received[-1][1]["Authorization"], "Bearer " + SECRET)
        self.assert_no_secret_below("results")
        # Without them a person may still look at the run and extend it.
        del self.env["HOOK_TOKEN"]
        self.run_tool("show", "results/r")
        self.run_tool("extend", "results/r", "+1")
        self.assertIn("HOOK_TOKEN", self.run_tool("resume", "results/r", code=2).stderr)

    def test_secrets_by_the_name_of_a_variable(self):
        server = self.receiver()
        self.env.update(HOOK_URL=server.url("/" + SECRET), HOOK_TOKEN=SECRET)
        self.launch("+hooks.w.url_env=HOOK_URL", "+hooks.w.headers_env={X-Token: HOOK_TOKEN}",
                    "+hooks.w.events=end")
        self.assertEqual(server.received[0][0], "/" + SECRET)
        self.assertEqual(server.received[0][1]["X-Token"], SECRET)
        self.assert_no_secret_below("results")
        del self.env["HOOK_URL"]
        done = self.run_tool("hooks", "test", "results/r", code=1)
        self.assertIn("HOOK_URL is not set", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
