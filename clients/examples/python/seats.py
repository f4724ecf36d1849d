"""Licences through the pipes: which server is asked when (docs/client-contract.md, 9.13 to 9.22)."""
import loop
import wire
from loop import NEVER, Failed, Wait, now, say, tell, ticks

BUILD = "python-example 1.0"
LASTED = 10.0  # seconds that a connection was good, so that its loss may be answered at once


class Server:
    """The pipe of one server."""

    def __init__(self, name, address):
        self.name, self.address = name, address
        self.pipe = None       # the connection
        self.good_at = None    # since when it does what it is asked; None after a failure
        self.not_before = 0.0  # the next attempt
        self.fails = 0         # attempts that failed in a row, while the server was needed
        self.to_release = []   # leases that it is owed, oldest first
        self.live_status_due = False

    def leave(self):
        if self.pipe:
            self.pipe.leave()
        self.pipe = self.good_at = None


class Seats:
    """`current` is the server that gets the requests; None while the client is offline.

    Each server has a worker: it sleeps until due() says that there is something to do at that server, and then makes one
    attempt, which is good when all that had to be asked was answered.
    """

    def __init__(self, config, spool, runs):
        self.config, self.spool, self.runs = config, spool, runs
        self.servers = [Server(entry["name"], entry["pipe"]) for entry in config.servers]
        self.home = self.current = self.servers[0]
        self.seeking = True    # `current` has still to be reached
        self.given_up = set()  # on the way to `current`
        self.refused = False   # the account was refused: nothing is asked any more
        for name, lease in spool.load_leases():  # held when the last process was killed, or owed
            for server in self.servers:
                if server.name == name:
                    server.to_release.append(lease)

    def tasks(self, start):
        return [self.live_status_clock(start), *map(self.worker, self.servers)]

    # What the commands do

    def started(self, run):
        run.wants, run.allowed = True, self.current is None

    def stopped(self, run):
        """The run is no longer in `runs`."""
        run.stopped = True
        self.give_back(run)
        self.save()
        for server in self.servers:
            if not self.needs(server):
                server.fails = 0

    def leave(self):
        for server in self.servers:
            server.leave()

    # Leases

    def give_back(self, run):
        """Two runs of one program share a lease: it is owed after the last of them."""
        lease, run.lease = run.lease, None
        if lease and all(other.lease != lease for other in self.runs):
            server, name = lease
            if name not in server.to_release:
                server.to_release.append(name)

    def held(self, server):
        return sorted({run.lease[1] for run in self.runs if run.lease and run.lease[0] is server and not run.wants})

    def save(self):
        leases = {(server.name, name) for server in self.servers for name in server.to_release}
        leases |= {(run.lease[0].name, run.lease[1]) for run in self.runs if run.lease}
        try:
            self.spool.save_leases(sorted(leases))
        except OSError as error:  # a seat is worth less than metering: its server takes it back by itself
            say(f"the leases cannot be written: {error}")

    # What is to do

    def needs(self, server):
        """A failure there is a reason to go elsewhere."""
        if server is self.current and (self.seeking or any(run.wants for run in self.runs)):
            return True
        return server.pipe is None and bool(self.held(server))

    def is_spare(self, server):
        return server not in (self.home, self.current) and not server.to_release and not self.held(server)

    def due(self, server):
        """When the worker has something to do."""
        if self.refused:
            return 0.0 if server.pipe else NEVER
        if server.good_at is not None:
            is_sought = server is self.current and self.seeking
            return 0.0 if is_sought or self.next_request(server) or self.is_spare(server) else NEVER
        comes_home = server is self.home and server is not self.current and not self.seeking
        if self.needs(server) or comes_home or server.to_release or (server.pipe and server.live_status_due):
            return server.not_before
        return NEVER

    def next_request(self, server):
        """A generator that asks the next thing at a server that is connected; None when there is nothing to ask."""
        if server.to_release:
            return self.release(server, server.to_release[0])
        if server is self.current:
            for run in self.runs:
                if run.wants and not run.asking:
                    return self.request_use(server, run)
        return self.live_status(server) if server.live_status_due else None

    # Attempts

    def worker(self, server):
        while True:
            readable = yield Wait(lambda: self.due(server), read=server.pipe and server.pipe.sock)
            if readable:  # nothing was asked: it is the end of the connection, or worth ending it
                self.lost(server)
            elif self.refused or (server.good_at is not None and self.is_spare(server)):
                server.leave()
            else:
                yield from self.attempt(server)

    def attempt(self, server):
        counts = server.good_at is None  # what fails on a connection that was good is no attempt yet
        if counts:
            server.not_before = now() + self.config.retry_delay
        try:
            if not server.pipe:
                yield from self.connect(server)
            while not self.refused and (request := self.next_request(server)):
                yield from request
            self.succeeded(server)
        except wire.Busy as busy:
            server.not_before = now() + max(self.config.retry_delay, busy.retry_after)
            server.good_at = None
            self.failed(server, "busy")
        except wire.Refused as error:
            say(f"{server.name} refuses the account: {error}")
            self.refused = True
        except Failed as error:
            self.lost(server)
            if counts:
                self.failed(server, error)

    def connect(self, server):
        sock = yield from loop.connect(server.address, self.config.connect_timeout)
        server.pipe = wire.Pipe(sock, self.config.answer_timeout)
        if self.refused:  # by another server, meanwhile
            raise Failed("nothing is asked any more")
        config = self.config
        who = (config.client, config.user, config.workstation, BUILD)
        payload = b"".join(wire.string(text, 256) for text in who) + b"\x01"
        yield from server.pipe.request(wire.HELLO, payload, wire.WELCOME)

    def lost(self, server):
        if server.good_at is not None and now() - server.good_at >= LASTED:
            server.not_before = 0.0
        if server.pipe:
            server.pipe.sock.close()
        server.pipe = server.good_at = None

    def succeeded(self, server):
        server.good_at = server.good_at or now()
        server.fails = 0
        if server is self.home and server is not self.current:
            self.current = server
            tell(event="home", server=server.name)
        if server is self.current:
            self.seeking = False
            self.given_up.clear()

    def failed(self, server, why):
        say(f"pipe of {server.name}: {why}")
        if not self.needs(server):
            server.fails = 0
            return
        server.fails += 1
        if server.fails >= self.config.attempts:
            self.give_up(server)

    def give_up(self, server):
        """What ran with this server asks the next one in the list; after the last of them the client is offline."""
        server.fails = 0
        server.leave()
        for run in self.runs:
            if run.lease and run.lease[0] is server:
                run.wants = True
        if server is not self.current:
            return
        self.given_up.add(server)
        place = self.servers.index(server)
        following = self.servers[place + 1 :] + self.servers[:place]
        self.current = next((other for other in following if other not in self.given_up), None)
        self.seeking = self.current is not None
        if self.current:
            tell(event="switch", server=self.current.name)
            return
        self.given_up.clear()
        for run in self.runs:
            run.allowed = run.allowed or run.wants
        tell(event="offline")

    # Requests

    def request_use(self, server, run):
        run.asking = True
        try:
            payload = wire.string(run.program, 256) + wire.string("", 256) + wire.string("", 16384)
            answer, value = yield from server.pipe.request(wire.REQUEST_USE, payload, wire.GRANTED, wire.DENIED)
        finally:
            run.asking = False
        run.wants = False
        if answer == wire.DENIED:
            run.denied = True
            self.give_back(run)
        elif run.lease != (server, value):
            self.give_back(run)
            run.lease = (server, value)
        if answer == wire.GRANTED:
            run.allowed = True
            if value in server.to_release:  # the same lease once more
                server.to_release.remove(value)
        if run.stopped:
            self.give_back(run)
        self.save()
        tell(event="granted" if answer == wire.GRANTED else "denied", program=run.program, server=server.name)

    def release(self, server, lease):
        _, value = yield from server.pipe.request(wire.RELEASE, wire.string(lease, 64), wire.RELEASED)
        if value != lease:
            raise Failed("another lease was released")
        server.to_release.remove(lease)
        self.save()

    def live_status(self, server):
        held = self.held(server)
        for first in range(0, len(held), wire.MAX_LEASES):
            part = held[first : first + wire.MAX_LEASES]
            _, known = yield from server.pipe.request(wire.LIVE_STATUS, wire.strings(part, 64), wire.LIVE_ACK)
            gone = set(part) - set(known)
            for run in self.runs:
                if run.lease and run.lease[0] is server and run.lease[1] in gone:
                    run.lease, run.wants = None, True
        server.live_status_due = False
        self.save()

    def live_status_clock(self, start):
        for tick in ticks(start, self.config.live_status_interval):
            yield Wait(tick)
            for server in self.servers:
                server.live_status_due = bool(self.held(server))
