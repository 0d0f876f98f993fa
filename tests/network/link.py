"""A bad line between two hosts: it carries packets from one TUN device to another, late, not all of them, and not
always in order; and none at all while it is cut.

    python3 link.py PID SEED

It runs on one host, makes both devices, and gives `line1` to the host of the process PID. Commands come as lines, each is
answered by one: `cut`; `mend`, after which the line is late as before and loses nothing, since another loss would double
the time that TCP waits as it is; `lose ADDRESS` (for good, whatever comes from it or goes there); `count`.

The seed chooses which packets are lost and how late the others are. When which packet comes is for the hosts to say, so
that a seed repeats the dice and not every step."""

import fcntl
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

LOSS = 0.03
DELAY = 0.040  # seconds, one way
JITTER = 0.010  # and so much more or less
RATE = 2_000_000  # bytes a second
QUEUE = 0.200  # seconds that a packet may wait for those before it; more are dropped, as by a router

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000


def device(name):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


class Way:
    """One direction."""

    def __init__(self, out, seed):
        self.out = out
        self.dice = random.Random(seed)
        self.free = 0.0  # when the last packet has gone off


class Line:
    def __init__(self, here, there, seed):
        self.ways = {here: Way(there, f"{seed} there"), there: Way(here, f"{seed} back")}
        self.under_way = []  # a heap of (when it arrives, number, device, packet)
        self.is_cut = False
        self.loss = LOSS
        self.lost_addresses = set()
        self.count = {"carried": 0, "lost": 0, "cut": 0}

    def take(self, tun, now):
        """Reads all that a host sends."""
        way = self.ways[tun]
        while True:
            try:
                packet = os.read(tun, 65536)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4:  # the hosts also ask for routers of IPv6
                self.send(way, packet, now)

    def send(self, way, packet, now):
        begin = max(now, way.free)
        lost = way.dice.random() < self.loss
        late = way.dice.uniform(-JITTER, JITTER)
        if self.is_cut or self.lost_addresses & {packet[12:16], packet[16:20]}:
            self.count["cut"] += 1
        elif lost or begin - now > QUEUE:
            self.count["lost"] += 1
        else:
            self.count["carried"] += 1
            way.free = begin + len(packet) / RATE
            heapq.heappush(self.under_way, (way.free + DELAY + late, self.count["carried"], way.out, packet))

    def deliver(self, now):
        while self.under_way and self.under_way[0][0] <= now:
            _, _, out, packet = heapq.heappop(self.under_way)
            os.write(out, packet)

    def wait(self, now):
        """How long until a packet arrives."""
        return max(0.0, self.under_way[0][0] - now) if self.under_way else None

    def obey(self, command, *address):
        if command == "cut":
            self.is_cut = True
            self.count["cut"] += len(self.under_way)
            self.under_way.clear()
        elif command == "mend":
            self.is_cut, self.loss = False, 0.0
        elif command == "lose":
            self.lost_addresses.add(socket.inet_aton(address[0]))
        return "{carried} packets carried, {lost} lost, {cut} cut off".format(**self.count)


def main():
    pid, seed = sys.argv[1:]
    here, there = device("line0"), device("line1")
    subprocess.run(["ip", "link", "set", "line1", "netns", pid], check=True)
    line = Line(here, there, seed)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([sys.stdin, here, there], [], [], line.wait(time.monotonic()))
        now = time.monotonic()
        line.deliver(now)
        for tun in {here, there}.intersection(ready):
            line.take(tun, now)
        if sys.stdin in ready:
            command = sys.stdin.readline()
            if not command:
                return
            print(line.obey(*command.split()), flush=True)


main()
