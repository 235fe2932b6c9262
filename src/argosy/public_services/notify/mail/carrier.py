"""The carrier over SMTP (RFC 5321), with STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314)."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

from argosy.base.clock import Clock
from argosy.public_services.notify.carriers import Adapter, Carried, Handed, Means, Parcel, Way

NAME = "mail"
SHAPE = "smtp://user:password@host:587?from=wallet@example.org"
AT_ONCE_MAX = 4
SECONDS_MAX = 20.0
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, who we are there, and from whom the mails are. `tls`: from the first byte; else
    STARTTLS, which only a server on this very machine may lack."""

    host: str
    port: int
    source: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False

    @property
    def is_here(self) -> bool:
        """Whether it is this very machine's."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read(address: str) -> Server:
    """`smtp://user:password@host:587?from=wallet@example.org`, or `smtps:`. Raises ValueError, whose
    words repeat nothing of it."""
    parts = urlsplit(address)
    more = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        port = parts.port or _PORTS[parts.scheme]
        source = more.pop("from")
        Address(addr_spec=source)
    except (KeyError, ValueError, IndexError, MessageError):
        raise ValueError(f"must look like {SHAPE}") from None
    if more or parts.path not in ("", "/") or not parts.hostname or "@" not in source:
        raise ValueError(f"must look like {SHAPE}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(parts.hostname, port, source, user, password, parts.scheme == "smtps")


class Mail:
    """E-mail over one server, a few connections at a time, each for one mail."""

    name = NAME
    is_box = False

    def __init__(self, server: Server, clock: Clock, trust: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._clock = clock
        self._trust = trust or ssl.create_default_context()
        self._threads = ThreadPoolExecutor(AT_ONCE_MAX, "mail")

    async def carry(self, parcel: Parcel) -> Handed:
        """Hand a letter to the mail server. Its id is the mail's, so that a mailbox can tell a second
        copy."""
        if parcel.email is None:
            return Handed(Carried.NEVER, why="no e-mail address")
        try:
            mail = self._mail(parcel)
        except (ValueError, MessageError, IndexError):
            return Handed(Carried.NEVER, why="no address that can be written to")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._send, mail, parcel.email)

    async def close(self) -> None:
        """Take no more; what is under way is finished by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _mail(self, parcel: Parcel) -> EmailMessage:
        source = Address(parcel.title, addr_spec=self._server.source)
        mail = EmailMessage(policy=WIRE)
        mail["From"] = source
        mail["To"] = Address(addr_spec=parcel.email or "")
        mail["Subject"] = parcel.title or source.domain
        mail["Date"] = format_datetime(self._clock.now())
        mail["Message-ID"] = f"<{parcel.id}@{source.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(parcel.text)
        return mail

    def _send(self, mail: EmailMessage, to: str) -> Handed:
        try:
            with self._connect() as line:
                line.send_message(mail, self._server.source, [to])
        except smtplib.SMTPRecipientsRefused as refused:
            return _refused(refused.recipients[to][0])
        except smtplib.SMTPResponseException as refused:
            if isinstance(refused, smtplib.SMTPAuthenticationError):
                return Handed(Carried.LATER, why="the mail server does not let us in")
            return _refused(refused.smtp_code)
        except (smtplib.SMTPException, OSError) as error:
            return Handed(Carried.LATER, why=type(error).__name__)
        return Handed(Carried.SENT)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.tls:
            line: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=SECONDS_MAX, context=self._trust
            )
        else:
            line = smtplib.SMTP(server.host, server.port, timeout=SECONDS_MAX)
        try:
            line.ehlo_or_helo_if_needed()
            if not server.tls and (not server.is_here or line.has_extn("starttls")):
                line.starttls(context=self._trust)
            if server.user:
                line.login(server.user, server.password)
        except BaseException:
            line.close()
            raise
        return line


def _refused(code: int) -> Handed:
    """A 5 at the beginning is for good, a 4 for now."""
    return Handed(Carried.NEVER if code >= 500 else Carried.LATER, why=f"answered {code}")


def make(server: Server, means: Means) -> Mail:
    """The carrier of a mail server."""
    return Mail(server, means.clock)


ADAPTER = Adapter(Way.EMAIL, ("smtp", "smtps"), read, make)
