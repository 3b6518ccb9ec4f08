"""Faults of the network between the workers of a side (1, 2 or both) and each server."""

import re
import time

import proxy
from faults import Fault
from harness import SERVICES
from proxy import Loop, Proxy
from world import INSTANCES, Mark, World

SETTINGS = {"postgres": "CPOR_DATABASE_URL", "redis": "CPOR_REDIS_URL", "smtp": "CPOR_SMTP_URL"}
AIM_S = 15
PORT = re.compile(r":(\d+)(/|$)")


class Sides:
    """Ports of a listener of Kafka per side, and of the proxy that it advertises."""

    def __init__(self, choose_port):
        taken = set()
        self.ports = {}
        for number in INSTANCES:
            pair = []
            for _ in range(2):
                pair.append(choose_port(taken))
                taken.add(pair[-1])
            self.ports[number] = tuple(pair)

    def env(self):
        return {"CPOR_KAFKA_LISTENERS": ",".join(
            f"SIDE{number}:{port}:{advertised}"
            for number, (port, advertised) in self.ports.items())}


class NetworkWorld(World):
    """Each worker talks to each server through the proxies of its side."""

    sides = None  # set by the themes

    def prepare(self):
        self.loop = Loop()
        self.proxies = {}  # (server, number) -> Proxy
        for number in INSTANCES:
            port, advertised = self.sides.ports[number]
            self.proxies["kafka", number] = Proxy(self.loop, port, advertised)
            for server, setting in SETTINGS.items():
                port = int(PORT.search(self.installation.env[setting])[1])
                self.proxies[server, number] = Proxy(self.loop, port)

    def settings_of(self, number):
        number = min(number, max(INSTANCES))
        found = {"CPOR_KAFKA_BROKERS": f"127.0.0.1:{self.proxies['kafka', number].port}"}
        for server, setting in SETTINGS.items():
            port = self.proxies[server, number].port
            found[setting] = PORT.sub(rf":{port}\2", self.installation.env[setting], count=1)
        return found

    def close(self):
        super().close()
        for each in self.proxies.values():
            each.close()
        self.loop.close()


def break_down(world, argument):
    server, kind = argument
    numbers = world.random.choice(((1,), (2,), INSTANCES))
    proxies = [world.proxies[server, number] for number in numbers]
    for each in proxies:
        KINDS[kind](each)
    try:
        # Half a minute is seven days here: a notice would be given up, as it must after five.
        world.go_on(5 if server == "smtp" else world.seconds(5, 30))
    finally:
        for each in proxies:
            each.heal()
    return Mark(time.time(), ("customer-notification",) if server == "smtp" else SERVICES)


def cut_again_and_again(each):
    each.set(proxy.CUT_INSIDE, cut_size=3000)
    each.cut()


KINDS = {
    "delays of 150 ms": lambda each: each.set(proxy.DELAY, delay_s=0.15),
    "nothing comes through for a while": lambda each: each.set(proxy.HOLD),
    "half-open for ever": lambda each: each.set(proxy.HALF_OPEN),
    "cut in mid-answer, again and again": cut_again_and_again,
    "refused": lambda each: each.refuse(),
}


def table():
    for server, name in (("kafka", "Kafka"), ("postgres", "PostgreSQL"), ("redis", "Redis"),
                         ("smtp", "SMTP")):
        for kind in KINDS:
            if server == "smtp" and kind == "refused":
                continue  # is a fault of the mail server, too
            yield Fault(f"network to {name}: {kind}", "network", break_down, AIM_S,
                        (server, kind))
