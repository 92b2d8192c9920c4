"""Servers on loopback for the tests of webhooks."""
import contextlib
import http.server
import json
import select
import socket
import ssl
import threading


class Receiver(http.server.ThreadingHTTPServer):
    """Remembers what is posted to it; answers with the statuses of `answers`, then with 200. With a
    certificate (its file and that of its key) over TLS, and as localhost."""

    def __init__(self, answers=(), hold=None, certificate=None):
        self.received = []
        self.answers = list(answers)
        self.hold = hold
        self.tls = certificate is not None
        super().__init__(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def handle_error(self, request, client_address):
        pass  # a client that refuses the certificate

    def stop(self):
        if self.hold:
            self.hold.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    def url(self, path="/hook"):
        place = "https://localhost" if self.tls else "http://127.0.0.1"
        return "%s:%d%s" % (place, self.server_address[1], path)

    def events(self):
        return [json.loads(body)["event"] for _, _, body in self.received]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.hold:
            self.server.hold.wait(120)
        self.server.received.append((self.path, dict(self.headers), body))
        answer = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(answer)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class TunnelProxy(threading.Thread):
    """An HTTP proxy that knows CONNECT; counts tunnels by destination."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.requests = []
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.requests.append(head.decode())
        host, port = head.split()[1].decode().rsplit(":", 1)
        with client, socket.create_connection((host, int(port))) as target:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pair = {client: target, target: client}
            while True:
                for ready in select.select(list(pair), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    pair[ready].sendall(data)
