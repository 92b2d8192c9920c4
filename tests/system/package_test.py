"""The package where the build's libraries and the checkout cannot be seen: unpacked into a temporary
folder, run in a mount namespace, as an ordinary user where the machine permits it."""

import glob
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

HOME = os.environ["GENESIS_HOME"]
BIN = os.environ["GENESIS_BIN"]
PACKAGE = os.environ["GENESIS_PACKAGE"]
GLIBC = re.compile(r"^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl|mvec|nsl))\.so")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

# $1: the libraries to hide, one a line; $2: an empty file; $3: the checkout; then the command.
HIDE = """set -eu
while read -r library; do mount --bind "$2" "$library"; done <"$1"
if [ -e "$3" ]; then mount -t tmpfs none "$3"; fi
shift 3
exec "$@"
"""


def namespaces():
    """The way into a mount namespace of one's own, the least privileged first; None without one."""
    ways = [["unshare", "--map-root-user", "--mount"]]
    if os.getuid() == 0:
        ways = [NOBODY + ways[0], ["unshare", "--mount"]]
    for way in ways:
        tried = subprocess.run(way + ["mount", "-t", "tmpfs", "none", "/mnt"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if tried.returncode == 0:
            return way
    return None


WAY = namespaces()


def libraries(*programs):
    """The shared libraries of programs of the build, as files; glibc's are the system's."""
    found = {}
    for program in programs:
        listed = subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE, text=True)
        found.update(re.findall(r"(\S+) => (/\S+)", listed.stdout))
    return {name: os.path.realpath(path) for name, path in found.items() if not GLIBC.match(name)}


def open_to_all(folder):
    """For the ordinary user: everything below may be read, and the folder itself be written to."""
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode | stat.S_IRGRP | stat.S_IROTH)
    os.chmod(folder, 0o777)


@unittest.skipUnless(WAY, "this machine permits neither user nor mount namespaces")
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="genesis-package-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        subprocess.run(["tar", "-C", cls.folder, "-xzf", PACKAGE], check=True)
        cls.root, = glob.glob(os.path.join(cls.folder, "genesis-*"))
        cls.hidden = libraries(os.path.join(BIN, "genesis"), os.path.join(BIN, "native_evaluator"))
        cls.bare = os.path.join(cls.folder, "bare", "genesis")
        os.mkdir(os.path.dirname(cls.bare))
        shutil.copy(os.path.join(BIN, "genesis"), cls.bare)
        for name, text in (("list", "".join(path + "\n" for path in sorted(cls.hidden.values()))),
                           ("empty", ""), ("hide.sh", HIDE)):
            with open(os.path.join(cls.folder, name), "w") as file:
                file.write(text)
        # What a cluster's modules do: another library of the same name comes first.
        cls.modules = os.path.join(cls.folder, "modules")
        os.mkdir(cls.modules)
        with open(os.path.join(cls.modules, "libtbb.so.12"), "w") as file:
            file.write("not this one")
        open_to_all(cls.folder)

    def hide_and_run(self, *command, status=0):
        inside = ["sh", os.path.join(self.folder, "hide.sh"), os.path.join(self.folder, "list"),
                  os.path.join(self.folder, "empty"), HOME]
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.folder, "TMPDIR": "/tmp",
                       "LD_LIBRARY_PATH": self.modules}
        done = subprocess.run(WAY + inside + list(command), cwd=self.folder, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout)
        return done

    def program(self, name):
        return os.path.join(self.root, "bin", name)

    def evolve(self, *overrides):
        """Runs genesis_launch inside; what `genesis show` says of the run, and the output."""
        run = os.path.join(self.folder, self.id().split(".")[-1])
        log = self.hide_and_run(self.program("genesis_launch"), "variant=default", "output_dir=" + run,
                                "evo_config.max_parallel_jobs=1", "seed=1", *overrides).stdout
        return json.loads(self.hide_and_run(self.program("genesis"), "show", run, "--json").stdout), log

    def test_the_build_itself_does_not_run_here(self):
        for name in ("libtbb", "libspdlog", "libsqlite3", "libyaml-cpp", "libcrypto", "libstdc++"):
            self.assertTrue(any(known.startswith(name) for known in self.hidden), name)
        done = self.hide_and_run(self.bare, "--version", status=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("error while loading shared libraries", done.stdout)

    def test_it_holds_all_that_it_needs(self):
        with open(os.path.join(self.root, "share", "genesis", "PACKAGE")) as file:
            said = dict(line.split("=", 1) for line in file.read().split())
        self.assertEqual(said["name"], os.path.basename(self.root))
        self.assertRegex(said["glibc"], r"^2\.\d+$")
        there = os.listdir(os.path.join(self.root, "lib"))
        self.assertEqual([name for name in self.hidden if name not in there], [])
        self.assertEqual([name for name in there if GLIBC.match(name)], [])
        for name in ("configs/config.yaml", "evaluators/python/genesis/core/wrap_eval.py", "LICENSE",
                     "examples/native/initial.cpp", "licenses/libtbb-dev", "systemd/genesis-sandboxd.service"):
            self.assertTrue(os.path.exists(os.path.join(self.root, "share", "genesis", name)), name)

    def test_version_and_doctor(self):
        self.assertRegex(self.hide_and_run(self.program("genesis_launch"), "--version").stdout,
                         r"\b\d+\.\d+\.\d+\b")
        said = self.hide_and_run(self.program("genesis"), "doctor").stdout
        self.assertIn(os.path.join(self.root, "share", "genesis"), said)

    @unittest.skipUnless(shutil.which("g++", path="/usr/bin"), "the native task needs g++")
    def test_the_native_task_evolves(self):
        command = self.program("native_evaluator")
        shown, _ = self.evolve(
            '+job_config.evaluator_command="%s --program_path {program_path} --results_dir {results_dir}"'
            % command, "evo_config.init_program_path=examples/native/initial.cpp",
            "evo_config.language=cpp", "evo_config.num_generations=6", "exp_name=native")
        self.assertEqual(shown["generations"], 6)
        self.assertGreater(shown["initial"]["combined_score"], 2.6)

    @unittest.skipUnless(os.path.exists("/usr/bin/python3"), "the task needs /usr/bin/python3")
    def test_a_task_in_python_evolves_and_starts_warm(self):
        task = os.path.join(self.folder, "my_task")
        self.hide_and_run(self.program("genesis"), "init", task)
        shown, log = self.evolve("--config-dir", task, "task=my_task", "evo_config.num_generations=6")
        self.assertEqual(shown["generations"], 6)
        self.assertNotIn("libgenesis_warm", log)
        self.assertNotIn("cold", log)


if __name__ == "__main__":
    unittest.main(verbosity=2)
