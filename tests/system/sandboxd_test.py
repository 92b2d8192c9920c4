#!/usr/bin/env python3
"""`genesis sandboxd` with real sandboxes: the wire's rules by name, bad clients, and the server killed at
each of its failpoints. The SDKs are in e2b_sdk_test.py and e2b_conformance_test.py."""

import gzip
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from sandboxd_case import BIN, HOME, KEY, SandboxdCase  # noqa: E402


class AcceptanceTest(SandboxdCase):
    """The acceptance list of the protocol (its section I.4), as far as it is the server's."""

    def setUp(self):
        super().setUp()
        self.start()

    def test_01_both_create_and_both_connect_paths_and_300_s(self):
        for path, body in (("/v2/sandboxes", {}), ("/sandboxes", {"timeout": 300, "secure": True})):
            status, _, made = self.ask("POST", path, {"templateID": "base", **body})
            self.assertEqual(status, 201, made)
            for connect in ("/sandboxes/", "/v2/sandboxes/"):
                status, _, same = self.ask("POST", f"{connect}{made['sandboxID']}/connect",
                                           {"timeout": 5})
                self.assertEqual((status, same["sandboxID"]), (200, made["sandboxID"]))
        self.end_all()

    def test_02_code_is_the_status_in_every_error(self):
        for method, target, body in (("GET", "/sandboxes/none", None),
                                     ("DELETE", "/sandboxes/none", None),
                                     ("POST", "/sandboxes/none/pause", {}),
                                     ("POST", "/v2/sandboxes", {"templateID": "none"}),
                                     ("POST", "/v2/sandboxes", {}),
                                     ("POST", "/v3/templates", {"name": "x"}),
                                     ("GET", "/nowhere", None)):
            status, headers, value = self.ask(method, target, body)
            self.assertGreaterEqual(status, 400)
            self.assertEqual(value["code"], status, target)
            self.assertIn("application/json", headers["content-type"])

    def test_03_empty_answers_say_their_length(self):
        made = self.create()
        with socket.create_connection(("127.0.0.1", self.port), 30) as raw:
            raw.sendall(f"DELETE /sandboxes/{made['sandboxID']} HTTP/1.1\r\nhost: x\r\n"
                        f"x-api-key: {KEY}\r\nconnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: raw.recv(65536), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 204 "), answer)
        self.assertNotIn(b"chunked", answer)

    def test_04_chunked_bodies_keep_alive_and_lower_case(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = iter([b'{"templa', b'teID":', b'"base"}'])
        ids = []
        for _ in range(2):
            connection.request("POST", "/v2/sandboxes", body,
                               {"x-api-key": KEY, "transfer-encoding": "chunked"},
                               encode_chunked=True)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 201)
            ids.append(answer.read())
            body = iter([b'{"templateID":"base"}'])
        connection.close()
        self.assertNotEqual(*ids)
        self.end_all()

    def test_05_version_token_and_client_id(self):
        made = self.create()
        self.assertGreaterEqual(tuple(map(int, made["envdVersion"].split("."))), (0, 6, 4))
        self.assertTrue(made["clientID"])
        stranger = dict(made, envdAccessToken="wrong")
        status, _, value = self.to_sandbox(stranger, 49983, "GET", "/metrics")
        self.assertEqual(status, 401, value)
        status, _, value = self.to_sandbox(made, 49983, "GET", "/metrics")
        self.assertEqual(status, 200, value)
        self.end_all()

    def test_06_502_for_unknown_and_dead_ones_on_every_port(self):
        dead = self.create()
        self.assertEqual(self.to_sandbox(dead, 49983, "GET", "/health")[0], 204)
        self.ask("DELETE", f"/sandboxes/{dead['sandboxID']}")
        for sandbox in (dead, {"sandboxID": "sunknown"}):
            for port in (49983, 49999, 8000):
                status, _, value = self.to_sandbox(sandbox, port, "GET", "/health")
                self.assertEqual(status, 502)
                self.assertEqual((value["code"], value["message"]),
                                 (502, "The sandbox was not found"))
                self.assertTrue(sandbox["sandboxID"].startswith(value["sandboxId"]))

    def test_06_a_port_of_the_host_is_not_the_sandboxs(self):
        made = self.create()
        status, _, value = self.to_sandbox(made, self.port, "GET", "/health")
        self.assertEqual(status, 502, value)
        self.assertEqual(value["message"], "The sandbox is running but port is not open")
        self.end_all()

    def stream(self, sandbox, script, **headers):
        """The messages of a command as they come, each with its flags; ends with the reply."""
        message = json.dumps({"process": {"cmd": "/bin/bash", "args": ["-c", script]},
                              "stdin": False}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/process.Process/Start",
                           struct.pack(">BI", 0, len(message)) + message,
                           {"e2b-sandbox-id": sandbox["sandboxID"], "e2b-sandbox-port": "49983",
                            "x-access-token": sandbox["envdAccessToken"],
                            "content-type": "application/connect+json",
                            **{name.replace("_", "-"): value for name, value in headers.items()}})
        reply = connection.getresponse()
        self.assertEqual(reply.status, 200)
        while head := reply.read(5):
            flags, length = struct.unpack(">BI", head)
            yield flags, json.loads(reply.read(length))

    def test_07_streams_are_200_start_first_and_errors_are_in_their_end(self):
        made = self.create()
        told = list(self.stream(made, "echo hi"))
        self.assertEqual(list(told[0][1]["event"]), ["start"])
        self.assertEqual([list(one["event"])[0] for _, one in told[:-1]], ["start", "data", "end"])
        self.assertEqual(told[-1], (2, {}))
        refused = list(self.stream(made, "echo hi", connect_timeout_ms="soon"))
        self.assertEqual([(flags, one["error"]["code"]) for flags, one in refused],
                         [(2, "invalid_argument")])
        self.end_all()

    def test_08_its_timeout_ends_a_command_and_a_disconnect_does_not(self):
        made = self.create()
        told = list(self.stream(made, "sleep 60", connect_timeout_ms="300"))
        self.assertEqual((told[-1][0], told[-1][1]["error"]["code"]), (2, "deadline_exceeded"))
        left = self.stream(made, "sleep 61")
        pid = next(left)[1]["event"]["start"]["pid"]
        left.close()
        _, _, listed = self.to_sandbox(made, 49983, "POST", "/process.Process/List", "{}",
                                       {"content-type": "application/json"})
        self.assertEqual([one["pid"] for one in listed["processes"]], [pid])
        self.end_all()

    def test_09_a_silent_stream_says_every_second_that_it_lives(self):
        made = self.create()
        told = self.stream(made, "sleep 60", keepalive_ping_interval="1")
        self.assertIn("start", next(told)[1]["event"])
        for _ in range(2):
            self.assertEqual(next(told), (0, {"event": {"keepalive": {}}}))
        told.close()
        self.end_all()

    def test_10_a_parts_name_is_a_whole_path_and_the_querys_goes_before_it(self):
        made = self.create()
        body = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="d/1.txt"\r\n\r\n'
                b"one\r\n--b--\r\n")
        kind = {"content-type": "multipart/form-data; boundary=b"}
        for target, path in (("/files", "/home/user/d/1.txt"), ("/files?path=q", "/home/user/q")):
            status, _, told = self.to_sandbox(made, 49983, "POST", target, body, kind)
            self.assertEqual((status, told[0]["path"]), (200, path))
        octets = {"content-type": "application/octet-stream"}
        status, _, told = self.to_sandbox(made, 49983, "POST", "/files?path=z",
                                          gzip.compress(b"z" * 9),
                                          {**octets, "content-encoding": "gzip"})
        self.assertEqual(status, 200, told)
        status, headers, told = self.to_sandbox(made, 49983, "GET", "/files?path=z",
                                                headers={"accept-encoding": "gzip"})
        self.assertEqual((headers["content-encoding"], gzip.decompress(told)), ("gzip", b"z" * 9))
        status, _, told = self.to_sandbox(made, 49983, "POST", "/files?path=/dev/full", "x", octets)
        self.assertEqual((status, told["code"]), (507, 507))
        self.end_all()

    def test_11_paging_states_and_metadata(self):
        for n in range(3):
            self.create(metadata={"a b": "c&d", "n": str(n)})
        target = "/v2/sandboxes?state=running%2Cpaused&limit=2&metadata=a%252520b%3Dc%252526d"
        status, headers, first = self.ask("GET", target)
        self.assertEqual((status, len(first)), (200, 2))
        status, headers, second = self.ask(
            "GET", f"{target}&nextToken={headers['x-next-token']}")
        self.assertEqual((status, len(second)), (200, 1))
        self.assertFalse(headers.get("x-next-token"))
        self.end_all()

    def test_12_an_encoded_slash_stays_in_its_segment(self):
        status, _, value = self.ask("DELETE", "/templates/team%2Fsnap%3Adefault")
        self.assertEqual(status, 404)
        self.assertIn("team/snap:default", value["message"])

    def test_14_kill_twice_pause_twice_connect_extends(self):
        made = self.create(timeout=600)
        path = f"/sandboxes/{made['sandboxID']}"
        before = self.ask("GET", path)[2]["endAt"]
        self.assertEqual(self.ask("POST", path + "/connect", {"timeout": 1})[0], 200)
        self.assertEqual(self.ask("GET", path)[2]["endAt"], before)
        status, _, value = self.ask("POST", path + "/pause", {})
        if status == 501:
            self.assertIn("cannot be paused on this machine", value["message"])
        else:
            self.assertEqual(status, 204, value)
            self.assertEqual(self.ask("POST", path + "/pause", {})[0], 409)
            self.assertEqual(self.ask("POST", "/v2" + path + "/connect")[0], 201)
        self.assertEqual(self.ask("DELETE", path)[0], 204)
        self.assertEqual(self.ask("DELETE", path)[0], 404)

    def test_15_the_port_header_tells_ports_apart(self):
        made = self.create()
        self.assertEqual(self.to_sandbox(made, 49983, "GET", "/health")[0], 204)
        status, _, value = self.to_sandbox(made, 49999, "GET", "/health")
        self.assertEqual((status, value["port"]), (502, 49999))
        self.end_all()


