"""The candidate's process: made by fork, asked for one run at a time, its answers taken as data.

Protocol: the evaluator sends (run index, nonce); the candidate's process answers (length, nonce,
kind, bytes). A frame that does not repeat the nonce of the pending request was not made in answer
to it and ends the evaluation: nothing written ahead of a request can count. A frame only ever
carries a return value, which validation judges like any other; times are taken by the evaluator's
own clock.
"""

import importlib.util
import os
import select
import signal
import struct
import sys
import time
import traceback
import warnings

from genesis_evaluator import confine, wire

MAX_RESULT_BYTES = 1 << 30
_REQUEST = struct.Struct(">Q16s")
_FRAME = struct.Struct(">Q16sc")
_RESULT, _ERROR, _LOADED = b"R", b"E", b"L"
_NO_NONCE = bytes(16)


class CandidateError(Exception):
    """The candidate raised, died, or broke the protocol; the message is one for people."""

    trace = ""


class CandidateTimeout(CandidateError):
    """No answer within the time that was given."""


def load_program(program_path):
    """The candidate's module, as `program`."""
    spec = importlib.util.spec_from_file_location("program", program_path)
    if spec is None or spec.loader is None:
        raise CandidateError("cannot load '%s' as a Python module" % program_path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["program"] = module
    spec.loader.exec_module(module)
    return module


def find_function(module, name):
    """The experiment function, or an AttributeError that names it."""
    function = getattr(module, name, None)
    if function is None:
        raise AttributeError("the program has no function '%s'" % name)
    return function


def preload_numpy(program_path):
    """Imports numpy before the fork when the program will: the cost is the same and the decoder
    then has it from before any candidate code ran."""
    if "numpy" in sys.modules:
        return
    try:
        with open(program_path, "rb") as source:
            text = source.read(1 << 20)
    except OSError:
        return
    if b"numpy" in text or b"scipy" in text:
        try:
            import numpy  # noqa: F401
        except ImportError:
            pass


def program_calls(program_path, function_name, kwargs_of_runs):
    """What a CandidateProcess is made with: loads the program, answers with its function's calls."""
    def load():
        function = find_function(load_program(program_path), function_name)
        return lambda run: function(**kwargs_of_runs[run])
    return load


class CandidateProcess:
    """One forked process that runs the candidate on request. `load` is called in it, once, and
    returns the function that answers a run's number with a value."""

    def __init__(self, load):
        request_read, self._request = os.pipe()
        self._answer, answer_write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        evaluator = os.getpid()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of numpy's BLAS: harmless
            self.pid = os.fork()
        if self.pid == 0:
            try:
                confine.confine_candidate(evaluator, (request_read, answer_write))
                _serve(request_read, answer_write, load)
            finally:
                os._exit(1)
        os.close(request_read)
        os.close(answer_write)
        self.run = None
        self._nonce = _NO_NONCE
        self._started = 0.0
        self._deadline = None

    def fileno(self):
        return self._answer

    def wait_until_loaded(self):
        """The module's own import is not part of any run's time."""
        length, nonce, kind = _FRAME.unpack(self._read(_FRAME.size))
        if (length, nonce, kind) != (0, _NO_NONCE, _LOADED):
            raise CandidateError("the candidate wrote on the evaluator's result channel")

    def request(self, run):
        """Starts run number `run` (from 0)."""
        self.run = run
        self._nonce = os.urandom(16)
        self._started = time.perf_counter()
        try:
            os.write(self._request, _REQUEST.pack(run, self._nonce))
        except BrokenPipeError:
            pass  # the answer's end of file says the same, with the cause

    def result(self, timeout=None):
        """Waits for the pending run: (value, seconds). Raises CandidateError, or CandidateTimeout
        after `timeout` seconds from its request."""
        self._deadline = None if timeout is None else self._started + timeout
        length, nonce, kind = _FRAME.unpack(self._read(_FRAME.size))
        if nonce != self._nonce or kind not in (_RESULT, _ERROR):
            raise CandidateError("the candidate wrote on the evaluator's result channel")
        if length > MAX_RESULT_BYTES:
            raise CandidateError("the result is larger than %d bytes" % MAX_RESULT_BYTES)
        payload = self._read(length)
        seconds = time.perf_counter() - self._started
        try:
            value = wire.decode(payload)
        except (wire.DecodeError, RecursionError, MemoryError) as error:
            raise CandidateError("the candidate's result cannot be read: %s" % error)
        if kind == _ERROR:
            message, trace = value if isinstance(value, tuple) and len(value) == 2 else (value, "")
            if trace:
                sys.stderr.write(str(trace))
            failure = CandidateError(str(message))
            failure.trace = str(trace)
            raise failure
        return value, seconds

    def _read(self, count):
        pieces = bytearray()
        while len(pieces) < count:
            self._wait_for_bytes()
            piece = os.read(self._answer, min(count - len(pieces), 1 << 20))
            if not piece:
                raise CandidateError(self._how_it_ended())
            pieces += piece
        return bytes(pieces)

    def _wait_for_bytes(self):
        if self._deadline is None:
            return
        poll = select.poll()
        poll.register(self._answer, select.POLLIN | select.POLLHUP)
        left = self._deadline - time.perf_counter()
        if not poll.poll(max(0.0, left) * 1000):
            raise CandidateTimeout("no answer within %.3g s"
                                   % (self._deadline - self._started))

    def _how_it_ended(self):
        deadline = time.monotonic() + 1.0  # it closed its end; it may still be about to exit
        while self.pid and time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                if os.WIFSIGNALED(status):
                    return ("the candidate's process was killed by %s before it returned a result"
                            % signal.Signals(os.WTERMSIG(status)).name)
                return ("the candidate's process exited with status %d before it returned a result"
                        % os.WEXITSTATUS(status))
            time.sleep(0.001)
        return "the candidate's process closed its result channel before it returned a result"

    def end(self):
        """Kills the process; its exit handlers and threads do not run on."""
        for descriptor in (self._request, self._answer):
            os.close(descriptor)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


def _serve(request_read, answer_write, load):
    """The candidate's side: load once, answer requests until end of file."""
    call, failure = None, None
    try:
        call = load()
    except BaseException as error:
        failure = _describe(error)
    _write_all(answer_write, _FRAME.pack(0, _NO_NONCE, _LOADED))
    while True:
        request = os.read(request_read, _REQUEST.size)
        if len(request) != _REQUEST.size:
            os._exit(0)
        run, nonce = _REQUEST.unpack(request)
        kind, payload = _ERROR, failure
        if failure is None:
            try:
                kind, payload = _RESULT, wire.encode(call(run))
            except BaseException as error:
                kind, payload = _ERROR, _describe(error)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                pass
        _write_all(answer_write, _FRAME.pack(len(payload), nonce, kind) + payload)


def _describe(error):
    if isinstance(error, wire.EncodeError):
        return wire.encode((str(error), ""))
    if isinstance(error, SystemExit):
        message = "the candidate called sys.exit(%s)" % error.code
    else:
        message = "%s: %s" % (type(error).__name__, error)
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return wire.encode((message, trace[-16384:]))


def _write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]
