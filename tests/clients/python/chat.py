"""The client python-socketio in the chat of the command.

    python chat.py ROOMCAST [--only TEXT]

Every check runs in three modes: the client's default (polling, then an
upgrade), WebSocket only, and polling only. Beside the clients there is one of
the plain door at /ws. This client knows no recovery, but it gets the offsets:
each event of the chat has one more argument at its end.
"""

import argparse
import json
import signal
import sys

import socketio
import websocket

import kit
from kit import BURST, ask, check, connect, connected, joined, listen, make, start, take

NEARLY_ALL = "é€😀x" * 39_990  # with this client's escapes 999,750 bytes; its packet stays below 1,000,000
TOO_MUCH = "x" * 1_000_000


class Door:
    """A client of the plain door: JSON arrays both ways."""

    def __init__(self, program=None):
        address = (program or kit.server).address.replace("http", "ws")
        self.socket = websocket.create_connection(f"{address}/ws", timeout=kit.PATIENCE)
        kit.cleanups.append(self.socket.shutdown)
        self.sid = self.fence()

    def send(self, *event):
        self.socket.send(json.dumps(event))

    def read(self):
        return json.loads(self.socket.recv())

    def fence(self):
        """Returns when the server has done all that was sent."""
        self.send("whoami")
        event, sid, _ = self.read()
        assert event == "whoami", event
        return sid


# The checks


@check
def messages():
    """A message reaches all others, by any door, with its number and its sender."""
    ada, bob, door = connected(), connected(), Door()
    own, heard = listen(ada, "chat message"), listen(bob, "chat message")
    number = ask(ada, "chat message", "héllo 😀")["id"]
    assert take(heard, 1)[0][:3] == ["héllo 😀", number, ada.get_sid()]
    assert door.read() == ["chat message", "héllo 😀", number, ada.get_sid()]
    door.send("chat message", "hello")
    assert take(own, 1)[0][:3] == ["hello", number + 1, door.sid]
    assert take(heard, 1)[0][:3] == ["hello", number + 1, door.sid]


@check
def offsets():
    """Every message has an offset with recovery, and none without."""
    for flags, length in [([], 4), (["--no-recovery"], 3)]:
        program = start(*flags)
        ada, bob = connected(program), connected(program)
        heard = listen(bob, "chat message")
        ask(ada, "chat message", "hello")
        assert len(take(heard, 1)[0]) == length


@check
def whoami():
    """A client learns its id and its rooms, by an ack or an event."""
    ada = connected()
    assert ask(ada, "whoami") == (ada.get_sid(), [])
    joined("kitchen", ada)
    heard = listen(ada, "whoami")
    ada.emit("whoami")
    assert take(heard, 1)[0][:2] == [ada.get_sid(), ["kitchen"]]


@check
def rooms():
    """A room's message reaches its other members, by any door."""
    ada, bob, cas, dan, door = (*(connected() for _ in range(4)), Door())
    room = joined("a room", ada, bob, cas)
    door.send("join", room)
    door.fence()
    assert ask(cas, "leave", room) == {"rooms": []}
    queues = [listen(each, "room message") for each in (ada, bob, cas, dan)]
    number = ask(ada, "room message", (room, "dinner"))["id"]
    assert take(queues[1], 1)[0][:4] == [room, "dinner", number, ada.get_sid()]
    assert door.read() == ["room message", room, "dinner", number, ada.get_sid()]
    for each in (ada, cas, dan):
        ask(each, "whoami")
    assert all(heard.empty() for heard in queues)


@check
def private():
    """A private message reaches whom it is for, by any door."""
    ada, bob, cas, door = connected(), connected(), connected(), Door()
    queues = [listen(each, "private message") for each in (ada, bob, cas)]
    number = ask(ada, "private message", (bob.get_sid(), "psst"))["id"]
    assert take(queues[1], 1)[0][:4] == [bob.get_sid(), "psst", number, ada.get_sid()]
    ask(ada, "private message", (door.sid, "psst"))
    assert door.read() == ["private message", door.sid, "psst", number + 1, ada.get_sid()]
    door.send("private message", ada.get_sid(), "what?")
    assert take(queues[0], 1)[0][:4] == [ada.get_sid(), "what?", number + 2, door.sid]
    ask(cas, "whoami")
    assert all(heard.empty() for heard in queues)


@check
def refusals():
    """What is refused is told in the ack, or else by an event."""
    ada, bob = connected(), connected()
    for why, event, args in [
        ("you are not in the room", "room message", ("nowhere", "let me in")),
        ("you are not in the room", "leave", "nowhere"),
        ("nobody of that id is here", "private message", ("nobody", "psst")),
        ("this room is somebody's own", "join", bob.get_sid()),
        ("a message is a text", "chat message", 7),
        ("there is no such event", "shout", "hello"),
    ]:
        told = ask(ada, event, args)
        assert told["error"].startswith(why), told
    heard = listen(ada, "error")
    ada.emit("leave", "nowhere")
    assert take(heard, 1)[0][0] == "you are not in the room nowhere"


