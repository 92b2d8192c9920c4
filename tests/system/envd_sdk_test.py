#!/usr/bin/env python3
"""The agent, driven by the official E2B SDK for Python, unmodified, as its debug mode does it."""

import os
import sys

try:
    import e2b
except ImportError:
    wanted = os.environ.get("GENESIS_PYTHON")
    if not wanted or os.environ.get("GENESIS_SDK_TRIED"):
        print("the E2B SDK is not installed: ./setup.sh test makes .venv with it ... skipped "
              "'no e2b in this Python'")
        sys.exit(0)
    os.environ["GENESIS_SDK_TRIED"] = "1"
    os.execv(wanted, [wanted, *sys.argv])

import asyncio
import io
import pathlib
import pwd
import threading
import unittest

os.environ["E2B_DEBUG"] = "true"

from e2b import AsyncSandbox, CommandExitException, NotFoundException, Sandbox, TimeoutException
from e2b.exceptions import (AuthenticationException, InvalidArgumentException)
from e2b.sandbox.commands.command_handle import PtySize
from e2b.sandbox.filesystem.watch_handle import FilesystemEventType
from envd_case import EnvdCase

try:
    from e2b.exceptions import FileNotFoundException
except ImportError:  # Before 2.51 a missing file was a missing anything.
    FileNotFoundException = NotFoundException

IS_ROOT = os.geteuid() == 0
ME = pwd.getpwuid(os.geteuid()).pw_name


