#!/usr/bin/env python3
"""Evaluations as jobs of a real SLURM on this machine: tests/bench/slurm_bench.py [JSON] [--only WORD] [--long]

Rates through the runner beside those of plain sbatch and of one array, on 8, 64 and 512 pretended processors;
calls to the controller; what the batching window costs; from a job's end to its record; submitting 200 jobs.
--long: 16 nodes of 64 pretended processors, 5,000 jobs outstanding. Peers where they are installed
(./setup.sh bench). --only takes the parts whose name has the word."""

import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HOME = pathlib.Path(os.environ.get("GENESIS_HOME", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("GENESIS_BIN", HOME / "build/release/bin"))
sys.path.insert(0, str(HOME / "tests/support"))
import slurm_cluster  # noqa: E402

PYTHON = os.environ.get("GENESIS_PYTHON", sys.executable)
SCORE = """#!/bin/sh
[ -z "$WAIT" ] || [ "$WAIT" = 0 ] || sleep "$WAIT"
printf '{"combined_score": 1}' >"$2/metrics.json"
printf '{"correct": true}' >"$2/correct.json"
[ -z "$ENDED" ] || date "+%s%3N $GENESIS_ATTEMPT_TOKEN" >>"$ENDED"
"""
SEED = "# EVOLVE-BLOCK-START\nscore 1.5\nwidth 0.25\n# EVOLVE-BLOCK-END\n"
# What slurmd and slurmstepd tell the controller, and what counts the calls.
NOT_CLIENTS = re.compile(r"MESSAGE_|REQUEST_COMPLETE_|REQUEST_STEP_COMPLETE|REQUEST_STATS_INFO|REQUEST_RECONF|"
                         r"REQUEST_NODE_REGISTRATION|REQUEST_PING|ACCOUNTING_")


class Bench:
    def __init__(self, options):
        self.options = options
        self.rows = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gsb"))
        (self.folder / "score.sh").write_text(SCORE)
        (self.folder / "score.sh").chmod(0o755)
        (self.folder / "seed.txt").write_text(SEED)
        (self.folder / "plain.sh").write_text(
            f'#!/bin/sh\nr={self.folder}/"$1"/$SLURM_JOB_ID\nmkdir "$r"\nexec {self.folder}/score.sh program "$r"\n')
        self.number = 0

    def row(self, metric, value, unit, baseline=None, ratio=None):
        self.rows.append({"metric": metric, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio})
        beside = "" if baseline is None else f"  baseline {baseline:10.3f}"
        print(f"{metric:62} {value:10.3f} {unit:6}{beside}" + ("" if ratio is None else f"  ratio {ratio:.2f}"),
              flush=True)

    def wanted(self, name):
        return self.options.only in name

    def cluster(self, nodes, cpus, *more):
        made = slurm_cluster.SlurmCluster("--nodes", str(nodes), "--cpus", str(cpus), "--set", "MaxJobCount=20000",
                                          "--set", "MaxArraySize=10001", *more)
        if made.unavailable:
            raise SystemExit(made.unavailable)
        return made

    def fresh(self, name):
        self.number += 1
        path = self.folder / f"{name}{self.number}"
        path.mkdir()
        return path

    # Counting.

    def calls(self, cluster):
        """Of clients, by kind, since the last time."""
        found = {}
        text = cluster.ask("sdiag")[1].split("statistics by message type", 1)[1].split("by user", 1)[0]
        for name, count in re.findall(r"(\w+)\s+\(\s*\d+\) count:(\d+)", text):
            if not NOT_CLIENTS.match(name):
                found[name] = int(count)
        cluster.ask("sdiag", "-r")
        return found

    @staticmethod
    def processor():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    # The ways.

    def plain(self, cluster, jobs, array, seconds=0):
        """Jobs per second of sbatch alone, and what submitting them took."""
        place = self.fresh("plain")
        environment = dict(os.environ, **cluster.environment, WAIT=str(seconds))
        words = ["sbatch", "-Q", "-o", "/dev/null", "-n1", "--mem=1"]
        since = time.perf_counter()
        for _ in range(1 if array else jobs):
            subprocess.run(words + ([f"--array=1-{jobs}"] if array else []) +
                           [str(self.folder / "plain.sh"), place.name], env=environment, check=True)
        submitted = time.perf_counter() - since
        self.until(lambda: len(list(place.glob("*/correct.json"))) == jobs)
        return jobs / (time.perf_counter() - since), submitted

    @staticmethod
    def until(condition, seconds=600):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError("it does not come to its end")
            time.sleep(0.02)

    def command(self, run, jobs, slots, mode, *more, seconds=0, ended=""):
        return [str(BIN / "genesis_launch"), "--quiet", "variant=default", "cluster=remote", "seed=5",
                f"output_dir={run}", f"evo_config.init_program_path={self.folder}/seed.txt",
                "++evo_config.language=yaml", f"evo_config.num_generations={jobs}", "results.keep=none",
                f"evo_config.max_parallel_jobs={slots}", "++db_config.num_islands=1",
                "distributed_job_config.conda_env=null", "distributed_job_config.partition=main",
                "distributed_job_config.mem=1M", f"++distributed_job_config.slurm.mode={mode}",
                f"++distributed_job_config.env_vars={{WAIT: '{seconds}', ENDED: '{ended}'}}",
                f"++distributed_job_config.evaluator_command='{self.folder}/score.sh "
                "{program_path} {results_dir}'", *more]

    def environment(self, cluster):
        return dict(os.environ, GENESIS_HOME=str(HOME), **cluster.environment)

    def runner(self, cluster, jobs, slots, mode, *more, seconds=0):
        """A whole run: what it took from the seed's record, which comes first and alone, to the last."""
        run = self.fresh("run") / "r"
        ended = run.parent / "ended"
        self.calls(cluster)
        cpu, since = self.processor(), time.perf_counter()
        subprocess.run(self.command(run, jobs, slots, mode, *more, seconds=seconds, ended=ended),
                       env=self.environment(cluster), check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - since
        cpu = self.processor() - cpu
        calls = self.calls(cluster)
        store = sqlite3.connect(f"file:{run}/run.sqlite?mode=ro", uri=True)
        records = dict(store.execute("SELECT evaluation, recorded_at FROM programs"))
        tokens = dict(store.execute("SELECT token, evaluation FROM attempts WHERE outcome = 'exited'"))
        store.close()
        if len(records) != jobs + 1:
            raise RuntimeError(f"{len(records)} of {jobs + 1} recorded")
        first, last = min(records.values()), max(records.values())
        lag = [records[tokens[token]] - int(at) for at, token in (line.split() for line in ended.open())]
        return {"rate": jobs / ((last - first) / 1000), "lag": statistics.median(lag), "calls": calls, "wall": wall,
                "per_job": sum(calls.values()) / (jobs + 1), "cpu": cpu}

    # The parts.

    def rates(self):
        for slots, jobs in ((8, 60), (64, 150), (512, 300)):
            if not self.wanted(f"rates {slots}"):
                continue
            with Cluster(self.cluster(1, slots)) as cluster:
                for array, mode in ((False, "job"), (True, "array")):
                    plain, _ = self.plain(cluster, jobs, array)
                    ours = self.runner(cluster, jobs, slots, mode)
                    name = f"mode={mode}, {slots} slots"
                    self.row(f"{name}: evaluations recorded", ours["rate"], "/s", plain, ours["rate"] / plain)
                    self.row(f"{name}: calls to the controller, each", ours["per_job"], "")
                    self.row(f"{name}: processor time, each", ours["cpu"] * 1000 / (jobs + 1), "ms")
                    self.row(f"{name}: from a job's end to its record", ours["lag"], "ms", 1000, ours["lag"] / 1000)

    def peers(self):
        jobs, slots = 150, 64
        installed = {"submitit": sorted(HOME.glob(".venv/submitit-*")), "hyperqueue": sorted(HOME.glob(".venv/hyperqueue-*"))}
        if not self.wanted("peers") or not any(installed.values()):
            return
        with Cluster(self.cluster(1, slots, "--accounting")) as cluster:
            ours = self.runner(cluster, jobs, slots, "array")
            self.row("with accounting, mode=array, 64 slots: evaluations", ours["rate"], "/s")
            self.row("with accounting, mode=array: processor time, each", ours["cpu"] * 1000 / (jobs + 1), "ms")
            for name, versions in installed.items():
                if versions:
                    self.peer(cluster, name, versions[-1], jobs, ours)

    def peer(self, cluster, name, place, jobs, ours):
        folder = self.fresh(name)
        shutil.copy(self.folder / "score.sh", folder)
        words = [PYTHON, str(HOME / "tests/bench/slurm_peers.py"), name, str(folder), str(jobs), "0"]
        environment = dict(os.environ, **cluster.environment, PYTHONPATH=str(place))
        self.calls(cluster)
        cpu = self.processor()
        if name == "hyperqueue":
            out = folder / "said"
            line = " ".join(f"'{word}'" for word in words)
            subprocess.run(["sbatch", "-Q", "--wait", "-o", str(out), "-c", "64", "--mem=1", "--wrap", line],
                           env=environment, check=True)
            said = out.read_text()
        else:
            said = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
        wall = float(said.split()[-1])
        cpu = self.processor() - cpu
        calls = self.calls(cluster)
        self.row(f"{place.name}, the same: evaluations", jobs / wall, "/s", ours["rate"], jobs / wall / ours["rate"])
        if name != "hyperqueue":
            self.row(f"{place.name}: processor time of the client, each", cpu * 1000 / jobs, "ms",
                     ours["cpu"] * 1000 / (jobs + 1), cpu / jobs / (ours["cpu"] / (jobs + 1)))
        self.row(f"{place.name}: calls to the controller, each", sum(calls.values()) / jobs, "", ours["per_job"],
                 sum(calls.values()) / jobs / ours["per_job"])

    def window(self):
        """Four at a time, whose ends come one by one: each place that is free waits for others."""
        if not self.wanted("window"):
            return
        with Cluster(self.cluster(1, 8)) as cluster:
            base = None
            for name, mode, *more in (("mode=job", "job"),
                                      ("window 10ms", "array", "++distributed_job_config.slurm.batch_window=10ms"),
                                      ("window 1s (default)", "array")):
                each = 4000 / self.runner(cluster, 16, 4, mode, *more)["rate"]
                base = base or each
                self.row(f"{name}, 4 slots: time of an evaluation", each, "ms", base, each / base)

    def submission(self):
        if not self.wanted("submission"):
            return
        with Cluster(self.cluster(1, 1)) as cluster:
            _, singly = self.plain_submitted(cluster, 200, False)
            _, at_once = self.plain_submitted(cluster, 200, True)
            self.row("200 jobs submitted singly", singly * 1000, "ms")
            self.row("200 jobs submitted as one array", at_once * 1000, "ms", singly * 1000, at_once / singly)
            for mode in ("job", "array"):
                self.row(f"mode={mode}: 200 jobs in SLURM's hands", self.accepted(cluster, 200, mode) * 1000, "ms",
                         singly * 1000, self.last / singly)

    def plain_submitted(self, cluster, jobs, array):
        environment = dict(os.environ, **cluster.environment)
        words = ["sbatch", "-Q", "-H", "-o", "/dev/null"] + ([f"--array=1-{jobs}"] if array else [])
        since = time.perf_counter()
        for _ in range(1 if array else jobs):
            subprocess.run([*words, "--wrap", "true"], env=environment, check=True)
        took = time.perf_counter() - since
        cluster.ask("scancel", "-u", str(os.getuid()))
        return jobs / took, took

    def accepted(self, cluster, jobs, mode):
        """From the seed's record until SLURM has given all of them a number."""
        run = self.fresh("run") / "r"
        with subprocess.Popen(self.command(run, jobs * 2, jobs, mode, seconds=0), env=self.environment(cluster),
                              stdout=subprocess.DEVNULL) as runner:
            count = "SELECT count(*) FROM attempts WHERE ref LIKE '%job=%'"
            self.until(lambda: self.ask(run, "SELECT count(*) FROM programs") or runner.poll() is not None)
            since = time.perf_counter()
            self.until(lambda: self.ask(run, count) > jobs or runner.poll() is not None)
            self.last = time.perf_counter() - since
            runner.terminate()
            runner.wait()
        self.until(lambda: not cluster.ask("squeue", "-h", "-r")[1])
        return self.last

    @staticmethod
    def ask(run, question):
        try:
            store = sqlite3.connect(f"file:{run}/run.sqlite?mode=ro", uri=True, timeout=5)
            try:
                return store.execute(question).fetchone()[0]
            finally:
                store.close()
        except sqlite3.OperationalError:
            return 0

    def many_nodes(self):
        if not self.options.long or not self.wanted("many nodes"):
            return
        jobs = 1500
        with Cluster(self.cluster(16, 64)) as cluster:
            for mode in ("job", "array"):
                ours = self.runner(cluster, jobs, 1024, mode, seconds=1)
                cores = ours["cpu"] / ours["wall"]
                self.row(f"16 nodes x 64, jobs of 1 s, mode={mode}: recorded", ours["rate"], "/s")
                self.row(f"16 nodes x 64, mode={mode}: runner and commands, cores", cores, "", 1, cores)

    def outstanding(self):
        """5,000 jobs of which nothing is new: what a minute costs."""
        if not self.options.long or not self.wanted("outstanding"):
            return
        with Cluster(self.cluster(1, 1)) as cluster:
            run = self.fresh("run") / "r"
            # The seed's evaluation is short, those after it never end here.
            (self.folder / "score.sh").write_text(
                SCORE.replace("[ -z \"$WAIT\" ]", "[ ! -e $0.once ] || sleep 3000; : >$0.once; [ -z \"$WAIT\" ]"))
            with subprocess.Popen(self.command(run, 6000, 5000, "array"), env=self.environment(cluster),
                                  stdout=subprocess.DEVNULL) as runner:
                count = "SELECT count(*) FROM attempts WHERE ref LIKE '%job=%'"
                since = time.perf_counter()
                self.until(lambda: self.ask(run, count) > 5000 or runner.poll() is not None)
                self.row("5,000 jobs in SLURM's hands", time.perf_counter() - since, "s")
                self.quiet(cluster)
                before, begun = self.ticks(runner.pid), time.perf_counter()
                self.calls(cluster)
                self.until(lambda: time.perf_counter() - begun >= 60)
                took, wall = self.ticks(runner.pid) - before, time.perf_counter() - begun
                calls = self.calls(cluster)
                self.row("5,000 outstanding: status queries a minute", sum(calls.values()), "", 2, sum(calls.values()) / 2)
                self.row("5,000 outstanding: of a core, commands included", took / wall * 100, "%", 1, took / wall * 100)
                runner.terminate()
                runner.wait()

    def quiet(self, cluster):
        """Until the looks at the queue are as rare as they get."""
        since = time.perf_counter()
        cluster.ask("sdiag", "-r")
        self.until(lambda: time.perf_counter() - since >= 62)

    @staticmethod
    def ticks(pid):
        words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(word) for word in words[11:15]) / os.sysconf("SC_CLK_TCK")

    def run(self):
        for part in (self.rates, self.peers, self.window, self.submission, self.many_nodes, self.outstanding):
            part()
        if self.options.output:
            pathlib.Path(self.options.output).write_text(json.dumps(self.rows, indent=2) + "\n")
        shutil.rmtree(self.folder, ignore_errors=True)


class Cluster:
    """Ended whatever happens."""

    def __init__(self, cluster):
        self.cluster = cluster

    def __enter__(self):
        return self.cluster

    def __exit__(self, *_):
        self.cluster.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", nargs="?")
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--long", action="store_true")
    Bench(parser.parse_args()).run()


if __name__ == "__main__":
    main()
