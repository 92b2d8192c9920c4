"""run_evaluation: runs a candidate, validates, aggregates, writes metrics.json and correct.json."""

import math
import os
import pickle
import select
import signal
import sys
import time

from genesis_evaluator import candidate, confine, early_stop
from genesis_evaluator.results import ResultsFolder, ResultsTampered, is_finite_number

_DEFAULT_METRICS = {
    "combined_score": 0.0,
    "execution_time_mean": 0.0,
    "execution_time_std": 0.0,
    "num_successful_runs": 0,
    "num_valid_runs": 0,
    "num_invalid_runs": 0,
    "all_validation_errors": [],
}


def run_evaluation(program_path, results_dir, experiment_fn_name, num_runs,
                   get_experiment_kwargs=None, aggregate_metrics_fn=None, validate_fn=None,
                   default_metrics_on_error=None, plotting_fn=None, early_stop_method=None,
                   early_stop_threshold=None, early_stop_score_fn=None, early_stop_kwargs=None,
                   run_workers=1, max_workers_cap=None, verbose=True, candidate_process=None):
    """Evaluates one program and writes its results. Returns (metrics, correct, error).

    The experiment function is called `num_runs` times with get_experiment_kwargs(i), by default
    {"seed": i + 1}; on unseen seeds i goes on where the search ended. It is called in a child process of its own (candidate_process="child", the default) or in
    this one ("inline"; also by the environment, GENESIS_CANDIDATE_PROCESS). Validation, aggregation
    and plots run here, after every process of the candidate's has ended. Whatever fails ends as
    correct=False with a message, never as an exception.
    """
    results_dir = str(results_dir)
    folder = ResultsFolder(results_dir)
    session = _Session(folder, verbose)
    metrics, correct, error = {}, False, None
    try:
        plan = _Plan(str(program_path), experiment_fn_name, num_runs, get_experiment_kwargs,
                     run_workers, max_workers_cap, candidate_process)
        stopping = _Stopping(early_stop_method, early_stop_threshold, early_stop_score_fn,
                             early_stop_kwargs, plan)
        session.run(plan, stopping, validate_fn)
        metrics, correct, error = session.judge(aggregate_metrics_fn, validate_fn)
        stopping.report(metrics, plan, len(session.values))
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # a candidate run inline may raise anything
        error = _describe(failure)
        correct = False
        metrics = dict(_DEFAULT_METRICS, **(default_metrics_on_error or {}))
    error = _save(folder, metrics, correct, error, plotting_fn)
    correct = correct and error is None
    if verbose:
        print("genesis: correct=%s combined_score=%s%s" % (
            correct, metrics.get("combined_score"), " error: %s" % error if error else ""))
    return metrics, correct, error


def unseen_seed():
    """Which of the seeds that the search never saw this evaluation is to use, from 1; 0 in the
    search. Genesis sets GENESIS_UNSEEN_SEED when it evaluates finished programs again."""
    text = os.environ.get("GENESIS_UNSEEN_SEED", "").strip()
    if not text:
        return 0
    seed = int(text)
    if seed < 0:
        raise ValueError("GENESIS_UNSEEN_SEED is %d: it counts from 1" % seed)
    return seed


class _Plan:
    """What is to be run, checked."""

    def __init__(self, program_path, function_name, num_runs, get_kwargs, workers, cap, process):
        if num_runs < 1:
            raise ValueError("num_runs is %r: at least one run is needed" % (num_runs,))
        if not os.path.isfile(program_path):
            raise FileNotFoundError("there is no program at '%s'" % program_path)
        self.program_path = program_path
        self.function_name = function_name
        self.num_runs = num_runs
        first = unseen_seed() * num_runs
        self.kwargs = [get_kwargs(i) if get_kwargs else {"seed": i + 1}
                       for i in range(first, first + num_runs)]
        if workers < 1 or (cap is not None and cap < 1):
            raise ValueError("run_workers and max_workers_cap must be at least 1")
        self.workers = min(workers, num_runs, cap if cap is not None else workers)
        self.process = process or os.environ.get("GENESIS_CANDIDATE_PROCESS") or "child"
        if self.process not in ("child", "inline"):
            raise ValueError("candidate_process is '%s': child or inline" % self.process)


