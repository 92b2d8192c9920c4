"""Scores a packing: combined_score is the sum of the radii."""

import argparse
import os

import numpy as np
from genesis.core import run_genesis_eval

import packing_rules


def validate(result):
    """(valid, message). The sum that the program reports is not looked at."""
    centers, radii, _reported = result
    return packing_rules.check(centers, radii)


def aggregate(results_dir, results):
    centers, radii, _reported = results[0]
    with open(os.path.join(results_dir, "construction.json"), "w") as file:
        file.write(packing_rules.construction_json(centers, radii))
    return {
        "combined_score": float(np.sum(radii)),
        "public": {
            "smallest_radius": float(np.min(radii)),
            "largest_radius": float(np.max(radii)),
        },
        "private": {"num_circles": len(radii)},
        "text_feedback": "Sum of radii %.6f; the best known for 26 circles is about 2.6360."
                         % float(np.sum(radii)),
    }


def main(program_path, results_dir):
    run_genesis_eval(
        program_path=program_path,
        results_dir=results_dir,
        experiment_fn_name="run_packing",
        num_runs=1,
        validate_fn=validate,
        aggregate_metrics_fn=lambda results: aggregate(results_dir, results),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program_path", default="initial.py")
    parser.add_argument("--results_dir", default="results")
    arguments = parser.parse_args()
    main(arguments.program_path, arguments.results_dir)
