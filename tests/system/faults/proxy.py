"""A TCP proxy on the loopback that delays, holds, loses and cuts what goes through it.

All proxies of a run share one thread with one event loop; what goes wrong is said from any thread.
"""

import asyncio
import threading

READ_SIZE = 65536
PASS, DELAY, HOLD, HALF_OPEN, CUT_INSIDE = "pass", "delay", "hold", "half-open", "cut-inside"


class Loop:
    """The thread that all proxies run in."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def call(self, coroutine, seconds=10):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def close(self):
        self.call(self._end_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    @staticmethod
    async def _end_all():
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Proxy:
    """Listens on `port` and connects to `target_port`.

    mode  pass        bytes go through
          delay       each piece waits delay_s
          hold        nothing goes through, and comes later, like packets that are sent again
          half-open   nothing goes through; a connection of that time, open and silent, never heals
          cut-inside  each connection ends after cut_size more bytes, in the middle of an answer
    """

    def __init__(self, loop, target_port, port=0):
        self.loop, self.target_port, self.port = loop, target_port, port
        self.mode, self.delay_s, self.cut_size = PASS, 0.0, 0
        self.open = asyncio.Event()  # bytes go through
        self.open.set()
        self.connections = set()  # _Connection
        self.taken_size = 0  # bytes that were read, whatever became of them
        self.server = None
        self.listen()

    # ---- from any thread

    def listen(self):
        self.loop.call(self._listen())

    def refuse(self):
        """Nobody listens: a connection is refused; those that are there are cut."""
        self.loop.call(self._refuse())

    def set(self, mode, delay_s=0.0, cut_size=0):
        self.loop.call(self._set(mode, delay_s, cut_size))

    def cut(self):
        """Ends every connection with a reset."""
        self.loop.call(self._cut())

    def heal(self):
        self.set(PASS)
        if self.server is None:
            self.listen()

    def close(self):
        self.refuse()

    # ---- in the loop's thread

    async def _listen(self):
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", self.port,
                                                 reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _refuse(self):
        if self.server is not None:
            self.server.close()
            self.server = None
        await self._cut()

    async def _set(self, mode, delay_s, cut_size):
        if mode == HALF_OPEN:
            for connection in self.connections:
                connection.dead = True
        self.mode, self.delay_s, self.cut_size = mode, delay_s, cut_size
        if mode in (HOLD, HALF_OPEN):
            self.open.clear()
        else:
            self.open.set()

    async def _cut(self):
        for connection in list(self.connections):
            connection.abort()

    async def accept(self, reader, writer):
        connection = _Connection(self, writer)
        self.connections.add(connection)
        try:
            connection.dead = self.mode == HALF_OPEN
            await self.relay(connection, reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            self.connections.discard(connection)
            connection.abort()

    async def relay(self, connection, reader, writer):
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        connection.writers.append(target_writer)
        await asyncio.gather(self.pump(connection, reader, target_writer),
                             self.pump(connection, target_reader, writer))

    async def pump(self, connection, reader, writer):
        while True:
            data = await reader.read(READ_SIZE)
            self.taken_size += len(data)
            if not connection.dead:
                await self.open.wait()
            if connection.dead:
                if not data:
                    return  # who gave up is let go; the other end hears nothing
                continue
            if self.mode == DELAY:
                await asyncio.sleep(self.delay_s)
            if self.mode == CUT_INSIDE:
                connection.left = (self.cut_size if connection.left is None else
                                   connection.left) - len(data)
                if connection.left < 0:
                    writer.write(data[:connection.left])
                    await writer.drain()
                    connection.abort()
                    return
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()


class _Connection:
    def __init__(self, proxy, writer):
        self.proxy, self.writers = proxy, [writer]
        self.dead = False
        self.left = None  # bytes until it is cut

    def abort(self):
        for writer in self.writers:
            writer.transport.abort()
