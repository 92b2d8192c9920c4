"""The native helper (launch/local/warm_clone.c), as Python sees it."""

import ctypes
import os
import sys

_POOL_BYTES = 16384 if sys.version_info >= (3, 10) else 4096  # of Python's allocator
_JOB, _SERVER, _END, _INTERRUPTED = range(4)


class _Job(ctypes.Structure):
    _fields_ = [("arguments", ctypes.c_void_p), ("arguments_size", ctypes.c_uint64),
                ("changes", ctypes.c_void_p), ("changes_size", ctypes.c_uint64)]


class Cloner:
    """Makes jobs out of this process. One thread, everything imported."""

    def __init__(self, helper, channel):
        """Before anything is imported for the evaluator: remembers the environment."""
        self._library = ctypes.PyDLL(helper)
        self._library.genesis_warm_begin.restype = ctypes.c_char_p
        self._library.genesis_warm_prepare.restype = ctypes.c_char_p
        self._library.genesis_warm_this_job.restype = ctypes.POINTER(_Job)
        refusal = self._library.genesis_warm_begin(channel)
        if refusal:
            raise OSError(refusal.decode())

    def prepare(self):
        """None, or why this interpreter cannot be used."""
        refusal = self._library.genesis_warm_prepare()
        return refusal.decode() if refusal else None

    def fill_holes(self):
        """Once everything is imported: what jobs allocate from now on lies together."""
        self._library.genesis_warm_fill_holes(ctypes.c_size_t(_POOL_BYTES))

    def receive(self):
        """Waits for a request. Ends this process with the runner."""
        while True:
            which = self._library.genesis_warm_receive()
            if which == _SERVER:
                return
            if which == _END:
                os._exit(0)

    def clone(self):
        """Makes the job that was asked for, and tells the runner. True in the job."""
        return self._library.genesis_warm_clone() == _JOB

    def serve(self):
        """A clone for each request; returns in the jobs. Ends this process with the runner."""
        while True:
            which = self._library.genesis_warm_serve()
            if which == _JOB:
                return
            if which == _END:
                os._exit(0)

    def decline(self):
        """Tells the runner that the job it asked for cannot be."""
        self._library.genesis_warm_decline()

    def request(self):
        """In the job: (arguments, changes of the environment: NAME=value, or NAME to remove)."""
        job = self._library.genesis_warm_this_job().contents
        return (_strings(job.arguments, job.arguments_size),
                _strings(job.changes, job.changes_size))


def _strings(address, size):
    return os.fsdecode(ctypes.string_at(address, size)).split("\0")[:-1]
