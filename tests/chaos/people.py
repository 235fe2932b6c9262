"""People with phones in their hands: they sign in by the in-box's codes, pay, and when the line breaks
they send the very same request again until they have an answer."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

ANSWER_SECONDS_MAX = 120.0
REQUEST_SECONDS_MAX = 15.0
PIN = "481516"
_CODE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")

# Refusals that decide nothing: the same request may come again.
PASSING = frozenset({"not_answering", "gate_busy", "risk_unavailable", "order_moved_on"})
PUT_OFF = frozenset({"otp_sends_spent"})  # not now, and nothing was decided either
CODE_SPENT = frozenset({"otp_wrong", "otp_expired", "otp_tries_spent"})


class NoAnswer(Exception):
    """No final answer in all that time, or one that nobody may give."""


@dataclass
class Ask:
    """One thing that somebody wants, with the id under which it is sent however often."""

    id: UUID
    who: Person
    path: str
    fields: dict[str, str]
    minor: int
    tries: int = 0
    state: str = ""  # of the order, once there is a yes
    refusal: str = ""  # the code, once there is a no
    answered_at: float = 0.0
    receipt: dict[str, Any] = field(default_factory=dict)

    @property
    def is_yes(self) -> bool:
        return bool(self.state)

    def __str__(self) -> str:
        return f"{self.path} {self.id} by {self.who.phone} -> {self.state or self.refusal or '?'}"


class Person:
    """Somebody of the demo town with a browser of their own, at an address of their own."""

    def __init__(self, url: str, number: int, alive: Callable[[], None]) -> None:
        self.number = number
        self.phone = f"98765 {number:05}"
        self.party = ""
        self.wallet = ""
        self.retries = 0
        self._alive = alive
        # So many people behind one address would be taken for a gang.
        address = f"127.0.{1 + number // 200}.{1 + number % 200}"
        transport = httpx.AsyncHTTPTransport(
            local_address=address if sys.platform == "linux" else None, verify=False
        )
        self._browser = httpx.AsyncClient(
            base_url=url,
            transport=transport,
            trust_env=False,
            timeout=REQUEST_SECONDS_MAX,
            headers={"accept": "application/json", "accept-language": "en"},
        )

    async def close(self) -> None:
        await self._browser.aclose()

    async def sign_in(self) -> None:
        """Phone, code, PIN, as at any counter."""
        await self._sure("/enter", {"phone": self.phone})
        await self._sure("/enter/code", {"code": await self._code()})
        said = await self._sure("/enter/pin", {"pin": PIN})
        self.party, self.wallet = said["party"], said["number"]

    async def ask(self, ask: Ask) -> Ask:
        """Send it until there is an answer that counts."""
        until = time.monotonic() + ANSWER_SECONDS_MAX
        code: str | None = None
        while time.monotonic() < until:
            self._alive()
            ask.tries += 1
            said = await self._post(ask.path, {"id": str(ask.id), "pin": PIN, **ask.fields}, code)
            if said is None or said.get("code") in PASSING:
                await asyncio.sleep(min(0.05 * ask.tries, 0.25))
            elif "state" in said:
                ask.state, ask.receipt, ask.answered_at = said["state"], said, time.monotonic()
                return ask
            elif said["code"] == "proof_needed":
                code = await self._code()
            elif said["code"] in CODE_SPENT:
                code = None
            elif said["code"] == "signed_out":
                await self.sign_in()
            elif said["status"] == 500:
                raise NoAnswer(f"{ask}: a bug for an answer: {said}")
            else:
                ask.refusal, ask.answered_at = said["code"], time.monotonic()
                return ask
        raise NoAnswer(f"{ask}: no answer in {ANSWER_SECONDS_MAX} seconds and {ask.tries} tries")

    async def read(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        """What a page says, asked for until it says something."""
        until = time.monotonic() + ANSWER_SECONDS_MAX
        while time.monotonic() < until:
            self._alive()
            try:
                answer = await self._browser.get(path, params=query)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code < 500:
                return answer.status_code, answer.json()
            await asyncio.sleep(0.05)
        raise NoAnswer(f"{path} was not answered")

    async def history(self) -> list[dict[str, Any]]:
        """Every line of the statement, newest first, page by page."""
        lines: list[dict[str, Any]] = []
        before = ""
        while True:
            _, page = await self.read("/history", **({"before": before} if before else {}))
            lines += page["lines"]
            if not page["next"]:
                return lines
            before = page["next"]

    async def balance_minor(self) -> int:
        _, said = await self.read("/")
        return int(said["balance_minor"])

    async def _code(self) -> str:
        """The newest code that arrived on the phone."""
        _, said = await self.read("/inbox", phone=self.phone)
        for text in said["messages"]:
            found = _CODE.search(text)
            if found:
                return found[0]
        raise NoAnswer(f"no code reached {self.phone}: {said}")

    async def _sure(self, path: str, fields: dict[str, str]) -> dict[str, Any]:
        for _ in range(100):
            said = await self._post(path, fields, None)
            if said is not None and "code" not in said:
                return said
            if said is not None and said["code"] not in PASSING:
                raise NoAnswer(f"{self.phone} cannot come in by {path}: {said}")
            await asyncio.sleep(0.05)
        raise NoAnswer(f"{path} was not answered")

    async def _post(
        self, path: str, fields: dict[str, str], code: str | None
    ) -> dict[str, Any] | None:
        """The answer; None where the line broke before there was one."""
        try:
            answer = await self._browser.post(
                path, json={**fields, "otp": code} if code else fields
            )
        except httpx.HTTPError:
            self.retries += 1
            return None
        if answer.status_code == 503:
            self.retries += 1
        said: dict[str, Any] = answer.json()
        return said