class _Stopping:
    """Early stopping of sequential runs."""

    def __init__(self, method, threshold, score_fn, keywords, plan):
        self.rule = early_stop.make(method, keywords)
        self.method = method if isinstance(method, str) else type(method).__name__
        self.threshold = threshold
        self._score_fn = score_fn
        self.scores = []
        self.decision = early_stop.Decision(False)
        if self.rule is None:
            return
        if plan.workers > 1:
            raise ValueError("early_stop_method needs runs one after another: "
                             "set run_workers=1 or early_stop_method='none'")
        if threshold is None and isinstance(method, str):
            raise ValueError("early_stop_method '%s' needs early_stop_threshold" % method)

    def after_run(self, value):
        """True when the runs so far are enough. A run without a score does not count."""
        score = self._score(value)
        if score is None:
            return False
        self.scores.append(score)
        self.decision = early_stop.ask(self.rule, self.scores, self.threshold)
        return self.decision.stop

    def _score(self, value):
        try:
            if self._score_fn:
                return float(self._score_fn(value))
            if isinstance(value, dict):
                value = value.get("score", value.get("combined_score"))
            return float(value)
        except Exception as failure:
            sys.stderr.write("genesis: no score for early stopping in this run (%s); give "
                             "early_stop_score_fn\n" % _describe(failure))
            return None

    def report(self, metrics, plan, completed):
        if self.rule is None:
            return
        metrics["early_stop"] = {
            "method": self.method, "threshold": self.threshold, "triggered": self.decision.stop,
            "runs_completed": completed, "runs_requested": plan.num_runs,
            "prediction": self.decision.prediction, "confidence": self.decision.confidence,
            "reason": self.decision.reason or None, "scores": self.scores,
        }


class _Session:
    """The runs of one evaluation and what came of them."""

    def __init__(self, folder, verbose):
        self.folder = folder
        self.verbose = verbose
        self.values, self.seconds, self.verdicts = [], [], []

    def run(self, plan, stopping, validate_fn):
        if plan.process == "inline":
            self._run_inline(plan, stopping, validate_fn)
            return
        candidate.preload_numpy(plan.program_path)
        children = confine.own_children()
        with confine.Protection():
            processes = []
            try:
                for _ in range(plan.workers):
                    processes.append(candidate.CandidateProcess(candidate.program_calls(
                        plan.program_path, plan.function_name, plan.kwargs)))
                for process in processes:
                    process.wait_until_loaded()
                if plan.workers > 1:
                    self._run_parallel(plan, processes)
                else:
                    self._run_in_turn(plan, processes[0], stopping, validate_fn, children)
            finally:
                for process in processes:
                    process.end()
                clean = confine.end_descendants(children)
                self.folder.purge()
            if not clean:
                raise candidate.CandidateError(
                    "the candidate left processes that could not be ended")
        for value in self.values[len(self.verdicts):] if validate_fn else []:
            self._validate(validate_fn, value)

    def _run_inline(self, plan, stopping, validate_fn):
        clock = time.perf_counter
        function = candidate.find_function(candidate.load_program(plan.program_path),
                                           plan.function_name)
        for kwargs in plan.kwargs:
            started = clock()
            value = function(**kwargs)
            if self._took(value, clock() - started, stopping, validate_fn):
                break

    def _run_in_turn(self, plan, process, stopping, validate_fn, children):
        for run in range(plan.num_runs):
            process.request(run)
            value, seconds = process.result()
            if stopping.rule is None:
                self._add(value, seconds)
                continue
            # Code of the evaluator runs between the runs: the candidate holds still meanwhile.
            confine.signal_descendants(signal.SIGSTOP, children)
            self.folder.purge()
            enough = self._took(value, seconds, stopping, validate_fn)
            self.folder.remember()
            if enough:
                break
            confine.signal_descendants(signal.SIGCONT, children)

    def _run_parallel(self, plan, processes):
        outcomes = [None] * plan.num_runs
        waiting = iter(range(plan.num_runs))
        poll = select.poll()
        busy = {}
        for process in processes:
            process.request(next(waiting))
            busy[process.fileno()] = process
            poll.register(process.fileno(), select.POLLIN | select.POLLHUP)
        while busy:
            for descriptor, _ in poll.poll():
                process = busy[descriptor]
                outcomes[process.run] = process.result()
                following = next(waiting, None)
                if following is None:
                    poll.unregister(descriptor)
                    del busy[descriptor]
                else:
                    process.request(following)
        for value, seconds in outcomes:
            self._add(value, seconds)

    def _add(self, value, seconds):
        self.values.append(value)
        self.seconds.append(seconds)
        if self.verbose:
            print("genesis: run %d took %.3f s" % (len(self.values), seconds))

    def _took(self, value, seconds, stopping, validate_fn):
        """Takes one run in; True when no more are needed."""
        self._add(value, seconds)
        if validate_fn:
            self._validate(validate_fn, value)
        return stopping.rule is not None and stopping.after_run(value)

    def _validate(self, validate_fn, value):
        verdict = validate_fn(value)
        valid, message = verdict if isinstance(verdict, tuple) else (verdict, None)
        self.verdicts.append((bool(valid), None if valid else str(message or "validation failed")))

    def judge(self, aggregate_metrics_fn, validate_fn):
        """(metrics, correct, error) of the runs."""
        if aggregate_metrics_fn:
            metrics = dict(aggregate_metrics_fn(self.values))
        else:
            metrics = {"num_successful_runs": len(self.values),
                       "first_run_result_type": type(self.values[0]).__name__,
                       "raw_results_preview": repr(self.values)[:500]}
        mean = math.fsum(self.seconds) / len(self.seconds)
        variance = math.fsum((s - mean) ** 2 for s in self.seconds) / len(self.seconds)
        metrics["execution_time_mean"] = mean
        metrics["execution_time_std"] = math.sqrt(variance)
        correct, error = True, None
        if validate_fn:
            errors = [message for valid, message in self.verdicts if not valid]
            metrics["num_valid_runs"] = len(self.verdicts) - len(errors)
            metrics["num_invalid_runs"] = len(errors)
            metrics["all_validation_errors"] = list(dict.fromkeys(errors))
            correct, error = not errors, (errors[0] if errors else None)
        if "combined_score" in metrics and not is_finite_number(metrics["combined_score"]):
            correct = False
            error = error or "combined_score is %s" % metrics["combined_score"]
        return metrics, correct, error


