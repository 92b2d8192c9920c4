#!/usr/bin/env python3
"""How good the search is: the demo as people start it, once per seed, from the unmodified program.

    demo_quality.py [JSON] [--seeds 10] [--evaluations 50000] [--target 2.2]

Needs GENESIS_HOME and the programs in build/release/bin (./setup.sh bench demo_quality). An hour on two
cores; each run ends when it reaches the target. The result of a seed depends on the order in which
evaluations end, so a second time differs a little.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HOME = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GENESIS_BIN", HOME / "build/release/bin"))


def run_demo(seed, folder, wanted):
    run = pathlib.Path(folder) / str(seed)
    subprocess.run([str(BIN / "genesis_launch"), "variant=circle_packing_example", "seed=%d" % seed,
                    "output_dir=%s" % run, "evo_config.num_generations=%d" % wanted.evaluations,
                    "evo_config.target_score=%g" % wanted.target, "++results.keep=best"],
                   check=True, stdout=subprocess.DEVNULL)
    verified = subprocess.run([str(BIN / "genesis"), "verify", "circle-packing", str(run)],
                              stdout=subprocess.DEVNULL)
    shown = json.loads(subprocess.run([str(BIN / "genesis"), "show", str(run), "--json"], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout)
    return {"seed": seed, "best": shown["best"]["combined_score"], "evaluations": shown["evaluations"],
            "seconds": shown["wall_seconds"], "verified": verified.returncode == 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("json", nargs="?")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=50000)
    parser.add_argument("--target", type=float, default=2.2)
    wanted = parser.parse_args()
    print("seed      best  evaluations  wall [s]  verified")
    rows = []
    with tempfile.TemporaryDirectory(prefix="genesis-demo-quality-") as folder:
        for seed in range(1, wanted.seeds + 1):
            row = run_demo(seed, folder, wanted)
            rows.append(row)
            print("%4d  %8.5f  %11d  %8.0f  %s" % (row["seed"], row["best"], row["evaluations"],
                                                   row["seconds"], "yes" if row["verified"] else "NO"),
                  flush=True)
    reached = sum(row["best"] >= wanted.target and row["verified"] for row in rows)
    print("%d of %d seeds reached %g within %d evaluations" %
          (reached, len(rows), wanted.target, wanted.evaluations))
    if wanted.json:
        total = {"metric": "seeds that reach %g" % wanted.target, "value": reached, "unit": "seeds",
                 "baseline": len(rows), "ratio": reached / len(rows), "seeds": rows}
        pathlib.Path(wanted.json).write_text(json.dumps([total], indent=2) + "\n")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
