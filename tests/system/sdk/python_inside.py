"""The cases of the Python SDK that are about what is in a sandbox: commands, terminals, files."""

import asyncio
import io
import os
import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import e2b
from e2b.sandbox.commands.command_handle import PtySize
from e2b.sandbox.filesystem.watch_handle import FilesystemEventType
from python_common import AsyncSandbox, Sandbox, case, raises, until

# Before 2.51 a missing file was a missing anything.
FileMissing = getattr(e2b, "FileNotFoundException", e2b.NotFoundException)


@case
def stdin_background_and_connect_by_pid():
    with Sandbox.create(timeout=120) as sandbox:
        commands = sandbox.commands
        handle = commands.run("cat; echo end", background=True, stdin=True)
        again = commands.connect(handle.pid)
        for text in ("héllo ", "", "two\nlines\n"):
            commands.send_stdin(handle.pid, text)
        commands.close_stdin(handle.pid)
        for one in (handle, again):
            ended = one.wait()
            assert (ended.stdout, ended.exit_code) == ("héllo two\nlines\nend\n", 0), ended
        left = commands.run("read line; echo got $line", background=True, stdin=True)
        left.disconnect()  # It lives on.
        found = commands.connect(left.pid)
        commands.send_stdin(left.pid, "it\n")
        assert found.wait().stdout == "got it\n"
        raises(e2b.NotFoundException, lambda: commands.connect(999_999))
        if hasattr(commands, "stream_input"):
            streamed = commands.run("cat", background=True, stdin=True)
            commands.stream_input(streamed.pid, ("piece\n" for _ in range(3)))
            commands.close_stdin(streamed.pid)
            assert streamed.wait().stdout == "piece\n" * 3
            raises(e2b.NotFoundException, lambda: commands.stream_input(999_999, ["x"]))


@case
def a_kill_is_over_when_it_is_answered():
    with Sandbox.create(timeout=120) as sandbox:
        for _ in range(5):
            handle = sandbox.commands.run("sleep 60", background=True)
            assert handle.kill() is True
            assert sandbox.commands.kill(handle.pid) is False
            raises(e2b.CommandExitException, lambda: sandbox.commands.run(f"kill -0 {handle.pid}"))


@case
def a_terminal():
    with Sandbox.create(timeout=120) as sandbox:
        seen, lock = [], threading.Lock()
        pty = sandbox.pty.create(PtySize(rows=24, cols=80), envs={"ABC": "123"}, cwd="/tmp")

        def read():
            def add(data):
                with lock:
                    seen.append(bytes(data))
            try:
                pty.wait(on_pty=add)
            except e2b.CommandExitException as end:
                add(f"<{end.exit_code}>".encode())

        def shown():
            with lock:
                return b"".join(seen)

        reader = threading.Thread(target=read)
        reader.start()
        sandbox.pty.send_stdin(pty.pid, b"echo a$ABC-$TERM; pwd\n")
        until(lambda: b"a123-xterm-256color" in shown() and b"/tmp" in shown())
        sandbox.pty.resize(pty.pid, PtySize(rows=30, cols=100))
        sandbox.pty.send_stdin(pty.pid, b"stty size\n")
        until(lambda: b"30 100" in shown())
        sandbox.pty.send_stdin(pty.pid, b"exit 7\n")
        reader.join(60)
        assert b"<7>" in shown(), shown()
        other = sandbox.pty.create(PtySize(rows=24, cols=80))
        assert sandbox.pty.connect(other.pid).pid == other.pid
        assert sandbox.pty.kill(other.pid) is True
        assert sandbox.pty.kill(other.pid) is False


@case
def files_with_gzip_metadata_and_names():
    with Sandbox.create(timeout=120) as sandbox:
        files = sandbox.files
        for name, data in (("empty", b""), ("binary", bytes(range(256)) * 500),
                           ("žlutý 日本 +&%20='\"#?;.bin", os.urandom(70_000))):
            for gzip in (False, True):
                info = files.write(name, data, gzip=gzip, metadata={"Kind": "test", "n": "1"})
                assert info.path == f"/home/user/{name}", info
                assert bytes(files.read(name, format="bytes", gzip=gzip)) == data, (name, gzip)
                assert files.get_info(name).metadata == {"kind": "test", "n": "1"}
        files.write("empty", "no more")
        assert not files.get_info("empty").metadata
        written = files.write_files([{"path": "new/a/1.txt", "data": "one"},
                                     {"path": "new/b/2.txt", "data": b"two"}])
        assert [one.path for one in written] == ["/home/user/new/a/1.txt", "/home/user/new/b/2.txt"]
        paths = [entry.path for entry in files.list("new", depth=2)]
        assert paths == [f"/home/user/new/{name}" for name in ("a", "a/1.txt", "b", "b/2.txt")]
        info = files.get_info("new/a/1.txt")
        assert (info.size, info.mode, info.permissions, info.owner, info.group) == (
            3, 0o644, "-rw-r--r--", "user", "user"), info
        assert files.rename("new/a/1.txt", "moved/1").path == "/home/user/moved/1"
        assert files.make_dir("new/c") is True and files.make_dir("new/c") is False
        raises(FileMissing, lambda: files.get_info("nothing"))
        raises(e2b.InvalidArgumentException, lambda: files.read("new"))


