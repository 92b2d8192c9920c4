"""Numeric libraries start their threads at import, and threads do not survive a fork. So they are
imported with one thread, and each job then asks them for as many as it should have."""

import ctypes
import os

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GOTO_NUM_THREADS",
              "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_SETTERS = {
    "openblas": ("openblas_set_num_threads", "openblas_set_num_threads64_",
                 "scipy_openblas_set_num_threads", "scipy_openblas_set_num_threads64_"),
    "libmkl_rt": ("MKL_Set_Num_Threads",),
    "libgomp": ("omp_set_num_threads",),
    "libomp": ("omp_set_num_threads",),
    "libiomp": ("omp_set_num_threads",),
}


class OneThread:
    """While this is entered, the environment asks for one thread."""

    def __enter__(self):
        self._before = {name: os.environ.get(name) for name in _VARIABLES}
        for name in _VARIABLES:
            os.environ[name] = "1"

    def __exit__(self, *_):
        for name, value in self._before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def wanted():
    try:
        return max(1, int(os.environ.get("OMP_NUM_THREADS", "1")))
    except ValueError:
        return 1


def setters():
    """(functions that set a library's threads, libraries that have none)."""
    found, without = [], []
    for path in _libraries():
        kind = next((kind for kind in _SETTERS if kind in os.path.basename(path)), None)
        if kind is None:
            continue
        library = ctypes.CDLL(path)
        names = [name for name in _SETTERS[kind] if hasattr(library, name)]
        if names:
            found.append(getattr(library, names[0]))
        else:
            without.append(os.path.basename(path))
    return found, without


def _libraries():
    paths = []
    with open("/proc/self/maps") as file:
        for line in file:
            path = line[line.find("/"):].strip() if "/" in line else ""
            if ".so" in path and path not in paths:
                paths.append(path)
    return paths
