"""The chaos proxy itself: what it passes on, and that each fault is what it says."""

import http.client
import http.server
import socket
import threading
import unittest

from chaos_proxy_case import ChaosProxy

STREAM = [b"\x00\x00\x00\x00\x02{}", b"\x00\x00\x00\x00\x02[]", b"\x02\x00\x00\x00\x02{}"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(b"x" * 200_000)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append(body)
        if self.path != "/stream":
            return self.answer(body)
        self.send_response(200)
        self.send_header("content-type", "application/connect+json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in STREAM:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def answer(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ChaosProxyTest(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.received = []
        self.server.handle_error = lambda *_: None  # Cut connections are what this is about.
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def proxy(self, *options):
        made = ChaosProxy(self.server.server_address[1], *options)
        self.addCleanup(made.close)
        return made

    def connect(self, proxy):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection, method="GET", path="/", body=None, **headers):
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def stream(self, connection):
        return self.ask(connection, "POST", "/stream", b"{}", e2b_sandbox_id="s",
                        content_type="application/connect+json")

    def test_without_faults_everything_passes_over_one_connection(self):
        proxy = self.proxy()
        connection = self.connect(proxy)
        self.assertEqual(self.ask(connection), (200, b"x" * 200_000))
        self.assertEqual(self.ask(connection, "POST", "/", b"y" * 300_000)[1], b"y" * 300_000)
        self.assertEqual(self.stream(connection), (200, b"".join(STREAM)))
        self.assertEqual(proxy.counts(), {"connections": 1, "exchanges": 3})

    def test_cuts(self):
        for kind in ("cut_request", "cut_answer"):
            proxy = self.proxy(f"--{kind.replace('_', '-')}", "1")
            for _ in range(10):
                with self.assertRaises((http.client.HTTPException, OSError)):
                    self.ask(self.connect(proxy), "POST", "/", b"z" * 10)
            self.assertEqual(proxy.counts()[kind], 10)
        # Some of the requests whose answer nobody saw had been carried out.
        self.assertIn(b"z" * 10, self.server.received)
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.stream(self.connect(self.proxy("--cut-answer", "1")))

    def test_a_stream_without_its_end_is_whole_otherwise(self):
        connection = self.connect(self.proxy("--no-end", "1"))
        self.assertEqual(self.stream(connection), (200, b"".join(STREAM[:2])))
        self.assertEqual(self.ask(connection)[0], 200)

    def test_half_closed(self):
        proxy = self.proxy("--half-close", "1")
        with self.assertRaises(http.client.HTTPException):
            self.stream(self.connect(proxy))

    def test_hanging_ends_with_the_clients_patience(self):
        proxy = self.proxy("--hang", "1")
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=0.3)
        with self.assertRaises(socket.timeout):
            self.ask(connection)
        connection.close()
        streams = self.proxy("--hang", "1", "--streams-do-not-hang")
        self.assertEqual(self.stream(self.connect(streams))[1], b"".join(STREAM))

    def test_delays_and_small_pieces_change_nothing(self):
        proxy = self.proxy("--delay", "0.5", "--slow", "0.5", "--delay-seconds", "0.01",
                           "--slow-seconds", "0.001")
        connection = self.connect(proxy)
        for _ in range(10):
            self.assertEqual(self.ask(connection), (200, b"x" * 200_000))
        told = proxy.counts()
        self.assertGreater(told["delay"], 0)
        self.assertEqual(told["delay"] + told["slow"], 10)

    def test_refusals(self):
        proxy = self.proxy("--too-many", "1", "--retry-after", "7")
        connection = self.connect(proxy)
        connection.request("POST", "/v2/sandboxes", b"{}")
        answer = connection.getresponse()
        answer.read()
        self.assertEqual((answer.status, answer.getheader("Retry-After")), (429, "7"))
        self.assertEqual(self.ask(connection, e2b_sandbox_id="s")[0], 200)  # Not for agents.
        troubled = self.connect(self.proxy("--unavailable", "1"))
        self.assertIn(self.ask(troubled, e2b_sandbox_id="s")[0], (500, 502, 503, 504))
        self.assertEqual(self.server.received, [])

    def test_a_seed_draws_the_same_again(self):
        def statuses(seed):
            connection = self.connect(self.proxy("--unavailable", "0.3", "--burst", "1", "--seed", seed))
            return [self.ask(connection)[0] for _ in range(40)]

        first = statuses("5")
        self.assertEqual(first, statuses("5"))
        self.assertNotEqual(first, statuses("6"))
        self.assertLess(first.count(200), 40)


if __name__ == "__main__":
    unittest.main(verbosity=2)
