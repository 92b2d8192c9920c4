"""What an evaluator imports, found without running it, and which of it can be imported once for all.

Only what is installed (the standard library, site-packages, the helpers beside this package) is
imported ahead. The evaluator itself and the modules beside it run anew in every job, so whatever
they do at import (seed a generator, open a file, print) happens as in a cold job.
"""

import ast
import importlib
import importlib.util
import os
import re
import sys
import sysconfig

_MOST_FILES = 500
_TOP = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class Unsafe(Exception):
    """Forking after this import would not be the same as starting anew; the message says why."""


def installed_imports(paths):
    """Names of installed modules that these files, and the local modules they use, import."""
    found, seen, waiting = [], set(), [os.path.realpath(path) for path in paths]
    while waiting and len(seen) < _MOST_FILES:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        for name in _names_in(path):
            source = _local_source(name)
            if source:
                waiting.append(os.path.realpath(source))
            elif name not in found:
                found.append(name)
    return found


def installed(names):
    """Those of these names that are installed modules."""
    return [name for name in names
            if _TOP.fullmatch(name) and name not in sys.modules and not _local_source(name)]


def import_ahead(names):
    """Imports what can be imported; what cannot will fail in the job as it would cold. Raises
    Unsafe, naming the module, when something is alive afterwards that a fork would not carry over."""
    before = _resources()
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException:
            continue
        _check(name, before)


def _resources():
    children = 0
    for thread in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/%s/children" % thread) as file:
                children += len(file.read().split())
        except OSError:
            pass
    # The list holds the descriptor that it was read with, which is gone by now.
    files = {number for number in os.listdir("/proc/self/fd")
             if os.path.lexists("/proc/self/fd/" + number)}
    return len(os.listdir("/proc/self/task")), children, files


def _check(name, before):
    threads, children, files = _resources()
    if threads > before[0]:
        raise Unsafe("importing %s starts a thread" % name)
    if children > before[1]:
        raise Unsafe("importing %s starts a process" % name)
    if files - before[2]:
        raise Unsafe("importing %s keeps a file or socket open" % name)


def _names_in(path):
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(4 << 20), path)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in _statements(tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            for alias in node.names:
                if _is_submodule(node.module, alias.name):
                    yield "%s.%s" % (node.module, alias.name)


def _statements(body):
    """Statements that run at import: not those of functions and classes."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        for field in ("body", "orelse", "finalbody"):
            if isinstance(node, (ast.If, ast.Try, ast.With)):
                yield from _statements(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)


def _is_submodule(package, name):
    if name == "*" or _local_source(package):
        return False
    try:
        spec = importlib.util.find_spec(package)
    except BaseException:
        return False
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if os.path.isdir(os.path.join(folder, name)):
            return True
        if any(entry.startswith(name + ".") for entry in _entries(folder)):
            return True
    return False


def _entries(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _local_source(name):
    """The source file of a module that is not installed, or None."""
    top = name.partition(".")[0]
    if top in sys.builtin_module_names:
        return None
    try:
        spec = importlib.util.find_spec(top)
    except BaseException:
        return None
    if spec is None:
        return None
    origin = spec.origin or next(iter(spec.submodule_search_locations or []), None)
    if origin in (None, "built-in", "frozen") or _is_installed(origin):
        return None
    return origin if origin.endswith(".py") else None


def _is_installed(origin):
    path = os.path.realpath(origin)
    if "site-packages" in path or "dist-packages" in path:
        return True
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    roots = [ours] + [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    return any(path.startswith(os.path.realpath(root) + os.sep) for root in roots if root)
