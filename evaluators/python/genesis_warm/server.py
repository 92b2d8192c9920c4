"""python server.py HELPER EVALUATOR [FILES TO LOOK FOR IMPORTS IN …]

Imports what the evaluator imports, then makes a clone of itself for each request. Started by the
local launcher with a sequenced-packet socket as descriptor 3; ends at its end of file.

    → {"ready": true} or {"refused": "why"}, once
    ← a packet (launch/local/warm_request.h) with the descriptors of the log files, of the cgroup's
      folder and of the groups to join
    → {"id", "pid"} or {"id", "error"}; {"failed", "errno", "pid"} from a clone that could not
      become the job
"""

import gc
import os
import sys

CHANNEL = 3


def main():
    helper, script, others = sys.argv[1], sys.argv[2], sys.argv[3:]
    # Set for this process alone, so that no clone has to look up what it calls.
    os.environ.pop("LD_BIND_NOW", None)
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
        _refuse(refusal)
        return
    from genesis_warm import job
    learnt = lesson.Lesson()
    rehearsal.rehearse()
    _settle(learnt, cloner)
    _tell(b'{"ready": true}')
    while learnt.goes_on():
        cloner.receive()
        names = imports.installed(learnt.take())
        if names:
            _learn(names, cloner, imports, threads)
            rehearsal.rehearse()
            _settle(learnt, cloner)
        if cloner.clone():
            break
    else:
        cloner.fill_holes()
        cloner.serve()
    job.run(cloner.request(), script, code, setters, count, learnt)


def _learn(names, cloner, imports, threads):
    try:
        with threads.OneThread():
            imports.import_ahead(names)
    except imports.Unsafe as unsafe:
        # From now on everything starts cold, this one included.
        _refuse(str(unsafe))
        cloner.decline()
        os._exit(0)


def _settle(learnt, cloner):
    """What is there now stays: collectors in clones need not look at it, which would copy it."""
    gc.collect()
    gc.freeze()
    learnt.begin()
    cloner.fill_holes()


def _refuse(why):
    import json  # not before: every job has what the server has imported
    _tell(json.dumps({"refused": why}).encode())


def _tell(message):
    try:
        os.write(CHANNEL, message)
    except OSError:
        os._exit(0)


if __name__ == "__main__":
    main()
