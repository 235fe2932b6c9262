"""A house with a gateway before it, and phones that dial."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.channels.ussd.screens import fits
from tests.channels.lite.visitors import PHONES, PIN, House

_SESSIONS = itertools.count(1)


@dataclass
class Gateway:
    """Posts forms to the wallet as a gateway does, and hears plain text."""

    house: House
    posts: list[str] = field(default_factory=list)

    async def post(
        self, form: dict[str, str], path: str = "/ussd/india", **headers: str
    ) -> tuple[int, str]:
        body = urlencode(form).encode()
        self.posts.append(form.get("text", ""))
        return await call(self.house.app, "POST", path, body, headers)

    def phone(self, who: str) -> Phone:
        return Phone(self, PHONES.get(who, who))


async def call(
    app: Any, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """One request straight to the application; its status and text."""
    path, _, query = path.partition("?")
    said: list[dict[str, Any]] = []
    told = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "scheme": "http",
        "client": (told.pop("client", "127.0.0.1"), 1),
        "headers": [
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in told.items()),
        ],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said[0]["status"], b"".join(m.get("body", b"") for m in said[1:]).decode()


@dataclass
class Phone:
    """A phone in a hand: dials, types, loses the line."""

    gateway: Gateway
    number: str
    session: str = ""
    text: str = ""
    path: str = "/ussd/india"

    async def dial(self, behind: str = "") -> str:
        """Dial the code, with what stands behind it in one dial."""
        self.session, self.text = f"ATUid_{next(_SESSIONS)}", behind
        return await self.again()

    async def type(self, typed: str) -> str:
        """Type one thing and press send."""
        self.text = f"{self.text}*{typed}" if self.text else typed
        return await self.again()

    async def types(self, *typed: str) -> str:
        said = ""
        for one in typed:
            said = await self.type(one)
        return said

    async def again(self) -> str:
        """The gateway posts what it posted before."""
        status, said = await self.gateway.post(
            {
                "sessionId": self.session,
                "serviceCode": "*384#",
                "phoneNumber": self.number,
                "text": self.text,
                "networkCode": "62001",
            },
            self.path,
        )
        assert status == 200, said
        kind, _, text = said.partition(" ")
        assert kind in ("CON", "END")
        assert fits(text), text
        return said


@pytest.fixture
async def gateway(db: Database, clock: SetClock, ids: Ids) -> Gateway:
    """Asha has 10,000.00, Ravi 500.00, Sunil (small wallet) 200.00; the tea stall has nothing."""
    return Gateway(await House.opened(db, clock, ids))


__all__ = ["PIN", "Gateway", "Phone", "call"]
