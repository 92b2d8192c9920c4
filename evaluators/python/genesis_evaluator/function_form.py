"""Evaluators that are a function: evaluate(program_path) -> dict | EvaluationResult, with or without
evaluate_stage1 … evaluate_stage3, as OpenEvolve has them.

    python …/function_form.py --evaluator E --program_path P --results_dir D [--settings JSON]

The evaluator's module is loaded here; each call of it, which loads and runs the candidate, is made
in a process forked for it, and what it returns comes back as data. So a candidate cannot write the
result files, outlive its stage or end this process, but it shares a process with the evaluator's
function and can change what that returns.
"""

import argparse
import importlib.util
import json
import os
import sys
import time

from genesis_evaluator import artifacts, candidate, cascade, confine, wire
from genesis_evaluator.results import ResultsFolder, is_finite_number


def main(arguments=None):
    options = _parse(arguments)
    settings = cascade.Settings(**json.loads(options.settings))
    folder = ResultsFolder(options.results_dir)
    module = _load_evaluator(options.evaluator)
    calls = _calls_of(module, settings, options.evaluator)
    runner = _InlineRunner if _is_inline() else _ChildRunner
    result = cascade.run(calls, runner(folder, os.path.abspath(options.program_path)), settings)
    score = cascade.fitness(result.metrics, settings.feature_dimensions)
    error = result.error or cascade.why_incorrect(result.metrics, score)
    metrics = {
        "combined_score": score if is_finite_number(score) else 0.0,
        "public": {name: value for name, value in result.metrics.items()
                   if name != "combined_score"},
    }
    if len(calls) > 1:
        metrics["stages"] = result.stages
    artifacts.store(folder, result.artifacts, metrics)
    folder.write_outcome(metrics, error is None, error)
    print("genesis: correct=%s combined_score=%s%s" % (
        error is None, metrics["combined_score"], " error: %s" % error if error else ""))
    return 0


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="genesis_evaluator.function_form")
    parser.add_argument("--evaluator", required=True)
    parser.add_argument("--program_path", required=True)
    parser.add_argument("--results_dir", required=True)
    parser.add_argument("--settings", default="{}")
    return parser.parse_args(arguments)


def _is_inline():
    where = os.environ.get("GENESIS_CANDIDATE_PROCESS") or "child"
    if where not in ("child", "inline"):
        raise SystemExit("GENESIS_CANDIDATE_PROCESS is '%s': child or inline" % where)
    return where == "inline"


def _load_evaluator(path):
    """The evaluator's module, with its own folder first on the path, as if it were the script: its
    bytecode is not kept, so that an edited file is never mistaken for the one before."""
    path = os.path.abspath(path)
    sys.path[0] = os.path.dirname(path)
    sys.argv = [path]
    spec = importlib.util.spec_from_file_location("evaluation_module", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["evaluation_module"] = module
    with open(path, "rb") as source:
        exec(compile(source.read(), path, "exec"), module.__dict__)
    return module


def _calls_of(module, settings, path):
    """The functions to call, in order: the stages, or evaluate alone."""
    stages = []
    while settings.cascade and hasattr(module, "evaluate_stage%d" % (len(stages) + 1)):
        stages.append(getattr(module, "evaluate_stage%d" % (len(stages) + 1)))
        if len(stages) == 3:
            break
    if stages:
        return stages
    if not hasattr(module, "evaluate"):
        raise SystemExit("'%s' defines no function evaluate(program_path)" % path)
    return [module.evaluate]


def _answer_of(function, program_path):
    """(metrics, artifacts) as plain values."""
    returned = function(program_path)
    metrics = returned if isinstance(returned, dict) else getattr(returned, "metrics", None)
    if not isinstance(metrics, dict):
        raise TypeError("%s returned %s: a dict or an EvaluationResult is wanted"
                        % (function.__name__, type(returned).__name__))
    extra = {} if isinstance(returned, dict) else getattr(returned, "artifacts", None)
    return _plain(metrics), _plain(extra if isinstance(extra, dict) else {})


def _plain(mapping):
    """Names are texts, numpy's numbers are Python's, and what is no data is its text."""
    out = {}
    for name, value in mapping.items():
        if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
            value = value.item()
        try:
            wire.encode(value)
        except wire.EncodeError:
            value = str(value)
        out[str(name)] = value
    return out


class _ChildRunner:
    """Each call in a process of its own; whatever it leaves behind is ended with it."""

    def __init__(self, folder, program_path):
        self._folder = folder
        self._program_path = program_path
        candidate.preload_numpy(program_path)

    def call(self, function, timeout):
        children = confine.own_children()
        with confine.Protection():
            process = candidate.CandidateProcess(
                lambda: lambda run: _answer_of(function, self._program_path))
            try:
                process.wait_until_loaded()
                process.request(0)
                value, seconds = process.result(timeout)
            finally:
                process.end()
                clean = confine.end_descendants(children)
                self._folder.purge()
            if not clean:
                raise candidate.CandidateError(
                    "the evaluation left processes that could not be ended")
        if not (isinstance(value, tuple) and len(value) == 2
                and all(isinstance(part, dict) for part in value)):
            raise candidate.CandidateError("the candidate wrote on the evaluator's result channel")
        return value[0], value[1], seconds


class _InlineRunner:
    """The calls in this process, for GPU libraries that cannot live through a fork. Only the job's
    own time limit ends one."""

    def __init__(self, _folder, program_path):
        self._program_path = program_path

    def call(self, function, _timeout):
        started = time.perf_counter()
        metrics, extra = _answer_of(function, self._program_path)
        return metrics, extra, time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
