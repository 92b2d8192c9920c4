import sys

sys.excepthook = lambda kind, value, trace: print("hook:", kind.__name__, value)
raise RuntimeError("seen by the hook")
