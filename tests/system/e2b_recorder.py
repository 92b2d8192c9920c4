"""A server that answers as a provider of sandboxes would, and keeps what it was asked."""

import http.server
import json
import re
import struct
import threading
import urllib.parse

SANDBOX = {"templateID": "base", "sandboxID": "isb1abc", "clientID": "c", "envdVersion": "0.6.13",
           "envdAccessToken": "tok123"}
DETAIL = {**SANDBOX, "startedAt": "2026-11-22T00:00:00Z", "endAt": "2026-11-22T00:05:00Z", "cpuCount": 2,
          "memoryMB": 512, "diskSizeMB": 512, "state": "running", "metadata": {}}
ENTRY = {"name": "x", "path": "/x", "type": "FILE_TYPE_FILE", "size": "1", "mode": 420,
         "permissions": "-rw-r--r--", "owner": "user", "group": "user",
         "modifiedTime": "2026-11-22T00:00:00Z"}


def frame(message, flags=0):
    payload = json.dumps(message).encode()
    return bytes([flags]) + struct.pack(">I", len(payload)) + payload


def events(*messages):
    return b"".join(frame(message) for message in messages) + frame({}, 2)


class Recorded:
    def __init__(self, method, target, headers, body):
        self.method = method
        self.path, _, query = target.partition("?")
        self.query = sorted(self.as_server_reads(*pair)
                            for pair in urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @staticmethod
    def as_server_reads(name, value):
        """A list's filter is encoded three times; which letters are encoded in vain is nobody's business."""
        if name == "metadata":
            pairs = [pair.split("=") for pair in urllib.parse.unquote(value).split("&")]
            value = sorted([urllib.parse.unquote(part) for part in pair] for pair in pairs)
        return name, value

    def message(self):
        """The body as what it says: JSON, or the one envelope of a streaming call."""
        kind = self.headers.get("content-type", "").split(";")[0]
        if kind == "application/connect+json":
            flags, length = struct.unpack(">BI", self.body[:5])
            assert (flags, length) == (0, len(self.body) - 5), self.body
            return json.loads(self.body[5:])
        if kind == "application/json":
            return json.loads(self.body)
        return self.body


class Recorder(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        self.seen = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def handle_any(self):
        asked = Recorded(self.command, self.path, self.headers.items(), self.read_body())
        self.server.seen.append(asked)
        status, kind, body = answer(asked)
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_PUT = handle_any


def as_json(value, status=200):
    return status, "application/json", json.dumps(value).encode()


def answer_template(asked):
    path = asked.path
    if path == "/templates/tags" and asked.method == "POST":
        return as_json({"tags": ["a", "b"], "buildID": "9b2fd9a4-0000-4000-8000-000000000000"}, 201)
    if path == "/templates/tags":
        return 204, "", b""
    if path.endswith("/tags"):
        return as_json([{"tag": "a", "buildID": "9b2fd9a4-0000-4000-8000-000000000000",
                         "createdAt": "2026-11-22T00:00:00Z"}])
    if path.startswith("/templates/aliases/"):
        return as_json({"templateID": "tpl/1", "public": False})
    if path == "/v3/templates":
        return as_json({"templateID": "tpl/1", "buildID": "bld1", "public": False, "aliases": [], "tags": [],
                        "names": ["team/tools"]}, 202)
    if "/files/" in path:
        return as_json({"present": False, "url": f"http://{asked.headers['host']}/storage?signed=1",
                        "headers": {"x-kind": "archive"}}, 201)
    if path.endswith("/status"):
        line = {"timestamp": "2026-11-22T00:00:00Z", "message": "done", "level": "info"}
        lines = [line] if ("logsOffset", "0") in asked.query else []
        return as_json({"templateID": "tpl/1", "buildID": "bld1", "status": "ready", "logs": [],
                        "logEntries": lines})
    return 202, "text/plain", b""


def answer(asked):
    path = asked.path
    if path == "/storage":
        return 200, "text/plain", b""
    if re.match("/(v2/|v3/)?templates", path) and not (asked.method == "DELETE" and "snap" in path):
        return answer_template(asked)
    if path.endswith("/fork"):
        return as_json([{"sandbox": SANDBOX}, {"error": {"code": 503, "message": "no place"}}], 201)
    if path.startswith("/process.Process/") or path.startswith("/filesystem.Filesystem/"):
        return answer_rpc(path.rsplit("/", 1)[1])
    if path == "/files":
        if asked.method == "GET":
            return 200, "application/octet-stream", b"bytes"
        return as_json([{"name": "x", "path": "/x", "type": "file"}])
    if path.endswith("/connect"):
        return as_json(SANDBOX)
    if path.endswith("/snapshots") and asked.method == "POST":
        return as_json({"snapshotID": "s", "names": ["team/prepared:default"]}, 201)
    if path == "/v2/sandboxes" and asked.method == "POST":
        return as_json(SANDBOX, 201)
    if asked.method == "DELETE" or path.endswith(("/timeout", "/pause", "/health", "/network")):
        return 204, "", b""
    if path in ("/v2/sandboxes", "/snapshots") or path.endswith("/metrics"):
        return as_json([])
    return as_json(DETAIL)


def answer_rpc(method):
    streams = "application/connect+json"
    if method in ("Start", "Connect"):
        return 200, streams, events({"event": {"start": {"pid": 42}}}, {"event": {"end": {"exited": True}}})
    if method == "WatchDir":
        return 200, streams, events({"start": {}})
    return as_json({"entry": ENTRY} if method in ("Stat", "MakeDir", "Move") else {})
