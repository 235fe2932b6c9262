"""What a wallet has now, on its page: evidence of identity, devices and sessions, a merchant's programs."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from nicegui import ui

from argosy.base.clock import local_day
from argosy.base.parties.facts import Party, PartyState
from argosy.management.console.customers.acting import Acting
from argosy.management.console.customers.looking import reason_to_look
from argosy.management.console.customers.shown import EVIDENCE_STATES, ORDER_STATES, word
from argosy.management.console.desk import Desk
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    button,
    facts,
    section,
    state_chip,
)
from argosy.management.customers import Reading
from argosy.management.customers.reading import level_reached
from argosy.management.staff.facts import Right
from argosy.public_services.identity.facts import EvidenceLine, EvidenceState

READER_CHARS_MAX = 80


class Present:
    """The parts of one wallet's page that show what is there."""

    def __init__(self, desk: Desk, party: Party, acting: Acting, reading: Reading) -> None:
        self._desk = desk
        self._party = party
        self._acting = acting
        self._reading = reading

    # --- identity ----------------------------------------------------------------------------------

    async def identity(self) -> None:
        """The pieces of evidence by their states; their contents only after a look."""
        desk, say = self._desk, self._desk.say
        lines, shown = await asyncio.gather(
            desk.services.identity.evidence(self._party.id), self._reading.shown_kinds(self._party)
        )
        with section(say("customers.tab.identity")):
            ui.label(say("customers.identity_note")).classes("ar-soft")
            if not lines:
                ui.label(say("customers.no_evidence")).classes("ar-empty")
            for line in lines:
                self._evidence(line, shown)

    def _evidence(self, line: EvidenceLine, shown: frozenset[str]) -> None:
        desk, say, acting = self._desk, self._desk.say, self._acting
        market = desk.services.markets[self._party.market]
        kind = word(desk, "need", line.kind)
        with ui.element("div").classes("cu-note"):
            with ui.element("div").classes("ar-row"):
                ui.label(kind).classes("ar-strong")
                state = line.state.value
                state_chip(say(f"customers.evidence.{state}"), EVIDENCE_STATES[state])
                ui.label(say("customers.given_at", at=desk.when(line.given_at))).classes("ar-soft")
                if line.valid_until is not None:
                    until = line.valid_until.isoformat()
                    ui.label(say("customers.valid_until", day=until)).classes("ar-soft")
                if line.decided_at is not None:
                    at = desk.when(line.decided_at)
                    by = line.decided_by or ""
                    ui.label(say("customers.decided", at=at, by=by)).classes("ar-soft")
            content = ui.label("").classes("ar-mono")
            content.visible = False
            with ui.element("div").classes("ar-row mt-2"):
                if desk.may(Right.CUSTOMERS_REVEAL):
                    look = button(
                        say("customers.act.look"),
                        lambda: self._look(line, content, look),
                        icon="visibility",
                    )
                    _named(look, say("customers.act.look"), kind)
                if not desk.may(Right.CUSTOMERS_DECIDE) or self._party.state is PartyState.CLOSED:
                    return
                if line.state is EvidenceState.GIVEN:
                    level = level_reached(market, self._party, shown, line.kind)
                    day = local_day(desk.services.clock.now(), market.zone)
                    second = level is not None and level.is_reviewed(day)
                    verb = "propose_accept" if second else "accept"
                    _named(
                        button(
                            say(f"customers.act.{verb}"),
                            lambda: acting.accept(line, second=second),
                            icon="check",
                            kind="main",
                        ),
                        say(f"customers.act.{verb}"),
                        kind,
                    )
                    _named(
                        button(
                            say("customers.act.reject"),
                            lambda: acting.reject(line),
                            icon="close",
                            kind="danger",
                        ),
                        say("customers.act.reject"),
                        kind,
                    )
                    if level is not None:
                        ui.label(say("customers.raises_to", level=level.name)).classes("ar-soft")
                elif line.state is EvidenceState.ACCEPTED:
                    _named(
                        button(
                            say("customers.act.revoke"),
                            lambda: acting.revoke(line),
                            icon="undo",
                            kind="danger",
                        ),
                        say("customers.act.revoke"),
                        kind,
                    )

    async def _look(self, line: EvidenceLine, content: ui.label, look: ui.button) -> None:
        desk = self._desk
        shown = await look_at_evidence(desk, self._party, line)
        if shown is not None:
            content.text = shown
            content.visible = True
            look.visible = False

    # --- the door ----------------------------------------------------------------------------------

    async def door(self) -> None:
        """Devices and sessions."""
        services = self._desk.services
        devices, sessions = await asyncio.gather(
            services.signin.support.devices(self._party.id),
            services.signin.sessions(self._party.id),
        )
        desk, say, acting = self._desk, self._desk.say, self._acting
        may = desk.may(Right.CUSTOMERS_ACT)
        with ui.element("div").classes("cu-two"):
            with section(say("customers.devices")):
                if not devices:
                    ui.label(say("customers.no_devices")).classes("ar-empty")
                for device in devices:
                    with ui.element("div").classes("cu-note cu-line"):
                        ui.icon("smartphone").props("aria-hidden=true")
                        label = device.label or say("customers.unnamed_device")
                        ui.label(label).classes("ar-strong")
                        signs = "signs" if device.public_key is not None else "signs_not"
                        state_chip(
                            say(f"customers.{signs}"), "good" if signs == "signs" else "quiet"
                        )
                        bound = desk.when(device.bound_at)
                        ui.label(say("customers.bound_at", at=bound)).classes("ar-soft grow")
                        if may:
                            remove = say("customers.act.remove_device")
                            _named(
                                button(
                                    remove,
                                    lambda id_=device.id: acting.remove_device(id_),
                                    kind="danger",
                                ),
                                remove,
                                label,
                            )
            with section(say("customers.sessions")):
                if not sessions:
                    ui.label(say("customers.no_sessions")).classes("ar-empty")
                for session in sessions:
                    with ui.element("div").classes("cu-note cu-line"):
                        label = session.label or say("customers.unnamed_device")
                        ui.label(label).classes("ar-strong")
                        at, seen = desk.when(session.started_at), desk.when(session.seen_at)
                        text = say("customers.session_line", at=at, seen=seen)
                        ui.label(text).classes("ar-soft grow")
                        if may:
                            end = say("customers.act.end_session")
                            _named(
                                button(end, lambda id_=session.id: acting.end_session(id_)),
                                end,
                                label,
                            )
                if may and sessions:
                    with ui.element("div").classes("ar-row"):
                        button(
                            say("customers.act.end_sessions"),
                            acting.end_sessions,
                            icon="logout",
                            kind="danger",
                        )

    # --- merchants ---------------------------------------------------------------------------------

    async def merchant(self) -> None:
        """What a merchant asked for and became of it, its keys, its webhooks."""
        party_id = self._party.id
        asked, keys, endpoints = await asyncio.gather(
            self._reading.asked(party_id),
            self._reading.keys(party_id),
            self._reading.endpoints(party_id),
        )
        desk, say = self._desk, self._desk.say
        currency = desk.services.markets[self._party.market].currency
        with section(say("customers.asked")):
            if not asked.all_:
                ui.label(say("customers.asked_nothing")).classes("ar-empty")
            else:
                ui.label(say("customers.asked_note", count=asked.all_)).classes("ar-soft")
                with ui.element("div").classes("ar-row"):
                    for state, count in sorted(asked.states.items(), key=lambda one: -one[1]):
                        part = round(100 * count / asked.all_)
                        text = f"{say(f'customers.order.{state}')} · {count} ({part} %)"
                        state_chip(text, ORDER_STATES[state])
                facts([(say("customers.asked_paid"), desk.money(asked.paid_minor, currency))])
        with section(say("customers.keys")):
            await _table(
                desk,
                "customers.keys",
                ("label", "hint", "mode", "signing", "made", "used", "state"),
                [
                    {
                        "id": key.id,
                        "label": key.label,
                        "hint": key.hint,
                        "mode": key.mode,
                        "signing": key.signing,
                        "made": desk.when(key.made_at),
                        "used": _when(desk, key.used_at),
                        "state": "revoked" if key.revoked_at else "good",
                        "state_text": say(
                            "customers.key_revoked" if key.revoked_at else "customers.key_good"
                        ),
                        "state_tone": "quiet" if key.revoked_at else "good",
                    }
                    for key in keys
                ],
            )
        with section(say("customers.webhooks")):
            await _table(
                desk,
                "customers.webhooks",
                ("host", "label", "state", "failures", "waiting", "dead", "failing"),
                [
                    {
                        "id": one.id,
                        "host": one.host,
                        "label": one.label,
                        "state": one.state,
                        "state_text": say(f"customers.webhook_{one.state}"),
                        "state_tone": "warn" if one.state == "paused" else "good",
                        "failures": one.failures,
                        "waiting": one.waiting,
                        "dead": one.dead,
                        "failing": _when(desk, one.failing_since),
                    }
                    for one in endpoints
                ],
            )


