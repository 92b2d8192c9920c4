"""One program of a user of the official Python SDK, run by the interpreter that has it. Every case
prints its name when it has passed; the first that fails ends the program with its traceback."""

import datetime
import os
import sys
import threading
import time

import e2b
from python_common import CASES, Sandbox, TEMPLATE, case, listed, raises, until
import python_inside  # noqa: F401 - its cases are added by being read


@case
def create_info_kill():
    sandbox = Sandbox.create(timeout=120, metadata={"a b": "c&d=1", "purpose": "info"},
                             envs={"GIVEN": "yes"})
    info = sandbox.get_info()
    assert info.sandbox_id == sandbox.sandbox_id
    assert info.metadata == {"a b": "c&d=1", "purpose": "info"}
    assert info.template_id == TEMPLATE, info.template_id
    length = (info.end_at - info.started_at).total_seconds()
    assert 119 <= length <= 121, length
    assert sandbox.is_running()
    assert sandbox.kill() is True
    assert sandbox.kill() is False
    assert Sandbox.kill("sunknown") is False
    assert not sandbox.is_running()
    raises(e2b.NotFoundException, sandbox.get_info)


@case
def lists_with_filters_and_pages():
    mine = [Sandbox.create(timeout=60, metadata={"group": "list", "n": str(n)}) for n in range(3)]
    try:
        ids = [sandbox.sandbox_id for sandbox in mine]
        assert [s.sandbox_id for s in listed(metadata={"group": "list"})] == ids[::-1]
        assert [s.sandbox_id for s in listed(metadata={"group": "list", "n": "1"})] == [ids[1]]
        assert listed(metadata={"group": "other"}) == []
        pages = Sandbox.list(query=e2b.SandboxQuery(metadata={"group": "list"}), limit=2)
        first, second = pages.next_items(), pages.next_items()
        assert [len(first), len(second)] == [2, 1] and not pages.has_next
        mine[0].kill()
        assert ids[0] not in [s.sandbox_id for s in listed(metadata={"group": "list"})]
    finally:
        for sandbox in mine:
            sandbox.kill()


@case
def connects_and_extends_only():
    sandbox = Sandbox.create(timeout=300)
    before = sandbox.get_info().end_at
    other = Sandbox.connect(sandbox.sandbox_id, timeout=10)
    assert other.get_info().end_at == before
    assert other.commands.run("echo hello").stdout == "hello\n"
    Sandbox.connect(sandbox.sandbox_id, timeout=600)
    assert sandbox.get_info().end_at > before
    sandbox.kill()
    raises(e2b.NotFoundException, lambda: Sandbox.connect(sandbox.sandbox_id))


@case
def timeouts_end_it():
    sandbox = Sandbox.create(timeout=300)
    sandbox.set_timeout(1)
    until(lambda: not sandbox.is_running())
    error = raises(e2b.NotFoundException, sandbox.get_info)
    raises(e2b.NotFoundException, lambda: sandbox.set_timeout(5))
    assert error is not None


@case
def commands_of_all_kinds():
    with Sandbox.create(timeout=120, envs={"GIVEN": "yes"}) as sandbox:
        result = sandbox.commands.run("echo out; echo err >&2; echo $GIVEN")
        assert (result.stdout, result.stderr) == ("out\nyes\n", "err\n"), result
        assert sandbox.commands.run("whoami; pwd").stdout == "user\n/home/user\n"
        # In an ordinary user's sandboxes there is one user, whoever is asked for.
        root = "root\n" if os.geteuid() == 0 else "user\n"
        assert sandbox.commands.run("whoami", user="root").stdout == root
        assert sandbox.commands.run("echo $A", envs={"A": "b"}).stdout == "b\n"
        error = raises(e2b.CommandExitException, lambda: sandbox.commands.run("exit 3"))
        assert error.exit_code == 3
        seen = []
        sandbox.commands.run("for i in 1 2 3; do echo $i; sleep 0.1; done", on_stdout=seen.append)
        assert "".join(seen) == "1\n2\n3\n", seen
        raises(e2b.TimeoutException, lambda: sandbox.commands.run("sleep 30", timeout=1))
        handle = sandbox.commands.run("cat", background=True, stdin=True)
        sandbox.commands.send_stdin(handle.pid, "hello\n")
        assert handle.pid in [p.pid for p in sandbox.commands.list()]
        assert sandbox.commands.kill(handle.pid) is True
        until(lambda: sandbox.commands.kill(handle.pid) is False)  # Once it has been reaped.
        gone = sandbox.commands.run(f"kill -0 {handle.pid} 2>/dev/null || echo gone")
        assert gone.stdout == "gone\n"


