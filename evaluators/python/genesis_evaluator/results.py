"""The results folder: kept clean of what a candidate leaves there, written all or nothing."""

import json
import math
import os
import shutil
import stat
import sys


class ResultsTampered(Exception):
    """The folder itself is no longer the one that was there before the candidate ran."""


class ResultsFolder:
    """Remembers what was in the folder before the candidate ran. `purge` is called when no process
    of the candidate's is left or moves, and before anything is written."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        os.makedirs(self.path, exist_ok=True)
        for name in ("metrics.json", "correct.json"):
            try:
                os.unlink(os.path.join(self.path, name))
            except FileNotFoundError:
                pass
        information = os.stat(self.path)
        self._identity = _identity(information)
        self._mode = stat.S_IMODE(information.st_mode)
        self.remember()

    def remember(self):
        """What is in the folder now belongs to the evaluator."""
        self._known = {entry: _identity(os.lstat(os.path.join(self.path, entry)))
                       for entry in os.listdir(self.path)}

    def purge(self):
        """Removes every entry that came since `remember`. Raises ResultsTampered after putting a
        fresh folder in place of one that was moved away or replaced by a link."""
        self._require_same_folder()
        removed = []
        for entry in os.listdir(self.path):
            full = os.path.join(self.path, entry)
            information = os.lstat(full)
            if self._known.get(entry) == _identity(information):
                continue
            if stat.S_ISDIR(information.st_mode):
                shutil.rmtree(full, ignore_errors=True)
            else:
                os.unlink(full)
            removed.append(entry)
        if removed:
            sys.stderr.write("genesis: removed from the results folder what the candidate left "
                             "there: %s\n" % ", ".join(sorted(removed)[:20]))

    def _require_same_folder(self):
        try:
            now = os.stat(self.path)
        except OSError:
            now = None
        if now is not None and _identity(now) == self._identity:
            if stat.S_IMODE(now.st_mode) != self._mode:
                os.chmod(self.path, self._mode)
            return
        if os.path.lexists(self.path):
            if os.path.islink(self.path) or not os.path.isdir(self.path):
                os.unlink(self.path)
            else:
                shutil.rmtree(self.path, ignore_errors=True)
        os.makedirs(self.path, exist_ok=True)
        self._identity = _identity(os.stat(self.path))
        self._known = {}
        raise ResultsTampered("the candidate moved or replaced the results folder")

    def write(self, name, data):
        """Writes a file under a temporary name and renames it."""
        target = os.path.join(self.path, name)
        temporary = os.path.join(os.path.dirname(target), ".%s.%s" % (
            os.path.basename(name), os.urandom(6).hex()))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(temporary, flags, 0o644), "wb") as file:
            file.write(data)
        os.replace(temporary, target)

    def write_below(self, subfolder, name, data):
        """The same in a folder of the results folder."""
        os.makedirs(os.path.join(self.path, subfolder), exist_ok=True)
        self.write(os.path.join(subfolder, name), data)

    def write_outcome(self, metrics, correct, error):
        """metrics.json first: correct.json marks that both are there."""
        self.write("metrics.json", to_json(metrics))
        self.write("correct.json", to_json({"correct": bool(correct), "error": error}))


def _identity(information):
    return (information.st_dev, information.st_ino, stat.S_IFMT(information.st_mode))


def to_json(value):
    """Indented JSON; numpy scalars and arrays and sets become numbers and lists, what has no JSON
    form its text."""
    return json.dumps(value, indent=2, default=_plain, skipkeys=False).encode("utf-8")


def _plain(value):
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def is_finite_number(value):
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False