@check
def namespaces():
    """An unknown namespace is refused, and nothing else is harmed."""
    ada = make()
    here, nowhere = listen(ada, "connect"), listen(ada, "connect_error", "/nowhere")
    ada.connect(kit.server.address, transports=kit.mode, namespaces=["/", "/nowhere"], wait=False)
    take(here, 1)
    assert take(nowhere, 1) == [[{"message": "Invalid namespace"}]]
    assert ask(ada, "whoami") == (ada.get_sid(), [])


@check
def weight():
    """A text of nearly 1 MB reaches the others, by any door."""
    program = start("--max-text", "1000000")
    ada, bob, door = connected(program), connected(program), Door(program)
    heard = listen(bob, "chat message")
    ask(ada, "chat message", NEARLY_ALL)
    assert take(heard, 1)[0][0] == NEARLY_ALL
    assert door.read()[1] == NEARLY_ALL


@check
def too_much():
    """A text above the limit ends the connection, and reaches nobody."""
    program = start("--ping-interval", "300")  # the client that polls learns it at its next ping
    ada, bob, cas = connected(program), connected(program), connected(program)
    heard, ended = listen(bob, "chat message"), listen(ada, "disconnect")
    ada.emit("chat message", TOO_MUCH)
    take(ended, 1)
    ask(cas, "chat message", "fence")
    assert take(heard, 1)[0][0] == "fence"


@check
def burst():
    """1,000 messages at once arrive in order, by any door."""
    ada, bob, door = connected(), connected(), Door()
    heard = listen(bob, "chat message")
    for i in range(BURST):
        ada.emit("chat message", str(i))
    assert [text for text, *_ in take(heard, BURST)] == [str(i) for i in range(BURST)]
    assert [door.read()[1] for _ in range(BURST)] == [str(i) for i in range(BURST)]


@check
def burst_to_stock_client():
    """1,000 messages at once from the plain door arrive, at the client as it comes."""
    ada, door = connected(kind=socketio.Client), Door()
    heard = listen(ada, "chat message")
    for i in range(BURST):
        door.send("chat message", str(i))
    numbers = sorted(number for _, number, *_ in take(heard, BURST))
    assert numbers == list(range(numbers[0], numbers[0] + BURST))


@check
def heartbeats():
    """Heartbeats keep a quiet connection alive."""
    ada = connected(start("--ping-interval", "100", "--ping-timeout", "5000"))
    take(ada.eio.pings, 5)
    assert ask(ada, "whoami") == (ada.get_sid(), [])


@check
def restart():
    """The client comes back when the server has restarted on the same port."""
    for how in (signal.SIGKILL, signal.SIGTERM):
        first = start()
        ada = connected(first, reconnection=True, reconnection_delay=0.1, reconnection_delay_max=0.3)
        connects, ended = listen(ada, "connect"), listen(ada, "disconnect")
        former = ada.get_sid()
        first.kill(how)
        take(ended, 1)
        second = start("--port", first.port)
        take(connects, 1)
        assert ada.get_sid() != former
        bob, heard = connected(second), listen(ada, "private message")
        ask(bob, "private message", (ada.get_sid(), "welcome"))
        assert take(heard, 1)[0][1] == "welcome"


@check
def twice():
    """A message that is sent again with its offset is said once."""
    ada, bob = connected(), connected()
    heard = listen(bob, "chat message")
    first = ask(ada, "chat message", ("once", f"{ada.get_sid()}-0"))
    assert ask(ada, "chat message", ("once", f"{ada.get_sid()}-0")) == first
    ask(ada, "chat message", ("next", f"{ada.get_sid()}-1"))
    assert [text for text, *_ in take(heard, 2)] == ["once", "next"]


@check
def replay():
    """A client gets what was said behind its server offset."""
    bob = connected()
    sent = [ask(bob, "chat message", str(i))["id"] for i in range(40)]
    for offset, expected in [(sent[9], 30), (sent[38], 1), (sent[39], 0)]:
        ada = make()
        heard = listen(ada, "chat message")
        connect(ada, auth={"serverOffset": offset})
        ask(ada, "whoami")
        expected = [[str(i), sent[i], bob.get_sid()] for i in range(40 - expected, 40)]
        assert [args[:3] for args in take(heard, len(expected))] == expected
        assert heard.empty()


@check
def echo():
    """With --echo messages reach their sender, too."""
    ada = connected(start("--echo"))
    room = joined("a room", ada)
    queues = [listen(ada, event) for event in ("chat message", "room message", "private message")]
    ask(ada, "chat message", "all")
    ask(ada, "room message", (room, "some"))
    ask(ada, "private message", (ada.get_sid(), "one"))
    assert take(queues[0], 1)[0][0] == "all"
    assert take(queues[1], 1)[0][1] == "some"
    assert take(queues[2], 1)[0][1] == "one"
    assert all(heard.empty() for heard in queues)


# Running


def command_line():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", metavar="ROOMCAST")
    parser.add_argument("--only", default="")
    return parser.parse_args()


arguments = command_line()
sys.exit(kit.run(arguments.program, arguments.only))
