"""The job's side of a clone: the evaluator runs as `python evaluate.py …` would run it, and ends so."""

import atexit
import gc
import io
import os
import signal
import sys
import threading
import traceback
import types
from importlib.machinery import SourceFileLoader


def run(request, script, code, thread_setters, thread_count, lesson):
    """Runs the script as __main__. Does not return. `request`: see Cloner.request."""
    arguments, changes = request
    _change_environment(changes)
    _reseed()
    if thread_count > 1:
        for setter in thread_setters:
            setter(thread_count)
    sys.argv = [script] + arguments
    main = types.ModuleType("__main__")
    main.__file__ = script
    main.__loader__ = SourceFileLoader("__main__", script)
    main.__builtins__ = sys.modules["builtins"]
    main.__dict__["__annotations__"] = {}
    main.__cached__ = None
    sys.modules["__main__"] = main
    status = 0
    try:
        exec(code, main.__dict__)
    except BaseException as failure:
        status = _status_of(failure)
    _end(status, lesson)


def _change_environment(changes):
    for change in changes:
        name, sign, value = change.partition("=")
        if sign:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)


def _reseed():
    """The generators that seed themselves at import; `random` does so after each fork."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _status_of(failure):
    """What the interpreter makes of an exception that nobody caught."""
    if isinstance(failure, SystemExit):
        if failure.code is None:
            return 0
        if isinstance(failure.code, int):
            return failure.code & 0xFF
        sys.stdout.flush()
        print(failure.code, file=sys.stderr)
        return 1
    trace = failure.__traceback__.tb_next if failure.__traceback__ else None
    try:
        sys.excepthook(type(failure), failure.with_traceback(trace), trace)
    except BaseException:
        traceback.print_exc()
    return "interrupted" if isinstance(failure, KeyboardInterrupt) else 1


def _end(status, lesson):
    """The end of an interpreter without its last part, taking the imported modules apart: it touches
    every page of them, and the system takes them back anyway."""
    try:
        threading._shutdown()
    except BaseException:
        traceback.print_exc()
    try:
        atexit._run_exitfuncs()
    except BaseException:
        pass
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            status = 120 if status == 0 else status
    _flush_files()
    lesson.tell()
    if status == "interrupted":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def _flush_files():
    """Files left open are written when an interpreter ends. Only objects of the job are looked at:
    those of the server are frozen."""
    base = io.IOBase.__mro__[1]  # the built-in one: io.IOBase itself is asked much more slowly
    files = [item for item in gc.get_objects() if isinstance(item, base)]
    for kind in (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom):
        for item in files:
            if isinstance(item, kind):
                try:
                    if not item.closed:
                        item.flush()
                except BaseException:
                    pass
