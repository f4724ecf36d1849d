#!/usr/bin/env python3
"""A licence-metering client after docs/client-contract.md and docs/wire-protocol.md: driven, online and offline, one thread.

It takes its configuration from the JSON file (METERPROOF_CONFIG) and keeps what it must not lose in METERPROOF_DATA.
"""
import json
import os
import sys
import uuid
from datetime import datetime, timedelta, timezone

import loop
from loop import now, tell
from seats import Seats
from spool import Spool
from synchronization import Synchronization
from wire import clip


class Config:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
        self.client, self.user, self.workstation = values["client"], values["user"], values["workstation"]
        self.mode, self.servers, self.attempts = values["mode"], values["servers"], values["attempts"]
        self.retry_delay = values["retryDelayMs"] / 1000  # seconds, as all that follow
        self.polling_interval = values["pollingIntervalMs"] / 1000
        self.live_status_interval = values["liveStatusIntervalMs"] / 1000
        self.connect_timeout = values["connectTimeoutMs"] / 1000
        self.answer_timeout = values["answerTimeoutMs"] / 1000


class Run:
    """One run of a program."""

    def __init__(self, program):
        self.program = program
        self.start, self.began = datetime.now(timezone.utc), now()
        self.wants = False    # a licence, from the server in use
        self.asking = False   # a request is under way
        self.lease = None     # (server, name)
        self.allowed = False  # granted once, or run while the client was offline: a denial that comes later undoes nothing
        self.denied = self.stopped = False

    def record(self, config):
        """One run, one record. It ends when it has lasted so long, wherever the wall clock was set meanwhile."""
        stop = self.start + timedelta(seconds=now() - self.began)
        fields = {
            "client": config.client, "user": config.user, "workstation": config.workstation,
            "program": self.program, "originalName": "", "version": "",
        }
        return {
            "id": str(uuid.uuid4()),
            **{name: clip(text, 256).decode() for name, text in fields.items()},
            "start": utc(self.start), "stop": utc(stop),
        }


def utc(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Meter:
    """What the commands do."""

    def __init__(self, config, folder):
        start = now()
        self.config, self.spool, self.runs = config, Spool(folder), []
        self.tasks = [Synchronization(config, self.spool).task(start)]
        self.seats = None
        if config.mode == "online":
            self.seats = Seats(config, self.spool, self.runs)
            self.tasks += self.seats.tasks(start)

    def main(self):
        """Until `shutdown` or the end of stdin."""
        rest = b""
        while True:
            yield loop.Wait(read=0)
            data = os.read(0, 65536)
            *lines, rest = (rest + data).split(b"\n")
            goes_on = [self.serve(json.loads(line)) for line in lines]
            if not data or not all(goes_on):
                break
        if self.seats:
            self.seats.leave()

    def serve(self, command):
        """Answers one command. False: it was the last."""
        number, name = command["id"], command["command"]
        actions = {"start-program": self.start, "stop-program": self.stop, "shutdown": lambda _: None}
        if name not in actions:
            tell(id=number, result="unsupported")
            return True
        try:
            actions[name](command)
            tell(id=number, result="ok")
        except (OSError, LookupError) as error:
            tell(id=number, result="error", why=str(error))
        return name != "shutdown"

    def start(self, command):
        run = Run(command["program"])
        self.runs.append(run)
        if self.seats:
            self.seats.started(run)

    def stop(self, command):
        run = next((run for run in self.runs if run.program == command["program"]), None)
        if not run:
            raise LookupError(f"{command['program']} does not run")
        if run.allowed or not run.denied:
            self.spool.add(run.record(self.config))
        self.runs.remove(run)
        if self.seats:
            self.seats.stopped(run)


def main():
    config = Config(os.environ["METERPROOF_CONFIG"])
    if config.mode not in ("online", "offline"):
        print(f"meterproof: unsupported {config.mode}", file=sys.stderr, flush=True)
        return 89
    meter = Meter(config, os.environ["METERPROOF_DATA"])
    loop.run(meter.main(), meter.tasks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
