"""Programs of merchants: keys, endpoints, and what could not be told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.money.shown import order_to, party_name, party_to
from argosy.management.console.pages import page
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    ask_reason,
    page_head,
    section,
)
from argosy.management.setup.partners import PAGE, DeadLetter, EndpointSeen, KeySeen
from argosy.management.staff.facts import Right

Place = tuple[UUID, UUID]
Change = Callable[[], Awaitable[Any]]
KEYS: Final = (
    Column("party", "setup.merchant", "link"),
    Column("label", "setup.label"),
    Column("hint", "setup.api_key", "mono"),
    Column("scope", "setup.scope"),
    Column("signing", "setup.signing"),
    Column("made", "money.made"),
    Column("used", "setup.used"),
    Column("state", "money.state_label", "state"),
)
ENDPOINTS: Final = (
    Column("party", "setup.merchant", "link"),
    Column("url", "setup.url", wrap=True),
    Column("events", "setup.events"),
    Column("state", "money.state_label", "state"),
    Column("failures", "setup.failures", "number"),
    Column("why", "setup.because"),
)
DEAD: Final = (
    Column("party", "setup.merchant", "link"),
    Column("kind", "money.event", "mono"),
    Column("order", "money.order", "link"),
    Column("url", "setup.url", wrap=True),
    Column("problem", "setup.problem", wrap=True),
    Column("ended", "setup.given_up"),
)


class PartnersPage:
    """Three tables; a row asks what to do with it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._may = desk.may(Right.SETUP_CHANGE)

    async def build(self) -> None:
        say, partners = self._desk.say, self._desk.services.setup.partners
        page_head(say("setup.partners"), note=say("setup.partners_note"))

        async def keys(cursor: Place | None) -> Slice[Place]:
            found = await partners.keys(cursor)
            return Slice([await self._key(one) for one in found], _after(found))

        async def endpoints(cursor: Place | None) -> Slice[Place]:
            found = await partners.endpoints(cursor)
            return Slice([await self._endpoint(one) for one in found], _after(found))

        async def dead(cursor: Place | None) -> Slice[Place]:
            found = await partners.dead(cursor)
            return Slice([await self._letter(one) for one in found], _after(found))

        with section(say("setup.dead_letters")):
            ui.label(say("setup.dead_note")).classes("ar-soft")
            self._dead = await self._table("dead_letters", DEAD, dead, self._redeliver)
        with section(say("setup.endpoints")):
            ui.label(say("setup.endpoints_note")).classes("ar-soft")
            self._endpoints = await self._table("endpoints", ENDPOINTS, endpoints, self._pause)
        with section(say("setup.keys")):
            ui.label(say("setup.keys_note")).classes("ar-soft")
            self._keys = await self._table("keys", KEYS, keys, self._revoke)

    async def _table(
        self, name: str, columns: tuple[Column, ...], fetch: Any, act: Callable[..., Any]
    ) -> CursorTable[Place]:
        table: CursorTable[Place] = CursorTable(
            self._desk,
            columns,
            fetch,
            name=self._desk.say(f"setup.{name}"),
            empty=f"setup.no_{name}",
            on_row=act if self._may else None,
        )
        await table.load()
        return table

    async def _owner(self, party: UUID) -> dict[str, Any]:
        if party.int == 0:
            return {"party": self._desk.say("money.us")}
        return {"party": await party_name(self._desk, party), "party_to": party_to(party) or ""}

    async def _key(self, one: KeySeen) -> dict[str, Any]:
        desk, off = self._desk, one.revoked_at is not None
        return {
            "id": f"{one.party}/{one.id}",
            **await self._owner(one.party),
            "label": one.label,
            "hint": one.hint,
            "scope": one.scope,
            "signing": one.signing,
            "made": desk.when(one.created_at),
            "used": desk.when(one.used_at) if one.used_at else "",
            "state": "revoked" if off else "active",
            "state_text": desk.say("setup.revoked" if off else "setup.active"),
            "state_tone": "quiet" if off else "good",
        }

    async def _endpoint(self, one: EndpointSeen) -> dict[str, Any]:
        desk, paused = self._desk, one.state == "paused"
        return {
            "id": f"{one.party}/{one.id}",
            **await self._owner(one.party),
            "url": one.url,
            "events": ", ".join(one.events),
            "state": one.state,
            "state_text": desk.say("setup.paused" if paused else "setup.active"),
            "state_tone": "bad" if paused else "warn" if one.failures else "good",
            "failures": one.failures or "",
            "why": one.paused_why or "",
        }

    async def _letter(self, one: DeadLetter) -> dict[str, Any]:
        return {
            "id": f"{one.party}/{one.id}",
            **await self._owner(one.party),
            "kind": one.kind,
            "order": f"…{str(one.subject)[-8:]}",
            "order_to": order_to(one.subject),
            "url": one.url or "",
            "problem": one.problem or str(one.status or ""),
            "ended": self._desk.when(one.ended_at) if one.ended_at else "",
        }

    # --- acts --------------------------------------------------------------------------------

    async def _revoke(self, row: Mapping[str, Any]) -> None:
        if row["state"] == "revoked":
            return
        party, key = _named(row)
        work = self._desk.services.setup.partners.revoke
        await self._act(
            "revoke_key", row["label"], f"key:{key}", lambda: work(party, key), danger=True
        )
        await self._keys.reload()

    async def _pause(self, row: Mapping[str, Any]) -> None:
        party, endpoint = _named(row)
        pause = row["state"] != "paused"
        work = self._desk.services.setup.partners.pause
        verb = "pause_endpoint" if pause else "resume_endpoint"
        await self._act(
            verb, row["url"], f"endpoint:{endpoint}", lambda: work(party, endpoint, paused=pause),
            danger=pause,
        )  # fmt: skip
        await self._endpoints.reload()

    async def _redeliver(self, row: Mapping[str, Any]) -> None:
        party, delivery = _named(row)
        work = self._desk.services.setup.partners.redeliver
        await self._act(
            "redeliver", row["kind"], f"delivery:{delivery}", lambda: work(party, delivery)
        )
        await self._dead.reload()

    async def _act(
        self, verb: str, what: str, subject: str, work: Change, *, danger: bool = False
    ) -> None:
        desk = self._desk
        why = await ask_reason(desk, desk.say(f"setup.{verb}"), text=what, danger=danger)
        if why is None:
            return
        done = await desk.act(Right.SETUP_CHANGE, f"setup.{verb}", subject, work, reason=why)
        desk.tell(done if isinstance(done, Refused) else desk.say(f"setup.done.{verb}"))


def _after(found: list[Any]) -> Place | None:
    return (found[-1].party, found[-1].id) if len(found) == PAGE else None


def _named(row: Mapping[str, Any]) -> Place:
    party, _, one = str(row["id"]).partition("/")
    return UUID(party), UUID(one)


@page("/setup/partners", title="setup.partners", right=Right.SETUP_SEE, menu="menu.setup", order=40)
async def partners(desk: Desk) -> None:
    """Partners and keys."""
    await PartnersPage(desk).build()
