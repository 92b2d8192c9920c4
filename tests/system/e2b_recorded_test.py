#!/usr/bin/env python3
"""What the client of E2B's protocol sends is what the official SDK for Python sends for the same calls,
field by field: method, path, query, the headers that a server looks at, the message."""

import os
import sys

try:
    import e2b
except ImportError:
    print("the E2B SDK is not installed: ./setup.sh sdks makes .venv with it ... skipped "
          "'no e2b in this Python'")
    sys.exit(0)

import asyncio
import email
import gzip
import io
import pathlib
import subprocess
import tarfile
import tempfile
import time
import unittest
import unittest.mock
import urllib.parse

from e2b_recorder import Recorder

HOME = pathlib.Path(os.environ.get("GENESIS_HOME", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("GENESIS_BIN", HOME / "build/release/bin"))
KEY = "e2b_" + "5eed" * 10

HEADERS = ["x-api-key", "idempotency-key", "e2b-sandbox-id", "e2b-sandbox-port", "x-access-token",
           "authorization", "content-type", "connect-protocol-version", "connect-timeout-ms",
           "keepalive-ping-interval"]


class E2BRecordedTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.recorder = Recorder()
        for name in ("E2B_DOMAIN", "E2B_DEBUG", "E2B_API_TOKEN", "http_proxy", "HTTP_PROXY"):
            os.environ.pop(name, None)
        os.environ.update(E2B_API_KEY=KEY, E2B_API_URL=cls.recorder.url, E2B_SANDBOX_URL=cls.recorder.url)
        cls.sandbox = e2b.Sandbox.create()
        cls.compared = set()

    @classmethod
    def tearDownClass(cls):
        cls.recorder.stop()

    def recorded(self, call):
        """The request of a call; probes and the like are none."""
        self.recorder.seen.clear()
        call()
        asked = [each for each in self.recorder.seen if each.path != "/health"]
        self.assertEqual(len(asked), 1, [each.path for each in asked])
        return asked[0]

    def run_ours(self, name):
        done = subprocess.run([str(BIN / "e2b_calls"), name], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (0, "done\n"), done.stderr)
        self.compared.add(name)

    def ours(self, name):
        return self.recorded(lambda: self.run_ours(name))

    def same(self, name, call, *, but=()):
        theirs = self.recorded(call)
        ours = self.ours(name)
        self.assertEqual((ours.method, ours.path, ours.query), (theirs.method, theirs.path, theirs.query))
        for header in HEADERS:
            if header not in but:
                self.assertEqual(ours.headers.get(header), theirs.headers.get(header), header)
        self.assertEqual(ours.message(), theirs.message())

    def test_control_plane(self):
        Sandbox = e2b.Sandbox
        known = self.sandbox
        self.same("create", lambda: Sandbox.create(
            timeout=120, metadata={"a b": "c&d"}, envs={"A": "1"}, allow_internet_access=True,
            idempotency_key="attempt-17"))
        self.same("create_pausing", lambda: Sandbox.create(
            timeout=120, metadata={"a": "b"}, envs={"A": "1"}, lifecycle={"on_timeout": "pause"}))
        self.same("connect", lambda: Sandbox.connect("isb1abc", timeout=120))
        self.same("info", lambda: Sandbox.get_info("isb1abc"))
        self.same("list", lambda: Sandbox.list(
            limit=50, query=e2b.SandboxQuery(metadata={"a b": "c&d", "x": "y=z/é"},
                                             state=[e2b.SandboxState.RUNNING])).next_items())
        self.same("kill", lambda: Sandbox.kill("isb1abc"))
        self.same("set_timeout", lambda: Sandbox.set_timeout("isb1abc", 90))
        self.same("pause", known.pause)
        self.same("snapshot", lambda: known.create_snapshot("prepared"))
        self.same("snapshots", lambda: known.list_snapshots(limit=100).next_items())
        self.same("delete_snapshot", lambda: Sandbox.delete_snapshot("team/snap:default"))
        self.same("metrics", known.get_metrics)

    def test_networks_and_forks(self):
        Sandbox = e2b.Sandbox
        known = self.sandbox
        self.same("create_with_network", lambda: Sandbox.create(
            timeout=120, metadata={"a": "b"}, envs={"A": "1"},
            lifecycle={"on_timeout": "pause", "auto_resume": True},
            network={"allow_out": ["1.1.1.1", "*.example.com"], "deny_out": ["0.0.0.0/0"],
                     "allow_public_traffic": False, "mask_request_host": "localhost:${PORT}"}))
        self.same("set_network", lambda: known.update_network({
            "allow_out": ["1.1.1.1"], "deny_out": ["10.0.0.0/8"],
            "rules": {"example.com": [{"transform": {"headers": {"X-Who": "me"}}}]},
            "egress_proxy": {"address": "proxy.example.com:1080", "username": "u", "password": "p"}}))
        self.same("clear_network", lambda: known.update_network({"allow_internet_access": False}))
        self.same("fork", lambda: known.fork(timeout=90, count=3))

    def recorded_all(self, call):
        self.recorder.seen.clear()
        call()
        return list(self.recorder.seen)

    def test_templates(self):
        Template = e2b.Template
        self.same("template_exists", lambda: Template.exists("team/tools"))
        self.same("template_tag", lambda: Template.assign_tags("team/tools:v1", ["a", "b"]))
        self.same("template_untag", lambda: Template.remove_tags("team/tools", ["a"]))
        self.same("template_tags", lambda: Template.get_tags("team/tools"))
        build = e2b.BuildInfo(template_id="tpl/1", build_id="bld1", alias="x", name="x", tags=[])
        self.same("template_status", lambda: Template.get_build_status(build, logs_offset=7))

    def test_a_template_build_from_the_first_request_to_the_last(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        source = pathlib.Path(folder.name) / "src"
        (source / "sub" / "empty").mkdir(parents=True)
        (source / "main.py").write_bytes(b"print('hi')\n" * 10000)
        (source / "sub" / "run.sh").write_text("#!/bin/sh\n")
        (source / "sub" / "run.sh").chmod(0o755)
        (source / "sub.txt").write_text("between, by its bytes")
        template = (e2b.Template(file_context_path=folder.name).from_image("python:3")
                    .copy("src", "/app/", user="root", mode=0o755).run_cmd("make -C /app", user="root")
                    .pip_install(["numpy", "scipy"]).set_envs({"A": "1", "B": "2 3"})
                    .set_workdir("/app").set_user("worker").set_start_cmd("serve", "[ -f /ready ]"))
        theirs = self.recorded_all(lambda: e2b.Template.build(
            template, "team/tools:v1", tags=["stable"], cpu_count=4, memory_mb=2048))
        with unittest.mock.patch.dict(os.environ, E2B_CALLS_FOLDER=folder.name):
            ours = self.recorded_all(lambda: self.run_ours("template_build"))
        self.assertEqual([(each.method, each.path, each.query) for each in ours],
                         [(each.method, each.path, each.query) for each in theirs])
        self.assertEqual(len(ours), 6, "asked for, place, upload, start, two looks")
        for mine, official in zip(ours, theirs):
            with self.subTest(mine.path):
                for header in HEADERS + ["x-kind"]:
                    self.assertEqual(mine.headers.get(header), official.headers.get(header), header)
                if mine.path != "/storage":
                    self.assertEqual(mine.message(), official.message())
        self.assertEqual(self.unpacked(ours[2].body), self.unpacked(theirs[2].body))

    @staticmethod
    def unpacked(archive):
        """Times and owners are nobody's business: the builder sets them."""
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            return sorted((each.name, each.isdir(), each.mode,
                           None if each.isdir() else tar.extractfile(each).read()) for each in tar)

    def test_commands(self):
        commands, terminals = self.sandbox.commands, self.sandbox.pty
        self.same("run", lambda: commands.run("echo hi", envs={"B": "2"}, cwd="/tmp"))
        self.same("run_as_user", lambda: commands.run("echo hi", envs={"B": "2"}, cwd="/tmp", user="root",
                                                      timeout=0))
        self.same("run_with_input", lambda: commands.run("echo hi", envs={"B": "2"}, cwd="/tmp", stdin=True,
                                                         background=True))
        # Theirs gives up on a stream after a minute; ours follows a job to its end.
        self.same("follow", lambda: commands.connect(42), but=["connect-timeout-ms"])
        self.same("kill_process", lambda: commands.kill(42))
        self.same("list_processes", commands.list)
        self.same("send_stdin", lambda: commands.send_stdin(42, "héllo"))
        self.same("close_stdin", lambda: commands.close_stdin(42))
        self.same("terminal", lambda: terminals.create(e2b.PtySize(rows=24, cols=80)))
        self.same("terminal_input", lambda: terminals.send_stdin(42, b"ls\n"))
        self.same("terminal_size", lambda: terminals.resize(42, e2b.PtySize(rows=30, cols=100)))

    def test_files(self):
        files = self.sandbox.files
        self.same("write", lambda: files.write("/tmp/a b+c", b"by\0tes\xff", use_octet_stream=True))
        self.same("write_as_user", lambda: files.write("x", b"bytes", user="root", use_octet_stream=True))
        self.same_packed("write_packed", lambda: files.write(
            "/tmp/x", b"x" * 100000, gzip=True, metadata={"Who": "me & you"}))
        self.same("read_packed", lambda: files.read("/tmp/x", format="bytes", gzip=True))
        self.same("read", lambda: files.read("/tmp/a b+c", format="bytes"))
        self.same("stat", lambda: files.get_info("/x"))
        self.same("list_folder", lambda: files.list("/x", depth=2, user="root"))
        self.same("make_folder", lambda: files.make_dir("/x"))
        self.same("move", lambda: files.rename("/x", "/y"))
        self.same("remove", lambda: files.remove("/x"))
        # Theirs watches for a minute.
        self.same("watch", self.watch, but=["connect-timeout-ms"])

    def same_packed(self, name, call):
        theirs, ours = self.recorded(call), self.ours(name)
        self.assertEqual((ours.method, ours.path, ours.query), (theirs.method, theirs.path, theirs.query))
        for header in HEADERS + ["content-encoding", "x-metadata-who"]:
            self.assertEqual(ours.headers.get(header), theirs.headers.get(header), header)
        self.assertEqual(ours.headers["content-encoding"], "gzip")
        self.assertLess(len(ours.body), 10000)
        self.assertEqual(gzip.decompress(ours.body), gzip.decompress(theirs.body))

    def watch(self):
        async def run():
            sandbox = await e2b.AsyncSandbox.create()
            self.recorder.seen.clear()
            handle = await sandbox.files.watch_dir("/x", lambda _: None, recursive=True)
            await handle.stop()
        asyncio.run(run())

    def parts(self, request):
        kind = request.headers["content-type"]
        self.assertTrue(kind.startswith("multipart/form-data; boundary="), kind)
        whole = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body)
        return [(part.get_param("name", header="content-disposition"), part.get_filename(),
                 part.get_payload(decode=True)) for part in whole.get_payload()]

    def test_many_files_are_parts_of_one_upload(self):
        theirs = self.recorded(lambda: self.sandbox.files.write_files(
            [{"path": "/tmp/a b", "data": "one"}, {"path": "deep/two", "data": ""}], user="root",
            use_octet_stream=False))
        ours = self.ours("write_many")
        self.assertEqual((ours.method, ours.path, ours.query), (theirs.method, theirs.path, theirs.query))
        self.assertEqual(self.parts(ours), self.parts(theirs))
        self.assertEqual([name for _, name, _ in self.parts(ours)], ["/tmp/a b", "deep/two"])

    def test_an_upload_to_an_old_agent_has_one_part(self):
        ours = self.ours("write_to_old_agent")
        self.assertEqual(ours.query, [("path", 'dir/"x"'), ("username", "user")])
        kind = ours.headers["content-type"]
        self.assertTrue(kind.startswith("multipart/form-data; boundary="), kind)
        whole = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + ours.body)
        part, = whole.get_payload()
        self.assertEqual(part.get_param("name", header="content-disposition"), "file")
        self.assertEqual(part.get_filename(), "dir/%22x%22")
        self.assertEqual(part.get_payload(decode=True), b"bytes")

    def test_a_signed_url(self):
        done = subprocess.run([str(BIN / "e2b_calls"), "signed"], capture_output=True, text=True, check=True)
        with unittest.mock.patch.object(time, "time", lambda: 4_000_000_000 - 100):
            theirs = self.sandbox.download_url("/a b.txt", user="root", use_signature_expiration=100)

        def parts(url):
            head, _, query = url.strip().partition("?")
            return head, sorted(urllib.parse.parse_qsl(query))

        self.assertEqual(parts(done.stdout), parts(theirs))

    def test_zz_every_call_was_compared(self):
        names = subprocess.run([str(BIN / "e2b_calls"), "names"], capture_output=True, text=True, check=True)
        self.assertEqual(set(names.stdout.split()), self.compared)


if __name__ == "__main__":
    unittest.main(verbosity=2)
