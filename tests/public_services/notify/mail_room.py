"""A mail server for tests: it speaks SMTP over a real socket, with STARTTLS and passwords."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailRoom:
    """`refusals` are given to the next recipients, one each (None: taken). `said` are the commands."""

    tls: ssl.SSLContext | None = None
    password: str | None = None
    refusals: list[str | None] = field(default_factory=list)
    got: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    port: int = 0

    async def open(self, from_the_first_byte: ssl.SSLContext | None = None) -> MailRoom:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=from_the_first_byte
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure, admitted, source, to = False, self.password is None, "", ""

        def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")

        say("220 mail.test ESMTP")
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ")[0].upper()
            self.said.append(verb)
            if verb in ("EHLO", "HELO"):
                more = ["STARTTLS"] if self.tls is not None and not secure else []
                more += ["AUTH PLAIN"] if self.password is not None else []
                lines = ["mail.test", *more, "8BITMIME"]
                for text in lines[:-1]:
                    say(f"250-{text}")
                say(f"250 {lines[-1]}")
            elif verb == "STARTTLS":
                say("220 go ahead")
                await writer.drain()
                await writer.start_tls(self.tls)
                secure = True
            elif verb == "AUTH":
                shown = base64.b64decode(line.split(" ")[2]).split(b"\0")[2].decode()
                admitted = shown == self.password
                say("235 in" if admitted else "535 no")
            elif verb == "MAIL":
                source = line.partition("<")[2].partition(">")[0]
                say("250 ok" if admitted else "530 who are you")
            elif verb == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
                say((self.refusals.pop(0) if self.refusals else None) or "250 ok")
            elif verb == "DATA":
                say("354 go")
                raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                self.got.append((source, to, message_from_bytes(raw, policy=default)))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")
