"""What the first jobs imported beyond what was found by reading: modules that functions import, or
that libraries load when they are first used. The server imports those too, so that later jobs do not.

The names come from jobs, which may run candidates, so they are only names: of at most a few modules,
that are installed, imported under the same checks as all others, and only from the first jobs.
"""

import mmap
import struct
import sys

_JOBS = 6
_CLONES = 50  # after so many nobody looks through its modules any more: that alone copies many pages
_ROOM = 64 << 10
_MOST_NAMES = 400
_LENGTH = struct.Struct("=I")


class Lesson:
    def __init__(self):
        self._known = set()
        self._left = _JOBS
        self._clones = _CLONES
        self._memory = mmap.mmap(-1, _ROOM)  # shared with the clones

    def begin(self):
        """In the server: what is imported by now needs no telling."""
        self._known = set(sys.modules)

    def tell(self):
        """In a job, at its end."""
        if self._left <= 0:
            return
        names = [name for name in sys.modules if name not in self._known and name.isascii()]
        text = "\n".join(names).encode()[:_ROOM - _LENGTH.size]
        if text:
            self._memory[_LENGTH.size:_LENGTH.size + len(text)] = text
            self._memory[:_LENGTH.size] = _LENGTH.pack(len(text))

    def goes_on(self):
        """In the server, before each clone is made."""
        self._clones -= 1
        if self._clones < 0:
            self._left = 0
        return self._left > 0

    def take(self):
        """In the server: names that a job has told of."""
        length, = _LENGTH.unpack(self._memory[:_LENGTH.size])
        if length == 0:
            return []
        self._left -= 1
        text = self._memory[_LENGTH.size:_LENGTH.size + min(length, _ROOM - _LENGTH.size)]
        self._memory[:_LENGTH.size] = _LENGTH.pack(0)
        return text.decode("ascii", "replace").split("\n")[:_MOST_NAMES]
