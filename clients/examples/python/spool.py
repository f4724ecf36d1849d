"""What survives a kill. The data folder holds:

open.jsonl    usage records that are in no log yet, one a line
outbox/       sealed logs that wait; name and content never change
aside/        logs that a server refused for good
leases.json   leases that are held or must still be given back
LICMTR.CFG    the last configuration that was downloaded
"""
import json
import os
import uuid

MAX_RECORDS, MAX_BYTES = 10000, 1048576  # of one log


def sync_folder(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data) :]
    os.fsync(fd)


class Spool:
    def __init__(self, folder):
        self.folder = folder
        self.outbox, self.aside = os.path.join(folder, "outbox"), os.path.join(folder, "aside")
        for path in (folder, self.outbox, self.aside):
            os.makedirs(path, exist_ok=True)
        self.path = os.path.join(folder, "open.jsonl")
        self.open()

    def open(self):
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        sync_folder(self.folder)
        with open(self.path, "rb") as file:
            lines = file.read().split(b"\n")[:-1]
        self.size, self.count = sum(len(line) + 1 for line in lines), len(lines)
        os.ftruncate(self.fd, self.size)  # half a line: a kill came first, nobody was told that it was durable

    def add(self, record):
        """The record is on the disk when this returns."""
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        if self.count >= MAX_RECORDS or self.size + len(line) > MAX_BYTES:
            self.seal()
        try:
            write_all(self.fd, line)
        except OSError:
            os.ftruncate(self.fd, self.size)
            raise
        self.size, self.count = self.size + len(line), self.count + 1

    def seal(self):
        """Makes a log of the open file. The number keeps the order, the UUID makes the name unique over all clients."""
        if not self.count:
            return
        last = max((int(name.split("-")[0]) for name in os.listdir(self.outbox)), default=0)
        os.rename(self.path, os.path.join(self.outbox, f"{last + 1:09d}-{uuid.uuid4()}.log"))
        sync_folder(self.outbox)
        os.close(self.fd)
        self.open()

    def logs(self):
        """Names of the sealed logs, oldest first."""
        return sorted(os.listdir(self.outbox))

    def read(self, log):
        with open(os.path.join(self.outbox, log), "rb") as file:
            return file.read()

    def delivered(self, log):
        os.unlink(os.path.join(self.outbox, log))
        sync_folder(self.outbox)

    def set_aside(self, log):
        os.rename(os.path.join(self.outbox, log), os.path.join(self.aside, log))
        sync_folder(self.aside)
        sync_folder(self.outbox)

    def keep(self, name, data):
        """Replaces a file as a whole."""
        path = os.path.join(self.folder, name)
        fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            write_all(fd, data)
        finally:
            os.close(fd)
        os.rename(path + ".new", path)
        sync_folder(self.folder)

    def save_leases(self, leases):
        self.keep("leases.json", json.dumps(leases).encode("utf-8"))

    def load_leases(self):
        try:
            with open(os.path.join(self.folder, "leases.json"), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return []
