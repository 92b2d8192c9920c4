"""When the runs so far decide: is the mean score above or below a threshold?

Each method looks at all scores so far after each run and says whether to stop, and why. The
intervals are the textbook ones: a normal posterior of the mean under a flat prior, and Student's t.
"""

import math


class Decision:
    """Whether to stop; what the runs so far say about the threshold, how surely, and why."""

    def __init__(self, stop, reason="", prediction="uncertain", confidence=0.0):
        self.stop = bool(stop)
        self.reason = reason
        self.prediction = prediction  # beats, fails, uncertain
        self.confidence = confidence


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
            return _side(above > 0.5, max(above, 1.0 - above), "P(mean > %g) = %.4f after %d runs"
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
            return _side(mean > threshold, self.confidence,
                         "%g%% interval [%g, %g] excludes %g after %d runs" % (
                             100 * self.confidence, mean - half, mean + half, threshold,
                             len(scores)))
        return Decision(False)


class Hybrid:
    """Stops when the interval's upper end is below the threshold, or as `Bayesian` does."""

    name = "hybrid"

    def __init__(self, prob_cutoff=0.05, confidence=0.90, min_trials=3):
        self._bayesian = Bayesian(prob_cutoff, min_trials)
        self.confidence = confidence
        self.min_trials = max(2, min_trials)

    def should_stop(self, scores, threshold):
        if len(scores) < self.min_trials:
            return Decision(False)
        mean, error = mean_and_error(scores)
        upper = mean + t_quantile(0.5 + self.confidence / 2.0, len(scores) - 1) * error
        if error >= 1e-10 and upper < threshold:
            return _side(False, self.confidence,
                         "the %g%% interval ends at %g, below %g, after %d runs"
                         % (100 * self.confidence, upper, threshold, len(scores)))
        return self._bayesian.should_stop(scores, threshold)


_METHODS = {"bayesian": Bayesian, "hybrid": Hybrid, "ci": ConfidenceInterval,
            "confidence_interval": ConfidenceInterval}
# Every keyword is accepted with every method, as tasks write them.
_KEYWORDS = {"prob_cutoff": ("bayesian", "hybrid"), "ci_confidence": ("ci", "hybrid"),
             "confidence": ("ci", "hybrid"), "min_trials": ("bayesian", "ci", "hybrid")}


def make(method, keywords):
    """The rule of a name, or the caller's own object; None for no early stopping."""
    if method is None:
        return None
    if not isinstance(method, str):
        if hasattr(method, "reset"):
            method.reset()
        return method
    if method.lower() in ("none", "no_early_stop"):
        return None
    rule = _METHODS.get(method.lower())
    if rule is None:
        raise ValueError("unknown early_stop_method '%s': none, bayesian, ci, hybrid, or an object "
                         "with check(scores, threshold)" % method)
    given = {}
    for key, value in (keywords or {}).items():
        if key not in _KEYWORDS:
            raise ValueError("unknown key '%s' in early_stop_kwargs: %s"
                             % (key, ", ".join(sorted(_KEYWORDS))))
        if rule.name in _KEYWORDS[key]:
            given["confidence" if key == "ci_confidence" else key] = value
    return rule(**given)


def ask(rule, scores, threshold):
    """The Decision of a rule. A caller's own has `check` or `should_stop`, or is a function; it
    answers with a bool, a (bool, reason) pair or an object with `should_stop` or `stop`."""
    decide = getattr(rule, "check", None) or getattr(rule, "should_stop", None) or rule
    answer = decide(list(scores), threshold)
    if isinstance(answer, tuple):
        return Decision(answer[0], str(answer[1]) if len(answer) > 1 else "")
    for name in ("stop", "should_stop"):
        if hasattr(answer, name):
            return Decision(getattr(answer, name), str(getattr(answer, "reason", "")),
                            getattr(answer, "prediction", "uncertain"),
                            getattr(answer, "confidence", 0.0))
    return Decision(answer)


def mean_and_error(scores):
    """Mean and standard error (sample deviation over the root of n)."""
    count = len(scores)
    mean = math.fsum(scores) / count
    variance = math.fsum((score - mean) ** 2 for score in scores) / (count - 1)
    return mean, math.sqrt(variance / count)


def _decided(mean, threshold):
    side = "above" if mean > threshold else "not above"
    return _side(mean > threshold, 1.0, "scores do not vary and are %s %g" % (side, threshold))


def _side(beats, confidence, reason):
    return Decision(True, reason, "beats" if beats else "fails", confidence)


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
