"""Counts the system calls of a relay: calls.py PROGRAM

A design in which nothing is done twice can be counted: a connection is registered once, a message is read with one
call, and whoever gets messages gets all those of a turn with one. Every client waits for what it expects before
anything else happens, so that each count is exact.
"""

import collections
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

CLIENTS = 40
ROUNDS = 25
BURST = 20
PATIENCE = 20
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(text):
    """A text as a client sends it, with a mask of zeros."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


def expect(client, expected):
    got = b""
    while len(got) < len(expected):
        piece = client.recv(len(expected) - len(got))
        if not piece:
            sys.exit("the relay has closed a connection")
        got += piece
    if got != expected:
        sys.exit(f"a client got {got!r} in place of {expected!r}")


def join(address):
    """A client that is in; the answer to its handshake is read to the end."""
    client = socket.create_connection(address, PATIENCE)
    client.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += client.recv(1)
    return client


def say(clients, texts):
    """The first says all of it with one call, and all others hear it."""
    clients[0].sendall(b"".join(map(frame, texts)))
    heard = b"".join(bytes([0x81, len(text)]) + text for text in texts)
    for client in clients[1:]:
        expect(client, heard)


def start(program, log):
    """Starts the program under strace, at a port that was free a moment ago, and waits until it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    command = ["strace", "-f", "-qq", "-o", log, program, "%s:%d" % address]
    tracer = subprocess.Popen(command, start_new_session=True)
    end = time.monotonic() + PATIENCE
    while not (os.path.exists(log) and "listen(" in read(log)):
        if tracer.poll() is not None or time.monotonic() > end:
            sys.exit("tests/calls: strace cannot run the relay")
        time.sleep(0.01)
    return tracer, address


def read(path):
    with open(path) as file:
        return file.read()


def count(log):
    """Calls by name, from the one that makes it listen; those that were told to try again later stand apart."""
    counts = collections.Counter()
    behind = log[log.index("listen(") :]
    for name, rest in re.findall(r"^\d+ +(\w+)\((.*)$", behind, re.MULTILINE):
        counts[name + (" again" if "EAGAIN" in rest else "")] += 1
    return counts


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        tracer, address = start(program, log)
        try:
            clients = [join(address) for _ in range(CLIENTS)]
            for n in range(ROUNDS):
                say(clients, [b"round %d" % n])
            say(clients, [b"burst %d" % n for n in range(BURST)])
        finally:
            os.killpg(tracer.pid, signal.SIGKILL)
            tracer.wait()
        counts = count(read(log))
    others = CLIENTS - 1
    expected = {
        "a connection is accepted once": ("accept4", CLIENTS),
        "and registered once, the listener besides": ("epoll_ctl", CLIENTS + 1),
        "a handshake and a message are read with one call each, and so is a burst": ("recvfrom", CLIENTS + ROUNDS + 1),
        "and nothing is read in vain": ("recvfrom again", 0),
        "each receiver gets a message with one call, and a burst with one": ("sendto", CLIENTS + (ROUNDS + 1) * others),
        "nothing is written in pieces": ("writev", 0),
        "nor is it gathered by the kernel": ("sendmsg", 0),
    }
    wrong = 0
    for claim, (name, most) in expected.items():
        right = counts[name] == most
        wrong += not right
        print(f"{'ok' if right else 'NOT OK':8} {claim}: {counts[name]} {name}" + ("" if right else f", not {most}"))
    sys.exit(wrong > 0)


main(sys.argv[1])
