# limit: time
import time

print("waiting", flush=True)
time.sleep(120)
