"""Faults of the mail server: refusing, stalling, answering badly, closing at the worst moment."""

import re
import time

import mail_relay
from faults import Fault
from mail_relay import MailRelay
from proxy import Loop
from world import Mark, World

SERVICE = ("customer-notification",)


class MailWorld(World):
    """All workers send through the relay."""

    def prepare(self):
        self.loop = Loop()
        url = self.installation.env["CPOR_SMTP_URL"]
        self.relay = MailRelay(self.loop, int(re.search(r":(\d+)$", url)[1]))
        self.installation.env["CPOR_SMTP_URL"] = f"smtp://127.0.0.1:{self.relay.port}"

    def refused_addresses(self):
        return self.relay.refused

    def close(self):
        super().close()
        self.relay.close()
        self.loop.close()


def answer_badly(world, fault):
    """A stall is longer than the time-out of a message, 4 s in a short run and else 30 s."""
    world.relay.fault = fault
    try:
        world.go_on(world.seconds(5, 36 if fault == mail_relay.STALL_IN_DATA else 15))
    finally:
        world.relay.heal()
    return Mark(time.time(), SERVICE)


def be_slow(world, _):
    """Each answer in time, all of a batch's together never: a message's time-out is 4 s or 30 s."""
    world.relay.pause_s = world.seconds(0.5, 3)
    try:
        world.go_on(world.seconds(24, 60))
    finally:
        world.relay.heal()
    return Mark(time.time(), SERVICE)


def refuse(world, _):
    world.relay.refuse()
    try:
        world.go_on(world.seconds(5, 20))
    finally:
        world.relay.heal()
    return Mark(time.time(), SERVICE)


def table():
    yield Fault("SMTP: connections refused", "slow", refuse, 15)
    yield Fault("SMTP: slow throughout", "slow", be_slow, 15)
    for text, name in (
            ("stalls in the middle of DATA", mail_relay.STALL_IN_DATA),
            ("closes right after accepting", mail_relay.CLOSE_AFTER),
            ("421 to MAIL", mail_relay.TEMPORARY_AT_MAIL),
            ("451 to RCPT", mail_relay.TEMPORARY_AT_RCPT),
            ("452 after DATA", mail_relay.TEMPORARY_AT_DATA),
            ("550 to MAIL", mail_relay.PERMANENT_AT_MAIL),
            ("550 to RCPT", mail_relay.PERMANENT_AT_RCPT),
            ("554 after DATA", mail_relay.PERMANENT_AT_DATA)):
        yield Fault(f"SMTP: {text}", "slow", answer_badly, 15, name)
