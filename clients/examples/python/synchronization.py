"""Usage records to the shares, the configuration from them. The same in both modes (docs/client-contract.md, 9.5 to 9.12)."""
import wire
from loop import Failed, Wait, now, say, ticks

STORED, REFUSED_FOR_GOOD, ACCOUNT_REFUSED = (200, 201), (400, 409, 413), (401, 403)


class Synchronization:
    def __init__(self, config, spool):
        self.config, self.spool = config, spool
        self.shares = [server["share"] for server in config.servers]
        self.not_before = {}  # by share: Retry-After
        self.last_asked = 0.0

    def task(self, start):
        for poll in ticks(start, self.config.polling_interval):
            yield Wait(poll)
            try:
                yield from self.synchronize()
            except OSError as error:  # our own disk; the next poll tries again
                say(f"the synchronization failed: {error}")

    def synchronize(self):
        """Passes over the shares until all of it worked at one of them, or the attempts are used up."""
        refused = set()
        for attempt in range(self.config.attempts):
            if attempt:
                yield Wait(self.last_asked + self.config.retry_delay)
            self.last_asked = now()
            for share in self.shares:
                if share in refused or now() < self.not_before.get(share, 0.0):
                    continue
                try:
                    yield from self.visit(share)
                    return
                except Failed as error:
                    say(f"share {share}: {error}")
                except wire.Refused:
                    say(f"share {share} refuses the account")
                    refused.add(share)

    def visit(self, share):
        yield from self.ask(share, "GET", "/LicMtr/dbup.ini")
        self.spool.seal()
        for log in self.spool.logs():
            path = f"/LicMtr/Inboxes/Offline/{log}"
            response = yield from self.ask(share, "PUT", path, self.spool.read(log), REFUSED_FOR_GOOD)
            if response.status in STORED:
                self.spool.delivered(log)
            else:
                self.spool.set_aside(log)
                say(f"share {share} refused {log}, kept in aside: {response.status} {response.body[:200]!r}")
        response = yield from self.ask(share, "GET", "/LicMtr/LICMTR.CFG")
        self.spool.keep("LICMTR.CFG", response.body)

    def ask(self, share, method, path, body=None, answers=()):
        """Every status but those that are told counts as a failure of the share."""
        self.last_asked = now()
        limits = (self.config.connect_timeout, self.config.answer_timeout)
        response = yield from wire.http(share, method, path, body, *limits)
        if response.status in STORED or response.status in answers:
            return response
        if response.status in ACCOUNT_REFUSED:
            raise wire.Refused()
        self.not_before[share] = now() + response.retry_after()
        raise Failed(f"{response.status} to {path}")
