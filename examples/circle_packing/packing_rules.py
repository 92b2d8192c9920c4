"""The rules of the task, exact: every double is an integer over a power of two, so that close calls
are decided with integers and nothing is tolerated."""

import json

import numpy as np

COUNT = 26
# What is clear of this needs no exact look: the rounding errors of the fast check are below 10^-15.
_CLEAR = 1e-14
_UNIT = 1 << 1074  # the smallest doubles are integers in units of 1 / _UNIT


def _exact(value):
    numerator, denominator = float(value).as_integer_ratio()
    return numerator * (_UNIT // denominator)


def check(centers, radii):
    """(valid, message) for a packing in the unit square."""
    centers, radii = np.asarray(centers, dtype=float), np.asarray(radii, dtype=float)
    if centers.shape != (COUNT, 2) or radii.shape != (COUNT,):
        return False, "expected %d centers and radii, got shapes %s and %s" % (
            COUNT, centers.shape, radii.shape)
    if not (np.isfinite(centers).all() and np.isfinite(radii).all()):
        return False, "a coordinate or radius is not a finite number"
    if (radii < 0).any():
        return False, "circle %d has the negative radius %r" % (
            int(np.argmin(radii)), float(radii.min()))
    return _check_exactly(centers, radii)


def _check_exactly(centers, radii):
    walls = np.minimum(centers, 1 - centers).min(axis=1) - radii
    for i in np.flatnonzero(walls < _CLEAR):
        x, y, r = _exact(centers[i][0]), _exact(centers[i][1]), _exact(radii[i])
        outside = max(r - x, r - y, x + r - _UNIT, y + r - _UNIT)
        if outside > 0:
            return False, "circle %d reaches %.3g outside the square" % (i, outside / _UNIT)
    gaps = np.hypot(*(centers[:, None] - centers[None]).transpose(2, 0, 1))
    gaps -= radii[:, None] + radii[None]
    for i, j in zip(*np.nonzero(np.triu(gaps < _CLEAR, k=1))):
        dx, dy = (_exact(a) - _exact(b) for a, b in zip(centers[i], centers[j]))
        reach = _exact(radii[i]) + _exact(radii[j])
        if dx * dx + dy * dy < reach * reach:
            return False, "circles %d and %d overlap by %.3g" % (i, j, float(-gaps[i, j]))
    return True, None


def construction_json(centers, radii):
    """Every bit of the packing, for `genesis verify circle-packing`: hexadecimal floats."""
    circles = [{"x": float(x).hex(), "y": float(y).hex(), "r": float(r).hex()}
               for (x, y), r in zip(np.asarray(centers).tolist(), np.asarray(radii).tolist())]
    return json.dumps({"circles": circles}, indent=1)
