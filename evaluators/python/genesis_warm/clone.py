"""The native helper (launch/local/warm_clone.c), as Python sees it."""

import ctypes
import os

_MOST_JOINS, _MOST_LIMITS = 4, 16


class _Limit(ctypes.Structure):
    _fields_ = [("resource", ctypes.c_int32), ("reserved", ctypes.c_int32),
                ("soft", ctypes.c_uint64), ("hard", ctypes.c_uint64)]


class _Plan(ctypes.Structure):
    _fields_ = [("output", ctypes.c_int32), ("error", ctypes.c_int32), ("cgroup", ctypes.c_int32),
                ("join_count", ctypes.c_int32), ("joins", ctypes.c_int32 * _MOST_JOINS),
                ("channel", ctypes.c_int32), ("limit_count", ctypes.c_int32),
                ("cpus_size", ctypes.c_uint64), ("folder", ctypes.c_char_p),
                ("cpus", ctypes.c_char_p), ("token_at", ctypes.c_void_p),
                ("token", ctypes.c_char_p), ("token_room", ctypes.c_uint64),
                ("work_at", ctypes.c_void_p), ("work", ctypes.c_char_p),
                ("work_room", ctypes.c_uint64), ("limits", _Limit * _MOST_LIMITS)]


class Cloner:
    """Makes jobs out of this process. One thread, everything imported."""

    def __init__(self, helper, channel):
        self._library = ctypes.PyDLL(helper)
        self._library.genesis_warm_prepare.restype = ctypes.c_char_p
        self._library.genesis_warm_clone.restype = ctypes.c_long
        self._library.genesis_warm_clone.argtypes = [ctypes.POINTER(_Plan)]
        self._channel = channel
        self._token = _first_environment(b"GENESIS_ATTEMPT_TOKEN=")
        self._work = _first_environment(b"GENESIS_WORK_DIR=")

    def prepare(self):
        """None, or why this interpreter cannot be used."""
        refusal = self._library.genesis_warm_prepare()
        return refusal.decode() if refusal else None

    def clone(self, request, descriptors):
        """The job's process id; 0 in the job. Raises OSError. `descriptors`: output, error, then
        the cgroup's folder if there is one, then the groups to join."""
        plan = _Plan()
        plan.output, plan.error = descriptors[0], descriptors[1]
        others = list(descriptors[2:])
        plan.cgroup = others.pop(0) if request["cgroup"] else -1
        plan.join_count = len(others)
        plan.joins[:len(others)] = others
        plan.channel = self._channel
        plan.folder = os.fsencode(request["folder"])
        cpus = _cpu_mask(request["cpus"])
        plan.cpus, plan.cpus_size = cpus, len(cpus) if cpus else 0
        plan.limit_count = len(request["limits"])
        for place, (resource, soft, hard) in zip(plan.limits, request["limits"]):
            place.resource, place.soft, place.hard = resource, soft, hard
        plan.token, plan.work = os.fsencode(request["token"]), os.fsencode(request["work"])
        plan.token_at, plan.token_room = self._token
        plan.work_at, plan.work_room = self._work
        made = self._library.genesis_warm_clone(ctypes.byref(plan))
        if made < 0:
            raise OSError(-made, os.strerror(-made))
        return made


def _first_environment(name):
    """Where this process's first environment, which /proc shows, has a variable: (address, room)."""
    entries = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    index = 0
    while entries[index]:
        text = ctypes.string_at(entries[index])
        if text.startswith(name):
            return entries[index] + len(name), len(text) - len(name)
        index += 1
    return None, 0


def _cpu_mask(numbers):
    if not numbers:
        return None
    mask = bytearray(128)
    for number in numbers:
        mask[number // 8] |= 1 << (number % 8)
    return bytes(mask)
