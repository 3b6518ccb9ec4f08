"""A mail server with STARTTLS and logins, and somebody on the way to it."""

import asyncio
import ssl
import threading

from aiosmtpd.smtp import SMTP, AuthResult


def run_in_thread(loop):
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    return thread


def end_thread(loop, thread, server):
    """Connections that a worker left open end with it."""
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    server.close()
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(ended(tasks))
    loop.close()


async def ended(tasks):
    await asyncio.gather(*tasks, return_exceptions=True)


class TlsMail:
    """Notes each command with whether it came in clear; keeps what it accepted."""

    def __init__(self, certificate, key, password, offers_tls=True):
        self.commands = []  # (in clear, verb)
        self.accepted = []  # recipients
        self.logins = []  # whether each was right
        self.password = password.encode()
        self.context = None
        if offers_tls:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(certificate, key)
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(
            self.loop.create_server(self.connection, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = run_in_thread(self.loop)

    def connection(self):
        return NotingSMTP(self, hostname="localhost", tls_context=self.context, loop=self.loop,
                          authenticator=self.authenticate, auth_required=self.context is not None,
                          auth_require_tls=self.context is not None)

    def authenticate(self, server, session, envelope, mechanism, data):
        good = data.password == self.password
        self.logins.append(good)
        return AuthResult(success=good, handled=good)

    async def handle_DATA(self, server, session, envelope):
        self.accepted += envelope.rcpt_tos
        return "250 2.0.0 kept"

    def in_clear(self):
        return [verb for clear, verb in self.commands if clear]

    def close(self):
        end_thread(self.loop, self.thread, self.server)


class NotingSMTP(SMTP):
    def __init__(self, home, **options):
        super().__init__(home, **options)
        self.home = home

    async def note(self, verb):
        clear = self.transport.get_extra_info("sslcontext") is None
        self.home.commands.append((clear, verb))

    async def smtp_EHLO(self, hostname):
        await self.note("EHLO")
        return await super().smtp_EHLO(hostname)

    async def smtp_AUTH(self, arg):
        await self.note("AUTH")
        return await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        await self.note("MAIL")
        return await super().smtp_MAIL(arg)


class Stripper:
    """Between worker and server: takes STARTTLS out of what the server offers."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.stripped = 0
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(
            asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = run_in_thread(self.loop)

    async def serve(self, reader, writer):
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.to_port)
        await asyncio.gather(self.copy(reader, to_server), self.copy(from_server, writer))

    async def copy(self, source, target):
        while True:
            line = await source.readline()
            if not line:
                break
            if b"STARTTLS" in line:
                self.stripped += 1
                line = line.replace(b"STARTTLS", b"XXXXXXXX")
            target.write(line)
        target.close()

    def close(self):
        end_thread(self.loop, self.thread, self.server)
