"""Two hosts with a bad road between them: each is a network namespace with one TUN device, and this process carries
every packet to the other one after a delay, or loses it.

usage: wan.py DELAY_MS LOSS_PERCENT NAMESPACE NAMESPACE
The hosts have the addresses 10.99.0.1 and 10.99.0.2. Prints "ready" and carries until its input ends.
"""

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
DEVICE = "road"


def run(*command):
    subprocess.run(command, check=True)


def open_device(namespace):
    """A TUN device belongs to the namespace in which it is opened; the file can be used from anywhere."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open(f"/var/run/netns/{namespace}") as there:
        if libc.setns(there.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", DEVICE.encode(), IFF_TUN_NO_PI))
        libc.setns(home.fileno(), 0)
    return device


def make_host(namespace, address):
    subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)
    run("ip", "netns", "add", namespace)
    device = open_device(namespace)
    inside = ("ip", "-n", namespace)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "addr", "add", f"{address}/24", "dev", DEVICE)
    run(*inside, "link", "set", DEVICE, "up", "txqueuelen", "5000")
    return device


def carry(devices, delay, loss):
    other = {devices[0]: devices[1], devices[1]: devices[0]}
    road = []
    number = 0
    while True:
        wait = max(0, road[0][0] - time.monotonic()) if road else None
        readable, _, _ = select.select([*devices, sys.stdin], [], [], wait)
        if sys.stdin in readable:
            return
        for device in readable:
            try:
                packet = os.read(device, 65536)
            except BlockingIOError:
                continue
            if random.random() >= loss:
                number += 1
                heapq.heappush(road, (time.monotonic() + delay, number, other[device], packet))
        while road and road[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(road)
            try:
                os.write(device, packet)
            except OSError:
                pass


def main():
    delay, loss, *namespaces = sys.argv[1:]
    try:
        devices = [make_host(name, f"10.99.0.{number}") for number, name in enumerate(namespaces, 1)]
        print("ready", flush=True)
        carry(devices, float(delay) / 1000, float(loss) / 100)
    finally:
        for name in namespaces:
            subprocess.run(["ip", "netns", "del", name])


main()
