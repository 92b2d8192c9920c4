"""A parser of its own, asked for what it prints: the server has used one before."""
import argparse
import os
import re

parser = argparse.ArgumentParser(description="scores a program", epilog="-1 and -2.5 are numbers")
parser.add_argument("--program_path", required=True)
parser.add_argument("--results_dir", required=True)
parser.add_argument("--offset", type=float, default=-0.5)
parser.add_argument("--flag", action="store_true", help="changes nothing")
arguments, others = parser.parse_known_args()
assert not others and not arguments.flag and arguments.offset == -0.5
os.environ["COLUMNS"] = "60"
print(parser.format_help())
print(sorted(vars(arguments)), re.findall(r"-\d+$", "a-12"))
print(sorted(name for name in os.environ if name.startswith(("GENESIS_", "GREET", "COLUMNS", "LC_"))))
parser.parse_args(["--offset", "none"])
