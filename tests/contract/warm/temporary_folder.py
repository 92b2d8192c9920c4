import os
import tempfile
import weakref

folder = tempfile.TemporaryDirectory(dir=os.environ["GENESIS_WORK_DIR"])
open(os.path.join(folder.name, "inside"), "w").close()


class Thing:
    pass


thing = Thing()
weakref.finalize(thing, print, "finalized")
print(os.path.isdir(folder.name))
