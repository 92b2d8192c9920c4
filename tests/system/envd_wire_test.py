#!/usr/bin/env python3
"""The agent's side of the wire, byte by byte: what SDKs rely on and their suites do not ask for."""

import base64
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import resource
import struct
import time
import unittest
import urllib.parse

from envd_case import PORT, EnvdCase

IS_ROOT = os.geteuid() == 0


def frame(message, flags=0):
    payload = json.dumps(message).encode()
    return struct.pack(">BI", flags, len(payload)) + payload


def frames(body):
    found = []
    while body:
        flags, length = struct.unpack(">BI", body[:5])
        assert len(body) >= 5 + length, "a torn frame"
        found.append((flags, json.loads(body[5:5 + length])))
        body = body[5 + length:]
    return found


class Stream:
    """A streaming call whose messages are read as they come."""

    def __init__(self, path, message, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        self.connection.request("POST", path, frame(message),
                                {"content-type": "application/connect+json", **(headers or {})})
        self.reply = self.connection.getresponse()

    def next(self):
        head = self.reply.read(5)
        if not head:
            return None
        flags, length = struct.unpack(">BI", head)
        return flags, json.loads(self.reply.read(length))

    def rest(self):
        found = []
        while (one := self.next()) is not None:
            found.append(one)
        return found

    def close(self):
        self.reply.close()
        self.connection.close()


class WireCase(EnvdCase):
    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()

    def unary(self, name, message, headers=None):
        status, reply, body = self.call("POST", "/" + name, json.dumps(message),
                                        {"content-type": "application/json", **(headers or {})})
        self.assertEqual(reply["content-type"].split(";")[0], "application/json")
        return status, json.loads(body)

    def start(self, command, headers=None, **more):
        stream = Stream("/process.Process/Start",
                        {"process": {"cmd": "/bin/bash", "args": ["-c", command]}, "stdin": False, **more},
                        headers)
        self.addCleanup(stream.close)
        self.assertEqual(stream.reply.status, 200)
        self.assertEqual(stream.reply.headers["content-type"], "application/connect+json")
        return stream

    def output(self, events):
        return b"".join(base64.b64decode(event["event"]["data"]["stdout"]) for _, event in events
                        if "stdout" in event.get("event", {}).get("data", {}))


class Streams(WireCase):
    def test_start_first_end_and_end_of_stream_last(self):
        events = self.start("echo hi").rest()
        self.assertEqual(list(events[0][1]["event"]), ["start"])
        self.assertIsInstance(events[0][1]["event"]["start"]["pid"], int)
        self.assertEqual(self.output(events), b"hi\n")
        self.assertEqual(events[-2], (0, {"event": {"end": {"exitCode": 0, "exited": True,
                                                            "status": "exit status 0"}}}))
        self.assertEqual(events[-1], (2, {}))

    def test_errors_come_in_the_stream(self):
        cases = [({"process": {"cmd": "/bin/bash", "cwd": "/not/there"}}, "invalid_argument"),
                 ({"process": {"cmd": "/no/such/program"}}, "invalid_argument"),
                 ({"process": {"cmd": "no-such-program"}}, "invalid_argument"),
                 ({"process": {}}, "invalid_argument"), ({}, "invalid_argument"),
                 ({"process": {"cmd": "true", "args": "x"}}, "invalid_argument")]
        for message, code in cases:
            with self.subTest(message=message):
                stream = Stream("/process.Process/Start", message)
                self.assertEqual(stream.reply.status, 200)
                events = stream.rest()
                stream.close()
                self.assertEqual(len(events), 1)
                self.assertEqual((events[0][0], events[0][1]["error"]["code"]), (2, code))
        for path, message in [("/process.Process/Connect", {"process": {"pid": 999999}}),
                              ("/filesystem.Filesystem/WatchDir", {"path": "/not/there"})]:
            stream = Stream(path, message)
            self.assertEqual(stream.reply.status, 200)
            self.assertEqual(stream.rest()[0][1]["error"]["code"], "not_found")
            stream.close()

    def test_bad_frames(self):
        headers = {"content-type": "application/connect+json"}
        for body in (b"", b"\0\0\0", b"\0\0\0\0\5{}", frame({}) + frame({}), b"\0\xff\xff\xff\xff{}",
                     frame({}, 1), b"\0\0\0\0\1{", b"\0\0\0\0\2[]", frame({})[:-1] + b"x" * 3,
                     struct.pack(">BI", 0, 200_000) + b"[" * 200_000):
            status, _, reply = self.call("POST", "/process.Process/Start", body, headers)
            self.assertEqual(status, 200)
            [(flags, message)] = frames(reply)
            self.assertEqual(flags, 2)
            self.assertIn(message["error"]["code"],
                          ("invalid_argument", "resource_exhausted", "unimplemented"))
        self.assertEqual(self.call("POST", "/process.Process/Start", "{}",
                                   {"content-type": "application/json"})[0], 415)
        self.assertEqual(self.call("GET", "/process.Process/List")[0], 405)
        self.assertEqual(self.call("POST", "/process.Process/Nothing", "{}",
                                   {"content-type": "application/json"})[0], 404)

    def test_a_signal_s_end(self):
        end = self.start("kill -TERM $$").rest()[-2][1]["event"]["end"]
        self.assertEqual(end, {"exitCode": -1, "exited": False, "status": "signal: terminated",
                               "error": "signal: terminated"})

    def test_a_timeout_kills_and_says_so(self):
        stream = self.start("echo $$; sleep 1000", {"connect-timeout-ms": "500"})
        events = stream.rest()
        self.assertEqual((events[-1][0], events[-1][1]["error"]["code"]), (2, "deadline_exceeded"))
        pid = int(self.output(events))
        self.poll("its end", lambda: not pathlib.Path(f"/proc/{pid}").exists())
        bad = Stream("/process.Process/Start", {"process": {"cmd": "true"}},
                     {"connect-timeout-ms": "soon"}).rest()
        self.assertEqual(bad[0][1]["error"]["code"], "invalid_argument")

    def test_a_disconnect_does_not_kill_and_output_goes_on(self):
        go = pathlib.Path(self.path) / "go"
        stream = self.start(f"while [ ! -e {go} ]; do sleep 0.02; done; echo late; exit 4")
        pid = stream.next()[1]["event"]["start"]["pid"]
        stream.close()
        first = Stream("/process.Process/Connect", {"process": {"pid": pid}})
        second = Stream("/process.Process/Connect", {"process": {"pid": pid}})
        for one in (first, second):
            self.assertEqual(one.next()[1]["event"]["start"]["pid"], pid)
        go.touch()
        for one in (first, second):
            events = one.rest()
            self.assertEqual(self.output(events), b"late\n")
            self.assertEqual(events[-2][1]["event"]["end"]["exitCode"], 4)
            one.close()
        # For a while after its end, too.
        after = Stream("/process.Process/Connect", {"process": {"pid": pid}}).rest()
        self.assertEqual([list(event.get("event", {"eos": 0}))[0] for _, event in after],
                         ["start", "end", "eos"])

    def test_clients_that_have_gone_are_noticed(self):
        def held():
            return len(os.listdir(f"/proc/{self.envd.pid}/fd"))
        before = held()
        commands = [self.start("sleep 1000", {"keepalive-ping-interval": "50"}) for _ in range(3)]
        pids = [stream.next()[1]["event"]["start"]["pid"] for stream in commands]
        watches = [Stream("/filesystem.Filesystem/WatchDir", {"path": self.path}) for _ in range(3)]
        for stream in watches:
            stream.next()
        for stream in commands + watches:
            stream.close()
        # Two pipes of each command stay.
        self.poll("connections and watches are closed", lambda: held() <= before + 6)
        for pid in pids:
            self.assertEqual(self.unary("process.Process/SendSignal",
                                        {"process": {"pid": pid}, "signal": "SIGNAL_SIGKILL"})[0], 200)

    def test_commands_that_have_ended_hold_no_descriptors(self):
        def held():
            return len(os.listdir(f"/proc/{self.envd.pid}/fd"))
        before = held()
        for _ in range(20):
            stream = self.start("echo x")
            self.assertEqual(self.output(stream.rest()), b"x\n")
            stream.close()
        self.poll("what the commands had is closed", lambda: held() <= before + 2)

    def test_keepalive(self):
        stream = self.start("read -t 60 <> <(:)", {"keepalive-ping-interval": "1"})
        stream.next()
        self.assertEqual(stream.next(), (0, {"event": {"keepalive": {}}}))
        self.assertEqual(stream.next(), (0, {"event": {"keepalive": {}}}))

    def test_a_slow_reader_holds_the_command_and_not_memory(self):
        progress = pathlib.Path(self.path) / "progress"
        stream = Stream("/process.Process/Start", {"process": {"cmd": "/usr/bin/python3", "args": [
            "-c", "import sys\nfor i in range(4000):\n sys.stdout.write('x' * 65536)\n"
                  f" open({str(progress)!r}, 'w').write(str(i))"]}})
        stream.next()
        seen = [None, ""]

        def stands_still():
            seen.append(progress.read_text() if progress.exists() else "")
            time.sleep(0.2)
            return seen[-1] != "" and len(set(seen[-4:])) == 1

        self.poll("the command waits", stands_still)
        self.assertLess(int(seen[-1]), 2000)
        memory = next(line for line in pathlib.Path(f"/proc/{self.envd.pid}/status").read_text().splitlines()
                      if line.startswith("VmRSS"))
        self.assertLess(int(memory.split()[1]), 64 * 1024)
        total = sum(len(base64.b64decode(event["event"]["data"]["stdout"])) for _, event in stream.rest()
                    if "data" in event.get("event", {}))
        self.assertEqual(total, 4000 * 65536)
        stream.close()

    def test_hundreds_of_commands_at_once(self):
        # More descriptors than a program is given by default; which the commands still are.
        streams = [self.start("read line; ulimit -Sn; echo $line", stdin=True) for _ in range(320)]
        for stream in streams:
            pid = stream.next()[1]["event"]["start"]["pid"]
            self.assertEqual(self.unary("process.Process/SendInput", {
                "process": {"pid": pid}, "input": {"stdin": base64.b64encode(b"x\n").decode()}})[0], 200)
        limit = str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]).encode()
        for stream in streams:
            self.assertEqual(self.output(stream.rest()), limit + b"\nx\n")

    def test_stream_input(self):
        stream = self.start("cat", stdin=True)
        pid = stream.next()[1]["event"]["start"]["pid"]
        body = frame({"start": {"process": {"pid": pid}}}) + frame({"keepalive": {}})
        for text in (b"one ", b"two"):
            body += frame({"data": {"input": {"stdin": base64.b64encode(text).decode()}}})
        status, _, reply = self.call("POST", "/process.Process/StreamInput", iter([body[:9], body[9:]]),
                                     {"content-type": "application/connect+json"})
        self.assertEqual((status, frames(reply)), (200, [(0, {}), (2, {})]))
        self.assertEqual(self.unary("process.Process/CloseStdin", {"process": {"pid": pid}}), (200, {}))
        self.assertEqual(self.output(stream.rest()), b"one two")

    def test_unary_errors(self):
        pid = {"process": {"pid": 999999}}
        for name, message, status, code in [
                ("SendSignal", {**pid, "signal": "SIGNAL_SIGKILL"}, 404, "not_found"),
                ("SendInput", {**pid, "input": {"stdin": "eA=="}}, 404, "not_found"),
                ("SendInput", {**pid, "input": {"stdin": "!"}}, 400, "invalid_argument"),
                ("CloseStdin", {"process": {}}, 400, "invalid_argument"),
                ("Update", {"process": {"tag": "x"}}, 404, "not_found")]:
            with self.subTest(name=name, message=message):
                answered, body = self.unary("process.Process/" + name, message)
                self.assertEqual((answered, body["code"]), (status, code))
        stream = self.start("read -t 60 <> <(:)", tag="tagged")
        live = {"process": {"pid": stream.next()[1]["event"]["start"]["pid"]}}
        self.assertEqual(self.unary("process.Process/SendInput", {**live, "input": {"stdin": "eA=="}})[1],
                         {"code": "internal", "message": "stdin not enabled or closed"})
        self.assertEqual(self.unary("process.Process/SendSignal", {**live, "signal": 1})[0], 501)
        self.assertEqual(self.unary("process.Process/SendSignal",
                                    {"process": {"tag": "tagged"}, "signal": 9}), (200, {}))

    def test_watch_is_armed_before_its_start(self):
        folder = pathlib.Path(self.path) / "armed"
        folder.mkdir()
        stream = Stream("/filesystem.Filesystem/WatchDir", {"path": str(folder), "includeEntry": True},
                        {"connect-timeout-ms": "30000", "keepalive-ping-interval": "1"})
        self.assertEqual(stream.next(), (0, {"start": {}}))
        (folder / "f").write_text("x")
        event = stream.next()[1]["filesystem"]
        self.assertEqual((event["name"], event["type"]), ("f", "EVENT_TYPE_CREATE"))
        self.assertEqual(event["entry"]["path"], str(folder / "f"))
        while "keepalive" not in (one := stream.next()[1]):
            self.assertIn("filesystem", one)
        stream.close()


