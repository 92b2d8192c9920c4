"""Evaluators that a configuration names by `evaluate_function`, as ShinkaEvolve's and Genesis
(Python)'s task files do: a dotted `_target_` and its arguments, called beside its own module.

    python …/target_form.py --function JSON --program_path P --results_dir D

It stands for their eval_hydra.py and needs neither Hydra nor OmegaConf.
"""

import argparse
import importlib
import importlib.util
import json
import os
import sys


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="genesis_evaluator.target_form")
    parser.add_argument("--function", required=True)
    parser.add_argument("--program_path", required=True)
    parser.add_argument("--results_dir", required=True)
    options = parser.parse_args(arguments)
    function = dict(json.loads(options.function))
    function["program_path"] = os.path.abspath(options.program_path)
    function["results_dir"] = os.path.abspath(options.results_dir)
    os.makedirs(function["results_dir"], exist_ok=True)
    here = os.getcwd()
    sys.path[0] = here
    module, _ = _parts_of(function["_target_"])
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None  # a package above it is missing
    if found is None or not found.origin:
        raise SystemExit("evaluate_function: there is no module '%s' below '%s' or on PYTHONPATH; "
                         "start in the folder that holds '%s'"
                         % (module, here, module.split(".")[0]))
    folder = os.path.dirname(os.path.abspath(found.origin))
    sys.path.insert(1, folder)  # before the import: a task imports what lies beside it
    os.chdir(folder)
    instantiate(function)
    return 0


def _parts_of(target):
    module, dot, name = target.rpartition(".")
    if not dot or not name:
        raise SystemExit("evaluate_function: '%s' is no dotted name of a function" % target)
    return module, name


def instantiate(value):
    """A mapping with `_target_` is called with its other entries; `_args_`, `_partial_` and the like
    of Hydra are not known."""
    if isinstance(value, list):
        return [instantiate(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {name: instantiate(item) for name, item in value.items() if name != "_target_"}
    if "_target_" not in value:
        return made
    unknown = sorted(name for name in made if name.startswith("_") and name.endswith("_"))
    if unknown:
        raise SystemExit("evaluate_function: %s is not supported" % ", ".join(unknown))
    module, name = _parts_of(value["_target_"])
    return getattr(importlib.import_module(module), name)(**made)


if __name__ == "__main__":
    sys.exit(main())
