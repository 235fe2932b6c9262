"""What was traded: volume, fees, refunds, failures with their reasons, new customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from argosy.base.store import Database
from argosy.management.home.figures import Place, Sum
from argosy.management.home.folding import MEASURES
from argosy.management.reports.facts import Column, Kind, Row, Span, Table

BY: Final = ("day", "product", "channel")
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in MEASURES)
_PLACE = """
       AND ($4::text IS NULL OR channel = $4) AND ($5::text IS NULL OR product = $5)
"""
_TRADE = """
    SELECT {by} AS what, {sums} FROM management.home_days
     WHERE market = $1 AND day BETWEEN $2 AND $3 {place} GROUP BY 1 ORDER BY 1
"""
_REFUSED = """
    SELECT {by} AS what, sum(count)::bigint AS count FROM management.home_refusals
     WHERE market = $1 AND minute >= $2 AND minute < $3 {place} GROUP BY 1
"""
_REASONS = f"""
    SELECT product, what, reason, sum(count)::bigint AS count, sum(minor)::bigint AS minor
      FROM management.home_reasons
     WHERE market = $1 AND day BETWEEN $2 AND $3 {_PLACE}
     GROUP BY product, what, reason HAVING sum(count) > 0
"""
_REFUSED_WHY = f"""
    SELECT product, 'refused' AS what, reason, sum(count)::bigint AS count,
           sum(minor)::bigint AS minor
      FROM management.home_refusals
     WHERE market = $1 AND minute >= $2 AND minute < $3 {_PLACE}
     GROUP BY product, reason
"""
_NEW = """
    SELECT kind, count(*) AS count FROM parties.party
     WHERE created_at >= $1 AND created_at < $2 AND market = $3
     GROUP BY kind
"""
_TRADE_COLUMNS = (
    Column("done", Kind.COUNT),
    Column("done_minor", Kind.MONEY),
    Column("fee_net_minor", Kind.MONEY),
    Column("refunds", Kind.COUNT),
    Column("refunds_minor", Kind.MONEY),
    Column("returned", Kind.COUNT),
    Column("refused", Kind.COUNT),
    Column("denied", Kind.COUNT),
    Column("unproven", Kind.COUNT),
    Column("lapsed", Kind.COUNT),
    Column("success", Kind.SHARE),
    Column("took_ms", Kind.MILLIS),
)


async def trade(
    db: Database, market: str, currency: str, span: Span, by: str, place: Place
) -> Table:
    """Volume and ends of the span by `day`, `product` or `channel`, with their total."""
    by = by if by in BY else BY[0]
    args = (place.channel, place.product)
    rows = await db.all(
        _TRADE.format(by=by, sums=_SUMS, place=_PLACE), market, span.first, span.last, *args
    )
    sums = {row["what"]: Sum(**{name: row[name] for name in MEASURES}) for row in rows}
    local = f"(minute AT TIME ZONE '{span.zone}')::date" if by == "day" else by
    refused = await db.all(_REFUSED.format(by=local, place=_PLACE), market, *span.instants(), *args)
    for row in refused:
        sums[row["what"]] = sums.get(row["what"], Sum()) + Sum(refused=row["count"])
    first = Column(by, Kind.DAY if by == "day" else Kind.NAME)
    sums = {
        what: one
        for what, one in sums.items()
        if one.done + one.refunds + one.lapsed + one.not_done
    }
    found = [_row(by, what, sums[what], currency) for what in sorted(sums)]
    total = _row(by, None, sum(sums.values(), Sum()), currency) if found else None
    return Table(f"trade_{by}", (first, *_TRADE_COLUMNS), found, total)


async def fees(db: Database, market: str, currency: str, span: Span, place: Place) -> Table:
    """What prices brought in, by product: earned, given back with refunds, and what is left."""
    rows = await db.all(
        _TRADE.format(by="product", sums=_SUMS, place=_PLACE),
        market,
        span.first,
        span.last,
        place.channel,
        place.product,
    )
    found = []
    total: dict[str, Any] = {"product": None, "currency": currency, "done": 0, "done_minor": 0}
    total |= {"fee_minor": 0, "fee_back_minor": 0, "fee_net_minor": 0}
    for row in rows:
        if not row["done"] and not row["fee_back_minor"]:
            continue
        net = row["fee_minor"] - row["fee_back_minor"]
        one = {"product": row["what"], "currency": currency, "fee_net_minor": net}
        one |= {name: row[name] for name in ("done", "done_minor", "fee_minor", "fee_back_minor")}
        one["fee_share"] = net / row["done_minor"] if row["done_minor"] else None
        found.append(one)
        for name in ("done", "done_minor", "fee_minor", "fee_back_minor", "fee_net_minor"):
            total[name] += one[name]
    total["fee_share"] = (
        total["fee_net_minor"] / total["done_minor"] if total["done_minor"] else None
    )
    columns = (
        Column("product", Kind.NAME),
        Column("done", Kind.COUNT),
        Column("done_minor", Kind.MONEY),
        Column("fee_minor", Kind.MONEY),
        Column("fee_back_minor", Kind.MONEY),
        Column("fee_net_minor", Kind.MONEY),
        Column("fee_share", Kind.SHARE),
    )
    return Table("fees", columns, found, total if found else None)


async def reasons(db: Database, market: str, currency: str, span: Span, place: Place) -> Table:
    """Why what did not come to its end did not, the most frequent first."""
    args = (place.channel, place.product)
    rows = [
        *await db.all(_REASONS, market, span.first, span.last, *args),
        *await db.all(_REFUSED_WHY, market, *span.instants(), *args),
    ]
    found: list[Row] = [{**row, "currency": currency} for row in rows]
    found.sort(key=lambda row: (-row["count"], row["product"], row["what"], row["reason"]))
    columns = (
        Column("product", Kind.NAME),
        Column("what", Kind.NAME),
        Column("reason", Kind.NAME),
        Column("count", Kind.COUNT),
        Column("minor", Kind.MONEY),
    )
    return Table("reasons", columns, found)


async def new_parties(db: Database, market: str, span: Span) -> Mapping[str, int]:
    """How many wallets were opened in the span, by kind (`customer`, `merchant`, ...)."""
    rows = await db.all(_NEW, *span.instants(), market)
    return {row["kind"]: row["count"] for row in rows}


def _row(by: str, what: Any, day: Sum, currency: str) -> Row:
    counted = {one.name: getattr(day, one.name) for one in fields(Sum)}
    return {
        **counted,
        by: what,
        "currency": currency,
        "fee_net_minor": day.fee_minor - day.fee_back_minor,
        "unproven": day.unproven,
        "success": day.success,
        "took_ms": day.mean_ms,
    }
