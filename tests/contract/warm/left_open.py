# A file that is never closed is written all the same.
import os
import sys

results = sys.argv[sys.argv.index("--results_dir") + 1]
file = open(os.path.join(results, "open.txt"), "w")
file.write("not flushed by anybody")
binary = open(os.path.join(results, "open.bin"), "wb")
binary.write(b"\x00\x01")
