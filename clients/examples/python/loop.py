"""The event loop, and what every part of the client does with the outside world.

Whatever waits is a generator that yields a Wait; run() is the only place where the process sleeps.
"""
import json
import select
import socket
import sys
import time

NEVER = float("inf")
MAX_ANSWER = 16 * 1024 * 1024
now = time.monotonic  # a wall clock may be set; no interval is measured with it


class Failed(Exception):
    """A server could not be reached, went away, was silent, or said what cannot be understood."""


class Wait:
    """Until a socket is ready or a moment has come: `due` is that moment, or a function that tells it anew."""

    def __init__(self, due=NEVER, read=None, write=None):
        self.read, self.write = read, write
        self.due = due if callable(due) else lambda: due


def run(main, others):
    """Runs the generators until `main` has ended. A Wait comes back as True for the socket, False for the moment."""
    waits = {task: next(task) for task in [main, *others]}
    while True:
        timeout = max(0.0, min(wait.due() for wait in waits.values()) - now())
        readable, writable, _ = select.select(
            [wait.read for wait in waits.values() if wait.read is not None],
            [wait.write for wait in waits.values() if wait.write is not None],
            [],
            None if timeout == NEVER else timeout,
        )
        for task, wait in waits.items():
            ready = wait.read in readable or wait.write in writable
            if not ready and wait.due() > now():
                continue
            try:
                waits[task] = task.send(ready)
            except StopIteration:
                return  # only `main` ends


def ticks(start, interval):
    """Each multiple of an interval after a start; those that were missed are left out."""
    count = 0
    while True:
        count = max(count, int((now() - start) / interval)) + 1
        yield start + count * interval


def connect(address, timeout):
    """A connection to `host:port`; IPv6 stands in brackets."""
    host, port = address.rsplit(":", 1)
    host = host.strip("[]")
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setblocking(False)
        try:
            sock.connect((host, int(port)))
        except BlockingIOError:
            if not (yield Wait(now() + timeout, write=sock)):
                raise Failed("no connection in time") from None
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, "cannot connect")
        return sock
    except OSError as error:
        sock.close()
        raise Failed(str(error)) from None
    except Failed:
        sock.close()
        raise


def converse(sock, data, parse, timeout):
    """Sends data and reads until parse(received) gives something. Every byte that moves ends a silence."""
    rest, received = memoryview(data), b""
    while True:
        if not (yield Wait(now() + timeout, read=sock, write=sock if rest else None)):
            raise Failed("silent for too long")
        if rest:
            try:
                rest = rest[sock.send(rest[:65536]) :]
            except BlockingIOError:
                pass
            except OSError:
                rest = rest[:0]  # an answer may have come all the same
        try:
            chunk = sock.recv(65536)
        except BlockingIOError:
            continue
        except OSError as error:
            raise Failed(str(error)) from None
        received += chunk
        answer = parse(received)
        if answer is not None:
            return answer
        if not chunk:
            raise Failed("cut off")
        if len(received) > MAX_ANSWER:
            raise Failed("the answer is too large")


def say(message):
    """For people: a line on stderr."""
    print(f"meter: {message}", file=sys.stderr, flush=True)


def tell(**message):
    """For Meterproof: an answer or an event, a line on stdout."""
    print(json.dumps(message), flush=True)
