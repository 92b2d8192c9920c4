"""The Python evaluator helper: every argument and every way to fail.

Each case runs a real evaluator script in a process of its own, as the launcher does, and judges by
the files it leaves.
"""

import json
import os
import unittest

from evaluation_case import EVALUATOR, EvaluationCase, needs_numpy, run_tests


class Contract(EvaluationCase):
    def test_both_packages_run_a_good_candidate(self):
        for package in ("genesis", "shinka"):
            metrics, correct, error = self.evaluate("def solve(seed): return 6 + seed",
                                                    EVALUATOR.format(package=package))
            self.assertEqual((metrics["combined_score"], correct, error), (1.0, True, None))
            self.assertEqual((metrics["num_valid_runs"], metrics["num_invalid_runs"],
                              metrics["all_validation_errors"]), (1, 0, []))
            self.assertGreater(metrics["execution_time_mean"], 0.0)
            self.assertEqual(metrics["execution_time_std"], 0.0)
            self.assertEqual(sorted(os.listdir(self.results)), ["correct.json", "metrics.json"])

    def test_invalid_result_keeps_metrics_and_names_the_first_error(self):
        metrics, correct, error = self.helper(
            "def solve(seed): return seed % 2", num_runs="4",
            validate_fn="lambda v: (v == 0, 'odd one')",
            aggregate_metrics_fn="lambda vs: {'combined_score': sum(vs)}")
        self.assertEqual((metrics["combined_score"], correct, error), (2, False, "odd one"))
        self.assertEqual((metrics["num_valid_runs"], metrics["num_invalid_runs"]), (2, 2))
        self.assertEqual(metrics["all_validation_errors"], ["odd one"])

    def test_default_arguments_and_returned_triple(self):
        metrics, correct, _ = self.helper(
            "def solve(seed): return [seed]", num_runs="2",
            prologue="import atexit, json\n"
                     "atexit.register(lambda: print('TRIPLE', json.dumps(answer)))")
        self.assertTrue(correct)
        self.assertEqual(metrics["num_successful_runs"], 2)
        self.assertEqual(metrics["first_run_result_type"], "list")
        self.assertEqual(metrics["raw_results_preview"], "[[1], [2]]")
        triple = json.loads(self.log.split("TRIPLE ")[1])
        self.assertEqual(triple, [metrics, True, None])

    def test_experiment_kwargs_may_be_any_object(self):
        metrics, correct, error = self.helper(
            "def solve(f, n): return f(n)", num_runs="3",
            get_experiment_kwargs="lambda i: {'f': lambda n: n * n, 'n': i}",
            aggregate_metrics_fn="lambda vs: {'combined_score': vs[2], 'public': {'all': vs}}")
        self.assertEqual((metrics["public"]["all"], correct, error), ([0, 1, 4], True, None))

    def test_errors_give_default_metrics_and_the_message(self):
        cases = {
            "def solve(seed): raise ValueError('too narrow')": "ValueError: too narrow",
            "def solve(seed): import os; os.abort()": "SIGABRT",
            "import os; os._exit(3)": "status 3",
            "import sys; sys.exit(0)": "sys.exit(0)",
            "def other(): pass": "no function 'solve'",
            "def solve(:": "SyntaxError",
            "class A: pass\ndef solve(seed): return A()": "type A cannot leave",
            "def solve(seed):\n a = []\n a.append(a)\n return a": "nested deeper",
        }
        for program, message in cases.items():
            with self.subTest(program):
                metrics, correct, error = self.evaluate(program)
                self.assertIn(message, error)
                self.assertEqual((metrics["combined_score"], correct), (0.0, False))
        metrics, correct, _ = self.helper("def solve(seed): 1/0",
                                          default_metrics_on_error="{'combined_score': -5.0}")
        self.assertEqual((metrics["combined_score"], metrics["num_valid_runs"], correct),
                         (-5.0, 0, False))
        self.assertIn("ZeroDivisionError", self.log)  # the candidate's traceback is in the log

    def test_errors_of_the_evaluator_itself(self):
        program = "def solve(seed): return 1"
        for arguments, message in (
                (dict(num_runs="0"), "at least one run"),
                (dict(program_path="'nowhere.py'"), "no program at"),
                (dict(candidate_process="'thread'"), "child or inline"),
                (dict(validate_fn="lambda v: 1/0"), "ZeroDivisionError"),
                (dict(aggregate_metrics_fn="lambda v: None"), "TypeError"),
                (dict(early_stop_method="'psychic'"), "unknown early_stop_method"),
                (dict(early_stop_method="'ci'"), "needs early_stop_threshold"),
                (dict(early_stop_method="'ci'", early_stop_threshold="1", num_runs="4",
                      run_workers="2"), "run_workers=1"),
                (dict(run_workers="0"), "at least 1"),
                (dict(max_workers_cap="0"), "at least 1"),
                (dict(aggregate_metrics_fn="lambda v: {(1, 2): 3}"), "could not be written")):
            with self.subTest(message):
                _, correct, error = self.helper(program, **arguments)
                self.assertFalse(correct)
                self.assertIn(message, error)

    def test_scores_that_are_not_finite_are_incorrect(self):
        for value in ("nan", "inf", "-inf"):
            _, correct, error = self.helper(
                "def solve(seed): return 1",
                aggregate_metrics_fn="lambda v: {'combined_score': float('%s')}" % value)
            self.assertFalse(correct)
            self.assertIn("combined_score is " + value, error)

    def test_extra_data_and_plots(self):
        self.helper(
            "def solve(seed): return {'path': [1, 2]}",
            prologue="""
            class Figure:
                def savefig(self, path, **_): open(path, 'w').write('figure')
            class Animation:
                def save(self, path, writer, fps): open(path, 'w').write(writer)
            def plots(extra):
                assert extra == {'path': [1, 2]}
                return [(Figure(), 'my plot'), (Animation(), 'film')]
            """,
            aggregate_metrics_fn="lambda v: {'combined_score': 1.0, 'extra_data': v[0]}",
            plotting_fn="plots")
        self.assertEqual(sorted(os.listdir(os.path.join(self.results, "plots"))),
                         ["film.gif", "my_plot.pdf", "my_plot.png"], self.log)
        self.assertIn("extra.pkl", os.listdir(self.results))
        self.assertNotIn("extra_data", self.read("metrics.json"))
        _, correct, _ = self.helper(
            "def solve(seed): return 1", plotting_fn="lambda extra: [('no figure', 't')]",
            aggregate_metrics_fn="lambda v: {'combined_score': 1.0, 'extra_data': 1}")
        self.assertTrue(correct)
        self.assertIn("plots could not be made", self.log)

    def test_run_workers_keep_the_order_and_use_processes(self):
        program = """
            import os, time
            def solve(seed):
                time.sleep(0.05 if seed == 1 else 0.0)
                return [seed, os.getpid()]
            """
        for workers, cap, expected in (("4", "None", 4), ("4", "2", 2), ("9", "None", 6), ("1", "None", 1)):
            metrics, correct, error = self.helper(
                program, num_runs="6", run_workers=workers, max_workers_cap=cap, verbose="False",
                aggregate_metrics_fn="lambda vs: {'seeds': [v[0] for v in vs], "
                                     "'processes': len({v[1] for v in vs})}")
            self.assertEqual((metrics["seeds"], correct, error), ([1, 2, 3, 4, 5, 6], True, None))
            self.assertLessEqual(metrics["processes"], expected)
            if expected > 1:
                self.assertGreaterEqual(metrics["processes"], 2)

    def test_a_failing_worker_fails_the_evaluation(self):
        _, correct, error = self.helper("def solve(seed): return 1 / (seed - 3)", num_runs="5",
                                        run_workers="2")
        self.assertEqual((correct, error), (False, "ZeroDivisionError: division by zero"))

    def test_times_are_of_the_runs_not_of_the_import(self):
        metrics, _, _ = self.helper("import time; time.sleep(0.4)\ndef solve(seed): time.sleep(0.05)")
        self.assertGreater(metrics["execution_time_mean"], 0.05)
        self.assertLess(metrics["execution_time_mean"], 0.3)

    def test_inline_runs_in_the_evaluators_process(self):
        program = "import os\ndef solve(seed): return os.getpid()"
        prologue = "import os"
        aggregate = "lambda v: {'combined_score': float(v[0] == os.getpid())}"
        metrics, _, _ = self.helper(program, prologue, aggregate_metrics_fn=aggregate)
        self.assertEqual(metrics["combined_score"], 0.0)
        metrics, _, _ = self.helper(program, prologue, aggregate_metrics_fn=aggregate,
                                    candidate_process="'inline'")
        self.assertEqual(metrics["combined_score"], 1.0)
        os.environ["GENESIS_CANDIDATE_PROCESS"] = "inline"
        self.addCleanup(os.environ.pop, "GENESIS_CANDIDATE_PROCESS", None)
        metrics, _, _ = self.helper(program, prologue, aggregate_metrics_fn=aggregate)
        self.assertEqual(metrics["combined_score"], 1.0)
        _, correct, error = self.helper("import sys\ndef solve(seed): sys.exit(0)")
        self.assertEqual((correct, error), (False, "the candidate called sys.exit(0)"))

    def test_a_candidate_may_use_processes_and_print(self):
        _, correct, error = self.helper("""
            import multiprocessing, subprocess, sys
            def square(x): return x * x
            def solve(seed):
                print("hello from the candidate")
                with multiprocessing.get_context("fork").Pool(2) as pool:
                    return pool.map(square, range(4)) + [len(subprocess.check_output(["echo", "a"]))]
            """, validate_fn="lambda v: (v == [0, 1, 4, 9, 2], repr(v))")
        self.assertEqual((correct, error), (True, None), self.log)
        self.assertEqual(self.log.count("hello from the candidate"), 1)

    def test_children_of_the_evaluator_itself_are_spared(self):
        metrics, correct, error = self.helper(
            "import subprocess\ndef solve(seed): subprocess.Popen(['sleep', '600']); return 1",
            prologue="import subprocess\nserver = subprocess.Popen(['sleep', '600'])",
            aggregate_metrics_fn="lambda v: {'combined_score': float(server.poll() is None), "
                                 "'killed': server.kill()}")
        self.assertEqual((metrics["combined_score"], correct, error), (1.0, True, None))

    def test_results_are_renamed_into_place(self):
        metrics, correct, _ = self.helper(
            "def solve(seed): return 1",
            prologue="""
            import os
            seen = []
            replace = os.replace
            def watched(source, target):
                seen.append((os.path.basename(source)[0], os.path.basename(target)))
                replace(source, target)
            os.replace = watched
            import atexit
            atexit.register(lambda: print('SEEN', seen))
            """)
        self.assertIn("SEEN [('.', 'metrics.json'), ('.', 'correct.json')]", self.log)


