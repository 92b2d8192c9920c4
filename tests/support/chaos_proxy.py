#!/usr/bin/env python3
"""Between a client of E2B's protocol and its server: HTTP/1.1 passed on, with faults.

    chaos_proxy.py --to PORT --seed N [--cut-request P] [--cut-answer P] …

Every exchange (a request and its answer) draws at most one fault, each kind with the probability that
was given. The draws of the n-th exchange depend on the seed and n alone. One line of JSON with the
port says that it is ready; a line on its input is answered with the counts so far; the end of its input
ends it.

    cut_request   both sides are cut while the request is on its way
    cut_answer    … while the answer is (a stream: after its first piece)
    no_end        a Connect stream ends without its last message, but in order
    half_close    the answer ends in the middle, the connection stays half open
    hang          nothing comes any more, nobody closes
    delay         some time passes before the request is passed on
    slow          the answer comes in small pieces
    too_many      a burst of 429 with Retry-After, for calls of the control plane
    unavailable   a burst of 500, 502, 503 and 504, for all calls
"""

import argparse
import asyncio
import collections
import json
import random
import socket
import struct
import sys

KINDS = ("cut_request", "cut_answer", "no_end", "half_close", "hang", "delay", "slow", "too_many",
         "unavailable")
MOST_HEAD = 1 << 20
PIECE = 1 << 16


class Gone(Exception):
    """One of the two sides has closed, or we have."""


def abort(writer):
    """A reset, not an end: what was on its way is lost."""
    handle = writer.get_extra_info("socket")
    if handle is not None:
        try:
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()


async def read_head(reader):
    """The bytes of a head with its empty line; empty: the other side ended before one."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as short:
        if short.partial:
            raise Gone from short
        return b""
    except (asyncio.LimitOverrunError, ConnectionError) as failure:
        raise Gone from failure


def headers_of(head):
    found = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        found[name.strip().lower()] = value.strip()
    return found


async def body_pieces(reader, headers, to_the_end):
    """The body as it is on the wire, in pieces: chunks with their frames where it is chunked."""
    if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            rest = await reader.readexactly(size + 2)
            yield line + rest
            if size == 0:
                return
    elif b"content-length" in headers:
        left = int(headers[b"content-length"])
        while left > 0:
            piece = await reader.read(min(left, PIECE))
            if not piece:
                raise Gone
            left -= len(piece)
            yield piece
    elif to_the_end:
        while piece := await reader.read(PIECE):
            yield piece


def payload_of(chunk):
    return chunk.partition(b"\r\n")[2][:-2]


class Exchange:
    """One request and its answer."""

    def __init__(self, proxy, number, head):
        self.proxy = proxy
        self.draw = random.Random(f"{proxy.options.seed}/{number}")
        self.head = head
        first = head.split(b"\r\n", 1)[0].split(b" ")
        self.method = first[0]
        self.path = first[1].split(b"?")[0] if len(first) > 1 else b""
        self.headers = headers_of(head)
        self.is_control = b"e2b-sandbox-id" not in self.headers
        self.fault = self.drawn()

    def drawn(self):
        """One of the kinds or none; a burst that goes on comes first."""
        for kind in ("too_many", "unavailable"):
            if self.proxy.burst[kind] > 0 and self.suits(kind):
                self.proxy.burst[kind] -= 1
                return kind
        at = self.draw.random()
        for kind in KINDS:
            at -= getattr(self.proxy.options, kind)
            if at < 0:
                if not self.suits(kind):
                    return None
                if kind in self.proxy.burst:
                    self.proxy.burst[kind] = self.draw.randint(0, 2 * self.proxy.options.burst - 2)
                return kind
        return None

    def suits(self, kind):
        if kind == "too_many":
            return self.is_control
        if kind == "no_end":
            return self.headers.get(b"content-type", b"").startswith(b"application/connect+json")
        if kind == "hang" and self.headers.get(b"content-type", b"").startswith(b"application/connect"):
            return not self.proxy.options.streams_do_not_hang
        return True

    def refusal(self):
        if self.fault == "too_many":
            body = b'{"code": 429, "message": "Rate limit exceeded, please try again later."}'
            return (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: %d\r\nContent-Type: "
                    b"application/json\r\nContent-Length: %d\r\n\r\n"
                    % (self.proxy.options.retry_after, len(body))) + body
        status = self.draw.choice((500, 502, 503, 504))
        body = b"<html><body>upstream trouble</body></html>"
        return (b"HTTP/1.1 %d Trouble\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
                % (status, len(body))) + body


class Connection:
    """A client's connection with one of its own to the server."""

    def __init__(self, proxy, reader, writer):
        self.proxy = proxy
        self.from_client, self.to_client = reader, writer
        self.from_server = self.to_server = None

    async def serve(self):
        while head := await read_head(self.from_client):
            exchange = self.proxy.new_exchange(head)
            if not await self.carry_out(exchange):
                return

    async def watch(self, exchanges):
        """A client that has gone away is not answered to its answer's end."""
        while not self.from_client.at_eof() and self.from_client.exception() is None:
            await asyncio.sleep(0.1)
        exchanges.cancel()

    async def connect(self):
        if self.to_server is None or self.to_server.is_closing():
            self.from_server, self.to_server = await asyncio.open_connection(
                "127.0.0.1", self.proxy.options.to, limit=MOST_HEAD)

    async def send(self, writer, piece):
        writer.write(piece)
        await writer.drain()

    async def cut(self):
        for writer in (self.to_client, self.to_server):
            if writer is not None:
                abort(writer)

    async def hang(self):
        """Until the client has had enough."""
        while await self.from_client.read(PIECE):
            pass
        await self.cut()

    async def carry_out(self, exchange):
        """False: the connection is over."""
        fault = exchange.fault
        if fault:
            self.proxy.counts[fault] += 1
        if fault in ("too_many", "unavailable"):
            async for _ in body_pieces(self.from_client, exchange.headers, False):
                pass
            await self.send(self.to_client, exchange.refusal())
            return True
        if fault == "delay":
            await asyncio.sleep(exchange.draw.uniform(0, 2 * self.proxy.options.delay_seconds))
        await self.connect()
        if fault == "cut_request":
            whole = exchange.draw.random() < 0.5  # The server does it, and nobody learns of it.
            await self.send(self.to_server, exchange.head if whole else exchange.head[:20])
            if whole:
                async for piece in body_pieces(self.from_client, exchange.headers, False):
                    await self.send(self.to_server, piece)
                await self.from_server.read(1)
            await self.cut()
            return False
        await self.send(self.to_server, exchange.head)
        async for piece in body_pieces(self.from_client, exchange.headers, False):
            await self.send(self.to_server, piece)
        return await self.answer(exchange)

    async def answer(self, exchange):
        while True:
            head = await read_head(self.from_server)
            if not head:
                raise Gone
            if not head.split(b" ", 2)[1].startswith(b"1"):
                break
            await self.send(self.to_client, head)  # 100 Continue
        fault, headers = exchange.fault, headers_of(head)
        status = int(head.split(b" ", 2)[1])
        is_stream = headers.get(b"content-type", b"").startswith(b"application/connect+json")
        if fault == "hang" and not is_stream:
            await self.hang()
            return False
        if fault in ("cut_answer", "half_close") and not is_stream:
            await self.send(self.to_client, head[:exchange.draw.randrange(len(head))])
            await self.break_off(fault)
            return False
        await self.send(self.to_client, head)
        if exchange.method == b"HEAD" or status in (204, 304):
            return True
        ended = await self.pass_body(exchange, headers, is_stream)
        ends_with_connection = (b"content-length" not in headers
                                and b"transfer-encoding" not in headers)
        return (ended and not ends_with_connection
                and headers.get(b"connection", b"").lower() != b"close")

    async def pass_body(self, exchange, headers, is_stream):
        """False: it was broken off."""
        fault, count = exchange.fault, 0
        breaks_at = exchange.draw.choice((1, 1, 2)) if is_stream else 0
        async for piece in body_pieces(self.from_server, headers, True):
            if is_stream and count == breaks_at:
                if fault in ("cut_answer", "half_close"):
                    await self.break_off(fault)
                    return False
                if fault == "hang":
                    await self.hang()
                    return False
            count += 1
            if fault == "no_end" and payload_of(piece)[:1] == b"\x02":
                continue
            if fault == "slow":
                await self.send_slowly(piece)
            else:
                await self.send(self.to_client, piece)
        return True

    async def send_slowly(self, piece):
        for at in range(0, len(piece), 4096):
            small = piece[at:at + 4096]
            half = len(small) // 2
            await self.send(self.to_client, small[:half])
            await asyncio.sleep(self.proxy.options.slow_seconds)
            await self.send(self.to_client, small[half:])

    async def break_off(self, fault):
        if fault == "cut_answer":
            await self.cut()
            return
        if self.to_client.can_write_eof():
            self.to_client.write_eof()
        await self.hang()


