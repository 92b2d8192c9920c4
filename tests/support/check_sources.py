#!/usr/bin/env python3
"""Checks that no reader should have to make: include directions, file sizes, unfinished words,
paths of one machine, awaits inside braces (g++ 12 miscompiles those)."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Folder -> folders of ours that it may include, besides itself. The longest matching prefix counts.
# Composition roots (genesis/run, genesis/cli, genesis/genesis.*, examples, tests) may include all.
ALLOWED = {
    "genesis/base": [],
    "genesis/async": ["genesis/base"],
    "genesis/process": ["genesis/base", "genesis/async"],
    "genesis/net": ["genesis/base", "genesis/async"],
    "genesis/config": ["genesis/base"],
    "genesis/program": ["genesis/base"],
    "genesis/store": ["genesis/base", "genesis/program"],
    "genesis/ui": ["genesis/base"],
    "genesis/events": ["genesis/base", "genesis/ui"],
    "genesis/hooks": ["genesis/base", "genesis/async", "genesis/process", "genesis/net",
                      "genesis/events"],
    "genesis/warm_start": ["genesis/base", "genesis/program", "genesis/store", "evaluators"],
    "genesis/evolve/operators": ["genesis/base", "genesis/program", "genesis/evolve"],
    "genesis/evolve/syntax": ["genesis/base", "genesis/program"],
    "genesis/evolve": ["genesis/base", "genesis/program"],
    "launch": ["genesis/base", "genesis/async", "genesis/process"],
    "launch/sandbox_server": ["genesis/base", "genesis/async", "genesis/process", "genesis/net",
                              "genesis/config", "launch/command.h", "launch/registry.h",
                              "launch/sandbox_wire"],
    "launch/sandbox_wire": ["genesis/base", "genesis/net"],
    "launch/e2b": ["genesis/base", "genesis/async", "genesis/process", "genesis/net",
                   "genesis/config", "launch/command.h", "launch/command_options.h", "launch/common_options.h",
                   "launch/event_outbox.h", "launch/exit_record.h", "launch/job.h",
                   "launch/launcher.h", "launch/launcher_front.h", "launch/prices.h", "launch/pricing",
                   "launch/registry.h"],
    "launch/pricing": ["genesis/base", "genesis/config", "launch/prices.h"],
    "launch/slurm": ["genesis/base", "genesis/async", "genesis/process", "genesis/net",
                     "genesis/config", "launch/command.h", "launch/command_options.h", "launch/common_options.h",
                     "launch/environment.h", "launch/event_outbox.h", "launch/exit_record.h",
                     "launch/job.h", "launch/launcher.h", "launch/launcher_front.h",
                     "launch/local/local_launcher.h", "launch/prices.h",
                     "launch/pricing", "launch/registry.h", "launch/staging.h"],
    "evaluators": ["genesis/base", "genesis/program", "launch"],
}
# The decision core's neighbours that carry its decisions out: the runner and its edges.
EDGE = {
    "evolution_runner.h", "evolution_runner.cpp", "evolution_runner_end.cpp",
    "evolution_runner_past.cpp", "evolution_runner_record.cpp", "evolution_runner_seeds.cpp",
    "evolution_runner_watch.cpp", "evaluation_book.h",
    "evaluation_book.cpp", "operator_mutator.h", "operator_mutator.cpp", "source_cache.h", "source_cache.cpp", "results_sink.h", "progress_meter.h", "progress_meter.cpp",
    "stop_conditions.h", "stop_conditions.cpp", "usage_record.h", "usage_record.cpp",
}
EDGE_ALLOWED = ["genesis/base", "genesis/program", "genesis/async", "genesis/store/records.h",
                "genesis/store/run_store.h", "genesis/ui/status.h", "launch/launcher.h",
                "launch/job.h", "evaluators/evaluator_watch.h", "evaluators/job_planner.h", "evaluators/outcome.h"]
ROOTS = ("genesis/run", "genesis/cli", "genesis/genesis", "examples", "tests")
BACKEND_NAMES = re.compile(r'#include "launch/(local|fake|inprocess|slurm|e2b|sandbox_server)/')
MAX_LINES = 600


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if (ROOT / line).is_file()]


def folder_rule(path):
    if path.startswith(ROOTS):
        return None
    if path.startswith("genesis/evolve/") and path.split("/")[-1] in EDGE:
        return "genesis/evolve", EDGE_ALLOWED
    best = max((key for key in ALLOWED if path.startswith(key + "/")), key=len, default=None)
    return (best, ALLOWED[best]) if best else None


def include_problems(path, text):
    rule = folder_rule(path)
    if rule is None:
        return
    home, allowed = rule
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'#include "((?:genesis|launch|evaluators)/[^"]+)"', line)
        if not match:
            continue
        target = match.group(1)
        if not target.startswith(tuple([home + "/"] + [a if a.endswith(".h") else a + "/" for a in allowed])):
            yield f"{path}:{number}: {home} must not include {target}"
        # A worker on a cluster's node is the local launcher there.
        if BACKEND_NAMES.match(line) and path not in ("launch/builtin.cpp", "launch/slurm/worker.cpp"):
            own = "/".join(path.split("/")[:2])
            if not target.startswith(own + "/"):
                yield f"{path}:{number}: only launch/builtin.cpp names a backend"


def text_problems(path, text):
    lines = text.splitlines()
    if len(lines) > MAX_LINES and path.endswith((".cpp", ".h", ".py")):
        yield f"{path}: {len(lines)} lines; is it still one idea? (limit {MAX_LINES})"
    for number, line in enumerate(lines, 1):
        if re.search(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b", line):
            yield f"{path}:{number}: unfinished: {line.strip()[:80]}"
        if re.search(r"(?<![\w.])/(work|root|farm)/", line):
            yield f"{path}:{number}: a path of one machine: {line.strip()[:80]}"
        if path.endswith((".cpp", ".h")) and re.search(r"\{[^{}]*\bco_await\b[^{}]*\}", line):
            yield f"{path}:{number}: co_await inside braces (g++ 12 destroys the temporary twice)"


def main():
    problems = []
    for path in tracked("*.cpp", "*.h", "*.c", "*.py", "*.sh", "CMakeLists.txt", "*.cmake"):
        text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
        problems += text_problems(path, text)
        if path.endswith((".cpp", ".h")):
            problems += include_problems(path, text)
    for problem in problems:
        print(problem)
    print(f"checked sources: {len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
