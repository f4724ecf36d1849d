"""Host driver: the twin of driver.c for a licence library with a Python interface (docs/ways-in/library.md).

    python3 driver.py ./my_library.py

Copy it, and write the calls of your library into COMMANDS. It is one thread: a call that blocks blocks it, and how long it did
is told by the event "blocked". A call that returns is ok, one that raises is an error.
"""

import importlib.util
import json
import os
import sys
import time


# Where Meterproof listens. What the library prints goes to stderr, and breaks no contract.
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def load(path):
    spec = importlib.util.spec_from_file_location("library", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tell(**message):
    print(json.dumps(message), file=out, flush=True)


def call(name):
    """The function of the library with that name; None: it cannot do that."""
    return getattr(library, name, None)


library = load(sys.argv[1])

# One function a command, each with one text. What your library cannot do stays None.
COMMANDS = {
    # ok to stop-program means that its usage record is durable: leave it out if the library keeps none.
    "start-program": call("acquire"),
    "stop-program": call("release"),
    "acquire": call("acquire"),
    "renew": call("renew"),
    "release": call("release"),
    "borrow": call("borrow"),
    "return": call("give_back"),
    "report": call("report"),
    "suspend": call("suspend"),
    "resume": call("resume"),
    "shutdown": call("shutdown") or (lambda _: None),
}


def obey(message):
    name = message["command"]
    run = COMMANDS.get(name)
    if run is None:
        tell(id=message["id"], result="unsupported")
        return
    before = time.monotonic()
    try:
        run(message.get("argument", message.get("program", "")))
        answer = {"result": "ok"}
    except Exception as error:  # noqa: BLE001 - whatever the library raises is its answer
        answer = {"result": "error", "why": f"{type(error).__name__}: {error}"}
    tell(event="blocked", command=name, ms=round((time.monotonic() - before) * 1000))
    tell(id=message["id"], **answer)


def main():
    for line in sys.stdin:
        message = json.loads(line)
        obey(message)
        if message["command"] == "shutdown":
            return
    COMMANDS["shutdown"]("")


main()
