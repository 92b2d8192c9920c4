"""What the official Python SDK takes for the work of e2b_fleet_bench: sdk_fleet.py JOBS SANDBOXES SECONDS.
One line of JSON: wall seconds, processor seconds of this process, and its memory for each sandbox."""

import asyncio
import json
import resource
import sys
import time

from e2b import AsyncSandbox

PROGRAM = "#" * 2000


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(jobs, sandboxes, seconds):
    cpu, memory, begun, grown = processor(), resident(), 0, 0
    left = iter(range(jobs))
    command = (f"sleep {seconds} && printf '{{\"combined_score\": 1}}' >/tmp/metrics.json && "
               "printf '{\"correct\": true}' >/tmp/correct.json")

    async def evaluate(sandbox):
        nonlocal begun, grown
        await sandbox.files.write("/tmp/main.sh", PROGRAM)
        running = await sandbox.commands.run(command, background=True)
        begun += 1
        if begun == sandboxes:
            grown = resident() - memory
        await running.wait()
        if "combined_score" not in await sandbox.files.read("/tmp/metrics.json"):
            raise RuntimeError("no score")

    async def work():
        sandbox = await AsyncSandbox.create(timeout=600)
        for _ in left:
            await evaluate(sandbox)
        return sandbox

    since = time.perf_counter()
    all_of_them = await asyncio.gather(*(work() for _ in range(sandboxes)))
    wall = time.perf_counter() - since
    await asyncio.gather(*(sandbox.kill() for sandbox in all_of_them))
    print(json.dumps({"wall": wall, "cpu": processor() - cpu, "memory": grown / sandboxes}))


asyncio.run(main(int(sys.argv[-3]), int(sys.argv[-2]), float(sys.argv[-1])))
