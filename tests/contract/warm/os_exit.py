import os

print("this is written at once", flush=True)
os._exit(7)
