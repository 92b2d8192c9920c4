"""Stages one after another: the next is called only when the metrics so far reach a threshold.

The rules for scores are OpenEvolve's, so that a task scores the same here; what is different is said
at each place and in docs/evaluators.md.
"""

import math
import traceback

from genesis_evaluator import candidate
from genesis_evaluator.results import is_finite_number


class Settings:
    """How to judge; the names are those of job_config."""

    def __init__(self, cascade=True, thresholds=(0.5, 0.75, 0.9), stage_timeout=None,
                 feature_dimensions=("complexity", "diversity")):
        self.cascade = cascade
        self.thresholds = list(thresholds)
        self.stage_timeout = stage_timeout
        self.feature_dimensions = list(feature_dimensions)


class Result:
    """What the stages came to. `error` is None unless one of them failed."""

    def __init__(self):
        self.metrics, self.artifacts, self.stages, self.error = {}, {}, [], None


def run(calls, runner, settings):
    """Calls the stages until one does not reach its threshold, fails, or is the last.

    A stage that raises or takes too long makes the program incorrect: its earlier stages' metrics
    are kept for people, but it does not compete by them (in OpenEvolve it does).
    """
    result = Result()
    for number, function in enumerate(calls, 1):
        stage = {"stage": number, "function": function.__name__}
        result.stages.append(stage)
        try:
            metrics, extra, stage["seconds"] = runner.call(function, settings.stage_timeout)
        except (Exception, SystemExit) as failure:  # of a child all arrive as CandidateError
            _fail(result, stage, failure, len(calls) > 1)
            return result
        stage["metrics"] = metrics
        result.metrics = metrics if number == 1 else _merged(result.metrics, metrics)
        result.artifacts.update(extra)
        if number == len(calls):
            return result
        threshold = settings.thresholds[number - 1] if number <= len(settings.thresholds) else None
        stage["threshold"] = threshold
        stage["passed"] = threshold is not None and passes(result.metrics, threshold)
        if not stage["passed"]:
            return result
    return result


def _fail(result, stage, failure, has_stages):
    name = "stage%d" % stage["stage"] if has_stages else "evaluation"
    late = isinstance(failure, candidate.CandidateTimeout)
    message = str(failure) if isinstance(failure, candidate.CandidateError) else "%s: %s" % (
        type(failure).__name__, failure)
    trace = getattr(failure, "trace", "") or ("" if isinstance(failure, candidate.CandidateError)
                                              else traceback.format_exc())
    stage["error"] = message
    result.error = "%s: %s" % (name, message)
    result.artifacts["failure_stage"] = name
    result.artifacts["timeout" if late else "stderr"] = message
    if trace:
        result.artifacts["traceback"] = trace


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _merged(before, after):
    """Numbers of both, as floats; a later stage's win. Flags become numbers, `error` is left out.
    What is no number is kept beside them for people."""
    merged = {}
    for metrics in (before, after):
        for name, value in metrics.items():
            if isinstance(value, (int, float)):
                if name != "error":
                    merged[name] = float(value)
            else:
                merged[name] = value
    return merged


def passes(metrics, threshold):
    """combined_score, or the mean of all numbers but `error`, reaches the threshold."""
    if isinstance(metrics.get("combined_score"), (int, float)):
        return float(metrics["combined_score"]) >= threshold
    numbers = [float(value) for name, value in metrics.items()
               if name != "error" and isinstance(value, (int, float))]
    return bool(numbers) and sum(numbers) / len(numbers) >= threshold


def fitness(metrics, feature_dimensions):
    """combined_score, else the mean of the numbers that are no feature dimension, else of all
    numbers, else 0. Flags and NaN do not count."""
    if "combined_score" in metrics:
        try:
            return float(metrics["combined_score"])
        except (TypeError, ValueError):
            pass
    plain = _numbers({name: value for name, value in metrics.items()
                      if name not in feature_dimensions})
    numbers = plain or _numbers(metrics)
    return sum(numbers) / len(numbers) if numbers else 0.0


def _numbers(metrics):
    numbers = []
    for value in metrics.values():
        if not _is_number(value):
            continue
        try:
            number = float(value)
        except OverflowError:
            continue
        if not math.isnan(number):
            numbers.append(number)
    return numbers


def why_incorrect(metrics, score):
    """None for a program that may become a parent. OpenEvolve has no such notion: there a failure is
    a metric `error` with a text, or one that stands alone."""
    error = metrics.get("error")
    if isinstance(error, str) and error.strip():
        return error.strip()
    if not any(_is_number(value) for name, value in metrics.items() if name != "error"):
        return "the evaluator returned no metric that is a number" if error is None else (
            "the evaluator returned nothing but error=%s" % (error,))
    if not is_finite_number(score):
        return "combined_score is %s" % (score,)
    return None
