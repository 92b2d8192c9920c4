"""What the official Python SDK reaches, for sandboxd_bench: a line "commands N" or "pairs N" asks for
so many commands one after the other in one sandbox, or sandboxes made and killed; the answer is the
seconds that it took."""

import sys
import time

from e2b import Sandbox


def main():
    sandbox = Sandbox.create(timeout=600)

    def command():
        sandbox.commands.run("true")

    def pair():
        Sandbox.create(timeout=60).kill()

    work = {"commands": command, "pairs": pair}
    for one in work.values():
        one()  # Connections are made, modules loaded.
    print("ready", flush=True)
    for line in sys.stdin:
        name, count = line.split()
        since = time.perf_counter()
        for _ in range(int(count)):
            work[name]()
        print(time.perf_counter() - since, flush=True)
    sandbox.kill()


main()
