"""The durable side of memory: the log folded into the brain's tables, and cases opened and closed.

One process at a time does this, and each batch shares a transaction with the cursor: exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from argosy.base.ids import derive
from argosy.base.outbox import OBSERVED, Announced
from argosy.base.ports import Decision
from argosy.base.store import Connection
from argosy.ctu.observing import from_event
from argosy.ctu.old_cases import CaseState, close
from argosy.ctu.old_history import Account, Crowd, Observation, mark

_PAIRS = """
    INSERT INTO ctu.pairs AS p (payer, payee, first_ms)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])
    ON CONFLICT (payer, payee) DO UPDATE SET first_ms = excluded.first_ms
     WHERE p.first_ms > excluded.first_ms
"""
_DEVICES = """
    INSERT INTO ctu.devices AS d (device, party, first_ms)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])
    ON CONFLICT (device, party) DO UPDATE SET first_ms = excluded.first_ms
     WHERE d.first_ms > excluded.first_ms
"""
_ACCOUNTS = """
    INSERT INTO ctu.accounts (party, state) SELECT * FROM unnest($1::uuid[], $2::bytea[])
    ON CONFLICT (party) DO UPDATE SET state = excluded.state
"""
_CROWDS = """
    INSERT INTO ctu.crowds (name, state) SELECT * FROM unnest($1::text[], $2::bytea[])
    ON CONFLICT (name) DO UPDATE SET state = excluded.state
"""
_VERDICT = """
    INSERT INTO ctu.verdicts (id, operation, party, payee, market, kind, channel, amount_minor,
                              currency, at, decision, score, hits, unevaluated, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'review', $11, $12, $13, $14)
    ON CONFLICT DO NOTHING
"""
_CASE = """
    INSERT INTO ctu.cases (id, operation, order_id, verdict, party, payee, market, kind,
                           amount_minor, currency, reasons, observed, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT DO NOTHING
"""
_ENDS = {
    "paid": CaseState.RELEASED,
    "held": CaseState.RELEASED,
    "returned": CaseState.RETURNED,
}


class Learning:
    """Handles the log for the relay of the brain's durable consumer.

    `heard` gives what this process has already read of an event, so that it is not read twice.
    """

    def __init__(
        self,
        money_in: frozenset[str],
        heard: Callable[[UUID], Observation | None] = lambda _: None,
    ) -> None:
        self._money_in = money_in
        self._heard = heard

    async def __call__(self, events: Sequence[Announced], conn: Connection) -> None:
        observed = [e for e in events if e.kind == OBSERVED]
        seen = [self._heard(e.id) or from_event(e.body, self._money_in) for e in observed]
        await fold(seen, conn)
        for event in observed:
            if event.body["decision"] == Decision.REVIEW and not event.body.get("released"):
                await _open_case(event, conn)
        await self._close_cases([e for e in events if e.kind != OBSERVED], conn)

    async def _close_cases(self, events: Sequence[Announced], conn: Connection) -> None:
        """Close the cases of orders that went on from review, whoever decided that."""
        ends = {
            e.subject: e
            for e in events
            if isinstance(e.body, dict) and e.body.get("state") in _ENDS
        }
        if not ends:
            return
        waiting = await conn.fetch(
            "SELECT order_id FROM ctu.cases WHERE state = 'open' AND order_id = ANY ($1)",
            list(ends),
        )
        for row in waiting:
            event = ends[row["order_id"]]
            await close(conn, event.subject, _ENDS[event.body["state"]], event.at)


async def fold(seen: Sequence[Observation], conn: Connection) -> None:
    """Add `seen` to the brain's tables."""
    await _fold_accounts(seen, conn)
    known = [s for s in seen if s.trusted and s.outgoing]
    pairs = _first(((s.party, s.payee), s.at_ms) for s in known if s.payee is not None)
    if pairs:
        await conn.execute(
            _PAIRS, [p for p, _ in pairs], [q for _, q in pairs], list(pairs.values())
        )
    devices = _first(((s.device, s.party), s.at_ms) for s in known if s.device is not None)
    if devices:
        await conn.execute(
            _DEVICES, [d for d, _ in devices], [p for _, p in devices], list(devices.values())
        )
    await _fold_crowds(seen, conn)


async def _fold_accounts(seen: Sequence[Observation], conn: Connection) -> None:
    parties = list(dict.fromkeys(s.party for s in seen if s.outgoing))
    if not parties:
        return
    rows = await conn.fetch("SELECT party, state FROM ctu.accounts WHERE party = ANY ($1)", parties)
    packed = {row["party"]: row["state"] for row in rows}
    accounts = {p: Account.unpack(packed[p]) if p in packed else Account() for p in parties}
    for one in seen:
        if one.outgoing:
            accounts[one.party].add(one)
    await conn.execute(_ACCOUNTS, parties, [account.pack() for account in accounts.values()])


async def _fold_crowds(seen: Sequence[Observation], conn: Connection) -> None:
    members = [
        (name, one)
        for one in seen
        if one.counts
        for name in (one.crowd_payee, one.crowd_network)
        if name is not None
    ]
    if not members:
        return
    names = list(dict.fromkeys(name for name, _ in members))
    rows = await conn.fetch("SELECT name, state FROM ctu.crowds WHERE name = ANY ($1)", names)
    crowds = {name: Crowd() for name in names}
    crowds.update((row["name"], Crowd.unpack(row["state"])) for row in rows)
    for name, one in members:
        crowds[name].add(mark(one.member or one.party), one.at_ms)
    await conn.execute(_CROWDS, names, [crowd.pack() for crowd in crowds.values()])


def _first(times: Iterable[tuple[tuple[Any, Any], int]]) -> dict[tuple[Any, Any], int]:
    """The earliest time of each pair."""
    found: dict[tuple[Any, Any], int] = {}
    for pair, at_ms in times:
        if at_ms < found.get(pair, at_ms + 1):
            found[pair] = at_ms
    return found


async def _open_case(event: Announced, conn: Connection) -> None:
    """The verdict that asked for a human, and the case that waits for one."""
    body = event.body
    verdict = body["verdict"]
    operation, party = UUID(body["operation"]), UUID(body["party"])
    payee = UUID(body["payee"]) if "payee" in body else None
    await conn.execute(
        _VERDICT,
        UUID(verdict["id"]),
        operation,
        party,
        payee,
        body["market"],
        body["kind"],
        body["channel"],
        body["minor"],
        body["currency"],
        event.at,
        verdict["score"],
        verdict["hits"],
        verdict["unevaluated"],
        verdict["version"],
    )
    await conn.execute(
        _CASE,
        derive(operation, "case"),
        operation,
        UUID(body["order"]) if "order" in body else None,
        UUID(verdict["id"]),
        party,
        payee,
        body["market"],
        body["kind"],
        body["minor"],
        body["currency"],
        verdict["hits"],
        {name: value for name, value in body.items() if name != "verdict"},
        event.at,
    )
