"""The proxy and the mail relay of the faults runner do what their names say."""

import asyncio
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


def test_bytes_pass_and_wait(serve):
    _, between = serve(Echo, proxy.Proxy)
    client = Client(between.port)
    assert client.ask() == b"hello\n"
    between.set(proxy.DELAY, delay_s=0.1)
    began = time.monotonic()
    assert client.ask() == b"hello\n"
    assert time.monotonic() - began >= 0.2  # there and back


def wait(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


class Ends:
    """Both ends of connections through a proxy, so that silence is seen and not waited for."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(30)
        self.loop = proxy.Loop()
        self.between = proxy.Proxy(self.loop, self.listener.getsockname()[1])

    def connect(self):
        """(client's end, server's end)"""
        client = socket.create_connection(("127.0.0.1", self.between.port), 30)
        server, _ = self.listener.accept()
        return client, server

    def passes(self, pair, text):
        """Whether the text has come through once the proxy has read it."""
        wanted = self.between.taken_size + len(text)
        pair[0].sendall(text)
        wait(lambda: self.between.taken_size == wanted)
        self.loop.call(asyncio.sleep(0))  # it has come to its next wait
        pair[1].setblocking(False)
        try:
            return pair[1].recv(99) == text
        except BlockingIOError:
            return False

    def close(self):
        self.between.close()
        self.loop.close()
        self.listener.close()


@pytest.fixture
def ends():
    made = Ends()
    yield made
    made.close()


def test_held_bytes_come_later(ends):
    pair = ends.connect()
    assert ends.passes(pair, b"one")
    ends.between.set(proxy.HOLD)
    assert not ends.passes(pair, b"two")
    ends.between.heal()
    pair[1].settimeout(30)
    assert pair[1].recv(99) == b"two"


def test_a_half_open_connection_never_heals(ends):
    old = ends.connect()
    assert ends.passes(old, b"one")
    ends.between.set(proxy.HALF_OPEN)
    during = ends.connect()
    assert not ends.passes(old, b"two") and not ends.passes(during, b"two")
    ends.between.heal()
    assert ends.passes(ends.connect(), b"three")
    assert not ends.passes(old, b"four") and not ends.passes(during, b"four")


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
    wait(lambda: relay.stalled_count == 1)
    assert not answers and server.accepted == 0
    relay.heal()
    sender.join(10)
    assert answers == [b"250"] and server.accepted == 1
