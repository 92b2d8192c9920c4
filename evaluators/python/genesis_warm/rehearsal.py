"""What libraries build at their first use and keep for all others, used once before clones are made.

A clone that is the first to use it would build it each time, and copy every page that this touches.
Only what the standard library does with fixed words: nothing of the evaluator's runs here.
"""

import os
import sys


def rehearse():
    """After the imports."""
    argparse = _of_the_library("argparse")
    if argparse is not None:
        _parse_arguments(argparse)


def _of_the_library(name):
    """The module if it has been imported and is Python's own: a file beside the evaluator may have
    taken its name."""
    module = sys.modules.get(name)
    beside = os.path.dirname(os.path.abspath(os.__file__))
    at_home = os.path.dirname(os.path.abspath(getattr(module, "__file__", None) or "")) == beside
    return module if at_home else None


def _parse_arguments(argparse):
    """Regular expressions, the lookup of translations."""
    parser = argparse.ArgumentParser(prog="rehearsal")
    parser.add_argument("--program_path", type=str, default="", help="a file")
    parser.add_argument("--results_dir", type=str, default="", help="a folder")
    parser.add_argument("--flag", action="store_true")
    parser.parse_args(["--program_path", "a", "--results_dir=b"])
