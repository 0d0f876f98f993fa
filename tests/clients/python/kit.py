"""What client.py and chat.py share: the program, clients of python-socketio in one of three modes, and the runner.

The client hands each message to a thread of its own, so its listeners may see
two messages in either order. `Client` below handles them one after the other,
as far as order or attachments matter; a burst is checked with both.
"""

import queue
import re
import signal
import subprocess
import threading
import traceback

import engineio
import socketio
from engineio import packet

PATIENCE = 20  # seconds for any one wait
BURST = 1_000
MODES = {"default": None, "websocket": ["websocket"], "polling": ["polling"]}

mode = None  # the transports of the present mode
server = None  # for checks that need no flags
tested = None  # the program
checks = []
cleanups = []


def check(function):
    """Takes a function as a check, named by its first line of documentation."""
    checks.append((function.__doc__.splitlines()[0].rstrip("."), function))
    return function


# The server program


class Program:
    """A running server program: its address, and why its sockets ended."""

    def __init__(self, path, *flags):
        named = flags if "--port" in flags else ("--port", "0", *flags)
        self.process = subprocess.Popen([path, *named], stdout=subprocess.PIPE, text=True)
        self.address = None
        self.reasons = {}
        self.news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        self._wait_for(lambda: self.address, f"{path} to listen")

    def _listen(self):
        for line in self.process.stdout:
            with self.news:
                self._read(line.rstrip("\n"))
                self.news.notify_all()

    def _read(self, line):
        if gone := re.match(r"gone \S+ (\S+) (.+)$", line):
            self.reasons[gone[1]] = gone[2]
        elif address := re.search(r"http://localhost:\d+", line):
            self.address = self.address or address[0]

    def _wait_for(self, condition, what):
        with self.news:
            if not self.news.wait_for(condition, PATIENCE):
                raise TimeoutError(what)

    @property
    def port(self):
        return self.address.rpartition(":")[2]

    def gone(self, sid):
        """Why the server says this socket ended, once it has."""
        self._wait_for(lambda: sid in self.reasons, f"the end of {sid}")
        return self.reasons[sid]

    def kill(self, signal=signal.SIGKILL):
        """Ends the program at once, as a crash would, or in order with SIGTERM."""
        self.process.send_signal(signal)
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def start(*flags):
    program = Program(tested, *flags)
    cleanups.append(program.kill)
    return program


# Clients


class InOrder(engineio.Client):
    """Handles each message before it reads the next one, and knows of the pings."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.pings = queue.Queue()

    def _receive_packet(self, pkt):
        super()._receive_packet(pkt)
        if pkt.packet_type == packet.PING:
            self.pings.put(pkt)

    def _trigger_event(self, *args, run_async=False, **kwargs):
        return super()._trigger_event(*args, run_async=False, **kwargs)


class Client(socketio.Client):
    """The client, with its messages handled one after the other."""

    def _engineio_client_class(self):
        return InOrder


def make(kind=Client, **options):
    """A client that is not connected yet, and is gone after the check."""
    made = kind(**{"reconnection": False, "handle_sigint": False, **options})
    cleanups.append(lambda: leave(made))
    return made


def leave(client):
    """Ends a client, whose goodbye may have got lost: then one that polls would wait for the next ping."""
    if client.connected:
        client.eio.disconnect(abort=True)
    else:
        client.shutdown()


def connect(client, program=None, namespaces=("/",), auth=None):
    client.connect(
        (program or server).address,
        transports=mode,
        namespaces=list(namespaces),
        auth=auth,
        wait_timeout=PATIENCE,
    )
    return client


def connected(program=None, **options):
    return connect(make(**options), program)


def listen(client, event, namespace="/"):
    """A queue of the arguments of all such events from now on."""
    heard = queue.Queue()
    client.on(event, lambda *args: heard.put(list(args)), namespace=namespace)
    return heard


def take(heard, n):
    return [heard.get(timeout=PATIENCE) for _ in range(n)]


def ask(client, *args, **options):
    return client.call(*args, timeout=PATIENCE, **options)


def joined(room, *clients):
    """Has clients join a room, which is the same in either program: its name."""
    for client in clients:
        ask(client, "join", room)
    return room


# Running


def run(path, only="", left_out=()):
    """Runs the checks in every mode, except those `left_out`, pairs of a mode and a check: the exit code."""
    global mode, server, tested
    tested = path
    server = Program(path)
    count = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        for mode_name, mode in MODES.items():
            for sentence, function in checks:
                name = f"{mode_name}: {sentence}"
                if only in name:
                    count[outcome(name, None if (mode_name, function) in left_out else function)] += 1
    finally:
        server.kill()
    print(", ".join(f"{n} {what}" for what, n in count.items()), flush=True)
    return 1 if count["failed"] or not count["passed"] else 0


def outcome(name, function):
    if not function:
        print(f"skipped  {name}")
        return "skipped"
    try:
        function()
        print(f"ok       {name}", flush=True)
        return "passed"
    except Exception:
        text = traceback.format_exc().rstrip().replace("\n", "\n         ")
        print(f"FAILED   {name}\n         {text}", flush=True)
        return "failed"
    finally:
        while cleanups:
            cleanups.pop()()
