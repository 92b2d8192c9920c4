#!/usr/bin/env python3
"""Records what sweeps (-m) and --info of the real Hydra give; the set-up is that of record_hydra.py:

    VENV/bin/python tests/golden/record_hydra_sweeps.py

Writes tests/golden/hydra/{sweep_fixtures.json,sweeps.jsonl,info.jsonl}. A sweep runs for real, with a
task that does nothing: recorded are the mode, what matters of multirun.yaml, and each job's overrides,
folder and files; or the class of the rejection.
"""
import json
import logging
import os
import pathlib
import shutil
import tempfile

from record_hydra import FROZEN, OUT, hydra_part, open_hydra, write_files

import hydra._internal.core_plugins.basic_launcher as basic_launcher  # noqa: E402
import hydra._internal.hydra as hydra_module  # noqa: E402
import hydra.core.utils as hydra_utils  # noqa: E402
from hydra.types import RunMode  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

import hydra_cases  # noqa: E402
import hydra_sweeps  # noqa: E402

FIXTURES = {**hydra_cases.FIXTURES, **hydra_sweeps.FIXTURES}
SHOWN_JOBS = 2  # in full; of the others the overrides and the folder
for module in (basic_launcher, hydra_module, hydra_utils):
    module.configure_log = lambda *_: None  # logging is no part of the answer


def freeze_time():
    OmegaConf.register_new_resolver("now", FROZEN.strftime, use_cache=True, replace=True)


hydra_utils.setup_globals_of_hydra = hydra_utils.setup_globals


def setup_globals():
    hydra_utils.setup_globals_of_hydra()
    freeze_time()


basic_launcher.setup_globals = setup_globals


def run_mode(hydra, case, overrides):
    """As hydra._internal.utils._run_app decides it."""
    mode = hydra.get_mode(config_name=case["config"], overrides=overrides)
    if mode is None:
        mode = RunMode.MULTIRUN if case["m"] else RunMode.RUN
        overrides.append(f"hydra.mode={mode.name}")
    elif case["m"] and mode == RunMode.RUN:
        mode = RunMode.MULTIRUN
        overrides.append("hydra.mode=MULTIRUN")
    return mode


def sweep(root, case):
    hydra = open_hydra(root, case)
    overrides = [text.replace("@ROOT@", str(root)) for text in case["overrides"]]
    jobs = []

    def task(_):
        cfg = hydra_module.HydraConfig.get()
        job = {"overrides": OmegaConf.to_container(cfg.overrides.task, resolve=False),
               "dir": cfg.runtime.output_dir}
        if len(jobs) < SHOWN_JOBS and not case.get("shuffled") and cfg.output_subdir is not None:
            # Read now: the next job may share the folder.
            config = pathlib.Path(job["dir"]) / cfg.output_subdir
            job["config"] = (config / "config.yaml").read_text(encoding="utf-8")
            job["hydra"] = hydra_part(OmegaConf.load(config / "hydra.yaml"))
        jobs.append(job)

    mode = run_mode(hydra, case, overrides)
    if mode == RunMode.RUN:
        hydra.run(config_name=case["config"], task_function=task, overrides=overrides,
                  with_log_configuration=False)
        return {"mode": "RUN"}
    hydra.multirun(config_name=case["config"], task_function=task, overrides=overrides,
                   with_log_configuration=False)
    master = pathlib.Path(next(pathlib.Path.cwd().parent.rglob("multirun.yaml"))).parent
    written = OmegaConf.load(master / "multirun.yaml")
    result = {"mode": "MULTIRUN", "dir": str(master), "multirun": hydra_part(written),
              "sweeper": OmegaConf.to_yaml(written.hydra.sweeper)}
    del written["hydra"]
    result["multirun_job"] = OmegaConf.to_yaml(written)
    if case.get("shuffled"):
        jobs = sorted(({"overrides": job["overrides"]} for job in jobs), key=str)
    return {**result, "jobs": jobs}


class Lines(logging.Handler):
    def __init__(self):
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record):
        self.text += record.getMessage() + "\n"


def info(root, case):
    hydra = open_hydra(root, case)
    lines = Lines()
    hydra_module.log = logging.getLogger("recorded")
    hydra_module.log.setLevel(logging.DEBUG)
    hydra_module.log.handlers = [lines]
    hydra_module.log.propagate = False
    print_it = {"defaults": hydra._print_defaults_list, "defaults-tree": hydra._print_defaults_tree,
                "config": hydra._print_config_info}[case["info"]]
    print_it(config_name=case["config"], overrides=list(case["overrides"]))
    return {"text": lines.text}


def record(cases, answer, path):
    counts = {}
    with open(path, "w", encoding="utf-8") as out:
        for case in cases:
            root = pathlib.Path(tempfile.mkdtemp(prefix="hydra-case-"))
            write_files(root, FIXTURES[case["fixture"]])
            (root / "cwd").mkdir()
            os.chdir(root / "cwd")
            try:
                result = answer(root, case)
            except (Exception, SystemExit) as error:  # every rejection is an answer
                result = {"rejects": type(error).__name__}
            os.chdir("/")
            entry = json.dumps({**case, **result}, ensure_ascii=False, separators=(",", ":"))
            shutil.rmtree(root)
            kind = result.get("rejects", "answered")
            counts[kind] = counts.get(kind, 0) + 1
            out.write(entry.replace(str(root), "@ROOT@") + "\n")
    print(path.name, sum(counts.values()), dict(sorted(counts.items(), key=lambda item: -item[1])))


def info_cases():
    number = 0
    lists = [("sweep", "config", [[], ["db=postgres"], ["~db"], ["srv=nginx"], ["+db@second=maria"], ["x=1,2"],
                                  ["db=mysql,maria"], ["nope=1"], ["db=nope"], ["+hydra.mode=RUN"],
                                  ["hydra/job_logging=none"], ["db=[mysql,maria]"]]),
             ("sweep", "inside", [[]]), ("sweep", "must", [[], ["db=maria"]]), ("sweep", "nope", [[]]),
             ("groups", "config", hydra_cases.GROUPS[:20]), ("groups", "other", [[]]), ("groups", "nothing", [[]]),
             ("shinka", "config", hydra_cases.SHINKA[:8])]
    for fixture, config, all_overrides in lists:
        for overrides in all_overrides:
            for kind in ("defaults", "defaults-tree", "config"):
                yield {"id": number, "fixture": fixture, "config": config, "overrides": overrides, "info": kind}
                number += 1


if __name__ == "__main__":
    (OUT / "sweep_fixtures.json").write_text(json.dumps(FIXTURES, indent=1) + "\n")
    record(info_cases(), info, OUT / "info.jsonl")
    record(hydra_sweeps.cases(seed=20261121, count=400), sweep, OUT / "sweeps.jsonl")
