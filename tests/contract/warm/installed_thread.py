# cold: starts a thread
import starts_a_thread

print(starts_a_thread.value)
