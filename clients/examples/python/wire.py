"""Bytes: the frames of the pipe and the requests to the share, as docs/wire-protocol.md describes them."""
import re
import struct
import time
from email.utils import parsedate_to_datetime

import loop
from loop import Failed

HELLO, REQUEST_USE, LIVE_STATUS, RELEASE, BYE = 1, 2, 3, 4, 6
WELCOME, LOGIN_REFUSED, GRANTED, DENIED, BUSY, LIVE_ACK, RELEASED = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87
MAX_LEASES = 512  # in one live-status


class Refused(Exception):
    """The server refuses the account."""


class Busy(Exception):
    def __init__(self, retry_after):
        super().__init__("busy")
        self.retry_after = retry_after  # seconds


def clip(text, limit):
    """UTF-8 of a text, shortened between two characters."""
    data = text.encode("utf-8", "replace")
    return data if len(data) <= limit else data[:limit].decode("utf-8", "ignore").encode()


def string(text, limit):
    data = clip(text, limit)
    return struct.pack(">H", len(data)) + data


def strings(texts, limit):
    return struct.pack(">H", len(texts)) + b"".join(string(text, limit) for text in texts)


def frame(kind, request_id, payload=b""):
    return struct.pack(">IBBI", 6 + len(payload), 1, kind, request_id) + payload


class Fields:
    """Reads the payload of an answer, field by field."""

    def __init__(self, data):
        self.data = data

    def take(self, size):
        if len(self.data) < size:
            raise Failed("a truncated answer")
        part, self.data = self.data[:size], self.data[size:]
        return part

    def number(self, size, low=0, high=2**53 - 1):
        value = int.from_bytes(self.take(size), "big")
        if not low <= value <= high:
            raise Failed("a number out of bounds")
        return value

    def string(self, low, high):
        try:
            return self.take(self.number(2, low, high)).decode("utf-8")
        except UnicodeDecodeError:
            raise Failed("a string that is not UTF-8") from None

    def strings(self, most, low, high):
        return [self.string(low, high) for _ in range(self.number(2, 0, most))]


ANSWERS = {
    WELCOME: lambda fields: (fields.number(8), fields.number(4)),
    LOGIN_REFUSED: lambda fields: fields.string(0, 1024),
    GRANTED: lambda fields: fields.string(1, 64),
    DENIED: lambda fields: fields.number(1, 1, 3),
    BUSY: lambda fields: fields.number(4) / 1000,
    LIVE_ACK: lambda fields: fields.strings(MAX_LEASES, 1, 64),
    RELEASED: lambda fields: fields.string(1, 64),
}


class Pipe:
    """One connection to a pipe; one request at a time."""

    def __init__(self, sock, timeout):
        self.sock, self.timeout, self.last_id = sock, timeout, 0

    def request(self, kind, payload, *expected):
        """The type and the value of the answer."""
        self.last_id += 1
        data = frame(kind, self.last_id, payload)
        answer, value = yield from loop.converse(self.sock, data, self.parse, self.timeout)
        if answer == LOGIN_REFUSED and kind == HELLO:
            raise Refused(value)
        if answer == BUSY and kind != HELLO:
            raise Busy(value)
        if answer not in expected:
            raise Failed(f"0x{answer:02x} does not answer 0x{kind:02x}")
        return answer, value

    def parse(self, received):
        """The answer to the last request; None while bytes are missing."""
        if len(received) < 4:
            return None
        length = int.from_bytes(received[:4], "big")
        if not 6 <= length <= 1048576:
            raise Failed("a wrong length")
        if len(received) < 4 + length:
            return None
        version, kind, request_id = struct.unpack(">BBI", received[4:10])
        if version != 1 or kind not in ANSWERS or request_id != self.last_id or len(received) > 4 + length:
            raise Failed(f"0x{kind:02x} answers nothing that was asked")
        fields = Fields(received[10:])
        value = ANSWERS[kind](fields)
        if fields.data:
            raise Failed("trailing bytes")
        return kind, value

    def leave(self):
        try:
            self.sock.send(frame(BYE, self.last_id + 1))
        except OSError:
            pass
        self.sock.close()


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def retry_after(self):
        """Seconds. A date counts from the Date of the same answer, so that no two clocks are compared."""
        value = self.headers.get("retry-after", "")
        if re.fullmatch(r"[0-9]{1,10}", value):
            return int(value)
        try:
            until, date = parsedate_to_datetime(value), self.headers.get("date")
            since = parsedate_to_datetime(date).timestamp() if date else time.time()
            return max(0.0, until.timestamp() - since)
        except (TypeError, ValueError, IndexError):
            return 0.0


def http(address, method, path, body, connect_timeout, answer_timeout):
    """One request on a connection of its own."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n"
    if body is not None:
        head += f"Content-Length: {len(body)}\r\n"
    sock = yield from loop.connect(address, connect_timeout)
    try:
        data = f"{head}\r\n".encode("ascii") + (body or b"")
        return (yield from loop.converse(sock, data, parse_response, answer_timeout))
    finally:
        sock.close()


def parse_response(received):
    """A whole answer; None while bytes are missing."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        if len(head) > 65536:
            raise Failed("a header that is too long")
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    status = re.match(r"HTTP/1\.[01] ([2-5][0-9]{2})( |$)", first)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length", "")
    if not status or not re.fullmatch(r"[0-9]{1,9}", length):
        raise Failed("no HTTP answer of a known length")
    return Response(int(status[1]), headers, body[: int(length)]) if len(body) >= int(length) else None
