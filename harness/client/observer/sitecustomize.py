"""Loaded by an unmodified Python client (PYTHONPATH): writes down where it connects to, and changes nothing else."""


def _observe():
    import os
    import sys
    import time

    path = os.environ.get("METERPROOF_OBSERVER")
    if not path or not hasattr(sys, "addaudithook"):
        return

    # Taken now: a client under test may replace its clock or its modules later.
    os_open, os_write, os_close = os.open, os.write, os.close
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
    monotonic_ns = time.monotonic_ns
    stream = 1  # SOCK_STREAM everywhere; the module `socket` is the client's to load

    def append(line):
        # Opened for each line: a client that closes all descriptors would hand the number of ours to somebody else.
        descriptor = os_open(path, flags)
        try:
            os_write(descriptor, line.encode())
        finally:
            os_close(descriptor)

    def hook(event, args):
        if event != "socket.connect":
            return
        try:
            sock, address = args
            # A path of a Unix socket is no tuple, and connecting a datagram socket sends nothing.
            if type(address) is not tuple or sock.type & 0xF != stream:
                return
            host, port = address[0], address[1]
            if type(host) is str and type(port) is int and '"' not in host and "\\" not in host:
                append('{"connect":["%s:%d"],"ns":"%d"}\n' % (host, port, monotonic_ns()))
        except Exception:
            # The client must not notice that it is watched, and the reader notices the gap.
            pass

    try:
        append('{"observer":"python","pid":%d}\n' % os.getpid())
    except Exception:
        return
    sys.addaudithook(hook)


def _chain():
    """Python loads one sitecustomize: the one that it would have loaded without us has its turn now."""
    import sys
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec
    from os.path import abspath, dirname

    here = dirname(abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if abspath(folder) != here]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_observe()
_chain()
