"""Packs 26 circles into the unit square so that the sum of their radii is large."""

import numpy as np

COUNT = 26


# EVOLVE-BLOCK-START
def place_centers():
    """One circle in the middle, a ring of 8, a ring of 16, and the last one in a corner."""
    centers = np.zeros((COUNT, 2))
    centers[0] = [0.5, 0.5]
    for i in range(8):
        angle = 2 * np.pi * i / 8
        centers[1 + i] = [0.5 + 0.3 * np.cos(angle), 0.5 + 0.3 * np.sin(angle)]
    for i in range(16):
        angle = 2 * np.pi * i / 16
        centers[9 + i] = [0.5 + 0.7 * np.cos(angle), 0.5 + 0.7 * np.sin(angle)]
    return np.clip(centers, 0.01, 0.99)


def largest_radii(centers):
    """Starts every circle at its distance from the border and shrinks overlapping pairs."""
    radii = np.min(np.hstack([centers, 1 - centers]), axis=1)
    for i in range(COUNT):
        for j in range(i + 1, COUNT):
            distance = np.hypot(*(centers[i] - centers[j]))
            if radii[i] + radii[j] > distance:
                scale = distance / (radii[i] + radii[j])
                radii[i] *= scale
                radii[j] *= scale
    return radii


def construct_packing():
    """Centers (26 x 2) and radii (26)."""
    centers = place_centers()
    return centers, largest_radii(centers)
# EVOLVE-BLOCK-END


def run_packing(seed=1):
    """What the evaluator calls; nothing here is random, so the seed is not used. Circles that touch
    exactly may overlap by a rounding error, and the evaluator and `genesis verify` allow none: so
    every radius gives up one part in 10^12."""
    centers, radii = construct_packing()
    radii = np.asarray(radii, dtype=float) * (1 - 1e-12)
    return centers, radii, float(np.sum(radii))
