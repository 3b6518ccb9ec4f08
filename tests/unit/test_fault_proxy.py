"""The proxy and the mail relay of the faults runner do what their names say."""

import pathlib
import socket
import socketserver
import sys
import threading
import time

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system/faults"))

import mail_relay  # noqa: E402
import proxy  # noqa: E402


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)


class Mail(socketserver.StreamRequestHandler):
    """Accepts every message and counts them."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            if line.startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() != b".\r\n":
                    pass
                self.server.accepted += 1
            self.wfile.write(b"250-two lines\r\n250 ok\r\n")


@pytest.fixture
def serve():
    servers, loop = [], proxy.Loop()

    def make(handler, kind):
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        server.daemon_threads, server.accepted = True, 0
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        between = kind(loop, server.server_address[1])
        return server, between
    yield make
    for server in servers:
        server.shutdown()
        server.server_close()
    loop.close()


class Client:
    def __init__(self, port, timeout=5):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")

    def ask(self, line=b"hello\n"):
        self.socket.sendall(line)
        return self.file.readline()

    def hears_nothing(self, line=b"hello\n"):
        self.socket.settimeout(0.2)
        try:
            self.ask(line)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)
        return False


def test_bytes_pass_and_wait(serve):
    _, between = serve(Echo, proxy.Proxy)
    client = Client(between.port)
    assert client.ask() == b"hello\n"
    between.set(proxy.DELAY, delay_s=0.1)
    began = time.monotonic()
    assert client.ask() == b"hello\n"
    assert time.monotonic() - began >= 0.2  # there and back


def test_held_bytes_come_later(serve):
    _, between = serve(Echo, proxy.Proxy)
    client = Client(between.port)
    assert client.ask() == b"hello\n"
    between.set(proxy.HOLD)
    assert client.hears_nothing()
    between.heal()
    client.file = client.socket.makefile("rb")  # a reader that timed out is of no use
    assert client.file.readline() == b"hello\n"


def test_a_half_open_connection_never_heals(serve):
    _, between = serve(Echo, proxy.Proxy)
    old = Client(between.port)
    assert old.ask() == b"hello\n"
    between.set(proxy.HALF_OPEN)
    during = Client(between.port)
    assert old.hears_nothing() and during.hears_nothing()
    between.heal()
    assert Client(between.port).ask() == b"hello\n"
    old.file, during.file = old.socket.makefile("rb"), during.socket.makefile("rb")
    assert old.hears_nothing() and during.hears_nothing()


def test_cut_and_refused(serve):
    _, between = serve(Echo, proxy.Proxy)
    client = Client(between.port)
    assert client.ask() == b"hello\n"
    between.set(proxy.CUT_INSIDE, cut_size=9)
    with pytest.raises(OSError):
        for _ in range(3):
            assert client.ask() != b""
            if client.ask() == b"":
                raise ConnectionResetError
    between.refuse()
    with pytest.raises(ConnectionRefusedError):
        Client(between.port)
    between.heal()
    assert Client(between.port).ask() == b"hello\n"


def send(port):
    """The last answer to a whole message, and the code of the one that ended it."""
    client = Client(port)
    client.file.readline()
    for line in (b"EHLO me\r\n", b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<C@d.example>\r\n",
                 b"DATA\r\n"):
        answer = client.ask(line)
        while answer[3:4] == b"-":
            answer = client.file.readline()
        if answer[:1] in b"45":
            return answer[:3]
    client.socket.sendall(b"a: b\r\n\r\none\r\ntwo\r\nthree\r\nfour\r\n.\r\n")
    return client.file.readline()[:3]


@pytest.mark.parametrize("fault, answer, accepted, refused", [
    (mail_relay.HEAL, b"250", 1, set()),
    (mail_relay.CLOSE_AFTER, b"", 1, set()),
    (mail_relay.TEMPORARY_AT_MAIL, b"421", 0, set()),
    (mail_relay.TEMPORARY_AT_RCPT, b"451", 0, set()),
    (mail_relay.TEMPORARY_AT_DATA, b"452", 0, set()),
    (mail_relay.PERMANENT_AT_MAIL, b"550", 0, set()),
    (mail_relay.PERMANENT_AT_RCPT, b"550", 0, {"c@d.example"}),
    (mail_relay.PERMANENT_AT_DATA, b"554", 0, {"c@d.example"}),
])
def test_mail_is_answered_badly(serve, fault, answer, accepted, refused):
    server, relay = serve(Mail, mail_relay.MailRelay)
    relay.fault = fault
    assert send(relay.port) == answer
    assert (server.accepted, relay.refused) == (accepted, refused)
    relay.heal()
    assert send(relay.port) == b"250"


def test_mail_stalls_until_it_heals(serve):
    server, relay = serve(Mail, mail_relay.MailRelay)
    relay.fault = mail_relay.STALL_IN_DATA
    answers = []
    sender = threading.Thread(target=lambda: answers.append(send(relay.port)))
    sender.start()
    sender.join(0.3)
    assert sender.is_alive() and server.accepted == 0
    relay.heal()
    sender.join(10)
    assert answers == [b"250"] and server.accepted == 1