class EarlyStop(EvaluationCase):
    def stop(self, scores, method, **arguments):
        """(runs completed, stopped, reason) for a candidate that returns `scores` in turn."""
        arguments.setdefault("early_stop_threshold", "0.5")
        metrics, correct, error = self.helper(
            "def solve(seed): return %r[seed - 1]" % (scores,), num_runs=str(len(scores)),
            early_stop_method=method, aggregate_metrics_fn="lambda v: {'runs': len(v)}", **arguments)
        self.assertEqual((correct, error), (True, None), self.log)
        block = metrics["early_stop"]
        self.assertEqual(block["runs_completed"], metrics["runs"])
        self.assertEqual(block["runs_requested"], len(scores))
        self.prediction = block["prediction"]
        return block["runs_completed"], block["triggered"], block["reason"]

    def test_equal_scores_decide_at_the_minimum(self):
        self.assertEqual(self.stop([0.9] * 6, "'bayesian'")[:2], (2, True))
        self.assertEqual(self.stop([0.1] * 6, "'ci'")[:2], (3, True))
        self.assertEqual(self.stop([0.1] * 6, "'hybrid'")[:2], (3, True))

    def test_clear_scores_stop_and_close_ones_do_not(self):
        self.assertEqual(self.stop([0.90, 0.95, 0.92, 0.91], "'bayesian'")[:2], (2, True))
        self.assertEqual(self.stop([0.90, 0.95, 0.92, 0.91], "'ci'")[:2], (3, True))
        self.assertEqual(self.stop([0.10, 0.15, 0.12, 0.11], "'hybrid'")[:2], (3, True))
        close = [0.4, 0.6, 0.45, 0.55]
        for method in ("'bayesian'", "'ci'", "'hybrid'"):
            self.assertEqual(self.stop(close, method)[:2], (4, False), method)

    def test_hybrid_stops_on_both_sides(self):
        self.assertEqual(self.stop([0.90, 0.95, 0.92, 0.91], "'hybrid'")[:2], (3, True))
        self.assertEqual(self.prediction, "beats")
        self.assertEqual(self.stop([0.10, 0.15, 0.12, 0.11], "'hybrid'")[:2], (3, True))
        self.assertEqual(self.prediction, "fails")

    def test_keywords_reach_the_rule(self):
        runs, stopped, _ = self.stop([0.9] * 6, "'bayesian'",
                                     early_stop_kwargs="{'min_trials': 5, 'ci_confidence': 0.5}")
        self.assertEqual((runs, stopped), (5, True))
        wide = [0.4, 0.7, 0.75, 0.8]  # mean above 0.5, but not at 99 %
        self.assertFalse(self.stop(wide, "'ci'", early_stop_kwargs="{'ci_confidence': 0.99}")[1])
        self.assertTrue(self.stop(wide, "'ci'", early_stop_kwargs="{'ci_confidence': 0.5}")[1])
        self.assertFalse(self.stop(wide, "'bayesian'", early_stop_kwargs="{'prob_cutoff': 1e-9}")[1])
        _, correct, error = self.helper("def solve(seed): return 1", early_stop_method="'ci'",
                                        early_stop_threshold="1", early_stop_kwargs="{'colour': 1}")
        self.assertFalse(correct)
        self.assertIn("colour", error)

    def test_score_function_and_own_rules(self):
        prologue = """
            class Answer:
                should_stop, reason, prediction, confidence = True, "two are enough", "beats", 0.5
            class Twice:
                name = "twice"
                def reset(self): self.ready = True
                def check(self, scores, threshold):
                    return Answer() if self.ready and len(scores) == 2 else False
            """
        self.assertEqual(
            self.stop([[1], [2], [3]], "Twice()", prologue=prologue, early_stop_threshold="None",
                      early_stop_score_fn="lambda v: v[0]"), (2, True, "two are enough"))
        self.assertEqual(self.stop([{"score": 1.0}] * 4, "lambda scores, threshold: sum(scores) > 2",
                                   early_stop_threshold="None")[:2], (3, True))
        self.assertEqual(self.prediction, "uncertain")
        metrics, correct, _ = self.helper("def solve(seed): return [1]", num_runs="4",
                                          early_stop_method="'ci'", early_stop_threshold="1")
        self.assertTrue(correct)  # no score to judge by: every run is made, and the log says why
        self.assertEqual((metrics["early_stop"]["runs_completed"], metrics["early_stop"]["scores"]),
                         (4, []))
        self.assertIn("early_stop_score_fn", self.log)

    def test_validation_happens_between_the_runs(self):
        metrics, correct, error = self.helper(
            "def solve(seed): return seed", num_runs="5", early_stop_method="lambda s, t: len(s) == 3",
            prologue="import os\n"
                     "def check(v):\n"
                     "    open(os.path.join(sys.argv[2], 'kept%d.txt' % v), 'w').close()\n"
                     "    return v < 3, 'three'",
            validate_fn="check", aggregate_metrics_fn="lambda v: {}")
        self.assertEqual((metrics["num_valid_runs"], metrics["num_invalid_runs"]), (2, 1))
        self.assertEqual((correct, error), (False, "three"))
        self.assertIn("kept1.txt", os.listdir(self.results))
        self.assertIn("kept3.txt", os.listdir(self.results))

    def test_quantiles_of_student_t(self):
        from genesis_evaluator import early_stop
        for freedom, expected in ((1, 6.313752), (2, 2.919986), (3, 2.353363), (4, 2.131847),
                                  (9, 1.833113), (30, 1.697261)):
            self.assertAlmostEqual(early_stop.t_quantile(0.95, freedom), expected, places=5)