async def look_at_evidence(desk: Desk, party: Party, line: EvidenceLine) -> str | None:
    """The content of a piece of evidence, after a reason; logged on both sides. None where refused."""
    reason = await reason_to_look(desk, party.id, "look")
    if reason is None:
        return None
    reader = f"staff:{desk.member.name}"[:READER_CHARS_MAX]
    return await desk.services.identity.reveal(party.id, line.id, reader, reason[:READER_CHARS_MAX])


_NUMBERS = frozenset({"failures", "waiting", "dead"})
_MONO = frozenset({"hint", "host"})


async def _table(
    desk: Desk, name: str, columns: tuple[str, ...], rows: list[dict[str, Any]]
) -> None:
    """A short table, whole."""

    async def fetch(_after: None) -> Slice[None]:
        return Slice(rows, None)

    await CursorTable(
        desk,
        [
            Column(
                column,
                f"customers.column.{column}",
                "state"
                if column == "state"
                else "number"
                if column in _NUMBERS
                else "mono"
                if column in _MONO
                else "text",
            )
            for column in columns
        ],
        fetch,
        name=desk.say(name),
    ).load()


def _when(desk: Desk, at: datetime | None) -> str:
    return desk.when(at) if at is not None else "–"


def _named(made: ui.button, verb: str, what: str) -> None:
    """Say to who cannot see what the button is about: several of them look alike."""
    plain = what.replace("\\", " ").replace('"', "'")
    made.props(f'aria-label="{verb}: {plain}"')
