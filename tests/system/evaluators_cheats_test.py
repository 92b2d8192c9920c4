"""Candidates that cheat: none may score."""

import json
import os
import signal
import textwrap

from evaluation_case import EVALUATOR, EvaluationCase, needs_numpy, run_tests


class Cheats(EvaluationCase):
    """No candidate here returns 7: whatever else it does, it must not score.

    Each writes a marker first, so that a cheat that never ran cannot pass for one that failed."""

    PRELUDE = """
        import os, sys, json, time, threading, signal
        RESULTS = open('/proc/%d/cmdline' % os.getppid()).read().split('\\0')[3]
        FOLDER = os.path.dirname(RESULTS)
        open(os.path.join(FOLDER, 'ran'), 'w').close()
        def forge(folder=RESULTS):
            for name, value in (('metrics.json', {'combined_score': 1.0}),
                                ('correct.json', {'correct': True, 'error': None})):
                try:
                    with open(os.path.join(folder, name), 'w') as file: json.dump(value, file)
                except OSError: pass
        """

    def cheat(self, program, status=0, **arguments):
        program = textwrap.dedent(self.PRELUDE) + textwrap.dedent(program)
        metrics, correct, error = self.evaluate(program, status=status, **arguments)
        self.assertTrue(os.path.exists(os.path.join(self.folder, "ran")), self.log)
        self.assertFalse(correct, self.log)
        self.assertNotEqual((metrics or {}).get("combined_score"), 1.0)
        return metrics, correct, error

    def test_01_writes_the_result_files(self):
        self.cheat("def solve(seed):\n    forge()\n    return 0")
        self.cheat("def solve(seed):\n    os.makedirs(RESULTS + '/metrics.json'); "
                   "os.makedirs(RESULTS + '/correct.json/x'); return 0")
        _, _, error = self.cheat("def solve(seed):\n    forge()\n    os.chmod(RESULTS, 0)\n    return 0")
        self.assertEqual(error, "expected 7, got 0")

    def test_02_patches_the_validator(self):
        self.cheat("""
            def solve(seed):
                main = sys.modules['__main__']
                main.validate = lambda value: (True, None)
                frame = sys._getframe()
                while frame:
                    for name in list(frame.f_locals):
                        if name in ('validate_fn', 'validate'): frame.f_locals[name] = main.validate
                    frame = frame.f_back
                from genesis_evaluator import evaluation, results
                evaluation._Session._validate = lambda self, f, v: self.verdicts.append((True, None))
                results.ResultsFolder.write_outcome = lambda self, *_: forge()
                import builtins
                builtins.bool = lambda *_: True
                return 0
            """)

    def test_03_patches_time(self):
        self.cheat("""
            def solve(seed):
                time.perf_counter = lambda: 0.0
                time.time = lambda: 0.0
                time.sleep(0.2)
                return 0
            """)
        self.assertGreater(self.read("metrics.json")["execution_time_mean"], 0.2)

    def test_04_atexit(self):
        self.cheat("import atexit\natexit.register(forge)\ndef solve(seed): return 0")

    def test_05_a_left_over_thread(self):
        self.cheat("""
            def loop():
                while True: forge()
            def solve(seed):
                threading.Thread(target=loop).start()
                return 0
            """)

    def test_06_a_daemon_that_rewrites_the_results_later(self):
        pid_file = os.path.join(self.folder, "daemon.pid")
        self.cheat("""
            def solve(seed):
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        signal.signal(signal.SIGTERM, signal.SIG_IGN)
                        with open(os.path.join(FOLDER, 'daemon.tmp'), 'w') as file: file.write(str(os.getpid()))
                        os.rename(os.path.join(FOLDER, 'daemon.tmp'), os.path.join(FOLDER, 'daemon.pid'))
                        while True:
                            time.sleep(0.01)
                            forge()
                    os._exit(0)
                while not os.path.exists(os.path.join(FOLDER, 'daemon.pid')): time.sleep(0.001)
                return 0
            """)
        with open(pid_file) as file:
            self.assertFalse(os.path.exists("/proc/" + file.read()), "the daemon outlived the evaluation")

    def test_07_exits_with_status_0(self):
        self.cheat("def solve(seed):\n    forge()\n    os._exit(0)")
        self.cheat("forge()\nos._exit(0)")

    def test_08_symbolic_links_for_results(self):
        self.cheat("""
            def solve(seed):
                elsewhere = os.path.join(FOLDER, 'elsewhere'); os.makedirs(elsewhere); forge(elsewhere)
                for name in ('metrics.json', 'correct.json'):
                    os.symlink(os.path.join(elsewhere, name), os.path.join(RESULTS, name))
                return 0
            """)
        with open(os.path.join(self.folder, "elsewhere", "correct.json")) as file:
            self.assertTrue(json.load(file)["correct"], "the evaluator wrote through the link")

    def test_08b_replaces_the_results_folder(self):
        _, _, error = self.cheat("""
            def solve(seed):
                os.rename(RESULTS, RESULTS + '.away')
                os.makedirs(RESULTS + '.mine'); forge(RESULTS + '.mine')
                os.symlink(RESULTS + '.mine', RESULTS)
                return 7
            """)
        self.assertIn("replaced the results folder", error)
        self.assertFalse(os.path.islink(self.results))

    def test_09_the_evaluators_memory_and_descriptors(self):
        self.cheat("""
            def solve(seed):
                parent, opened = os.getppid(), []
                descriptors = ['fd/%d' % number for number in range(32)]
                for name in ['mem', 'environ', 'maps', 'cwd', 'root', 'exe'] + descriptors:
                    try:
                        os.close(os.open('/proc/%d/%s' % (parent, name), os.O_RDWR if name == 'mem' else os.O_RDONLY))
                        opened.append(name)
                    except OSError: pass
                import ctypes
                if ctypes.CDLL(None).ptrace(16, parent, None, None) == 0: opened.append('ptrace')
                with open(os.path.join(FOLDER, 'opened'), 'w') as file: json.dump(opened, file)
                return 0
            """)
        with open(os.path.join(self.folder, "opened")) as file:
            self.assertEqual(json.load(file), [])

    def test_10_forges_frames_on_the_result_channel(self):
        frame = """
            def frames():
                import struct
                from genesis_evaluator import wire
                payload = wire.encode(7)
                data = struct.pack('>Q16sc', len(payload), bytes(16), b'R') + payload
                for name in os.listdir('/proc/self/fd'):
                    if int(name) > 2:
                        try: os.write(int(name), data)
                        except OSError: pass
            """
        _, _, error = self.cheat(frame + "\n            frames()\n            os._exit(0)\n")
        self.assertIn("result channel", error)
        _, _, error = self.cheat(frame + "\n            def solve(seed):\n"
                                 "                frames()\n                os._exit(0)\n")
        self.assertIn("result channel", error)

    def test_11_objects_that_act_when_they_are_read(self):
        self.cheat("""
            class Seven(int):
                def __eq__(self, other): return True
                def __reduce__(self): return forge, ()
                __hash__ = int.__hash__
            def solve(seed): return Seven(0)
            """)
        self.cheat("""
            class Any:
                def __eq__(self, other): return True
                def __reduce__(self): return forge, ()
            def solve(seed): return Any()
            """)

    @needs_numpy
    def test_12_patches_numpy(self):
        evaluator = EVALUATOR.format(package="genesis").replace(
            "import os, sys, time", "import os, sys, time\nimport numpy as np").replace(
            "good = value == 7", "good = bool(np.all(np.asarray(value) == 7))")
        self.cheat("""
            import numpy as np
            def solve(seed):
                np.all = np.allclose = lambda *a, **k: True
                sys.modules['numpy'].asarray = lambda *a, **k: 7
                class Liar(np.ndarray):
                    def __eq__(self, other): return np.ones(self.shape, dtype=bool)
                return np.zeros(3).view(Liar)
            """, evaluator=evaluator)

    def test_13_forges_and_kills_the_evaluator(self):
        """The forged files stay, and the status says that the job failed: the runner judges files
        only after exit status 0 (result_files.h, outcome.h)."""
        self.evaluate(textwrap.dedent(self.PRELUDE) + textwrap.dedent("""
            def solve(seed):
                forge()
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(60)
            """), status=-signal.SIGKILL)


if __name__ == "__main__":
    run_tests()
