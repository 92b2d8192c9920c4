# threads: 2
import os

try:
    import numpy
except ImportError:
    numpy = None
if numpy is not None:
    a = numpy.ones((700, 700))
    (a @ a).sum()
    print(len(os.listdir("/proc/self/task")))
print(os.environ["OMP_NUM_THREADS"])
