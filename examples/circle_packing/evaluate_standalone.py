"""The same scores without the helper package: numpy only, and the contract spelled out.

What it writes depends on the program alone: the same bytes wherever it runs, and however long it takes.

It runs the candidate in this process, so a candidate that wants to can write its own score: use
evaluate.py unless you know where your candidates come from.
"""

import argparse
import importlib.util
import json
import os
import sys

import numpy as np

import packing_rules


def evaluate(program_path, results_dir):
    spec = importlib.util.spec_from_file_location("program", program_path)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    centers, radii, _reported = program.run_packing(seed=1)
    valid, message = packing_rules.check(centers, radii)
    if valid:
        write(results_dir, "construction.json", packing_rules.construction_json(centers, radii))
    metrics = {"combined_score": float(np.sum(radii)) if valid else 0.0,
               "public": {}, "private": {}}
    return metrics, valid, message


def write(results_dir, name, text):
    """All or nothing: a temporary name, then a rename."""
    temporary = os.path.join(results_dir, "." + name)
    with open(temporary, "w") as file:
        file.write(text)
    os.replace(temporary, os.path.join(results_dir, name))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program_path", default="initial.py")
    parser.add_argument("--results_dir", default="results")
    arguments = parser.parse_args()
    os.makedirs(arguments.results_dir, exist_ok=True)
    try:
        outcome = evaluate(arguments.program_path, arguments.results_dir)
    except Exception as error:
        print("the program failed: %r" % error, file=sys.stderr)
        outcome = {"combined_score": 0.0}, False, repr(error)
    write(arguments.results_dir, "metrics.json", json.dumps(outcome[0]))
    write(arguments.results_dir, "correct.json",
          json.dumps({"correct": outcome[1], "error": outcome[2]}))
