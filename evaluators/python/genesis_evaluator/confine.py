"""What keeps a candidate's process away from the evaluator's (Linux; elsewhere these do nothing).

Both run as the same user, so files and signals stay shared; what is taken away is the evaluator's
memory, descriptors and results. Privileged users would pass the kernel's checks on /proc, so the
candidate's process also gives up its capabilities.
"""

import ctypes
import os
import resource
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_KEPT_CAPABILITIES = (1 << 1) | (1 << 2)  # DAC_OVERRIDE, DAC_READ_SEARCH: reading task data as root
_CAPABILITY_VERSION_3 = 0x20080522
_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


def _prctl(option, value):
    if _libc is not None:
        zero = ctypes.c_ulong(0)
        return _libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero)
    return -1


class Protection:
    """While it is on: other processes of this user cannot open this one's memory or descriptors,
    and orphans of the candidate come to this process, which can then end them."""

    def __enter__(self):
        self._dumpable = _prctl(_PR_GET_DUMPABLE, 0)
        _prctl(_PR_SET_DUMPABLE, 0)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        return self

    def __exit__(self, *_):
        _prctl(_PR_SET_CHILD_SUBREAPER, 0)
        if self._dumpable == 1:
            _prctl(_PR_SET_DUMPABLE, 1)


def confine_candidate(evaluator_pid, keep):
    """Called in the candidate's process before any of its code; `keep` are its descriptors."""
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != evaluator_pid:
        os._exit(1)
    _prctl(_PR_SET_DUMPABLE, 1)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _drop_capabilities()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    _close_all_but({0, 1, 2} | set(keep))


def _drop_capabilities():
    if _libc is None or os.geteuid() != 0:
        return
    for number in range(64):
        if not _KEPT_CAPABILITIES >> number & 1:
            _prctl(_PR_CAPBSET_DROP, number)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    if _libc.capget(header, data) != 0:
        return
    for word in range(3):  # effective, permitted, inheritable; then the same for numbers above 31
        data[word] &= _KEPT_CAPABILITIES
        data[3 + word] = 0
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    if _libc.capset(header, data) != 0:
        os.write(2, b"genesis: the candidate's capabilities could not be dropped\n")
        os._exit(1)


def _close_all_but(keep):
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        numbers = range(3, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65536))
    for number in numbers:
        if number not in keep:
            try:
                os.close(number)
            except OSError:
                pass


def own_children():
    """The process ids of this process's direct children."""
    if _no_children():
        return set()
    mine = os.getpid()
    return {pid for pid, parent in _process_table() if parent == mine}


def _no_children():
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return False
    except ChildProcessError:
        return True
    except (AttributeError, OSError):
        return False


def _process_table():
    if not os.path.isdir("/proc/self"):
        return
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as stat:
                fields = stat.read().rpartition(b")")[2].split()
            yield int(name), int(fields[1])
        except (OSError, IndexError, ValueError):
            continue


def _descendants(spared):
    below = {}
    for pid, parent in _process_table():
        below.setdefault(parent, []).append(pid)
    found = []
    todo = [pid for pid in below.get(os.getpid(), []) if pid not in spared]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo.extend(below.get(pid, []))
    return found


def signal_descendants(number, spared):
    """Sends a signal to every process below this one, but for the subtrees of `spared` children."""
    for pid in _descendants(spared):
        try:
            os.kill(pid, number)
        except OSError:
            pass


def end_descendants(spared, seconds=10.0):
    """Kills and reaps everything below this process but `spared`; True when nothing is left."""
    deadline = time.monotonic() + seconds
    while True:
        if not spared and _no_children():
            return True
        left = _descendants(spared)
        if not left:
            return True
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        for pid in left:
            try:
                os.waitpid(pid, os.WNOHANG)
            except OSError:
                pass
        if time.monotonic() > deadline:
            return False
        time.sleep(0.0005)