class FilesOverRest(WireCase):
    def url(self, name, **query):
        return "/files?" + urllib.parse.urlencode({"path": f"{self.path}/{name}", **query})

    def upload(self, name, body, **headers):
        return self.call("POST", self.url(name), body, {"content-type": "application/octet-stream",
                                                        **{k.replace("_", "-"): v for k, v in headers.items()}})

    def test_chunked_and_gzip_bodies(self):
        status, reply, body = self.upload("chunked", iter([b"a" * 1000, b"b" * 70_000]))
        self.assertEqual((status, reply["content-type"]), (200, "application/json"))
        self.assertEqual(json.loads(body), [{"path": f"{self.path}/chunked", "name": "chunked", "type": "file"}])
        self.assertEqual(self.call("GET", self.url("chunked"))[2], b"a" * 1000 + b"b" * 70_000)
        packed = gzip.compress(b"x" * 100_000) + gzip.compress(b"y")
        self.assertEqual(self.upload("gz", packed, content_encoding="gzip")[0], 200)
        self.assertEqual(self.call("GET", self.url("gz"))[2], b"x" * 100_000 + b"y")
        status, reply, body = self.call("GET", self.url("gz"), headers={"accept-encoding": "gzip"})
        self.assertEqual((reply["content-encoding"], gzip.decompress(body)), ("gzip", b"x" * 100_000 + b"y"))
        for bad in (packed[:50], b"no gzip"):
            self.assertEqual(self.upload("bad", bad, content_encoding="gzip")[0], 400)
        self.assertEqual(self.upload("bad", b"x", content_encoding="br")[0], 400)
        self.assertEqual(self.call("GET", self.url("gz"), headers={"accept-encoding": "br, *;q=0"})[0], 406)

    def test_multipart_names_are_whole_paths(self):
        body = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + f"{self.path}/d/1.txt".encode() +
                b'"\r\nContent-Type: application/octet-stream\r\n\r\none\r\n--b\r\n'
                b'Content-Disposition: form-data; name="other"\r\n\r\nignored\r\n--b\r\n'
                b'Content-Disposition: form-data; name="file"; filename="' + f"{self.path}/d/2".encode() +
                b'"\r\n\r\n\r\n--b--\r\n')
        kind = {"content-type": "multipart/form-data; boundary=b"}
        status, _, reply = self.call("POST", "/files", body, kind)
        self.assertEqual((status, [one["name"] for one in json.loads(reply)]), (200, ["1.txt", "2"]))
        self.assertEqual(pathlib.Path(self.path, "d/1.txt").read_bytes(), b"one")
        self.assertEqual(pathlib.Path(self.path, "d/2").read_bytes(), b"")
        one = body[:body.index(b"--b\r\nContent-Disposition: form-data; name=\"other\"")] + b"--b--\r\n"
        status, _, reply = self.call("POST", self.url("by-query"), one, kind)
        self.assertEqual(json.loads(reply)[0]["path"], f"{self.path}/by-query")
        self.assertEqual(self.call("POST", self.url("twice"), body, kind)[0], 400)
        self.assertEqual(self.call("POST", "/files", body[:-20], kind)[0], 400)
        self.assertEqual(self.call("POST", "/files", b"--b--\r\n", kind)[0], 400)
        self.assertEqual(self.call("POST", "/files", b"x", {"content-type": "text/plain"})[0], 400)

    def test_ranges_and_conditions(self):
        self.upload("ten", b"0123456789")
        for asked, status, body in [("bytes=2-4", 206, b"234"), ("bytes=7-", 206, b"789"),
                                    ("bytes=-2", 206, b"89"), ("bytes=5-100", 206, b"56789"),
                                    ("bytes=20-", 416, b""), ("bytes=0-1,3-4", 200, b"0123456789")]:
            got, reply, content = self.call("GET", self.url("ten"), headers={"range": asked})
            self.assertEqual((got, content), (status, body), asked)
        _, reply, _ = self.call("GET", self.url("ten"))
        self.assertEqual(reply["content-disposition"], 'inline; filename="ten"')
        self.assertEqual(reply["vary"], "Accept-Encoding")
        self.assertEqual(self.call("GET", self.url("ten"),
                                   headers={"if-modified-since": reply["last-modified"]})[0], 304)
        self.upload("empty", b"")
        status, reply, body = self.call("GET", self.url("empty"))
        self.assertEqual((status, reply["content-length"], body), (200, "0", b""))
        self.assertIn(b"MemTotal", self.call("GET", "/files?path=/proc/meminfo")[2])

    def test_errors_have_their_status_in_the_body(self):
        for status, answer in [(404, self.call("GET", self.url("nowhere"))), (400, self.call("GET", "/files?path=/tmp")),
                               (401, self.call("GET", self.url("x", username="not-a-user"))),
                               (404, self.call("GET", "/nothing")), (405, self.call("DELETE", "/files")),
                               (400, self.call("GET", "/files?path=%zz")), (400, self.call("GET", "/files?path=a%00b")),
                               (400, self.call("GET", "/files?path=~other/x"))]:
            self.assertEqual((answer[0], json.loads(answer[2])["code"]), (status, status))
            self.assertTrue(answer[1]["content-type"].startswith("application/json"))

    def test_a_full_disk_is_507(self):
        status, _, body = self.call("POST", "/files?path=/dev/full", b"x",
                                    {"content-type": "application/octet-stream"})
        self.assertEqual((status, json.loads(body)["code"]), (507, 507))

    def test_metadata(self):
        self.upload("tagged", b"x", X_Metadata_Key="value", x_metadata_other="2")
        entry = self.unary("filesystem.Filesystem/Stat", {"path": f"{self.path}/tagged"})[1]["entry"]
        self.assertEqual(entry["metadata"], {"key": "value", "other": "2"})
        for headers in ({"X_Metadata_a": "x" * 5000}, {"X_Metadata_" + "k" * 300: "v"}):
            self.assertEqual(self.upload("tagged", b"x", **headers)[0], 400)

    def test_compose(self):
        self.upload("p1", b"one ")
        self.upload("p2", b"two")
        message = {"source_paths": [f"{self.path}/p1", f"{self.path}/p2"], "destination": f"{self.path}/made/whole"}
        status, _, body = self.call("POST", "/files/compose", json.dumps(message))
        self.assertEqual((status, json.loads(body)["path"]), (200, f"{self.path}/made/whole"))
        self.assertEqual(pathlib.Path(self.path, "made/whole").read_bytes(), b"one two")
        self.assertFalse(pathlib.Path(self.path, "p1").exists())
        self.assertEqual(self.call("POST", "/files/compose", json.dumps(message))[0], 404)

    def test_the_root_stays(self):
        for path in ("/", "//", "/tmp/.."):
            status, body = self.unary("filesystem.Filesystem/Remove", {"path": path})
            self.assertEqual((status, body["code"]), (400, "invalid_argument"))

    def test_health_metrics_and_keep_alive(self):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        for _ in range(3):
            connection.request("GET", "/health")
            reply = connection.getresponse()
            self.assertEqual((reply.status, reply.read()), (204, b""))
        connection.request("GET", "/metrics")
        metrics = json.loads(connection.getresponse().read())
        self.assertEqual(set(metrics), {"ts", "cpu_count", "cpu_used_pct", "mem_total", "mem_used", "mem_cache",
                                        "mem_total_mib", "mem_used_mib", "disk_used", "disk_total"})
        self.assertGreater(metrics["mem_used"], 0)
        connection.close()


