"""Looks for the highest point of a curve at 100 places; which places is what evolves."""

# EVOLVE-BLOCK-START
PLACES = 100
LOWEST = -10.0
WIDTH = 17.0


def places():
    return [LOWEST + WIDTH * i / PLACES for i in range(PLACES)]
# EVOLVE-BLOCK-END


def optimise(curve):
    """The place where the curve is highest, of at most a hundred."""
    return max(places()[:100], key=curve)
