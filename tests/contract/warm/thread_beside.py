# A module beside the evaluator that starts a thread when it is imported.
import threading

import beside_thread

beside_thread.done.wait()
print(threading.active_count() >= 1, beside_thread.done.is_set())
