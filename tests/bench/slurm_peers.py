"""What others take for the work of slurm_bench: slurm_peers.py NAME FOLDER JOBS SECONDS, where NAME is submitit
(one array from here) or hyperqueue (in an allocation: its server and one worker). Prints the wall seconds
from the first submission to the last result."""

import os
import pathlib
import subprocess
import sys
import time


def evaluate(folder, number, seconds):
    results = pathlib.Path(folder) / f"result-{number}"
    results.mkdir()
    subprocess.run(["sh", f"{folder}/score.sh", "program", str(results)], check=True,
                   env=dict(os.environ, WAIT=str(seconds)))
    return (results / "metrics.json").read_text()


def through_submitit(folder, jobs, seconds):
    import submitit
    executor = submitit.SlurmExecutor(folder=f"{folder}/submitit")
    executor.update_parameters(time=10, array_parallelism=jobs, cpus_per_task=1, ntasks_per_node=1)
    since = time.perf_counter()
    made = executor.map_array(evaluate, [folder] * jobs, range(jobs), [seconds] * jobs)
    for one in made:
        if "combined_score" not in one.result():
            raise RuntimeError("no score")
    return time.perf_counter() - since


def through_hyperqueue(folder, jobs, seconds):
    from hyperqueue import Job, LocalCluster
    from hyperqueue.cluster import WorkerConfig
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=int(os.environ["SLURM_CPUS_ON_NODE"])))
        client = cluster.client()
        since = time.perf_counter()
        work = Job()
        for number in range(jobs):
            results = pathlib.Path(folder) / f"result-{number}"
            results.mkdir()
            work.program(["/bin/sh", f"{folder}/score.sh", "program", str(results)], env={"WAIT": str(seconds)},
                         stdout=None, stderr=None)
        client.wait_for_jobs([client.submit(work)])
        return time.perf_counter() - since


if __name__ == "__main__":
    way = {"submitit": through_submitit, "hyperqueue": through_hyperqueue}[sys.argv[1]]
    print(way(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
