"""An SMTP relay before the mail sink that refuses, stalls and closes; it knows whom it refused."""

import asyncio

from proxy import Proxy

HEAL, STALL_IN_DATA, CLOSE_AFTER = "heal", "stall in DATA", "close after"
TEMPORARY_AT_MAIL, TEMPORARY_AT_RCPT, TEMPORARY_AT_DATA = "4xx MAIL", "4xx RCPT", "4xx DATA"
PERMANENT_AT_MAIL, PERMANENT_AT_RCPT, PERMANENT_AT_DATA = "5xx MAIL", "5xx RCPT", "5xx DATA"
ANSWERS = {
    TEMPORARY_AT_MAIL: (b"MAIL", b"421 4.3.2 not now\r\n"),
    TEMPORARY_AT_RCPT: (b"RCPT", b"451 4.3.0 try again later\r\n"),
    TEMPORARY_AT_DATA: (b".", b"452 4.3.1 no room\r\n"),
    PERMANENT_AT_MAIL: (b"MAIL", b"550 5.7.1 this sender is not welcome\r\n"),
    PERMANENT_AT_RCPT: (b"RCPT", b"550 5.1.1 no such mailbox\r\n"),
    PERMANENT_AT_DATA: (b".", b"554 5.6.0 not with us\r\n"),
}


class MailRelay(Proxy):
    """fault: one of the names above; beside them all that a Proxy does.

    pause_s: each answer comes so much later.
    """

    def __init__(self, loop, target_port):
        self.fault, self.pause_s = HEAL, 0
        self.stalled_count = 0
        self.refused = set()  # addresses that got a permanent answer about themselves
        super().__init__(loop, target_port)

    def heal(self):
        self.fault, self.pause_s = HEAL, 0
        super().heal()

    async def relay(self, connection, reader, writer):
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        connection.writers.append(target_writer)
        await self.say(writer, await self.reply(target_reader))
        recipients = []
        while line := await reader.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"RCPT":
                recipients = [line.split(b"<")[1].split(b">")[0].decode().lower()]
            if word == b"DATA":
                await self.say(writer, b"354 go on\r\n")
                message = await self.read_message(reader)
                answer = self.answer(b".", recipients)
                if answer is None:
                    target_writer.write(line)
                    await self.reply(target_reader)
                    target_writer.write(message)
                    answer = await self.reply(target_reader)
                    if self.fault == CLOSE_AFTER:
                        return
            else:
                answer = self.answer(word, recipients)
                if answer is None:
                    target_writer.write(line)
                    answer = await self.reply(target_reader)
            await self.say(writer, answer)

    async def say(self, writer, answer):
        await asyncio.sleep(self.pause_s)
        writer.write(answer)

    def answer(self, word, recipients):
        wanted, answer = ANSWERS.get(self.fault, (None, None))
        if wanted != word:
            return None
        if self.fault in (PERMANENT_AT_RCPT, PERMANENT_AT_DATA):
            self.refused.update(recipients)
        return answer

    async def read_message(self, reader):
        lines = []
        while not lines or lines[-1] != b".\r\n":
            line = await reader.readline()
            if not line:
                raise EOFError
            lines.append(line)
            if self.fault == STALL_IN_DATA and len(lines) == 5:
                self.stalled_count += 1
                while self.fault == STALL_IN_DATA:
                    await asyncio.sleep(0.05)
        return b"".join(lines)

    @staticmethod
    async def reply(reader):
        lines = []
        while not lines or lines[-1][3:4] == b"-":
            line = await reader.readline()
            if not line:
                raise EOFError
            lines.append(line)
        return b"".join(lines)
