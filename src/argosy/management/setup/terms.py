"""Prices, limits and balance caps with their dates: what holds, what is staged, and how a change is made.

A pack's figures are law and practice of a country. The operator adds further dated facts beside them,
from a day to come on; nothing is ever rewritten, so that any past day can be computed again. Every process
keeps all of them in memory (`Market.amend`), so that a payment asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from argosy.base.clock import Clock, local_day
from argosy.base.markets import Amended, Cap, Fact, Fee, FeeRule, Level, LimitRule, Market, Standing
from argosy.base.money import AMOUNT_MINOR_MAX
from argosy.base.refusals import Refused
from argosy.base.store import Database, Record
from argosy.base.wallet.limits import strictest
from argosy.management.setup.facts import STAGED_DAYS_MAX, SetupReason, Term, Value, What

BOUNDS = (
    "payment_minor_max",
    "day_minor_max",
    "day_count_max",
    "month_minor_max",
    "month_count_max",
    "year_minor_max",
)
_BASIS_POINTS_MAX = 10_000
_GROWING = ("payment_minor_max", "day_minor_max", "month_minor_max", "year_minor_max")
_BUMP = "UPDATE setup.changed SET version = version + 1"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a market: what holds on a day, since when, by whose word, and what comes next.

    `source` is a heading of the pack's `sources.md`, empty where the operator set it; `by` are the two
    who did. `is_law`: the pack's own figure binds, and the operator may only be stricter.
    """

    what: What
    key: str
    level: str
    payee_class: str
    value: Value
    since: date | None
    source: str
    by: tuple[str, ...]
    is_law: bool
    staged: tuple[Term, ...]


class Terms:
    """Reads and writes the operator's terms."""

    def __init__(self, db: Database, clock: Clock, markets: Mapping[str, Market]) -> None:
        self._db = db
        self._clock = clock
        self._markets = markets

    # --- reading -----------------------------------------------------------------------------

    async def all(self, market: str | None = None) -> list[Term]:
        """Every term that was not taken back, of one market or of all, by its day."""
        rows = await self._db.all(
            "SELECT * FROM setup.terms WHERE taken_back_at IS NULL AND ($1::text IS NULL OR market = $1)"
            " ORDER BY since, id",
            market,
        )
        return [_term(row) for row in rows]

    async def history(self, market: str, limit: int = 200) -> list[Term]:
        """What was staged for a market, taken back or not, the latest first."""
        rows = await self._db.all(
            "SELECT * FROM setup.terms WHERE market = $1 ORDER BY made_at DESC, id DESC LIMIT $2",
            market,
            limit,
        )
        return [_term(row) for row in rows]

    async def figures(self, market: Market) -> list[Figure]:
        """Every limit, price and balance cap of `market` today, with what is staged."""
        terms = await self.all(market.code)
        return list(_figures(market, terms, self.today(market)))

    def today(self, market: Market) -> date:
        return local_day(self._clock.now(), market.zone)

    # --- changing ----------------------------------------------------------------------------

    def checked(
        self,
        market_code: str,
        what: What,
        key: str,
        level: str,
        payee_class: str,
        value: Mapping[str, Any],
        since: date,
    ) -> Value | Refused:
        """The value as it would hold, or why it cannot be staged. `value` is what `body_of` gives."""
        market = self._markets.get(market_code)
        if market is None or not _known(market, what, key, level, payee_class):
            return Refused(SetupReason.TERM_UNKNOWN)
        ahead = (since - self.today(market)).days
        if not 1 <= ahead <= STAGED_DAYS_MAX:
            return Refused(SetupReason.TERM_DATE, field="since")
        made = _value(market, what, key, payee_class, value, since)
        if isinstance(made, Refused):
            return made
        over = _over_law(market, what, key, level, made, since)
        return Refused(SetupReason.TERM_OVER_LAW, {"bound": over}) if over else made

    async def stage(
        self, term: UUID, body: Mapping[str, Any], why: str, proposed_by: str, approved_by: str
    ) -> Term | Refused:
        """Make a change that two persons agreed on; the same `term` again changes nothing."""
        there = await self._db.one(
            "SELECT * FROM setup.terms WHERE market = $1 AND id = $2", body["market"], term
        )
        if there is not None:
            return _term(there)
        what = What(body["what"])
        since = date.fromisoformat(body["since"])
        named = body["market"], what, body["key"], body["level"], body["payee_class"]
        made = self.checked(*named, body["after"], since)
        if isinstance(made, Refused):
            return made
        try:
            async with self._db.work() as conn:
                row = await conn.fetchrow(
                    """
                    INSERT INTO setup.terms (market, what, key, level, payee_class, id, value, since,
                                             why, proposed_by, approved_by, made_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING *
                    """,
                    *named,
                    term,
                    msgspec.to_builtins({"is": made}),
                    since,
                    why,
                    proposed_by,
                    approved_by,
                    self._clock.now(),
                )
                await conn.execute(_BUMP)
        except asyncpg.UniqueViolationError:
            return Refused(SetupReason.TERM_DATE_TAKEN, field="since")
        return _term(row)

    async def take_back(self, market_code: str, term: UUID, why: str, by: str) -> Term | Refused:
        """Drop a change that does not hold yet; `by` are the names of the two who agreed."""
        market = self._markets.get(market_code)
        if market is None:
            return Refused(SetupReason.TERM_UNKNOWN)
        async with self._db.work() as conn:
            row = await conn.fetchrow(
                """
                UPDATE setup.terms SET taken_back_at = $3, taken_back_by = $4, taken_back_why = $5
                 WHERE market = $1 AND id = $2 AND taken_back_at IS NULL AND since > $6 RETURNING *
                """,
                market_code,
                term,
                self._clock.now(),
                by,
                why,
                self.today(market),
            )
            if row is None:
                return Refused(SetupReason.TERM_OVER)
            await conn.execute(_BUMP)
        return _term(row)