class BadClientsTest(SandboxdCase):
    def test_many_idle_and_slow_ones_do_not_keep_others_out(self):
        # The server raises its own limit; both ends are descriptors of somebody.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.start()
        crowd = []
        try:
            for number in range(min(10_000, hard - 500)):
                connection = socket.create_connection(("127.0.0.1", self.port), 30)
                if number % 3 == 0:
                    connection.sendall(b"GET /sandboxes HTTP/1.1\r\nhost:")
                elif number % 3 == 1:
                    connection.sendall(b"POST /v2/sandboxes HTTP/1.1\r\nhost: x\r\nx-api-key: "
                                       + KEY.encode() + b"\r\ncontent-length: 50\r\n\r\n{")
                crowd.append(connection)
            made = self.create()
            self.assertEqual(self.to_sandbox(made, 49983, "GET", "/health")[0], 204)
            self.end_all()
        finally:
            for connection in crowd:
                connection.close()

    def test_keys_cannot_be_guessed_by_what_is_answered(self):
        self.start()
        known = self.create()["sandboxID"]
        answers = set()
        for key in ("e2b_" + "0" * 40, KEY[:-1], KEY + "0", "x"):
            status, _, value = self.ask("GET", f"/sandboxes/{known}", key=key)
            answers.add((status, value["message"]))
        self.assertEqual(len(answers), 1)
        self.assertEqual(answers.pop()[0], 401)
        self.end_all()


