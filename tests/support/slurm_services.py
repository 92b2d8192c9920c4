"""What a cluster of tests/support/slurm_cluster.py has beside SLURM itself, where a test asks for it: munge,
which vouches for users, and slurmdbd over MariaDB, which remembers jobs. All of it below the cluster's
folder, on its own ports and sockets, as the user who runs the test."""

import os
import pathlib
import secrets
import shutil
import subprocess
import time

SECONDS = 60
PASSWORD = "only-here"

# Where SLURM may divide the memory of this machine.
MEMORY_GROUPS = pathlib.Path("/sys/fs/cgroup/memory")
MEMORY = """\
CgroupMountpoint=/sys/fs/cgroup
CgroupPlugin=cgroup/v1
IgnoreSystemd=yes
ConstrainRAMSpace=yes
ConstrainSwapSpace=yes
"""

ACCOUNTING = """\
AuthType={auth}
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={ports[0]}
SlurmUser={user}
LogFile={folder}/log/slurmdbd.log
PidFile={folder}/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports[1]}
StorageUser=genesis
StoragePass={password}
StorageLoc=slurm_acct_db
"""


def programs(munge, accounting):
    return (["munged", "munge"] if munge else []) + (
        ["slurmdbd", "sacct", "sacctmgr", "mariadbd", "mariadb-install-db", "mariadb"] if accounting else [])


class Services:
    """Which there are, in the order in which they start, and how."""

    def __init__(self, folder, environment, user, munge, accounting):
        self.folder, self.environment, self.user = folder, environment, user
        self.munge, self.accounting = munge, accounting
        self.names = (["munged"] if munge else []) + (["mariadbd", "slurmdbd"] if accounting else [])
        self.socket = folder / "munge" / "munge.sock"
        self.database = folder / "mysql"
        self.ports = []
        self.daemon = None

    def ports_wanted(self):
        return 2 if self.accounting else 0

    def configure(self, ports):
        """Their files; the lines of slurm.conf that say so."""
        self.ports = ports
        kind = "munge" if self.munge else "none"
        lines = [f"AuthType=auth/{kind}", f"CredType=cred/{kind}"]
        if self.munge:
            # munged insists that everybody can come to its socket.
            self.folder.chmod(0o711)
            self.socket.parent.mkdir(mode=0o755)
            key = self.socket.parent / "munge.key"
            key.touch(mode=0o600)
            key.write_bytes(secrets.token_bytes(1024))
            lines.append(f"AuthInfo=socket={self.socket}")
        if not self.accounting:
            return lines + ["AccountingStorageType=accounting_storage/none"]
        lines += ["AccountingStorageType=accounting_storage/slurmdbd", "AccountingStorageHost=127.0.0.1",
                  f"AccountingStoragePort={ports[0]}"]
        text = ACCOUNTING.format(auth=f"auth/{kind}", ports=ports, user=self.user, folder=self.folder,
                                 password=PASSWORD)
        if self.munge:
            text += f"AuthInfo=socket={self.socket}\n"
            # AuthInfo is not for the way to the accounting.
            lines.append(f"AccountingStoragePass={self.socket}")
        conf = self.folder / "slurmdbd.conf"
        conf.touch(mode=0o600)
        conf.write_text(text)
        return lines

    def command(self, name):
        munge = self.socket.parent
        return {
            "munged": ["munged", "--foreground", f"--key-file={munge}/munge.key", f"--socket={self.socket}",
                       f"--pid-file={munge}/munged.pid", f"--log-file={munge}/munged.log",
                       f"--seed-file={munge}/munged.seed"],
            "mariadbd": ["mariadbd", "--no-defaults", f"--datadir={self.database}", f"--user={self.user}",
                         f"--socket={self.folder}/mysql.sock", f"--pid-file={self.folder}/run/mariadbd.pid",
                         f"--port={self.ports[1] if self.ports else 0}", "--bind-address=127.0.0.1",
                         "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M",
                         "--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=0",
                         "--performance-schema=OFF"],
            "slurmdbd": ["slurmdbd", "-D"],
        }[name]

    def before(self, name):
        """What it needs to be started for the first time."""
        if name == "mariadbd" and not self.database.exists():
            self.run("mariadb-install-db", "--no-defaults", f"--user={self.user}", f"--datadir={self.database}",
                     "--auth-root-authentication-method=normal", "--skip-test-db")

    def after(self, name, daemon):
        """Until it answers."""
        self.daemon = daemon
        if name == "munged":
            self.poll("munge", f"--socket={self.socket}", "--no-input")
        elif name == "mariadbd":
            self.poll("mariadb", "--no-defaults", f"--socket={self.folder}/mysql.sock", "-uroot", "-e",
                      "create database if not exists slurm_acct_db;"
                      + "".join(f"create user if not exists 'genesis'@'{host}' identified by '{PASSWORD}';"
                                f"grant all on slurm_acct_db.* to 'genesis'@'{host}';"
                                for host in ("localhost", "127.0.0.1")))
        elif name == "slurmdbd":
            self.poll("sacctmgr", "--noheader", "list", "cluster")

    def run(self, *command):
        done = subprocess.run(command, env=self.environment, cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SECONDS, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {(done.stdout + done.stderr)[-2000:]}")

    def poll(self, *command):
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                return self.run(*command)
            except (RuntimeError, subprocess.TimeoutExpired):
                if time.monotonic() > deadline or self.daemon.poll() is not None:
                    raise
            time.sleep(0.05)


def no_memory_limits():
    """Why SLURM cannot limit jobs' memory here, or nothing."""
    if os.getuid() == 0 and os.access(MEMORY_GROUPS / "cgroup.procs", os.W_OK):
        return ""
    return "only root may divide this machine's memory, where control groups of version 1 are mounted"


def forget_memory_groups(nodes):
    """SLURM leaves the groups of its nodes behind."""
    for node in nodes:
        for folder, _, _ in os.walk(MEMORY_GROUPS / f"slurm_{node}", topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass


def missing(munge, accounting, path):
    return [name for name in programs(munge, accounting) if shutil.which(name, path=path) is None]
