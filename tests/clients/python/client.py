"""The client python-socketio against a server program.

    python client.py PROGRAM [--reference] [--only TEXT]

Every check runs in three modes: the client's default (polling, then an
upgrade), WebSocket only, and polling only. `--reference` leaves out what the
reference server does not promise. ../README.md has the application that the
program must serve.

The client hands each message to a thread of its own, so its listeners may see
two messages in either order. `Client` below handles them one after the other,
as far as order or attachments matter; a burst is checked with both.
"""

import argparse
import queue
import re
import subprocess
import sys
import threading
import traceback

import engineio
import socketio

PATIENCE = 20  # seconds for any one wait
BURST = 1_000
MODES = {"default": None, "websocket": ["websocket"], "polling": ["polling"]}

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

    def kill(self):
        """Ends the program at once, as a crash would."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def start(*flags):
    program = Program(arguments.program, *flags)
    cleanups.append(program.kill)
    return program


# Clients


class InOrder(engineio.Client):
    """Handles each message before it reads the next one."""

    def _trigger_event(self, *args, run_async=False, **kwargs):
        return super()._trigger_event(*args, run_async=False, **kwargs)


class Client(socketio.Client):
    """The client, with its messages handled one after the other."""

    def _engineio_client_class(self):
        return InOrder


def make(kind=Client, **options):
    """A client that is not connected yet, and is gone after the check."""
    made = kind(**{"reconnection": False, "handle_sigint": False, **options})
    cleanups.append(made.shutdown)
    return made


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
    for client in clients:
        ask(client, "join", room)
    return room


# The checks


@check
def connects():
    """A client connects and has an id of 20 characters."""
    ada = connected()
    assert re.fullmatch(r"[\w-]{20}", ada.get_sid()), ada.get_sid()
    assert ada.get_sid() != ada.eio.sid
    assert ada.transport() == ("polling" if mode == ["polling"] else "websocket")


@check
def events():
    """Events come back in order, with every kind of value."""
    ada = connected()
    heard = listen(ada, "echo")
    sent = [[], [None], [True, 1.5, -7, "é€😀"], [{"a": [{"b": {}}]}, []], [""]]
    for args in sent:
        ada.emit("echo", tuple(args))
    assert take(heard, len(sent)) == sent


@check
def acks():
    """Acks come both ways."""
    ada = connected()
    assert ask(ada, "echo", {"one": [1]}) == {"one": [1]}
    assert ask(ada, "echo", (1, "two")) == (1, "two")
    ada.on("question", lambda a, b: (b, a))
    heard = listen(ada, "answered")
    ada.emit("ask", (1, "two"))
    assert take(heard, 1) == [["two", 1]]


@check
def an_ack_too_late():
    """An ack that never comes ends in the client's timeout."""
    ada = connected()
    try:
        ada.call("nobody listens", timeout=0.05)
    except socketio.exceptions.TimeoutError:
        return
    raise AssertionError("it was answered")


@check
def binary():
    """Binary comes both ways, in events and acks, nested as it was."""
    ada = connected()
    value = {"list": [b"\x00\x01", {"deep": bytes(70_000)}], "empty": b""}
    assert ask(ada, "echo", value) == value
    heard = listen(ada, "echo")
    ada.emit("echo", (value, b"end"))
    assert take(heard, 1) == [[value, b"end"]]
    ada.on("question", lambda question: {"back": question})
    heard = listen(ada, "answered")
    ada.emit("ask", b"question")
    assert take(heard, 1) == [[{"back": b"question"}]]


@check
def namespaces():
    """Two namespaces share one connection and keep their events apart."""
    ada = connect(make(), namespaces=["/", "/chat2"])
    assert ada.get_sid("/") != ada.get_sid("/chat2")
    here, there = listen(ada, "all"), listen(ada, "all", "/chat2")
    ada.emit("all", "for chat2", namespace="/chat2")
    assert take(there, 1) == [["for chat2"]]
    assert ask(ada, "echo", "fence") == "fence"
    assert here.empty()


@check
def refusal():
    """A refused client learns why, and nothing else is harmed."""
    ada = make()
    here, admin = listen(ada, "connect"), listen(ada, "connect_error", "/admin")
    nowhere = listen(ada, "connect_error", "/nowhere")
    ada.connect(server.address, transports=mode, namespaces=["/", "/admin", "/nowhere"], wait=False)
    take(here, 1)
    assert take(admin, 1) == [[{"message": "not allowed", "data": {"code": 7}}]]
    assert take(nowhere, 1) == [[{"message": "Invalid namespace"}]]
    assert ask(ada, "echo", "here") == "here"


@check
def admission():
    """A client with the right auth is let in."""
    ada = connect(make(), namespaces=["/admin"], auth={"token": "secret"})
    assert ask(ada, "echo", "inside", namespace="/admin") == "inside"