def has_ended(process):
    try:
        stat = pathlib.Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


class RestartTest(SandboxdCase):
    def test_the_next_server_takes_over_and_end_means_end(self):
        self.start()
        made = self.create(timeout=300, metadata={"k": "v"})
        self.assertTrue(self.processes())
        self.stop()
        self.assertTrue(self.processes(), "a stopped server keeps its sandboxes")
        self.assertEqual(self.start("--at-stop", "end")["sandboxes"], 1)
        self.assertEqual(self.listed()[made["sandboxID"]]["metadata"], {"k": "v"})
        self.assertEqual(self.to_sandbox(made, 49983, "GET", "/health")[0], 204)
        self.stop()
        self.assertEqual(self.processes(), [])
        self.assertEqual(self.folders(), [])

    def test_a_stream_that_may_never_end_does_not_hold_up_a_stop(self):
        config = self.folder / "sandboxd.yaml"
        config.write_text("stop_patience: 300s\nat_stop: end\n")
        self.start("--config", str(config))
        made = self.create()
        message = json.dumps({"process": {"cmd": "/bin/sleep", "args": ["600"]}}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/process.Process/Start",
                           struct.pack(">BI", 0, len(message)) + message,
                           {"e2b-sandbox-id": made["sandboxID"], "e2b-sandbox-port": "49983",
                            "x-access-token": made["envdAccessToken"],
                            "content-type": "application/connect+json"})
        reply = connection.getresponse()
        self.assertEqual(len(reply.read(5)), 5)
        self.stop()  # Waits for less than the patience.
        with self.assertRaises((http.client.HTTPException, OSError)):
            reply.read()

    def test_one_that_died_meanwhile_is_told(self):
        self.start()
        made = self.create()
        self.stop()
        killed = self.processes()
        for process in killed:
            os.kill(process, signal.SIGKILL)
        # One that is ending gives its mounts back before it has ended.
        self.poll("it has ended", lambda: all(has_ended(process) for process in killed))
        self.start()
        status, _, value = self.ask("GET", f"/sandboxes/{made['sandboxID']}")
        self.assertEqual(status, 404)
        self.assertIn("ended while no server was running", value["message"])
        self.assertEqual(self.folders(), [])


