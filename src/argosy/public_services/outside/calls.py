"""One call to an address that somebody gave us: short, and never to where it could do harm.

A name is looked up once and the connection goes to the very address that was checked, so that a name
that answers differently the second time gains nothing. No redirect is followed, no proxy of the
environment is used, and of the answer only its beginning is read.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpx

LOOK_UPS_AT_ONCE = 8
RETRY_AFTER_MAX = timedelta(hours=1)
ANSWER_BYTES_MAX = 4_096
_PORTS = {"http": 80, "https": 443}
_GONE = 410
_NAT64 = ip_network("64:ff9b::/96")
_GIVEN_OUT = ip_network("2000::/3")  # all that was ever given out of the new addresses

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a call may take and how much of its answer is read. With `private_allowed` it may go to
    addresses of the inner network too, and without TLS."""

    call_seconds_max: float = 10.0
    connect_seconds_max: float = 5.0
    answer_bytes_max: int = ANSWER_BYTES_MAX
    private_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """How a call went. `problem` is None for a yes; `gone`: the address will never work again;
    `again_after`: the receiver asked not to be called before."""

    status: int | None
    problem: str | None
    answer: str | None = None
    gone: bool = False
    again_after: timedelta | None = None


def is_public(address: str) -> bool:
    """Whether `address` is one that everybody can reach; inner addresses hidden in others are not."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner: IPv4Address | None = None
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = IPv4Address(ip.packed[-4:])
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip not in _GIVEN_OUT and ip not in _NAT64:
            return False
    if inner is not None and not is_public(str(inner)):
        return False
    return ip.is_global and not ip.is_multicast


class Outside:
    """Calls out. `resolve` looks names up, by default with the machine's own resolver; `trust` is a
    TLS context of the caller's own."""

    def __init__(
        self, bounds: Bounds, resolve: Resolve | None = None, trust: ssl.SSLContext | None = None
    ) -> None:
        self._bounds = bounds
        self._resolve = resolve or self._look_up
        # names that are slow to answer must not take the threads of the rest of the program
        self._threads = ThreadPoolExecutor(LOOK_UPS_AT_ONCE, "outside-names")
        self._trust = trust
        self._client: httpx.AsyncClient | None = None

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Told:
        """POST once. Whatever the receiver or the line does, this answers in bounded time."""
        try:
            async with asyncio.timeout(self._bounds.call_seconds_max):
                return await self._post(url, content, headers)
        except TimeoutError:
            return Told(None, "no answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, ValueError) as error:
            return Told(None, f"{type(error).__name__}: {error}"[:200])

    async def close(self) -> None:
        """Give up the connections and threads that are kept."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        """The addresses of `host`."""
        find = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, find)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    async def _post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Told:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        port = parts.port or _PORTS[scheme]
        if scheme != "https" and not self._bounds.private_allowed:
            return Told(None, "only https is called")
        addresses = await self._resolve(host, port)
        allowed = [a for a in addresses if self._bounds.private_allowed or is_public(a)]
        allowed.sort(key=lambda address: ":" in address)  # most receivers still have the older kind
        if not allowed:
            return Told(None, "the name leads to no public address")
        request = self._open().build_request(
            "POST",
            httpx.URL(url).copy_with(host=allowed[0]),
            content=content,
            headers={"host": parts.netloc.rpartition("@")[2], **headers},
            extensions={"sni_hostname": host},
        )
        response = await self._open().send(request, stream=True)
        try:
            answer = await _beginning(response, self._bounds.answer_bytes_max)
        finally:
            await response.aclose()
        return _told(response, answer)

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=self._trust or ssl.create_default_context(),
                follow_redirects=False,
                trust_env=False,
                timeout=httpx.Timeout(
                    self._bounds.call_seconds_max, connect=self._bounds.connect_seconds_max
                ),
                # a connection belongs to the name it was checked for: none is kept for another
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        return self._client


async def _beginning(response: httpx.Response, bytes_max: int) -> str:
    read = b""
    async for chunk in response.aiter_raw(bytes_max):
        read += chunk
        if len(read) >= bytes_max:
            break
    text = read[:bytes_max].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _told(response: httpx.Response, answer: str) -> Told:
    status = response.status_code
    if response.is_success:
        return Told(status, None, answer)
    if response.is_redirect:
        return Told(status, "redirects are not followed", answer)
    return Told(
        status,
        f"answered {status}",
        answer,
        status == _GONE,
        _wait(response.headers.get("retry-after", "")),
    )


def _wait(text: str) -> timedelta | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        return None
    return min(timedelta(seconds=int(text)), RETRY_AFTER_MAX)
