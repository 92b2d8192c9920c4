# cold: starts a process
import starts_a_process

print(starts_a_process.child.wait())