def amended(terms: Iterable[Term], off: frozenset[str]) -> Amended:
    """The terms of one market as its `Market` reads them."""
    limits: list[LimitRule] = []
    fees: list[FeeRule] = []
    balances: dict[str, tuple[Fact[int | None], ...]] = {}
    for term in terms:
        source = f"{term.proposed_by}, {term.approved_by}: {term.why}"
        if isinstance(term.value, Cap):
            cap = Fact(term.value, term.since, source, standing=Standing.PRACTICE)
            limits.append(LimitRule(term.key, term.level, cap))
        elif isinstance(term.value, Fee):
            fee = Fact(term.value, term.since, source, standing=Standing.PRACTICE)
            fees.append(FeeRule(term.key, fee, term.payee_class or None))
        else:
            most = Fact(term.value, term.since, source, standing=Standing.PRACTICE)
            balances[term.level] = (*balances.get(term.level, ()), most)
    return Amended(tuple(limits), tuple(fees), balances, off)


def body_of(value: Value) -> dict[str, Any]:
    """A value as a proposal keeps it: only what is set, so that two of them can be laid side by side."""
    if isinstance(value, Cap):
        return {"allowed": value.allowed} | {
            name: most for name in BOUNDS if (most := getattr(value, name)) is not None
        }
    if isinstance(value, Fee):
        return {
            "basis_points": value.basis_points,
            "flat_minor": value.flat_minor,
            "minor_min": value.minor_min,
            "free_to_minor": value.free_to_minor,
            **({} if value.minor_max is None else {"minor_max": value.minor_max}),
        }
    return {} if value is None else {"balance_minor_max": value}


# --- the figures of a day ------------------------------------------------------------------------


def _figures(market: Market, terms: list[Term], day: date) -> Iterator[Figure]:
    levels = {level.name: number for number, level in enumerate(market.levels)}
    for level in market.levels:
        yield _figure(market, terms, day, What.BALANCE, "", level.name)
    keys = dict.fromkeys((rule.key, rule.level) for rule in market.limits)
    for key, name in sorted(keys, key=lambda pair: (pair[0], levels.get(pair[1], 0))):
        yield _figure(market, terms, day, What.LIMIT, key, name)
    prices = dict.fromkeys((rule.product, rule.payee_class or "") for rule in market.fees)
    for product, payee_class in sorted(prices):
        yield _figure(market, terms, day, What.PRICE, product, "", payee_class)


def _figure(
    market: Market,
    terms: list[Term],
    day: date,
    what: What,
    key: str,
    level: str,
    payee_class: str = "",
) -> Figure:
    mine = [
        t
        for t in terms
        if (t.what, t.key, t.level, t.payee_class) == (what, key, level, payee_class)
    ]
    pack = [f for f in _pack_facts(market, what, key, level, payee_class) if f.holds(day)]
    latest = max(pack, key=lambda f: f.since, default=None)
    ours = max((t for t in mine if t.since <= day), key=lambda t: t.since, default=None)
    by_us = ours is not None and (latest is None or ours.since >= latest.since)
    return Figure(
        what,
        key,
        level,
        payee_class,
        _now(market, what, key, level, payee_class, day),
        ours.since if by_us and ours else (latest.since if latest else None),
        "" if by_us or latest is None else latest.source,
        (ours.proposed_by, ours.approved_by) if by_us and ours else (),
        what is not What.PRICE and any(_binds(f) for f in pack),
        tuple(t for t in mine if t.since > day),
    )


