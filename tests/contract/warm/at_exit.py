import atexit
import os
import sys

results = sys.argv[sys.argv.index("--results_dir") + 1]


@atexit.register
def last():
    with open(os.path.join(results, "last.txt"), "w") as file:
        file.write("written at exit")
    print("exit handlers have run")


print("main has ended")