class Proxy:
    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter()
        self.burst = {"too_many": 0, "unavailable": 0}
        self.exchanges = 0
        self.connections = 0

    def new_exchange(self, head):
        self.exchanges += 1
        return Exchange(self, self.exchanges, head)

    def told(self):
        return {"connections": self.connections, "exchanges": self.exchanges, **self.counts}

    async def serve(self, reader, writer):
        self.connections += 1
        connection = Connection(self, reader, writer)
        exchanges = asyncio.create_task(connection.serve())
        watch = asyncio.create_task(connection.watch(exchanges))
        try:
            await exchanges
        except (Gone, OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError,
                asyncio.CancelledError):
            pass
        finally:
            watch.cancel()
            # A server that ends an answer early is passed on as it is: the client sees an end, too.
            for end in (connection.to_client, connection.to_server):
                if end is not None:
                    end.close()

    async def run(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", self.options.port,
                                            limit=MOST_HEAD, backlog=1024)
        port = server.sockets[0].getsockname()[1]
        print(json.dumps({"port": port}), flush=True)
        questions = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
        while await questions.readline():
            print(json.dumps(self.told()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=int, required=True, help="port of the server on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    for kind in KINDS:
        parser.add_argument("--" + kind.replace("_", "-"), type=float, default=0, metavar="P")
    parser.add_argument("--burst", type=int, default=3, help="mean length of a burst, exchanges")
    parser.add_argument("--retry-after", type=int, default=1)
    parser.add_argument("--delay-seconds", type=float, default=0.2)
    parser.add_argument("--slow-seconds", type=float, default=0.02)
    parser.add_argument("--streams-do-not-hang", action="store_true")
    asyncio.run(Proxy(parser.parse_args()).run())


if __name__ == "__main__":
    main()
