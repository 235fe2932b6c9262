"""Behind a proxy: whose word about a customer's address is taken, and whose is not."""

from __future__ import annotations

import httpx
import pytest

from argosy.proxies import believing, origin, read_networks

FRONT = read_networks("10.0.0.5 10.1.0.0/16 2001:db8:f::/48")
CUSTOMER, LIAR = "203.0.113.7", "198.51.100.9"

WHO = """
nobody in front: the peer               | 203.0.113.7     |                                   | 203.0.113.7
the proxy's word                        | 10.0.0.5        | 203.0.113.7                       | 203.0.113.7
a stranger's word is not taken          | 198.51.100.9    | 203.0.113.7                       | 198.51.100.9
a customer writes first, the proxy last | 10.0.0.5        | 203.0.113.7, 198.51.100.9         | 198.51.100.9
a customer names a proxy as himself     | 10.0.0.5        | 203.0.113.7, 10.1.2.3, 198.51.100.9 | 198.51.100.9
two proxies in a row                    | 10.0.0.5        | 203.0.113.7, 10.1.2.3             | 203.0.113.7
what a customer wrote before two        | 10.0.0.5        | 9.9.9.9, 203.0.113.7, 10.1.2.3    | 203.0.113.7
the proxy itself asks                   | 10.0.0.5        |                                   | 10.0.0.5
all of the way is ours                  | 10.0.0.5        | 10.1.9.9                          | 10.1.9.9
no address at all                       | 10.0.0.5        | unknown                           | 10.0.0.5
no address behind a good one            | 10.0.0.5        | 203.0.113.7, nonsense             | 10.0.0.5
an empty place                          | 10.0.0.5        | 203.0.113.7,                      | 10.0.0.5
with a port                             | 10.0.0.5        | 203.0.113.7:4711                  | 203.0.113.7
the long form                           | 10.0.0.5        | [2001:db8::7]:4711                | 2001:db8::7
mapped, as a socket for both shows it   | ::ffff:10.0.0.5 | ::ffff:203.0.113.7                | 203.0.113.7
a proxy of the long form                | 2001:db8:f::1   | 2001:db8::7                       | 2001:db8::7
a neighbour of the proxy                | 10.0.0.6        | 203.0.113.7                       | 10.0.0.6
"""
LINES = [[part.strip() for part in line.split("|")] for line in WHO.strip().splitlines()]


@pytest.mark.parametrize("_what, peer, told, came_from", LINES, ids=[line[0] for line in LINES])
def test_where_a_request_came_from(_what: str, peer: str, told: str, came_from: str) -> None:
    assert origin(peer, [told.encode()] if told else [], FRONT) == came_from


def test_a_second_header_stands_behind_the_first() -> None:
    assert origin("10.0.0.5", [CUSTOMER.encode(), LIAR.encode()], FRONT) == LIAR


def test_a_header_without_end_is_not_read_to_its_beginning() -> None:
    told = ", ".join([CUSTOMER, *["10.1.0.1"] * 100_000])
    assert origin("10.0.0.5", [told.encode()], FRONT) == "10.1.0.1"
    assert origin("10.0.0.5", ["\xff,\u00e9".encode("latin-1")], FRONT) == "10.0.0.5"


async def seen(peer: str, proxies: str, told: str) -> str:
    """The address that an application behind `proxies` sees."""

    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["client"][0].encode()})

    transport = httpx.ASGITransport(believing(app, read_networks(proxies)), client=(peer, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://wallet.test") as client:
        return (await client.get("/", headers={"x-forwarded-for": told})).text


async def test_by_default_nobody_is_believed() -> None:
    assert await seen("127.0.0.1", "", CUSTOMER) == "127.0.0.1"
    assert await seen("127.0.0.1", "127.0.0.1", CUSTOMER) == CUSTOMER
