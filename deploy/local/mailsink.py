#!/usr/bin/python3
"""A mail server that delivers nothing: it writes each message as a JSON line to a file."""

import argparse
import asyncio
import collections
import datetime
import email
import email.errors
import email.header
import json
import os
import re
import signal

from aiosmtpd.smtp import SMTP

MANUAL = """\
One line per accepted message, written before the sender gets its 250:
  received_at  RFC 3339, UTC, milliseconds
  mail_from    envelope sender
  rcpt_tos     envelope recipients
  message_id   header Message-ID, "" when absent
  subject      decoded header Subject
  text, html   decoded bodies, null when absent
  headers      object: lower-case name -> decoded value (of a repeated header the last)
  raw          the whole message as it came

What a recipient's local part makes go wrong (a suffix may follow: bounce.bob@, tempfail-2.x@):
  tempfail@       451 at RCPT, always          tempfail-N@       the first N times, then 250
  bounce@         550 at RCPT
  stall@          silence at RCPT for 30 s, then 451        stall-N@          for N s
  drop@           connection closed at RCPT
  tempfail-data@  451 after DATA, not kept     tempfail-data-N@  the first N times
  bounce-data@    554 after DATA, not kept
  stall-data@     kept, then silence for 30 s, then 250     stall-data-N@     for N s
  drop-data@      kept, then the connection is closed without an answer
"""

STALL_SECONDS = 30
MESSAGE_SIZE_MAX = 32 * 1024 * 1024
FAULT = re.compile(r"(tempfail|bounce|stall|drop)(-data)?(?:-(\d+))?(?:[.+_].*)?@", re.IGNORECASE)


def fault_of(address, phase):
    """(kind, N or None) of the fault that the address asks for in this phase, else (None, None)."""
    match = FAULT.match(address)
    if not match or bool(match[2]) != (phase == "data"):
        return None, None
    return match[1].lower(), int(match[3]) if match[3] else None


def decoded(value):
    value = str(value).replace("\r", "").replace("\n", "").strip()
    if "=?" not in value:
        return value
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, ValueError, email.errors.HeaderParseError):
        return value  # a mail server accepts what it cannot read


def body_of(message, content_type):
    """The first part of that type that is no attachment."""
    for part in message.walk():
        if part.get_content_type() == content_type and not part.get_filename():
            payload = part.get_payload(decode=True)
            try:
                return payload.decode(part.get_content_charset("utf-8"), "replace")
            except LookupError:
                return payload.decode("utf-8", "replace")
    return None


def utc_now():
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"


def describe(envelope):
    # The plain parser: the one with structured headers takes 5 ms a message, and a load test
    # would measure this sink.
    message = email.message_from_bytes(envelope.content)
    headers = {name.lower(): decoded(value) for name, value in message.items()}
    return {
        "received_at": utc_now(),
        "mail_from": envelope.mail_from,
        "rcpt_tos": envelope.rcpt_tos,
        "message_id": headers.get("message-id", ""),
        "subject": headers.get("subject", ""),
        "text": body_of(message, "text/plain"),
        "html": body_of(message, "text/html"),
        "headers": headers,
        "raw": envelope.content.decode("utf-8", "replace"),
    }


class Sink:
    """aiosmtpd's handler: answers as the recipient asks, keeps what is accepted."""

    def __init__(self, path):
        # One unbuffered write per message: whoever follows the file sees whole lines only, and
        # kill -9 loses nothing that was answered with 250.
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.try_counts = collections.Counter()

    def tempfail(self, phase, address, count_max):
        self.try_counts[phase, address] += 1
        return count_max is None or self.try_counts[phase, address] <= count_max

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind, number = fault_of(address, "rcpt")
        if kind == "bounce":
            return "550 5.1.1 no such mailbox"
        if kind == "tempfail" and self.tempfail("rcpt", address, number):
            return "451 4.3.0 try again later"
        if kind == "stall":
            await asyncio.sleep(STALL_SECONDS if number is None else number)
            return "451 4.3.0 too slow"
        if kind == "drop":
            server.transport.abort()
            return "421 4.3.2 closing"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        faults = [(address, *fault_of(address, "data")) for address in envelope.rcpt_tos]
        for address, kind, number in faults:
            if kind == "bounce":
                return "554 5.6.0 refused"
            if kind == "tempfail" and self.tempfail("data", address, number):
                return "451 4.3.0 try again later"
        os.write(self.file, json.dumps(describe(envelope)).encode() + b"\n")
        for _, kind, number in faults:
            if kind == "stall":
                await asyncio.sleep(STALL_SECONDS if number is None else number)
            if kind == "drop":
                server.transport.abort()
        return "250 2.0.0 kept"


async def serve(options):
    loop = asyncio.get_running_loop()
    sink = Sink(options.file)

    def connection():
        return SMTP(sink, hostname="mail.cpor.example", ident="cpor mail sink",
                    data_size_limit=MESSAGE_SIZE_MAX, enable_SMTPUTF8=True, loop=loop)

    server = await loop.create_server(connection, options.host, options.port, backlog=1024)
    print(f"listening on {options.host}:{server.sockets[0].getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog=MANUAL,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port, printed at start")
    parser.add_argument("--file", required=True, help="the file of JSON lines, appended to")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
