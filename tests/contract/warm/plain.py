# What a script sees of itself.
import json
import os
import sys

print(__name__, os.path.basename(__file__), __spec__, sys.argv[1:], __cached__ if "__cached__" in dir() else "-")
print(os.path.basename(sys.path[0]), sys.modules["__main__"].__dict__ is globals())
print(os.getcwd() == os.environ["HERE"], os.environ["GREETING"], "SECRET_TOKEN" in os.environ)
print(len(os.environ["GENESIS_ATTEMPT_TOKEN"]) < 100, os.environ["GENESIS_WORK_DIR"] in sys.argv[2])
print("to the error log", file=sys.stderr)
results = sys.argv[sys.argv.index("--results_dir") + 1]
with open(os.path.join(results, "metrics.json"), "w") as file:
    json.dump({"combined_score": 1.5}, file)
with open(os.path.join(results, "correct.json"), "w") as file:
    json.dump({"correct": True}, file)
