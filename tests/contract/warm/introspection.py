import inspect
import pickle
import sys
from dataclasses import dataclass


@dataclass
class Point:
    x: int = 0


def named():
    """Read from the file."""
    return 1


print(inspect.getsource(named).strip().splitlines()[0], Point(3), Point.__module__)
print(pickle.loads(pickle.dumps(Point(4))), sys._getframe().f_code.co_name)