@check
def rooms():
    """A room's event reaches its members except the sender."""
    ada, bob, cas, dan = (connected() for _ in range(4))
    room = joined("a room", ada, bob, cas)
    ask(cas, "leave", room)
    queues = [listen(each, "room") for each in (ada, bob, cas, dan)]
    ada.emit("room", (room, "hello", b"bytes"))
    assert take(queues[1], 1) == [["hello", b"bytes"]]
    for each in (ada, cas, dan):
        ask(each, "echo", "fence")
    assert all(heard.empty() for heard in queues)


@check
def everybody():
    """An event to all reaches everybody, the sender included."""
    clients = [connected() for _ in range(3)]
    queues = [listen(each, "all") for each in clients]
    clients[0].emit("all", "hello")
    for heard in queues:
        assert take(heard, 1) == [["hello"]]


@check
def poll():
    """A poll gathers the answers of a room."""
    ada, bob, cas = (connected() for _ in range(3))
    room = joined("a poll", bob, cas)
    bob.on("question", lambda question: f"bob: {question}")
    cas.on("question", lambda question: f"cas: {question}")
    assert sorted(ask(ada, "poll", (room, "why?"))) == ["bob: why?", "cas: why?"]


@check
def weight():
    """A text and bytes of nearly 1 MB travel both ways."""
    ada = connected()
    text = "0123456789" * 99_990
    assert ask(ada, "echo", text) == text
    blob = bytes(range(256)) * (2_800 if mode == ["polling"] else 3_900)
    assert ask(ada, "echo", blob) == blob


@check
def burst():
    """1,000 events of the server at once arrive in order."""
    ada = connected()
    ticks = listen(ada, "tick")
    ada.emit("burst", BURST)
    assert take(ticks, BURST) == [[i] for i in range(BURST)]


@check
def burst_to_stock_client():
    """1,000 events of the server at once arrive, at the client as it comes."""
    ada = connected(kind=socketio.Client)
    ticks = listen(ada, "tick")
    ada.emit("burst", BURST)
    assert sorted(take(ticks, BURST)) == [[i] for i in range(BURST)]


@check
def burst_from_client():
    """1,000 events of the client at once arrive in order."""
    ada, bob = connected(), connected()
    room = joined("a burst", bob)
    heard = listen(bob, "room")
    for i in range(BURST):
        ada.emit("room", (room, i))
    assert take(heard, BURST) == [[i] for i in range(BURST)]


@check
def endings():
    """The server ends it, and says why."""
    for event, reason in [("kick", "server namespace disconnect"), ("drop", "forced close")]:
        ada = connected(kind=socketio.Client)  # InOrder cannot leave from within a message
        sid, ended = ada.get_sid(), listen(ada, "disconnect")
        ada.emit(event)
        take(ended, 1)
        assert server.gone(sid) == reason, server.gone(sid)


@check
def heartbeats():
    """Heartbeats keep a quiet connection alive."""
    quick = start("--ping-interval", "100", "--ping-timeout", "500")
    ada = connected(quick)
    try:
        ada.call("nobody listens", timeout=2)  # a wait of many pings
    except socketio.exceptions.TimeoutError:
        pass
    assert quick.reasons == {}, quick.reasons
    assert ask(ada, "echo", "alive") == "alive"


@check
def restart():
    """The client comes back when the server has restarted on the same port."""
    first = start()
    ada = connected(first, reconnection=True, reconnection_delay=0.1, reconnection_delay_max=0.3)
    connects, ended = listen(ada, "connect"), listen(ada, "disconnect")
    former = ada.get_sid()
    first.kill()
    take(ended, 1)
    start("--port", first.port)
    take(connects, 1)
    assert ada.get_sid() != former
    assert ask(ada, "echo", "again") == "again"


# What the reference server does not promise. Its answers to a poll hold any
# number of packets, and this client gives up at more than 16.

IMPROVED = {
    ("polling", burst),
    ("polling", burst_to_stock_client),
    ("polling", burst_from_client),
}


# Running


def outcome(name, function):
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


def run():
    global mode
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for mode_name, mode in MODES.items():
        for sentence, function in checks:
            name = f"{mode_name}: {sentence}"
            if arguments.only not in name:
                continue
            if arguments.reference and (mode_name, function) in IMPROVED:
                print(f"skipped  {name}")
                count["skipped"] += 1
            else:
                count[outcome(name, function)] += 1
    print(", ".join(f"{n} {what}" for what, n in count.items()), flush=True)
    return 1 if count["failed"] or not count["passed"] else 0


def command_line():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--only", default="")
    return parser.parse_args()


mode = None  # the transports of the present mode
arguments = command_line()
server = Program(arguments.program)
try:
    status = run()
finally:
    server.kill()
sys.exit(status)