@case
def files_of_many_sizes():
    with Sandbox.create(timeout=120) as sandbox:
        for size in (0, 1, 65536, 5_000_003):
            data = os.urandom(size)
            sandbox.files.write("deep/er/file.bin", data)
            assert bytes(sandbox.files.read("deep/er/file.bin", format="bytes")) == data, size
        sandbox.files.write("/home/user/ünï cøde.txt", "täxt")
        assert sandbox.files.read("ünï cøde.txt") == "täxt"
        names = [entry.name for entry in sandbox.files.list("/home/user")]
        assert "deep" in names and "ünï cøde.txt" in names, names
        assert sandbox.files.exists("deep/er/file.bin")
        sandbox.files.remove("deep")
        assert not sandbox.files.exists("deep")
        raises(e2b.NotFoundException, lambda: sandbox.files.read("nothing"))


@case
def sandboxes_do_not_see_each_other():
    with Sandbox.create(timeout=60) as one, Sandbox.create(timeout=60) as two:
        one.files.write("/tmp/mine", "1")
        assert not two.files.exists("/tmp/mine")
        pid = one.commands.run("sleep 60", background=True).pid
        assert pid < 1000, pid  # A number of its own namespace.
        two.commands.run("sleep 0.01")
        assert "sleep 60" not in two.commands.run("ps ax || true").stdout


@case
def signed_urls():
    from urllib.request import Request, urlopen
    from urllib.error import HTTPError
    with Sandbox.create(timeout=60) as sandbox:
        sandbox.files.write("signed file.txt", "signed")
        url = sandbox.download_url("signed file.txt", use_signature_expiration=60)
        assert urlopen(url).read() == b"signed"
        try:
            urlopen(url.replace("signature=v1_", "signature=v1_x"))
            raise AssertionError("a wrong signature was taken")
        except HTTPError as error:
            assert error.code == 401, error.code


@case
def metrics():
    with Sandbox.create(timeout=60) as sandbox:
        found = sandbox.get_metrics()
        assert len(found) >= 1
        sample = found[0]
        assert sample.cpu_count > 0 and sample.mem_total > 0 and sample.disk_total > 0
        later = datetime.datetime.now() + datetime.timedelta(hours=1)
        assert sandbox.get_metrics(start=later) == []


@case
def pause_and_resume():
    sandbox = Sandbox.create(timeout=120)
    sandbox.files.write("kept", "yes")
    counter = sandbox.commands.run("while true; do date +%s%N > tick; sleep 0.02; done",
                                   background=True)
    pause = getattr(sandbox, "pause", None) or sandbox.beta_pause
    try:
        pause()
    except e2b.SandboxException as error:
        assert "cannot be paused on this machine" in str(error), error
        print("note: pausing is refused here:", error, file=sys.stderr)
        sandbox.kill()
        return
    assert not sandbox.is_running()
    states = {s.sandbox_id: s.state for s in listed()}
    assert states[sandbox.sandbox_id] == e2b.SandboxState.PAUSED, states
    again = Sandbox.connect(sandbox.sandbox_id, timeout=60)
    assert again.is_running()
    assert again.files.read("kept") == "yes"
    assert counter.pid in [p.pid for p in again.commands.list()]
    assert again.kill() is True


@case
def killed_during_a_command():
    sandbox = Sandbox.create(timeout=60)
    failure = []

    def run():
        try:
            sandbox.commands.run("sleep 30")
        except Exception as error:  # noqa: BLE001 - what kind is looked at below
            failure.append(error)

    running = threading.Thread(target=run)
    running.start()
    until(lambda: any("sleep" in " ".join(p.args) for p in sandbox.commands.list()))
    sandbox.kill()
    running.join(30)
    assert failure and isinstance(failure[0], e2b.TimeoutException), failure
    assert "sandbox" in str(failure[0]).lower(), failure


@case
def run_code_is_refused():
    if not hasattr(Sandbox, "run_code"):
        return
    with Sandbox.create(timeout=60) as sandbox:
        # Nothing listens on the code interpreter's port in this version, and that is what is said.
        raises(e2b.TimeoutException, lambda: sandbox.run_code("1 + 1"), "port is not open")


@case
def wrong_keys_and_templates():
    raises(e2b.AuthenticationException, lambda: Sandbox.create(api_key="e2b_" + "0" * 40))
    raises(e2b.SandboxException, lambda: Sandbox.create(template="bas"), "did you mean 'base'")
    error = raises(e2b.SandboxException, lambda: Sandbox.create(timeout=10**9))
    assert "cannot be greater" in str(error)


def main():
    wanted = sys.argv[1:]
    for function in CASES:
        if wanted and function.__name__ not in wanted:
            continue
        begun = time.time()
        function()
        print(f"passed {function.__name__} {time.time() - begun:.2f} s", flush=True)
    assert listed() == [], "sandboxes are left"


main()
