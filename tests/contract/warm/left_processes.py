# Children in other sessions go with the job.
import os
import subprocess
import sys
import time

subprocess.Popen(["sleep", "300"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(300)
    os._exit(0)
os.wait()
print("parent ends")