def _now(market: Market, what: What, key: str, level: str, payee_class: str, day: date) -> Value:
    if what is What.LIMIT:
        return strictest(market.caps(key, level, day))
    if what is What.PRICE:
        return market.fee(key, day, payee_class or None)
    return market.balance_minor_max(level, day)


def _pack_facts(
    market: Market, what: What, key: str, level: str, payee_class: str
) -> list[Fact[Any]]:
    if what is What.LIMIT:
        return [r.cap for r in market.limits if (r.key, r.level) == (key, level)]
    if what is What.PRICE:
        wanted = key, payee_class or None
        return [r.fee for r in market.fees if (r.product, r.payee_class) == wanted]
    found = _level(market, level)
    return list(found.balance_minor_max) if found else []


def _level(market: Market, name: str) -> Level | None:
    return next((level for level in market.levels if level.name == name), None)


def _known(market: Market, what: What, key: str, level: str, payee_class: str) -> bool:
    return bool(_pack_facts(market, what, key, level, payee_class))


# --- what may be staged --------------------------------------------------------------------------


def _value(
    market: Market,
    what: What,
    key: str,
    payee_class: str,
    value: Mapping[str, Any],
    since: date,
) -> Value | Refused:
    unreadable = Refused(SetupReason.TERM_UNREADABLE)
    wrong = any(not isinstance(v, int) or not 0 <= v <= AMOUNT_MINOR_MAX for v in value.values())
    if wrong:
        return unreadable
    if what is What.BALANCE:
        return (
            value.get("balance_minor_max") if value.keys() <= {"balance_minor_max"} else unreadable
        )
    try:
        if what is What.LIMIT:
            cap = msgspec.convert(dict(value), Cap)
            known = value.keys() <= {"allowed", *BOUNDS}
            return cap if known and _grows(cap) else unreadable
        base = market.fee(key, since, payee_class or None)
        fee = msgspec.convert({**msgspec.to_builtins(base), "minor_max": None, **value}, Fee)
    except msgspec.ValidationError:
        return unreadable
    known = value.keys() <= set(body_of(Fee())) | {"minor_max"}
    bounded = fee.minor_max is None or fee.minor_min <= fee.minor_max
    return fee if known and bounded and fee.basis_points <= _BASIS_POINTS_MAX else unreadable


def _grows(cap: Cap) -> bool:
    """Whether no bound of a longer time is below one of a shorter."""
    said = [most for name in _GROWING if (most := getattr(cap, name)) is not None]
    counts = [c for c in (cap.day_count_max, cap.month_count_max) if c is not None]
    return said == sorted(said) and counts == sorted(counts)


def _binds(fact: Fact[Any]) -> bool:
    """Whether a pack's figure is law, or may be: what is known to be mere practice may be loosened."""
    return fact.standing in (Standing.IN_FORCE, Standing.UNVERIFIED)


def _over_law(
    market: Market, what: What, key: str, level: str, value: Value, since: date
) -> str | None:
    """The bound by which `value` is looser than the law of the day; None where it is not. A price is
    the operator's own affair."""
    if what is What.PRICE:
        return None
    law = [f for f in _pack_facts(market, what, key, level, "") if f.holds(since) and _binds(f)]
    latest = max((f.since for f in law), default=None)
    for fact in law:
        if fact.since != latest:
            continue
        if isinstance(value, Cap):
            if value.allowed and not fact.value.allowed:
                return "allowed"
            for name in BOUNDS:
                if _looser(getattr(value, name), getattr(fact.value, name)):
                    return name
        elif not isinstance(value, Fee) and _looser(value, fact.value):
            return "balance_minor_max"
    return None


def _looser(value: int | None, law: int | None) -> bool:
    return law is not None and (value is None or value > law)


def _term(row: Record) -> Term:
    what = What(row["what"])
    kept = row["value"]["is"]
    value: Value = kept
    if what is What.LIMIT:
        value = msgspec.convert(kept, Cap)
    elif what is What.PRICE:
        value = msgspec.convert(kept, Fee)
    return Term(
        row["id"],
        row["market"],
        what,
        row["key"],
        row["level"],
        row["payee_class"],
        value,
        row["since"],
        row["why"],
        row["proposed_by"],
        row["approved_by"],
        row["made_at"],
        row["taken_back_at"],
        row["taken_back_by"],
    )


TOMORROW = timedelta(days=1)