@case
def a_hundred_megabytes():
    with Sandbox.create(timeout=300) as sandbox:
        data = os.urandom(1 << 20) * 100
        sandbox.files.write("big", io.BytesIO(data))
        assert sandbox.files.get_info("big").size == len(data)
        at = 0
        for piece in sandbox.files.read("big", format="stream"):
            assert piece == data[at:at + len(piece)], at
            at += len(piece)
        assert at == len(data)


@case
def signed_uploads():
    with Sandbox.create(timeout=60) as sandbox:
        body = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
                b"uploaded\r\n--b--\r\n")
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        urlopen(Request(sandbox.upload_url("up load.txt"), body, kind)).read()
        assert sandbox.files.read("up load.txt") == "uploaded"
        late = sandbox.upload_url("up load.txt", use_signature_expiration=-60)
        error = raises(HTTPError, lambda: urlopen(Request(late, body, kind)))
        assert error.code == 401, error


@case
def watches():
    with Sandbox.create(timeout=120) as sandbox:
        sandbox.files.make_dir("watched/below")
        watch = sandbox.files.watch_dir("watched", recursive=True)
        sandbox.files.write("watched/f.txt", "x")
        sandbox.files.write("watched/new/g.txt", "x")
        sandbox.files.remove("watched/f.txt")
        seen = set()

        def all_seen():
            seen.update((event.name, event.type) for event in watch.get_new_events())
            return {("f.txt", FilesystemEventType.WRITE), ("f.txt", FilesystemEventType.REMOVE),
                    ("new/g.txt", FilesystemEventType.CREATE)} <= seen

        until(all_seen)
        watch.stop()
        raises(e2b.SandboxException, watch.get_new_events)
        raises(FileMissing, lambda: sandbox.files.watch_dir("nowhere"))


@case
def git_in_a_sandbox():
    with Sandbox.create(timeout=120) as sandbox:
        git = sandbox.git
        git.init("/home/user/repo", initial_branch="main")
        git.configure_user("A Tester", "tester@example.com")
        sandbox.files.write("repo/f.txt", "one")
        git.add("/home/user/repo")
        git.commit("/home/user/repo", "first")
        assert git.status("/home/user/repo").is_clean
        assert git.branches("/home/user/repo").current_branch == "main"
        log = sandbox.commands.run("git log --format='%s %an'", cwd="/home/user/repo").stdout
        assert log == "first A Tester\n", log


@case
def the_asynchronous_client():
    asyncio.run(asynchronous())


async def asynchronous():
    sandbox = await AsyncSandbox.create(timeout=120)
    ended = await asyncio.gather(*(sandbox.commands.run(f"echo {i}") for i in range(20)))
    assert [one.stdout for one in ended] == [f"{i}\n" for i in range(20)]
    seen, enough = [], asyncio.Event()

    def on_event(event):
        seen.append((event.name, event.type))
        if ("made.txt", FilesystemEventType.WRITE) in seen:
            enough.set()

    watch = await sandbox.files.watch_dir("/home/user", on_event=on_event)
    await sandbox.files.write("made.txt", "x")
    await asyncio.wait_for(enough.wait(), 60)
    await watch.stop()
    handle = await sandbox.commands.run("cat", background=True, stdin=True)
    await sandbox.commands.send_stdin(handle.pid, "to and fro")
    await sandbox.commands.close_stdin(handle.pid)
    assert (await handle.wait()).stdout == "to and fro"
    try:
        await sandbox.commands.run("sleep 60", timeout=0.5)
        raise AssertionError("its timeout did not end it")
    except e2b.TimeoutException:
        pass
    assert (await sandbox.get_metrics())[0].mem_total > 0
    other = await AsyncSandbox.connect(sandbox.sandbox_id)
    assert await other.files.read("made.txt") == "x"
    assert await sandbox.kill() is True
    assert await other.is_running() is False
