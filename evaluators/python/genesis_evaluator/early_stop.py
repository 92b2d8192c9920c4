"""When the runs so far decide: is the mean score above or below a threshold?

Each method looks at all scores so far after each run and says whether to stop, and why. The
intervals are the textbook ones: a normal posterior of the mean under a flat prior, and Student's t.
"""

import math


class Decision:
    """Whether to stop, with one line of reason."""

    def __init__(self, stop, reason=""):
        self.stop = bool(stop)
        self.reason = reason


class Bayesian:
    """Stops when P(mean > threshold) is below `prob_cutoff` or above 1 - `prob_cutoff`."""

    name = "bayesian"

    def __init__(self, prob_cutoff=0.05, min_trials=2):
        self.prob_cutoff = prob_cutoff
        self.min_trials = max(2, min_trials)

    def should_stop(self, scores, threshold):
        if len(scores) < self.min_trials:
            return Decision(False)
        mean, error = mean_and_error(scores)
        if error < 1e-10:
            return _decided(mean, threshold)
        above = 0.5 * math.erfc((threshold - mean) / error / math.sqrt(2.0))
        if above < self.prob_cutoff or above > 1.0 - self.prob_cutoff:
            return Decision(True, "P(mean > %g) = %.4f after %d runs"
                            % (threshold, above, len(scores)))
        return Decision(False)


class ConfidenceInterval:
    """Stops when the two-sided t interval of the mean lies wholly on one side of the threshold."""

    name = "ci"

    def __init__(self, confidence=0.90, min_trials=3):
        self.confidence = confidence
        self.min_trials = max(2, min_trials)

    def should_stop(self, scores, threshold):
        if len(scores) < self.min_trials:
            return Decision(False)
        mean, error = mean_and_error(scores)
        if error < 1e-10:
            return _decided(mean, threshold)
        half = t_quantile(0.5 + self.confidence / 2.0, len(scores) - 1) * error
        if mean - half > threshold or mean + half < threshold:
            return Decision(True, "%g%% interval [%g, %g] excludes %g after %d runs" % (
                100 * self.confidence, mean - half, mean + half, threshold, len(scores)))
        return Decision(False)


class Hybrid:
    """Stops early for losers only: the interval's upper end is below the threshold, or
    P(mean > threshold) is below the cut-off."""

    name = "hybrid"

    def __init__(self, prob_cutoff=0.05, confidence=0.90, min_trials=3):
        self.prob_cutoff = prob_cutoff
        self.confidence = confidence
        self.min_trials = max(2, min_trials)

    def should_stop(self, scores, threshold):
        if len(scores) < self.min_trials:
            return Decision(False)
        mean, error = mean_and_error(scores)
        if error < 1e-10:
            return _decided(mean, threshold)
        upper = mean + t_quantile(0.5 + self.confidence / 2.0, len(scores) - 1) * error
        above = 0.5 * math.erfc((threshold - mean) / error / math.sqrt(2.0))
        if upper < threshold or above < self.prob_cutoff:
            return Decision(True, "upper end %g, P(mean > %g) = %.4f after %d runs"
                            % (upper, threshold, above, len(scores)))
        return Decision(False)


_METHODS = {"bayesian": Bayesian, "ci": ConfidenceInterval, "hybrid": Hybrid}


def make(method, keywords):
    """The rule of a name, or the caller's own object; None for no early stopping."""
    if method is None or method == "none":
        return None
    if not isinstance(method, str):
        return method
    if method not in _METHODS:
        raise ValueError("unknown early_stop_method '%s': none, %s, or an object with "
                         "should_stop(scores, threshold)" % (method, ", ".join(sorted(_METHODS))))
    return _METHODS[method](**(keywords or {}))


def ask(rule, scores, threshold):
    """The Decision of a rule; the caller's own may answer with a bool, a (bool, reason) pair or an
    object that has `stop` or `should_stop`."""
    answer = getattr(rule, "should_stop", rule)(list(scores), threshold)
    if isinstance(answer, tuple):
        return Decision(answer[0], str(answer[1]) if len(answer) > 1 else "")
    for name in ("stop", "should_stop"):
        if hasattr(answer, name):
            return Decision(getattr(answer, name), str(getattr(answer, "reason", "")))
    return Decision(answer)


def mean_and_error(scores):
    """Mean and standard error (sample deviation over the root of n)."""
    count = len(scores)
    mean = math.fsum(scores) / count
    variance = math.fsum((score - mean) ** 2 for score in scores) / (count - 1)
    return mean, math.sqrt(variance / count)


def _decided(mean, threshold):
    side = "above" if mean > threshold else "not above"
    return Decision(True, "scores do not vary and are %s %g" % (side, threshold))


def t_quantile(probability, freedom):
    """Quantile of Student's t for probability > 0.5, by bisection on its distribution function."""
    low, high = 0.0, 1.0
    while _t_cdf(high, freedom) < probability:
        high *= 2.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        if _t_cdf(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _t_cdf(t, freedom):
    """For t >= 0, by the finite trigonometric series (Abramowitz and Stegun 26.7.3, 26.7.4)."""
    theta = math.atan2(t, math.sqrt(freedom))
    cosine, sine = math.cos(theta), math.sin(theta)
    term, total = 1.0, 0.0
    if freedom % 2 == 1:
        term = cosine
        for k in range(1, freedom - 1, 2):
            total += term
            term *= cosine * cosine * (k + 1) / (k + 2)
        area = 2.0 / math.pi * (theta + (sine * total if freedom > 1 else 0.0))
    else:
        for k in range(0, freedom - 1, 2):
            total += term
            term *= cosine * cosine * (k + 1) / (k + 2)
        area = sine * total
    return 0.5 + 0.5 * area