class FaultTest(SandboxdCase):
    """Killed (-9) before and after every side effect: no orphan, no ghost."""

    def walk(self):
        """A life with every step; what was answered so far when the server dies is returned."""
        told = {}
        try:
            kept = self.create(timeout=600)
            told[kept["sandboxID"]] = "running"
            other = self.create(timeout=600)
            told[other["sandboxID"]] = "running"
            path = f"/sandboxes/{other['sandboxID']}"
            told[other["sandboxID"]] = "unsure"
            if self.ask("POST", path + "/pause", {})[0] == 204:
                told[other["sandboxID"]] = "paused"
                told[other["sandboxID"]] = "unsure"
                if self.ask("POST", path + "/connect", {"timeout": 600})[0] == 201:
                    told[other["sandboxID"]] = "running"
            told[other["sandboxID"]] = "unsure"
            if self.ask("DELETE", path)[0] == 204:
                told[other["sandboxID"]] = "gone"
            told[kept["sandboxID"]] = "unsure"
            if self.ask("DELETE", f"/sandboxes/{kept['sandboxID']}")[0] == 204:
                told[kept["sandboxID"]] = "gone"
        except (OSError, http.client.HTTPException):
            return told, True
        return told, False

    def failpoints(self):
        names = self.folder / "failpoints"
        self.start(failpoint=f"list:{names}")
        _, died = self.walk()
        self.assertFalse(died)
        self.stop()
        found = sorted(n for n in names.read_text().split() if n.startswith("sandbox"))
        for prefix in ("sandboxd.create.", "sandboxd.end.", "sandboxd.compact."):
            self.assertTrue(any(name.startswith(prefix) for name in found), found)
        return found

    def check(self, told, name):
        """What the next server says is what is there, and what was promised."""
        listed = self.listed()
        for sandbox, state in told.items():
            if state in ("running", "paused"):
                self.assertEqual(listed[sandbox]["state"], state, name)
            elif state == "gone":
                self.assertNotIn(sandbox, listed, name)
        self.assertEqual(self.folders(), sorted(listed), name)
        for sandbox, one in listed.items():
            status, _, info = self.ask("GET", f"/sandboxes/{sandbox}")
            self.assertEqual(status, 200, name)
            if one["state"] == "running":
                status, _, value = self.to_sandbox(info, 49983, "GET", "/health")
                self.assertEqual(status, 204, (name, value))
        self.end_all()
        self.assertEqual(self.processes(), [], name)
        self.assertEqual(self.folders(), [], name)

    def test_killed_at_each_failpoint(self):
        for name in self.failpoints():
            for turn in (1, 2):
                with self.subTest(failpoint=name, turn=turn):
                    ready = self.start(failpoint=f"{name}:{turn}", may_die=True)
                    told = {}
                    if ready:
                        told, died = self.walk()
                        if not died:  # Passed less often than that.
                            self.stop()
                            continue
                    self.assertEqual(self.server.wait(60), -signal.SIGKILL)
                    self.start()
                    self.check(told, name)
                    self.stop()


