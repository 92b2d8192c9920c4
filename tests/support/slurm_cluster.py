#!/usr/bin/env python3
"""A real SLURM cluster of this machine alone, for tests: slurmctld and some slurmd on loopback, as root or
as an ordinary user, without munge and without systemd.

As a program it prints one JSON line when the nodes are idle, {"conf": …, "folder": …, "nodes": […]}, or
{"unavailable": why}. Then it takes commands, one a line, and answers each with a JSON line:

    stop NAME     ends slurmctld, the slurmd of a node, munged, slurmdbd or mariadbd (SIGKILL)
    start NAME    starts it again
    pids          {"slurmctld": pid, "n1": pid, …, "others": [steps and jobs]}

When its standard input closes, or at SIGTERM, all of it ends: daemons, steps and jobs, by their ids. It
is the reaper of whatever they leave behind, so nothing gets away by forking twice. That also holds when
the test crashes: its end of the pipe closes.

Authentication is SLURM's "none", which trusts the user that a caller claims, or with --munge that of munge;
with --accounting there is slurmdbd over MariaDB (slurm_services.py). Only for tests.
"""

import argparse
import ctypes
import json
import os
import pathlib
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import slurm_services

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PROGRAMS = ["slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo", "srun"]
START_SECONDS = 120

CONFIGURATION = """\
ClusterName=genesis
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
JobCompType=jobcomp/none
MpiDefault=none
ReturnToService=2
MailProg=/bin/true
SlurmdParameters=config_overrides
GresTypes=gpu
KillWait=2
"""


def path_with_daemons():
    """Debian keeps the daemons where an ordinary user's PATH does not look."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


def missing_programs(munge=False, accounting=False):
    path = path_with_daemons()
    return ([name for name in PROGRAMS if shutil.which(name, path=path) is None] +
            slurm_services.missing(munge, accounting, path))


def free_ports(count):
    """Ports that nobody has now; all are held until all are found."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def prctl(option, value):
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def read_stat(pid):
    """(parent, state) of a process, or None when it has gone."""
    try:
        words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return int(words[1]), words[0]


def descendants(root):
    """Living processes below `root`, parents first."""
    children = {}
    for name in os.listdir("/proc"):
        stat = read_stat(int(name)) if name.isdigit() else None
        if stat and stat[1] not in "ZX":
            children.setdefault(stat[0], []).append(int(name))
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