class Wire(unittest.TestCase):
    def setUp(self):
        from genesis_evaluator import wire
        self.wire = wire

    def test_plain_values_come_back_as_they_were(self):
        values = [None, True, False, 0, -1, 1 << 4000, 0.1, float("inf"), -0.0, 2 - 3j, "", "\u00e9\ud800",
                  b"\0\xff", [], [1, [2]], (), (1,), {1, 2}, frozenset([3]), {"a": {2: (3,)}, None: []}]
        for value in values:
            back = self.wire.decode(self.wire.encode(value))
            self.assertEqual((type(back), back), (type(value), value))
        self.assertEqual(str(self.wire.decode(self.wire.encode(float("nan")))), "nan")

    def test_subclasses_travel_as_their_base(self):
        class Evil(dict):
            def __reduce__(self):
                return os.system, ("echo evil",)

        class Always(float):
            def __eq__(self, other):
                return True
            __hash__ = None

        for value, kind in ((Evil(a=1), dict), (Always(3), float)):
            self.assertIs(type(self.wire.decode(self.wire.encode(value))), kind)

    def test_hostile_bytes_are_refused(self):
        import random
        good = self.wire.encode({"a": [1, 2.5, ("x", b"y")], "b": {3, 4}, "c": None})
        hostile = [b"", b"?", b"l" + b"\xff" * 8, b"i" + b"\0" * 7 + b"\3" + b"1_0",
                   b"l\0\0\0\0\0\0\0\1" * 100 + b"N", b"d\0\0\0\0\0\0\0\1" + self.wire.encode([]) + b"N",
                   b"S\0\0\0\0\0\0\0\1" + self.wire.encode([]), good + b"N"]
        hostile += [good[:length] for length in range(len(good))]
        for data in hostile:
            with self.assertRaises(self.wire.DecodeError):
                self.wire.decode(data)
        source = random.Random(7)
        for _ in range(3000):  # anything else is a value or a DecodeError, never another exception
            data = bytearray(good)
            for _ in range(source.randrange(1, 4)):
                data[source.randrange(len(data))] = source.randrange(256)
            try:
                self.wire.decode(bytes(data))
            except self.wire.DecodeError:
                pass

    @needs_numpy
    def test_arrays(self):
        import numpy
        arrays = [numpy.zeros(()), numpy.arange(6).reshape(2, 3), numpy.array([True]), numpy.array(["ab"]),
                  numpy.array([1 + 2j], dtype="complex64"), numpy.zeros((0, 5)), numpy.array([b"x"]),
                  numpy.array(["2020-01-01"], dtype="datetime64[D]"), numpy.asfortranarray(numpy.eye(3))]
        for array in arrays:
            back = self.wire.decode(self.wire.encode(array))
            self.assertIs(type(back), numpy.ndarray)
            self.assertEqual((back.dtype, back.shape), (array.dtype, array.shape))
            self.assertTrue((back == array).all())
            self.assertTrue(back.flags.writeable)
        back = self.wire.decode(self.wire.encode(numpy.float32(0.5)))
        self.assertIs(type(back), numpy.float32)
        mixed = numpy.array([1, "a", None], dtype=object)
        self.assertEqual(self.wire.decode(self.wire.encode(mixed)).tolist(), [1, "a", None])

        class Liar(numpy.ndarray):
            def __le__(self, other):
                return numpy.True_
        self.assertIs(type(self.wire.decode(self.wire.encode(numpy.ones(3).view(Liar)))), numpy.ndarray)
        with self.assertRaises(self.wire.EncodeError):
            self.wire.encode(numpy.zeros(2, dtype=[("a", "i4")]))

    @needs_numpy
    def test_hostile_arrays(self):
        import numpy
        good = self.wire.encode(numpy.arange(3.0))
        for data in (good.replace(b"<f8", b"|O8"), good.replace(b"<f8", b"|V8"), good[:-1],
                     good.replace(b"<f8", b"<f4"), good.replace(b"<f8", b"<f7"),
                     good.replace(b"\1\0\0\0\0\0\0\0\3b", b"\1" + b"\xff" * 8 + b"b")):
            with self.assertRaises(self.wire.DecodeError):
                self.wire.decode(data)


if __name__ == "__main__":
    run_tests()
