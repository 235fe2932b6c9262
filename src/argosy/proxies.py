"""Where a request came from, when a server that speaks https stands in front.

Such a server writes the customer's address at the end of the header X-Forwarded-For, behind whatever the
customer wrote there. So the header is read from its end, and only as far as those whom the operator
believes have written it; everything before that is what anybody may have made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from argosy.channels.lite.wire import App, Receive, Scope, Send

Network = IPv4Network | IPv6Network
HOPS_MAX = 16


def read_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by blanks or commas. Raises ValueError, whose text ends a sentence
    that begins with the setting's name."""
    found = []
    for one in text.replace(",", " ").split():
        try:
            network = ip_network(one)
        except ValueError:
            raise ValueError(
                f"names {one!r}, which is no address and no network such as 10.0.0.0/8"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(f"names {one!r}, which is everybody")
        found.append(network)
    return tuple(found)


def believing(app: App, proxies: Sequence[Network]) -> App:
    """`app`, which sees the customer's address where one of `proxies` brings the request."""
    if not proxies:
        return app

    async def seen(scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        if scope["type"] == "http" and peer:
            told = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            came_from = origin(peer[0], told, proxies)
            if came_from != peer[0]:
                scope["client"] = (came_from, 0)
        await app(scope, receive, send)

    return seen


def origin(peer: str, told: Iterable[bytes], proxies: Sequence[Network]) -> str:
    """The address that a request came from: `peer`, or who the last believed proxy says it was.

    `told` are the values of X-Forwarded-For, in their order. What cannot be read ends the search: the
    request then counts as the proxy's own.
    """
    address = _address(peer)
    if address is None:
        return peer
    hops = b",".join(told).decode("latin-1").rsplit(",", HOPS_MAX)[-HOPS_MAX:]
    while hops and _is_of(address, proxies):
        before = _address(hops.pop())
        if before is None:
            break
        address = before
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip()
    if text.startswith("["):  # [2001:db8::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 203.0.113.7:443
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_of(address: IPv4Address | IPv6Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)