class Daemons:
    """What the program runs; a process of its own, so that a crashing test cannot leave it behind."""

    def __init__(self, options):
        self.options = options
        # Groups of processes are called as the nodes, all over the machine.
        prefix = f"g{os.getpid()}n" if options.memory_limits else "n"
        self.nodes = [f"{prefix}{i + 1}" for i in range(options.nodes)]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gslurm"))  # Short: sockets are below it.
        self.conf = self.folder / "slurm.conf"
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("SLURM", "SBATCH", "SQUEUE", "SCANCEL"))}
        self.environment.update(PATH=path_with_daemons(), SLURM_CONF=str(self.conf), LC_ALL="C.UTF-8")
        self.running = {}
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.services = slurm_services.Services(self.folder, self.environment, self.user, options.munge,
                                                options.accounting)

    def names(self):
        return [*self.services.names, "slurmctld", *self.nodes]

    def write_configuration(self):
        for name in ["run", "log", "state", "spool"]:
            (self.folder / name).mkdir()
        host = socket.gethostname().split(".")[0]
        first = 1 + self.services.ports_wanted()
        ports = free_ports(first + len(self.nodes))
        options = self.options
        text = CONFIGURATION.format(host=host, ports=ports, user=self.user, folder=self.folder)
        text += "".join(f"{one}\n" for one in self.services.configure(ports[1:first]))
        if options.memory_limits:
            (self.folder / "cgroup.conf").write_text(slurm_services.MEMORY)
            text += "TaskPlugin=task/cgroup\n"
        else:
            text += "TaskPlugin=task/none\n"
        if not any(one.startswith("SlurmdTimeout=") for one in options.set):
            text += "SlurmdTimeout=60\n"
        text += "".join(f"{one}\n" for one in options.set)
        gres = f" Gres=gpu:{options.gpus}" if options.gpus else ""
        for node, port in zip(self.nodes, ports[first:]):
            text += (f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
                     f"CPUs={options.cpus} RealMemory=64000{gres} State=UNKNOWN\n")
        text += "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
        text += "".join(f"PartitionName={one} Nodes=ALL State=UP\n" for one in options.partition)
        self.conf.write_text(text)
        # Plain files stand in for the devices: SLURM hands out their numbers.
        gpus = [self.folder / f"gpu{i}" for i in range(options.gpus)]
        for gpu in gpus:
            gpu.touch()
        (self.folder / "gres.conf").write_text("".join(f"Name=gpu File={gpu}\n" for gpu in gpus))

    def start(self, name):
        if name in self.running:
            return
        service = name in self.services.names
        if service:
            self.services.before(name)
            command = self.services.command(name)
        else:
            command = ["slurmctld", "-D"] if name == "slurmctld" else ["slurmd", "-D", "-N", name]
        log = open(self.folder / "log" / name, "a", encoding="utf-8")
        me = os.getpid()

        def die_with_us():
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != me:
                os._exit(1)

        with log:
            self.running[name] = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, preexec_fn=die_with_us)
        if service:
            self.services.after(name, self.running[name])

    def stop(self, name):
        daemon = self.running.pop(name, None)
        if daemon:
            daemon.kill()
            daemon.wait()

    def ask(self, *command, seconds=20):
        return subprocess.run(command, env=self.environment, cwd=self.folder, text=True,
                              capture_output=True, timeout=seconds, check=False)

    def has_ended(self):
        return [name for name, daemon in self.running.items() if daemon.poll() is not None]

    def wait_until_idle(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            ended = self.has_ended()
            if ended:
                return f"{ended[0]} ended: {self.tail(ended[0])}"
            try:
                states = self.ask("sinfo", "-h", "-N", "-p", "main", "-o", "%T").stdout.split()
            except subprocess.TimeoutExpired:
                states = []
            if states == ["idle"] * len(self.nodes):
                return ""
            if time.monotonic() > deadline:
                return f"the nodes are {states} after {START_SECONDS} s: {self.tail('slurmctld')}"
            self.reap()
            time.sleep(0.05)

    def tail(self, name):
        return (self.folder / "log" / name).read_text(errors="replace")[-2000:]

    def reap(self):
        """Ends of processes that became ours; those of the daemons are their objects' business."""
        own = {daemon.pid for daemon in self.running.values()}
        for name in os.listdir("/proc"):
            stat = read_stat(int(name)) if name.isdigit() else None
            if stat and stat == (os.getpid(), "Z") and int(name) not in own:
                try:
                    os.waitpid(int(name), os.WNOHANG)
                except ChildProcessError:
                    pass

    def pids(self):
        named = {name: daemon.pid for name, daemon in self.running.items()}
        others = [pid for pid in descendants(os.getpid()) if pid not in named.values()]
        return dict(named, others=others)

    def end(self):
        """Until nothing is left: a process that has been told to end may have forked before."""
        deadline = time.monotonic() + 20
        while True:
            left = descendants(os.getpid())
            if not left or time.monotonic() > deadline:
                break
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            for daemon in self.running.values():
                daemon.poll()
            self.reap()
            time.sleep(0.01)
        if self.options.memory_limits:
            slurm_services.forget_memory_groups(self.nodes)
        shutil.rmtree(self.folder, ignore_errors=True)


def say(answer):
    print(json.dumps(answer), flush=True)


def obey(daemons, line):
    words = line.split()
    if words == ["pids"]:
        return daemons.pids()
    if len(words) == 2 and words[0] in ("stop", "start") and words[1] in daemons.names():
        (daemons.stop if words[0] == "stop" else daemons.start)(words[1])
        return {"done": line}
    return {"error": f"unknown command: {line}"}


def serve(daemons):
    """Until standard input closes."""
    rest = b""
    while True:
        ready, _, _ = select.select([0], [], [], 1)
        daemons.reap()
        if not ready:
            continue
        read = os.read(0, 4096)
        if not read:
            return
        *lines, rest = (rest + read).split(b"\n")
        for line in lines:
            say(obey(daemons, line.decode()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--cpus", type=int, default=8, help="that each node pretends to have")
    parser.add_argument("--gpus", type=int, default=0, help="that each node pretends to have")
    parser.add_argument("--partition", action="append", default=[], metavar="'NAME MaxTime=1'",
                        help="another one, beside `main`")
    parser.add_argument("--munge", action="store_true", help="vouches for users, not SLURM's \"none\"")
    parser.add_argument("--accounting", action="store_true", help="slurmdbd over MariaDB: sacct knows jobs")
    parser.add_argument("--memory-limits", action="store_true", help="by control groups")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of slurm.conf")
    options = parser.parse_args()
    missing = missing_programs(options.munge, options.accounting)
    if missing:
        say({"unavailable": f"SLURM is not installed: no {', '.join(missing)}"})
        return 0
    if options.memory_limits and slurm_services.no_memory_limits():
        say({"unavailable": slurm_services.no_memory_limits()})
        return 0
    prctl(PR_SET_CHILD_SUBREAPER, 1)

    def leave(_signal, _frame):
        sys.exit(0)

    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, leave)
    daemons = Daemons(options)
    try:
        daemons.write_configuration()
        try:
            for name in daemons.names():
                daemons.start(name)
            failure = daemons.wait_until_idle()
        except RuntimeError as error:
            failure = str(error)
        if failure:
            say({"failed": failure})
            return 1
        say({"conf": str(daemons.conf), "folder": str(daemons.folder), "nodes": daemons.nodes})
        serve(daemons)
        return 0
    finally:
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN)
        daemons.end()


class SlurmCluster:
    """The same from a Python test; the cluster is this program, so it ends with the test."""

    def __init__(self, *options):
        self.program = subprocess.Popen([sys.executable, __file__, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.program.stdout.readline() or '{"failed": "no answer"}')
        self.unavailable = self.ready.get("unavailable")
        if "conf" not in self.ready:
            self.close()
            if not self.unavailable:
                raise RuntimeError(f"start the cluster: {self.ready.get('failed')}")
            return
        self.nodes = self.ready["nodes"]
        self.environment = {"SLURM_CONF": self.ready["conf"], "PATH": path_with_daemons(),
                            "XDG_CACHE_HOME": self.ready["folder"] + "/cache"}

    def tell(self, line):
        self.program.stdin.write(line + "\n")
        self.program.stdin.flush()
        return json.loads(self.program.stdout.readline())

    def ask(self, *command, seconds=60):
        """One command of SLURM's: (code, standard output, standard error)."""
        done = subprocess.run(command, env=dict(os.environ, **self.environment), text=True,
                              capture_output=True, timeout=seconds, check=False)
        return done.returncode, done.stdout, done.stderr

    def close(self):
        if self.program.stdin:
            self.program.stdin.close()
        self.program.wait(60)
        self.program.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
