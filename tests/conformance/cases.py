"""Runs cases of the Autobahn test suite against a program that sends every message back.

cases.py PROGRAM MESSAGES CASES...

The program is started with an address as its argument. A case of compression (12, 13) sends so many messages. Whatever
is not strict fails: where the suite says NON-STRICT, a rule of the RFC is followed late or in part.
"""

import asyncio
import socket
import subprocess
import sys
import time

from kosoku import FailureError, run_fuzzingclient
from kosoku.cases import CASES

ACCEPTED = {"OK", "INFORMATIONAL"}
PARALLEL = 2
PATIENCE = 20


def shorten(count):
    """Has the cases of compression send so many messages each."""
    for name, case in CASES.items():
        if name.startswith(("12.", "13.")):
            case.COUNT = count
            case.onMessage = in_bytes(case.onMessage)


def in_bytes(on_message):
    """What a server sends as it is, which it may (RFC 7692, section 6), kosoku hands to these cases as a str."""

    def wrapped(self, message, binary):
        if isinstance(message, str):
            message = message.encode("latin-1" if binary else "utf-8")
        on_message(self, message, binary)

    return wrapped


def start(program):
    """Starts the program at a port that was free a moment ago, and waits until it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    server = subprocess.Popen([program, f"{host}:{port}"])
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, port)).close()
            return server, f"{host}:{port}"
        except OSError:
            if server.poll() is not None or time.monotonic() > end:
                sys.exit(f"{program} does not listen")
            time.sleep(0.01)


async def results(address, selection):
    try:
        return await run_fuzzingclient(address, selection, None, concurrency=PARALLEL)
    except FailureError as failure:
        return failure.results


def is_strict(result):
    return {result.behavior.value, result.behavior_close.value} <= ACCEPTED


def main(program, messages, *selection):
    shorten(int(messages))
    server, address = start(program)
    try:
        begin = time.monotonic()
        done = asyncio.run(results(address, list(selection)))
    finally:
        server.kill()
        server.wait()
    for result in done:
        if not is_strict(result):
            print(f"FAILED {result.case_id}: {result.behavior.value}, close {result.behavior_close.value}: {result.result}")
    passed = sum(map(is_strict, done))
    took = time.monotonic() - begin
    print(f"{program.rsplit('/', 1)[-1]}: {passed} of {len(done)} cases passed in {took:.0f} s")
    sys.exit(passed < len(done) or not done)


main(*sys.argv[1:])
