#!/usr/bin/env python3
"""Records what the real Hydra answers, so that tests/unit/config can hold ours to it.

    python3 -m venv VENV && VENV/bin/pip install hydra-core==1.3.8 omegaconf==2.3.1
    VENV/bin/python tests/golden/record_hydra.py

Writes tests/golden/hydra/{fixtures.json,chosen.jsonl,random.jsonl}: one JSON object per case with
the overrides, and either the composed job configuration as YAML (unresolved, and resolved when it
differs) or the class of the rejection. The same script gives the same files. Sweeps and --info:
record_hydra_sweeps.py.
"""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
import warnings
from datetime import datetime

os.environ["TZ"] = "UTC"
time.tzset()
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from hydra._internal.hydra import Hydra  # noqa: E402
from hydra._internal.utils import create_config_search_path  # noqa: E402
from hydra.core.global_hydra import GlobalHydra  # noqa: E402
from hydra.core.hydra_config import HydraConfig  # noqa: E402
from hydra.types import RunMode  # noqa: E402
from hydra import version as hydra_version  # noqa: E402
from omegaconf import OmegaConf, open_dict, read_write  # noqa: E402

import hydra_cases  # noqa: E402
import hydra_random  # noqa: E402

warnings.simplefilter("ignore")
OUT = pathlib.Path(__file__).parent / "hydra"
FROZEN = datetime(2026, 11, 20, 23, 7, 5, 123000)
hydra_version.setbase(None)


def write_files(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@ROOT@", str(root)), encoding="utf-8")


def open_hydra(root, case):
    GlobalHydra.instance().clear()
    search_path = create_config_search_path(str(root / "main"))
    schema = search_path.get_path().pop()  # must stay last
    for extra in case.get("dirs", []):
        search_path.append(provider="command-line", path=f"file://{root / extra}")
    search_path.get_path().append(schema)
    hydra = Hydra.create_main_hydra2(task_name="app", config_search_path=search_path)
    OmegaConf.register_new_resolver("now", FROZEN.strftime, use_cache=True, replace=True)
    return hydra


def compose(root, case):
    """Composes as `python app.py OVERRIDES` would, without running a job."""
    hydra = open_hydra(root, case)
    overrides = [text.replace("@ROOT@", str(root)) for text in case["overrides"]]
    return hydra.compose_config(
        config_name=case.get("config", "config"), overrides=overrides, run_mode=RunMode.RUN,
        from_shell=False, with_log_configuration=False)


def hydra_part(cfg):
    """The parts of the hydra node that do not depend on this machine or on help texts."""
    keep = {key: OmegaConf.to_container(cfg.hydra, resolve=False)[key]
            for key in ("mode", "run", "sweep", "output_subdir", "overrides", "verbose")}
    keep["choices"] = {key: value for key, value in
                       OmegaConf.to_container(cfg.hydra.runtime.choices, resolve=False).items()
                       if not key.startswith("hydra/")}
    keep["job"] = OmegaConf.to_container(cfg.hydra.job, resolve=False)
    return OmegaConf.to_yaml(OmegaConf.create(keep))


def answer(root, case):
    result = {}
    try:
        cfg = compose(root, case)
    except Exception as error:  # every rejection is an answer
        return {"rejects": type(error).__name__}
    clean = lambda text: text.replace(str(root), "@ROOT@")  # noqa: E731
    HydraConfig.instance().set_config(cfg)
    job = OmegaConf.create(cfg)
    with read_write(job), open_dict(job):
        del job["hydra"]
    result["yaml"] = clean(OmegaConf.to_yaml(job))
    if case.get("with_hydra"):
        result["hydra"] = clean(hydra_part(cfg))
    try:
        resolved = clean(OmegaConf.to_yaml(job, resolve=True))
        if resolved != result["yaml"]:
            result["resolved"] = resolved
    except Exception as error:
        result["unresolvable"] = type(error).__name__
    return result


def record(cases, fixtures, path):
    counts = {}
    with open(path, "w", encoding="utf-8") as out:
        for case in cases:
            root = pathlib.Path(tempfile.mkdtemp(prefix="hydra-case-"))
            write_files(root, fixtures[case["fixture"]] if "fixture" in case else case["files"])
            saved = dict(os.environ)
            os.environ.update(case.get("env", {}))
            entry = {**case, **answer(root, case)}
            os.environ.clear()
            os.environ.update(saved)
            shutil.rmtree(root)
            kind = entry.get("rejects") or entry.get("unresolvable") or "composed"
            counts[kind] = counts.get(kind, 0) + 1
            out.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(path.name, sum(counts.values()), dict(sorted(counts.items(), key=lambda item: -item[1])))


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    (OUT / "fixtures.json").write_text(json.dumps(hydra_cases.FIXTURES, indent=1) + "\n")
    record(hydra_cases.cases(), hydra_cases.FIXTURES, OUT / "chosen.jsonl")
    record(hydra_random.cases(seed=20261120, count=3000), {}, OUT / "random.jsonl")
