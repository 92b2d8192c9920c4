"""Scores a program by how near it gets to the top of a parabola: the number of correct digits.

Stand-alone: Python's standard library, and the two files that the contract asks for. The program is
loaded into this process; what keeps it from the machine is the sandbox around both.
"""

import argparse
import importlib.util
import json
import math
import os

TOP = math.pi


def curve(x):
    return 10 - (x - TOP) ** 2


def score(program_path):
    spec = importlib.util.spec_from_file_location("program", program_path)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    place = float(program.optimise(curve))
    if not math.isfinite(place):
        raise ValueError("optimise() answered %r" % place)
    return place, min(15.0, -math.log10(abs(place - TOP) + 1e-15))


def write(folder, name, value):
    """All or nothing: a temporary name, then a rename."""
    temporary = os.path.join(folder, "." + name)
    with open(temporary, "w") as file:
        json.dump(value, file)
    os.replace(temporary, os.path.join(folder, name))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program_path", default="initial.py")
    parser.add_argument("--results_dir", default="results")
    arguments = parser.parse_args()
    os.makedirs(arguments.results_dir, exist_ok=True)
    try:
        place, digits = score(arguments.program_path)
        metrics = {"combined_score": digits, "public": {"place": place, "value": curve(place)}}
        error = None
        print("highest at %r: %.3f digits" % (place, digits))
    except Exception as failure:
        metrics, error = {"combined_score": 0.0}, repr(failure)
    write(arguments.results_dir, "metrics.json", metrics)
    write(arguments.results_dir, "correct.json", {"correct": error is None, "error": error})
