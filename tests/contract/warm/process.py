# What the process is: session, descriptors, signals, limits, file mode, what /proc shows of it.
import os
import resource
import signal
import sys

print(os.getsid(0) == os.getpid() == os.getpgid(0))
print(sorted(int(number) for number in os.listdir("/proc/self/fd"))[:3], len(os.listdir("/proc/self/fd")))
print([signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD)])
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.pthread_sigmask(signal.SIG_BLOCK, []))
for name in ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CPU"):
    print(name, resource.getrlimit(getattr(resource, name)))
print(resource.getrlimit(resource.RLIMIT_MSGQUEUE)[1] < 819200)  # the mark of a launcher
mask = os.umask(0)
print(oct(mask), sys.stdin.read() == "", sys.flags.no_site, sys.getrecursionlimit())
shown = open("/proc/self/environ", "rb").read().split(b"\0")
print(("GENESIS_ATTEMPT_TOKEN=" + os.environ["GENESIS_ATTEMPT_TOKEN"]).encode() in shown,
      ("GENESIS_WORK_DIR=" + os.environ["GENESIS_WORK_DIR"]).encode() in shown)