class WithToken(WireCase):
    token = "tok123"

    def test_everything_but_health_asks_for_the_token(self):
        self.assertEqual(self.call("GET", "/health")[0], 204)
        json_type = {"content-type": "application/json"}
        for method, path in [("POST", "/process.Process/List"), ("POST", "/filesystem.Filesystem/Stat"),
                             ("GET", "/metrics"), ("GET", "/envs"), ("POST", "/files/compose")]:
            for headers in ({}, {"x-access-token": "wrong"}, {"x-access-token": "tok12"}):
                status, _, body = self.call(method, path, "{}", {**json_type, **headers})
                self.assertEqual((status, json.loads(body)["code"]), (401, 401), path)
        self.assertEqual(self.unary("process.Process/List", {}, {"x-access-token": self.token})[0], 200)

    def test_pages_in_browsers_may_ask(self):
        origin = {"origin": "https://app.example.com"}
        status, headers, _ = self.call("OPTIONS", "/process.Process/Start", headers={
            **origin, "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,connect-protocol-version"})
        self.assertEqual((status, headers["access-control-allow-origin"]), (204, "*"))
        self.assertIn("Authorization", headers["access-control-allow-headers"])
        self.assertEqual(headers["access-control-max-age"], "7200")
        for path, status in (("/health", 204), ("/metrics", 401), ("/files?path=/none", 401)):
            answered, headers, _ = self.call("GET", path, headers=origin)
            self.assertEqual((answered, headers["access-control-allow-origin"]), (status, "*"))
        _, headers, _ = self.call("GET", "/health")
        self.assertNotIn("access-control-allow-origin", headers)

    def signed(self, name, operation, user="", expiration=None, **more):
        path = f"{self.path}/{name}"
        raw = f"{path}:{operation}:{user}:{self.token}" + (f":{expiration}" if expiration else "")
        query = {"path": path, "signature": "v1_" + base64.b64encode(
            hashlib.sha256(raw.encode()).digest()).decode().rstrip("=")}
        if user:
            query["username"] = user
        if expiration:
            query["signature_expiration"] = expiration
        return "/files?" + urllib.parse.urlencode({**query, **more})

    def test_signatures(self):
        octets = {"content-type": "application/octet-stream"}
        later, past = int(time.time()) + 1000, int(time.time()) - 10
        self.assertEqual(self.call("POST", self.signed("a b", "write"), b"x", octets)[0], 200)
        self.assertEqual(self.call("GET", self.signed("a b", "read", expiration=later))[2], b"x")
        self.assertEqual(self.call("GET", self.signed("a b", "read", expiration=past))[0], 401)
        self.assertEqual(self.call("GET", self.signed("a b", "write"))[0], 401)
        self.assertEqual(self.call("GET", self.signed("a b", "read", path="/etc/passwd"))[0], 401)
        self.assertEqual(self.call("GET", self.signed("a b", "read", signature_expiration=later))[0], 401)
        plain = "/files?" + urllib.parse.urlencode({"path": f"{self.path}/a b"})
        self.assertEqual(self.call("GET", plain)[0], 401)
        self.assertEqual(self.call("GET", plain, headers={"x-access-token": self.token})[0], 200)
        self.assertEqual(self.call("GET", self.signed("a b", "read"), headers={"x-access-token": "bad"})[0], 401)

    def test_init(self):
        def init(message, token=None):
            return self.call("POST", "/init", json.dumps({**message, **({"accessToken": token} if token else {})}))
        self.assertEqual(init({"envVars": {"A": "1"}})[0], 401)
        status, headers, _ = init({"envVars": {"A": "1"}, "timestamp": "2026-01-01T00:00:01Z"}, self.token)
        self.assertEqual(status, 204)
        self.assertRegex(headers["x-envd-version"], r"^0\.(6\.([4-9]|\d\d)|[7-9])")
        auth = {"x-access-token": self.token}
        self.assertEqual(json.loads(self.call("GET", "/envs", headers=auth)[2]), {"A": "1"})
        self.assertEqual(init({"envVars": {"A": "old"}, "timestamp": "2026-01-01T00:00:00Z"}, self.token)[0], 204)
        self.assertEqual(json.loads(self.call("GET", "/envs", headers=auth)[2]), {"A": "1"})
        self.assertEqual(init({"envVars": {"B": "2"}}, self.token)[0], 204)
        events = self.start("echo $A-$B", auth).rest()
        self.assertEqual(self.output(events), b"-2\n")
        self.assertEqual(init({"timestamp": "soon"}, self.token)[0], 400)


if __name__ == "__main__":
    unittest.main(verbosity=2)
