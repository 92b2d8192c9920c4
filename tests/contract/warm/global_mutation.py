# What one job changes in shared modules, another must not see.
import json
import os
import string

print(getattr(json, "visits", 0), len(string.ascii_lowercase), "LEFT_BEHIND" in os.environ)
json.visits = getattr(json, "visits", 0) + 1
string.ascii_lowercase = "gone"
os.environ["LEFT_BEHIND"] = "1"
json.dumps = None