class SdkCase(EnvdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox.create()
        cls.commands = cls.sandbox.commands
        cls.files = cls.sandbox.files


class Commands(SdkCase):
    def test_output_and_exit_code(self):
        result = self.commands.run("echo out; echo err >&2")
        self.assertEqual((result.stdout, result.stderr, result.exit_code), ("out\n", "err\n", 0))
        with self.assertRaises(CommandExitException) as failed:
            self.commands.run("echo before; exit 3")
        self.assertEqual(failed.exception.exit_code, 3)
        self.assertEqual(failed.exception.stdout, "before\n")
        self.assertEqual(failed.exception.error, "exit status 3")

    def test_special_characters_and_lines(self):
        text = "!@#$%^&*()_+ ünïcödé 日本 'x' \"y\""
        self.assertEqual(self.commands.run("printf %s \"$T\"", envs={"T": text}).stdout, text)
        self.assertEqual(self.commands.run("echo a\necho b").stdout, "a\nb\n")

    def test_streaming_comes_before_the_end(self):
        seen = []
        first = pathlib.Path(self.path) / "first-line-was-seen"

        def on_stdout(text):
            seen.append(text)
            first.touch()

        # The command waits for a file that is made when its first line has come.
        result = self.commands.run(
            f"echo one; while [ ! -e {first} ]; do sleep 0.02; done; echo two", on_stdout=on_stdout)
        self.assertEqual("".join(seen), "one\ntwo\n")
        self.assertEqual(result.stdout, "one\ntwo\n")

    def test_a_lot_of_output_whole_and_in_order(self):
        result = self.commands.run("seq 1 300000")
        self.assertEqual(result.stdout, "".join(f"{i}\n" for i in range(1, 300001)))

    def test_stdin(self):
        handle = self.commands.run("cat; echo end", background=True, stdin=True)
        self.commands.send_stdin(handle.pid, "héllo ")
        self.commands.send_stdin(handle.pid, "")
        self.commands.send_stdin(handle.pid, "world\n")
        self.commands.close_stdin(handle.pid)
        self.assertEqual(handle.wait().stdout, "héllo world\nend\n")

    def test_without_stdin_reading_ends_at_once(self):
        self.assertEqual(self.commands.run("cat; echo done").stdout, "done\n")

    def test_background_connect_and_list(self):
        handle = self.commands.run("read x; echo got $x", background=True, stdin=True)
        listed = {process.pid: process for process in self.commands.list()}
        self.assertIn(handle.pid, listed)
        self.assertEqual(listed[handle.pid].cmd, "/bin/bash")
        self.assertEqual(listed[handle.pid].args, ["-l", "-c", "read x; echo got $x"])
        handle.disconnect()  # The process lives on.
        again = self.commands.connect(handle.pid)
        self.commands.send_stdin(handle.pid, "it\n")
        self.assertEqual(again.wait().stdout, "got it\n")
        self.assertNotIn(handle.pid, {process.pid for process in self.commands.list()})
        with self.assertRaises(Exception):
            self.commands.connect(999999)

    def test_kill_leaves_no_zombie(self):
        handle = self.commands.run("sleep 1000", background=True)
        self.assertTrue(self.commands.kill(handle.pid))
        with self.assertRaises(CommandExitException) as failed:
            handle.wait()
        self.assertEqual(failed.exception.exit_code, -1)
        self.assertEqual(failed.exception.error, "signal: killed")
        with self.assertRaises(CommandExitException):
            self.commands.run(f"kill -0 {handle.pid}")
        self.assertFalse(self.commands.kill(handle.pid))

    def test_a_timeout_kills(self):
        pid_file = pathlib.Path(self.path) / "pid"
        with self.assertRaises(TimeoutException):
            self.commands.run(f"echo $$ > {pid_file}; sleep 1000", timeout=1)
        pid = int(pid_file.read_text())
        self.poll("the process has gone", lambda: not pathlib.Path(f"/proc/{pid}").exists())

    def test_folders_and_environment(self):
        self.assertEqual(self.commands.run("pwd", cwd=self.path).stdout, self.path + "\n")
        self.assertEqual(self.commands.run("echo $A$B", envs={"A": "1", "B": "2"}).stdout, "12\n")
        with self.assertRaises(InvalidArgumentException) as failed:
            self.commands.run("pwd", cwd="/not/there")
        self.assertIn("cwd '/not/there' does not exist", str(failed.exception))

    def test_users(self):
        self.assertEqual(self.commands.run("whoami").stdout, ME + "\n")
        with self.assertRaises(AuthenticationException):
            self.commands.run("whoami", user="nobody-of-this-name")
        if IS_ROOT:
            result = self.commands.run("id -un; id -gn; echo $USER", user="daemon", cwd="/")
            self.assertEqual(result.stdout, "daemon\ndaemon\ndaemon\n")

    def test_what_a_command_leaves_running_does_not_hold_its_end(self):
        result = self.commands.run("sleep 1000 & echo $!")
        self.commands.run(f"kill {result.stdout}")


class Terminals(SdkCase):
    def test_a_terminal(self):
        seen, lock = [], threading.Lock()
        terminal = self.sandbox.pty.create(PtySize(rows=24, cols=80), cwd=self.path, envs={"ABC": "123"})

        def read():
            def add(data):
                with lock:
                    seen.append(bytes(data))
            try:
                terminal.wait(on_pty=add)
            except CommandExitException as end:
                seen.append(f"<{end.exit_code}>".encode())

        reader = threading.Thread(target=read)
        reader.start()

        def shown():
            with lock:
                return b"".join(seen)

        self.sandbox.pty.send_stdin(terminal.pid, b"echo a$ABC-$TERM\n")
        self.poll("the echo", lambda: b"a123-xterm-256color" in shown())
        self.sandbox.pty.resize(terminal.pid, PtySize(rows=30, cols=100))
        self.sandbox.pty.send_stdin(terminal.pid, b"stty size\n")
        self.poll("the size", lambda: b"30 100" in shown())
        self.sandbox.pty.send_stdin(terminal.pid, b"exit 7\n")
        reader.join(60)
        self.assertIn(b"<7>", shown())

    def test_kill(self):
        terminal = self.sandbox.pty.create(PtySize(rows=24, cols=80))
        self.assertTrue(self.sandbox.pty.kill(terminal.pid))
        with self.assertRaises(CommandExitException):
            terminal.wait()
        self.assertFalse(self.sandbox.pty.kill(terminal.pid))


class Files(SdkCase):
    def at(self, name):
        return f"{self.path}/{name}"

    def test_contents(self):
        for name, data in [("empty", b""), ("text", "grüße".encode()), ("zeros", bytes(100_000)),
                           ("ü b'\"%22+&.bin", bytes(range(256)) * 10)]:
            for gzip in (False, True):
                with self.subTest(name=name, gzip=gzip):
                    info = self.files.write(self.at(name), data, gzip=gzip)
                    self.assertEqual(info.path, self.at(name))
                    self.assertEqual(bytes(self.files.read(self.at(name), format="bytes", gzip=gzip)), data)
                    self.assertEqual(pathlib.Path(self.at(name)).read_bytes(), data)

    def test_twenty_megabytes(self):
        data = os.urandom(20 << 20)
        self.files.write(self.at("big"), io.BytesIO(data))
        read = b"".join(self.files.read(self.at("big"), format="stream"))
        self.assertEqual(read, data)
        self.files.write(self.at("big"), data)
        self.assertEqual(bytes(self.files.read(self.at("big"), format="bytes")), data)

    def test_several_at_once_with_new_folders(self):
        written = self.files.write_files([{"path": self.at("new/a/1.txt"), "data": "one"},
                                          {"path": self.at("new/b/2.txt"), "data": b"two"}])
        self.assertEqual([info.path for info in written], [self.at("new/a/1.txt"), self.at("new/b/2.txt")])
        self.assertEqual(self.files.read(self.at("new/b/2.txt")), "two")

    def test_missing_and_wrong(self):
        with self.assertRaises(FileNotFoundException):
            self.files.read(self.at("nowhere"))
        with self.assertRaises(InvalidArgumentException):
            self.files.read(self.path)
        with self.assertRaises(InvalidArgumentException):
            self.files.write(self.path, "x")
        self.assertFalse(self.files.exists(self.at("nowhere")))
        with self.assertRaises(FileNotFoundException):
            self.files.list(self.at("nowhere"))
        with self.assertRaises(AuthenticationException):
            self.files.read(self.at("nowhere"), user="nobody-of-this-name")

    def test_folders_listing_and_info(self):
        self.assertTrue(self.files.make_dir(self.at("tree/b/c")))
        self.assertFalse(self.files.make_dir(self.at("tree/b")))
        for name in ("tree/z.txt", "tree/a.txt", "tree/b/inner.txt"):
            self.files.write(self.at(name), "x")
        os.symlink("a.txt", self.at("tree/link"))
        names = [entry.path for entry in self.files.list(self.at("tree"), depth=2)]
        self.assertEqual(names, [self.at("tree/" + name) for name in
                                 ("a.txt", "b", "b/c", "b/inner.txt", "link", "z.txt")])
        info = self.files.get_info(self.at("tree/a.txt"))
        self.assertEqual((info.name, info.size, info.mode, info.permissions, info.owner),
                         ("a.txt", 1, 0o644, "-rw-r--r--", ME))
        link = self.files.get_info(self.at("tree/link"))
        self.assertEqual(link.symlink_target, self.at("tree/a.txt"))
        self.assertEqual(self.files.get_info(self.at("tree/b")).permissions, "drwxr-xr-x")
        with self.assertRaises(InvalidArgumentException):
            self.files.list(self.at("tree"), depth=0)

    def test_rename_and_remove(self):
        self.files.write(self.at("old"), "x")
        moved = self.files.rename(self.at("old"), self.at("deep/er/new"))
        self.assertEqual(moved.path, self.at("deep/er/new"))
        self.assertFalse(self.files.exists(self.at("old")))
        with self.assertRaises(FileNotFoundException):
            self.files.rename(self.at("old"), self.at("other"))
        self.files.remove(self.at("deep"))
        self.assertFalse(self.files.exists(self.at("deep")))
        self.files.remove(self.at("deep"))  # Once more is no error.

    def test_metadata(self):
        info = self.files.write(self.at("tagged"), "x", metadata={"Author": "me", "n": "1"})
        self.assertEqual(info.metadata, {"author": "me", "n": "1"})
        self.assertEqual(self.files.get_info(self.at("tagged")).metadata, {"author": "me", "n": "1"})
        self.files.write(self.at("tagged"), "y")
        self.assertIsNone(self.files.get_info(self.at("tagged")).metadata)

    def test_watch(self):
        self.files.make_dir(self.at("watched/below"))
        watch = self.files.watch_dir(self.at("watched"), recursive=True)
        self.files.write(self.at("watched/f.txt"), "x")
        self.files.write(self.at("watched/new/g.txt"), "x")
        seen = set()

        def look():
            seen.update((event.name, event.type) for event in watch.get_new_events())
            return {("f.txt", FilesystemEventType.CREATE), ("f.txt", FilesystemEventType.WRITE),
                    ("new", FilesystemEventType.CREATE), ("new/g.txt", FilesystemEventType.CREATE)} <= seen

        self.poll("the events", look)
        self.files.write(self.at("watched/below/h.txt"), "x")
        self.files.remove(self.at("watched/f.txt"))
        self.poll("more events", lambda: look() and
                  {("below/h.txt", FilesystemEventType.WRITE), ("f.txt", FilesystemEventType.REMOVE)} <= seen)
        watch.stop()
        with self.assertRaises(FileNotFoundException):
            self.files.watch_dir(self.at("nowhere"))

    def test_git(self):
        self.commands.run("git init -q repo && cd repo && git -c user.name=a -c user.email=b@c "
                          "commit -q --allow-empty -m first && git log --format=%s", cwd=self.path)
        self.assertEqual(self.commands.run("git log --format=%s", cwd=self.at("repo")).stdout, "first\n")


class Async(EnvdCase):
    """The asynchronous client streams where the other one polls."""

    def test_commands_and_watches(self):
        asyncio.run(self.drive())

    async def drive(self):
        sandbox = await AsyncSandbox.create()
        results = await asyncio.gather(*(sandbox.commands.run(f"echo {i}") for i in range(20)))
        self.assertEqual([result.stdout for result in results], [f"{i}\n" for i in range(20)])
        with self.assertRaises(TimeoutException):
            await sandbox.commands.run("sleep 1000", timeout=1)
        seen, enough = [], asyncio.Event()

        def on_event(event):
            seen.append((event.name, event.type))
            if ("made.txt", FilesystemEventType.WRITE) in seen:
                enough.set()

        watch = await sandbox.files.watch_dir(self.path, on_event=on_event)
        await sandbox.files.write(f"{self.path}/made.txt", "x")
        await asyncio.wait_for(enough.wait(), 60)
        await watch.stop()
        handle = await sandbox.commands.run("cat", background=True, stdin=True)
        await sandbox.commands.send_stdin(handle.pid, "to and fro")
        await sandbox.commands.close_stdin(handle.pid)
        self.assertEqual((await handle.wait()).stdout, "to and fro")


if __name__ == "__main__":
    print(f"e2b {e2b.__file__}", file=sys.stderr)
    unittest.main(verbosity=2)