class CommandLineTest(SandboxdCase):
    def refused(self, *options):
        ended = subprocess.run([str(BIN / "genesis"), "sandboxd", *options], text=True,
                               capture_output=True, timeout=60, check=False,
                               env=dict(os.environ, GENESIS_HOME=str(HOME)))
        self.assertEqual(ended.returncode, 2, ended.stderr)
        return ended.stderr

    def test_the_doctor_starts_a_sandbox(self):
        ended = subprocess.run([str(BIN / "genesis"), "doctor", "sandboxd"], text=True,
                               capture_output=True, timeout=60, check=False,
                               env=dict(os.environ, GENESIS_HOME=str(HOME)))
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertRegex(ended.stdout, r"ok +a sandbox +started and ended in \d+ ms")
        self.assertNotIn("program data", ended.stdout)

    def test_says_what_is_missing(self):
        self.assertIn("--api-key", self.refused("--state-dir", str(self.state)))
        self.assertIn("--state-dir", self.refused("--api-key", KEY))
        self.assertIn("ADDRESS:PORT", self.refused("--listen", "nowhere"))
        self.assertIn("keep nor end", self.refused("--at-stop", "maybe"))
        self.assertIn("did you mean '--api-key'", self.refused("--apikey", KEY))

    def test_serves_in_the_background_until_nobody_needs_it(self):
        started = subprocess.run(self.command("--detach", "--exit-when-idle", "300ms"), text=True,
                                 capture_output=True, timeout=60, check=False,
                                 env=dict(os.environ, GENESIS_HOME=str(HOME)))
        self.assertEqual(started.returncode, 0, started.stderr)
        ready = json.loads(started.stdout)
        self.port = int(ready["url"].rsplit(":", 1)[1])
        made = self.create()
        self.assertEqual(self.to_sandbox(made, 49983, "GET", "/health")[0], 204)
        self.end_all()
        self.poll("it has ended", lambda: not pathlib.Path(f"/proc/{ready['pid']}").exists())
        failed = subprocess.run(self.command("--detach", "--listen", "192.0.2.1:1"), text=True,
                                capture_output=True, timeout=60, check=False,
                                env=dict(os.environ, GENESIS_HOME=str(HOME)))
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("192.0.2.1", failed.stderr)

    def test_prints_what_is_not_confined_and_one_line_when_ready(self):
        ready = self.start()
        self.assertEqual(set(ready), {"url", "pid", "state_dir", "sandboxes"})
        self.assertIn("network", (self.folder / "log").read_text())
        second = subprocess.run(self.command(), text=True, capture_output=True, timeout=60,
                                check=False)
        self.assertEqual(second.returncode, 3, second.stderr)
        self.assertIn("in use by another sandboxd", second.stderr)


if __name__ == "__main__":
    unittest.main()
