"""What a warm evaluation costs apart from the runner: processor time and page faults of the clone and
of its fork server, per job. Page faults hardly vary, so they tell on a busy machine too.

    GENESIS_PYTHON=… python3 tests/bench/clone_cost.py [numpy|scipy|none] [JOBS]
"""

import os
import socket
import struct
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("GENESIS_PYTHON", sys.executable)
WARM_UP, PARALLEL, MAGIC = 60, 2, 0x67775231
IMPORTS = {"none": "", "numpy": "import numpy as np\n",
           "scipy": "import numpy as np\nimport scipy.optimize, scipy.spatial, scipy.stats\n"}
EVALUATOR = """import argparse
import importlib.util
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument('--program_path')
parser.add_argument('--results_dir')
arguments = parser.parse_args()
spec = importlib.util.spec_from_file_location('program', arguments.program_path)
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
score = float(sum(program.run()))
for name, content in (('metrics.json', {'combined_score': score}),
                      ('correct.json', {'correct': True})):
    with open(os.path.join(arguments.results_dir, name), 'w') as file:
        json.dump(content, file)
print('score', score)
"""
PROGRAM = {"none": "def run():\n    return [0.25, 0.5]\n"}
NUMPY_PROGRAM = "import numpy as np\n\ndef run():\n    return np.sqrt(np.array([0.25, 0.5]))\n"


class Server:
    def __init__(self, root, kind):
        self.root, self.kind = root, kind
        self.evaluator = root / "evaluate.py"
        self.evaluator.write_text(IMPORTS[kind] + EVALUATOR)
        self.environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(root),
                            "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            os.dup2(theirs.fileno(), 3)
            # As warm_server.cpp starts it, with room for what clones show of themselves.
            os.execve(PYTHON, [PYTHON, str(HOME / "evaluators/python/genesis_warm/server.py"),
                               str(HOME / "build/release/lib/libgenesis_warm.so"),
                               str(self.evaluator)],
                      dict(self.environment, LD_BIND_NOW="1", GENESIS_ATTEMPT_TOKEN="-" * 160,
                           GENESIS_WORK_DIR="-" * 1024))
        theirs.close()
        answer = self.channel.recv(65536).decode()
        if "ready" not in answer:
            sys.exit("the server says " + answer)

    def ask(self, number):
        work = self.root / str(number)
        (work / "results").mkdir(parents=True)
        (work / "main.py").write_text(PROGRAM.get(self.kind, NUMPY_PROGRAM))
        environment = dict(self.environment, GENESIS_ATTEMPT_TOKEN="t%d" % number,
                           GENESIS_WORK_DIR=str(work))
        arguments = strings(["--program_path", str(work / "main.py"), "--results_dir",
                             str(work / "results")])
        entries = strings("%s=%s" % entry for entry in sorted(environment.items()))
        packet = struct.pack("=IIqIIII", MAGIC, 0, number, 1, 0, len(arguments), len(entries))
        packet += struct.pack("=iiQQ", 4, 0, 0, 0)  # no core files
        packet += strings([str(self.root), "t%d" % number, str(work)]) + arguments + entries
        logs = [os.open(work / "results" / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
                for name in ("job_log.out", "job_log.err")]
        socket.send_fds(self.channel, [packet], logs)
        for log in logs:
            os.close(log)

    def reap(self):
        """Processor time in ms and page faults of a clone that has ended."""
        pid, status, usage = os.wait4(-1, 0)
        if pid == self.pid or status != 0:
            sys.exit("process %d ended with %d; see %s" % (pid, status, self.root))
        while True:
            try:
                self.channel.recv(4096, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_minflt

    def spent(self):
        time = int(Path("/proc/%d/schedstat" % self.pid).read_text().split()[0]) / 1e6
        stat = Path("/proc/%d/stat" % self.pid).read_text().rpartition(")")[2].split()
        return time, int(stat[7])


def strings(texts):
    return b"".join(text.encode() + b"\0" for text in texts)


def median(values):
    return sorted(values)[len(values) // 2]


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "numpy"
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory(prefix="genesis-clone-cost-") as root:
        server = Server(Path(root), kind)
        clones, before, asked = [], None, 0
        for ended in range(WARM_UP + jobs):
            while asked < min(ended + PARALLEL, WARM_UP + jobs):
                server.ask(asked)
                asked += 1
            cost = server.reap()
            if ended == WARM_UP:
                before = server.spent()
            if ended > WARM_UP:
                clones.append(cost)
        after = server.spent()
        server.channel.close()
        os.waitpid(server.pid, 0)
    print("clone  %.3f ms, %d page faults (medians of %d)" % (
        median([time for time, _ in clones]), median([faults for _, faults in clones]), len(clones)))
    print("server %.3f ms, %.1f page faults per clone" % (
        (after[0] - before[0]) / len(clones), (after[1] - before[1]) / len(clones)))


if __name__ == "__main__":
    main()
