"""python server.py HELPER EVALUATOR [FILES TO LOOK FOR IMPORTS IN …]

Imports what the evaluator imports, then makes a clone of itself for each request. Started by the
local launcher with a sequenced-packet socket as descriptor 3; ends at its end of file.

    → {"ready": true} or {"refused": "why"}, once
    ← {"id", "arguments", "env", "folder", "token", "work", "limits", "cpus", "cgroup"} with the
      descriptors of the log files, of the cgroup's folder and of the groups to join
    → {"id", "pid"} or {"id", "error"}; {"failed", "errno", "pid"} from a clone that could not
      become the job
"""

import array
import gc
import json
import os
import socket
import sys

CHANNEL = 3
_MOST_BYTES = 256 << 10
_MOST_DESCRIPTORS = 8


def main():
    helper, script, others = sys.argv[1], sys.argv[2], sys.argv[3:]
    channel = socket.socket(fileno=CHANNEL)
    safe_path = getattr(sys.flags, "safe_path", False)
    if not safe_path:
        sys.path[0] = os.path.dirname(script)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.append(here)
    from genesis_warm import clone, imports, lesson, rehearsal, threads
    sys.path.remove(here)

    refusal, cloner, setters, count = None, None, [], threads.wanted()
    try:
        cloner = clone.Cloner(helper, CHANNEL)
        with threads.OneThread():
            imports.import_ahead(imports.installed_imports([script] + others))
        setters, without = threads.setters()
        if count > 1 and without:
            refusal = "%s cannot be told to use %d threads" % (without[0], count)
        with open(script, "rb") as file:
            code = compile(file.read(), script, "exec")
    except imports.Unsafe as unsafe:
        refusal = str(unsafe)
    except SyntaxError:
        refusal = "the evaluator cannot be compiled"
    except (OSError, AttributeError, ValueError) as failure:
        refusal = "%s: %s" % (type(failure).__name__, failure)
    refusal = refusal or cloner.prepare()
    if refusal:
        _send(channel, {"refused": refusal})
        return
    from genesis_warm import job
    learnt, environment = lesson.Lesson(), dict(os.environ)
    rehearsal.rehearse()
    _settle(learnt)
    _send(channel, {"ready": True})
    while True:
        request, descriptors = _receive(channel)
        if request is None:
            os._exit(0)
        names = imports.installed(learnt.take())
        if names:
            try:
                with threads.OneThread():
                    imports.import_ahead(names)
            except imports.Unsafe as unsafe:
                # From now on everything starts cold, this one included.
                _send(channel, {"refused": str(unsafe)})
                _send(channel, {"id": request["id"], "error": str(unsafe)})
                os._exit(0)
            rehearsal.rehearse()
            environment = dict(os.environ)
            _settle(learnt)
        try:
            made = cloner.clone(request, descriptors)
        except OSError as failure:
            _send(channel, {"id": request["id"], "error": failure.strerror})
            continue
        if made == 0:
            channel.detach()  # the number is closed already, and may be another file's soon
            job.run(request, script, code, environment, setters, count, learnt)
        _send(channel, {"id": request["id"], "pid": made})
        for descriptor in descriptors:
            os.close(descriptor)


def _settle(learnt):
    """What is there now stays: collectors in clones need not look at it, which would copy it."""
    gc.collect()
    gc.freeze()
    learnt.begin()


def _send(channel, message):
    try:
        channel.send(json.dumps(message).encode())
    except OSError:
        os._exit(0)


def _receive(channel):
    sizes = socket.CMSG_SPACE(_MOST_DESCRIPTORS * array.array("i").itemsize)
    data, ancillary, _, _ = channel.recvmsg(_MOST_BYTES, sizes)
    if not data:
        return None, []
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[:len(content) - len(content) % descriptors.itemsize])
    return json.loads(data), list(descriptors)


if __name__ == "__main__":
    main()
