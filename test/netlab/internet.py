"""A small internet on one machine. Each host is a network namespace behind a router of its own, which is a namespace
too; what leaves a router comes through a TUN device to this process, which carries it to the other router after a
delay, or loses it.

    host 10.77.N.2 ── veth ── router 10.77.N.1 ── TUN ── this process

usage: internet.py PREFIX
The input is one command a line, as JSON; each is answered by one line, {"ok": ...} or {"error": ...}:
    {"do": "host", "name": NAME, "number": N, "delay": MS, "loss": PERCENT}   makes a host, PREFIX-NAME, and its router,
                                                                             PREFIX-NAME-r
    {"do": "road", "name": NAME, "delay"?: MS, "loss"?: PERCENT, "udp"?: BOOL} changes the way from the host to the middle
When its input ends, however that comes about, it ends all processes in its namespaces and takes them down. It needs
root and /dev/net/tun.
"""

import fcntl
import heapq
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
UDP = 17
PACKETS_AT_ONCE = 64
# Packets on their way; beyond, they are lost as in a router whose memory is full.
PACKETS_AT_MOST = 50_000

prefix = sys.argv[1]
namespaces = []
roads = {}
by_device = {}
by_network = {}


def run(*command, **options):
    subprocess.run(command, check=True, stderr=subprocess.PIPE, **options)


def configure(namespace, *lines):
    run("ip", "-n", namespace, "-batch", "-", input="\n".join(lines).encode())


def settings(namespace, *lines):
    """Settings of the kernel below /proc/sys/net, which are those of the namespace one is in."""
    script = "; ".join(f"echo {value} > /proc/sys/net/{name}" for name, value in lines)
    run("ip", "netns", "exec", namespace, "sh", "-c", script)


def make_namespace(namespace):
    run("ip", "netns", "add", namespace)
    namespaces.append(namespace)
    settings(namespace, ("ipv6/conf/all/disable_ipv6", 1), ("ipv6/conf/default/disable_ipv6", 1))


def open_device(namespace, temporary):
    """A TUN device stays attached to the file that made it, wherever it is moved."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", temporary.encode(), IFF_TUN_NO_PI))
    run("ip", "link", "set", temporary, "netns", namespace, "name", "wan")
    return device


def make_host(name, number, delay, loss):
    host, router = f"{prefix}-{name}", f"{prefix}-{name}-r"
    make_namespace(host)
    make_namespace(router)
    device = open_device(router, f"enl{os.getpid() % 1000000}.{number}")
    configure(
        router,
        "link set lo up",
        f"addr add 10.77.{number}.1/32 dev wan",
        "link set wan up txqueuelen 5000",
        "route add default dev wan",
        f"link add lan type veth peer name eth0 netns {host}",
        f"addr add 10.77.{number}.1/32 dev lan",
        "link set lan up",
        f"route add 10.77.{number}.2/32 dev lan",
    )
    configure(
        host,
        "link set lo up",
        f"addr add 10.77.{number}.2/24 dev eth0",
        "link set eth0 up",
        f"route add default via 10.77.{number}.1",
    )
    settings(router, ("ipv4/ip_forward", 1))
    roads[name] = by_device[device] = by_network[number] = {
        "device": device,
        "delay": delay / 1000,
        "loss": loss / 100,
        "udp": True,
    }


def change_road(name, delay=None, loss=None, udp=None):
    road = roads[name]
    if delay is not None:
        road["delay"] = delay / 1000
    if loss is not None:
        road["loss"] = loss / 100
    if udp is not None:
        road["udp"] = udp


def obey(line):
    command = json.loads(line)
    do = command.pop("do")
    try:
        {"host": make_host, "road": change_road}[do](**command)
        answer = {"ok": do}
    except subprocess.CalledProcessError as error:
        answer = {"error": f"{error} {error.stderr.decode().strip()}"}
    except (OSError, KeyError, TypeError) as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)


def road_of(packet):
    """The road to a packet's destination; IPv4 in 10.77.0.0/16 is all there is."""
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[16] != 10 or packet[17] != 77:
        return None
    return by_network.get(packet[18])


def carry():
    on_the_way = []
    number = 0
    heard = b""
    while True:
        wait = max(0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
        readable, _, _ = select.select([*by_device, 0], [], [], wait)
        if 0 in readable:
            chunk = os.read(0, 65536)
            if not chunk:
                return
            *lines, heard = (heard + chunk).split(b"\n")
            for line in lines:
                obey(line)
        for device in readable:
            if device == 0:
                continue
            source = by_device[device]
            for _ in range(PACKETS_AT_ONCE):
                try:
                    packet = os.read(device, 65536)
                except BlockingIOError:
                    break
                target = road_of(packet)
                if target is None or len(on_the_way) >= PACKETS_AT_MOST:
                    continue
                if packet[9] == UDP and not (source["udp"] and target["udp"]):
                    continue
                # Each of the two roads loses its share.
                if random.random() < source["loss"] or random.random() < target["loss"]:
                    continue
                number += 1
                due = time.monotonic() + source["delay"] + target["delay"]
                heapq.heappush(on_the_way, (due, number, target["device"], packet))
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(on_the_way)
            try:
                os.write(device, packet)
            except OSError:
                pass


def take_down():
    for namespace in reversed(namespaces):
        found = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True).stdout
        for pid in found.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)


# Ctrl-C in a terminal reaches this process too; it ends when its input does, and nothing else.
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
try:
    carry()
finally:
    take_down()
