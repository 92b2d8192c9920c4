# The end of the main program waits for threads that are no daemons.
import threading
import time


def work():
    time.sleep(0.05)
    print("the thread has ended", flush=True)


threading.Thread(target=work).start()
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print("main has ended", flush=True)
