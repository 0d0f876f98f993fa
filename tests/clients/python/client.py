"""The client python-socketio against a server program.

    python client.py PROGRAM [--reference] [--only TEXT]

Every check runs in three modes: the client's default (polling, then an
upgrade), WebSocket only, and polling only. `--reference` leaves out what the
reference server does not promise. ../README.md has the application that the
program must serve.
"""

import argparse
import re
import sys

import socketio

import kit
from kit import BURST, ask, check, connect, connected, joined, listen, make, start, take

# The checks


@check
def connects():
    """A client connects and has an id of 20 characters."""
    ada = connected()
    assert re.fullmatch(r"[\w-]{20}", ada.get_sid()), ada.get_sid()
    assert ada.get_sid() != ada.eio.sid
    assert ada.transport() == ("polling" if kit.mode == ["polling"] else "websocket")


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
    ada.connect(kit.server.address, transports=kit.mode, namespaces=["/", "/admin", "/nowhere"], wait=False)
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
    blob = bytes(range(256)) * (2_800 if kit.mode == ["polling"] else 3_900)
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
        assert kit.server.gone(sid) == reason, kit.server.gone(sid)


@check
def heartbeats():
    """Heartbeats keep a quiet connection alive."""
    quick = start("--ping-interval", "100", "--ping-timeout", "5000")
    ada = connected(quick)
    take(ada.eio.pings, 5)
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


def command_line():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--only", default="")
    return parser.parse_args()


arguments = command_line()
left_out = IMPROVED if arguments.reference else ()
sys.exit(kit.run(arguments.program, arguments.only, left_out))