def _save(folder, metrics, correct, error, plotting_fn):
    """Writes everything; what fails here makes the evaluation incorrect. Returns the error."""
    extra = metrics.pop("extra_data", None)
    try:
        if extra is not None:
            folder.write("extra.pkl", pickle.dumps(extra))
            _save_plots(folder.path, plotting_fn, extra)
        folder.write_outcome(metrics, correct and error is None, error)
        return error
    except ResultsTampered:
        raise
    except Exception as failure:
        message = "the results could not be written: %s" % _describe(failure)
        sys.stderr.write("genesis: %s\n" % message)
        error = error or message
    plain = {"combined_score": metrics.get("combined_score", 0.0)}
    folder.write_outcome(plain if is_finite_number(plain["combined_score"]) else {}, False, error)
    return error


def _save_plots(results_dir, plotting_fn, extra):
    """Figures as PNG and PDF, animations as GIF, below plots/. A plot that fails costs no score."""
    if plotting_fn is None:
        return
    where = os.path.join(results_dir, "plots")
    os.makedirs(where, exist_ok=True)
    try:
        for plot, title in plotting_fn(extra) or []:
            name = "".join(c if c.isalnum() or c in "-_." else "_" for c in str(title)) or "plot"
            if hasattr(plot, "savefig"):
                plot.savefig(os.path.join(where, name + ".png"), bbox_inches="tight", dpi=150)
                plot.savefig(os.path.join(where, name + ".pdf"), bbox_inches="tight")
            else:
                plot.save(os.path.join(where, name + ".gif"), writer="pillow", fps=30)
    except Exception as failure:
        sys.stderr.write("genesis: the plots could not be made: %s\n" % _describe(failure))


def _describe(failure):
    if isinstance(failure, (candidate.CandidateError, ResultsTampered)):
        return str(failure)
    if isinstance(failure, SystemExit):
        return "the candidate called sys.exit(%s)" % failure.code
    return "%s: %s" % (type(failure).__name__, failure)
