"""The relay that keeps the totals of Home and Reports, and how they are made anew.

Everything is SQL: the events are read where they lie, so that a busy log costs the processes that take
payments nothing. A row of `delta` is one thing that came to an end or was asked; the same pouring takes
such rows from the event log, from orders and journal, and, with a minus, takes them back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from argosy.base.markets import Market
from argosy.base.outbox import Folding, Position
from argosy.base.store import Connection, Database
from argosy.management.home.rebuilding import TABLES, rebuild

CONSUMER: Final = "management.home"
BATCH_EVENTS_MAX = 2_000
PAUSE_SECONDS = 1.0
POLL_SECONDS = 1.0
BUCKETS_MS: Final = (10, 30, 100, 300, 1000, 3000)

_ENDED = "split_part(e.kind, '.', 2) IN ('paid', 'returned', 'refunded', 'held', 'review')"
_ONLY = f"""
    (e.kind = 'risk.observed' OR (e.kind NOT LIKE 'risk.%' AND ({_ENDED}
        OR e.body ->> 'state' IN ('cancelled', 'expired'))))
"""
_ZONE = "coalesce((SELECT z.zone FROM zones z WHERE z.market = {0}.market), 'UTC')"

# What the brain was asked. The sender's own proofs (`pin`, `key`) make no further attempt.
_RISK_ROWS = """
    SELECT to_timestamp((b #>> '{event,at_ms}')::bigint / 1000.0) AS at,
           coalesce(b #>> '{event,market}', '') AS market,
           coalesce(b #>> '{event,channel}', '') AS channel, b #>> '{event,kind}' AS product,
           b ->> 'outcome' AS what, (b #>> '{event,amount}')::bigint AS minor, 0::bigint AS fee,
           NULL::bigint AS ms, NULL::uuid AS merchant, NULL::uuid AS payer,
           coalesce(b #>> '{hits,0,rule}', '') AS reason,
           coalesce((b #> '{event,proofs}') - 'pin' - 'key' <> '[]'::jsonb, FALSE) AS again,
           '' AS bears
      FROM page
     WHERE kind = 'risk.observed' AND coalesce((b #>> '{event,amount}')::bigint, 0) > 0
       AND b ->> 'released' IS DISTINCT FROM 'true'
"""

# $1..$4 the stretch of the log, $5 and $6 markets and their zones, $7 one or minus one
_FROM_LOG = f"""
WITH zones AS MATERIALIZED (SELECT * FROM unnest($5::text[], $6::text[]) AS z (market, zone)),
page AS MATERIALIZED (
    SELECT e.xact, e.place, e.kind, e.subject, e.at, e.body::jsonb AS b FROM outbox.events e
     WHERE (e.xact, e.place) > ($1, $2) AND (e.xact, e.place) <= ($3, $4) AND {_ONLY}
),
linked AS MATERIALIZED (
    SELECT p.*, CASE WHEN p.b ->> 'state' IN ('cancelled', 'expired') THEN 'lapsed'
                     ELSE split_part(p.kind, '.', 2) END AS what,
           r.market, r.channel
      FROM page p
      -- what the brain was told of the same step lies right behind it, in the same transaction
      LEFT JOIN LATERAL (
        SELECT n.b #>> '{{event,market}}' AS market, n.b #>> '{{event,channel}}' AS channel
          FROM (SELECT x.kind, x.body::jsonb AS b FROM outbox.events x
                 WHERE x.xact = p.xact AND x.place > p.place ORDER BY x.place LIMIT 2) n
         WHERE n.kind = 'risk.observed'
           AND coalesce(n.b #>> '{{event,attributes,order}}', n.b #>> '{{event,id}}')
               = p.subject::text
         LIMIT 1
      ) r ON TRUE
     WHERE p.kind <> 'risk.observed'
),
begun AS MATERIALIZED (
    SELECT DISTINCT ON (subject) subject, market, channel FROM linked
     WHERE what IN ('held', 'review') AND channel IS NOT NULL ORDER BY subject, xact, place
),
over AS MATERIALIZED (SELECT subject FROM linked WHERE what NOT IN ('held', 'review', 'refunded')),
delta AS MATERIALIZED (
    SELECT CASE WHEN l.what = 'refunded' AND l.b ? 'refund'
                THEN (l.b #>> '{{refund,at}}')::timestamptz ELSE l.at END AS at,
           coalesce(l.market, h.market, o.market, '') AS market,
           coalesce(l.channel, h.channel, s.channel, '') AS channel,
           l.b ->> 'product' AS product,
           CASE l.what WHEN 'paid' THEN 'done' ELSE l.what END AS what,
           coalesce((l.b #>> '{{refund,amount_minor}}')::bigint, (l.b ->> 'amount_minor')::bigint)
               AS minor,
           CASE WHEN l.what <> 'refunded' THEN (l.b ->> 'fee_minor')::bigint
                WHEN NOT l.b ? 'refund' THEN (l.b ->> 'fee_minor')::bigint
                ELSE (SELECT coalesce(sum(f.value::bigint), 0)
                        FROM orders.orders x, jsonb_array_elements(x.data -> 'refunds') r (refund),
                             jsonb_each_text(coalesce(r.refund -> 'fees', '{{}}')) f
                       WHERE x.id = l.subject AND r.refund ->> 'id' = l.b #>> '{{refund,id}}')
           END AS fee,
           -- of what was asked and paid in one go: from the request to the commit
           CASE WHEN l.what = 'paid' AND l.b ->> 'at' = l.b ->> 'created_at'
                THEN greatest(0, round(extract(epoch FROM l.at - (l.b ->> 'at')::timestamptz) * 1000))
           END::bigint AS ms,
           (l.b ->> 'payee')::uuid AS merchant,
           CASE WHEN l.what = 'paid' AND NOT l.b ? 'payee' THEN o.payer END AS payer,
           coalesce(l.b ->> 'reason', CASE l.what WHEN 'lapsed' THEN l.b ->> 'state' END, '')
               AS reason,
           FALSE AS again, l.b ->> 'fee_paid_by' AS bears
      FROM linked l
      LEFT JOIN begun h ON h.subject = l.subject
      LEFT JOIN management.home_open s ON s.order_id = l.subject
      LEFT JOIN LATERAL (
        SELECT x.market, x.payer FROM orders.orders x
         WHERE x.id = l.subject
           AND ((l.market IS NULL AND h.market IS NULL) OR NOT l.b ? 'payee')
      ) o ON TRUE
     WHERE l.what NOT IN ('held', 'review')
    UNION ALL {_RISK_ROWS}
),
"""

_KEEP = """
opened AS (
    INSERT INTO management.home_open (order_id, channel)
    SELECT subject, channel FROM begun WHERE subject NOT IN (SELECT subject FROM over)
    ON CONFLICT DO NOTHING
),
ended AS (
    DELETE FROM management.home_open WHERE order_id IN (SELECT subject FROM over)
),
"""


def _le(bucket: int) -> str:
    under = max((b for b in BUCKETS_MS if b < bucket), default=-1)
    return f"count(*) FILTER (WHERE ms > {under} AND ms <= {bucket})"


_COUNT = "count(*) FILTER (WHERE what = '{0}')"
_SUM = "coalesce(sum({1}) FILTER (WHERE what = '{0}'), 0)"
MEASURES: Final[Mapping[str, str]] = {
    "done": _COUNT.format("done"),
    "done_minor": _SUM.format("done", "minor"),
    "fee_minor": _SUM.format("done", "fee"),
    "timed": "count(ms)",
    "took_ms": "coalesce(sum(ms), 0)",
    **{f"le_{bucket}": _le(bucket) for bucket in BUCKETS_MS},
    "returned": _COUNT.format("returned"),
    "returned_minor": _SUM.format("returned", "minor"),
    "refunds": _COUNT.format("refunded"),
    "refunds_minor": _SUM.format("refunded", "minor"),
    "fee_back_minor": _SUM.format("refunded", "fee"),
    "lapsed": _COUNT.format("lapsed"),
    "tried": "count(*) FILTER (WHERE what IN ('posted', 'held', 'challenged', 'denied')"
    " AND NOT again)",
    "proven": "count(*) FILTER (WHERE what IN ('posted', 'held') AND again)",
    "held": _COUNT.format("held"),
    "challenged": "count(*) FILTER (WHERE what = 'challenged' AND NOT again)",
    "denied": _COUNT.format("denied"),
    "denied_minor": _SUM.format("denied", "minor"),
}
"""What is counted: column -> its sum over rows of `delta`."""


def _added(table: str, keys: str, source: str, measures: Mapping[str, str]) -> str:
    columns = ", ".join(measures)
    sums = ", ".join(f"$7 * ({sql})::bigint" for sql in measures.values())
    adds = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in measures)
    names = keys.replace(" ", "")
    return f"""
        INSERT INTO management.{table} AS t ({names}, {columns})
        SELECT {names}, {sums} FROM {source} GROUP BY {names}
        ON CONFLICT ({_KEY.get(table, names)}) DO UPDATE SET {adds}
    """


_KEY = {"home_merchants": "party, day"}
_PLACED = f"""
placed AS MATERIALIZED (
    SELECT d.*, date_trunc('minute', d.at) AS minute,
           (d.at AT TIME ZONE {_ZONE.format("d")})::date AS day
      FROM delta d
),
shops AS (
    SELECT p.id AS party, d.day, d.market, d.what, d.minor, d.fee, FALSE AS out,
           d.bears
      FROM placed d JOIN parties.party p ON p.id = d.merchant AND p.kind = 'merchant'
     WHERE d.what IN ('done', 'refunded')
    UNION ALL
    SELECT p.id, d.day, d.market, d.what, d.minor, d.fee, TRUE, d.bears
      FROM placed d JOIN parties.party p ON p.id = d.payer AND p.kind = 'merchant'
     WHERE d.what = 'done'
),
"""
_SOLD, _BACK, _OUT = "what = 'done' AND NOT out", "what = 'refunded'", "out"
_BORNE = "coalesce(sum(fee) FILTER (WHERE {0} AND bears = '{1}'), 0)"
_SHOPS = {
    "sales": f"count(*) FILTER (WHERE {_SOLD})",
    "sales_minor": f"coalesce(sum(minor) FILTER (WHERE {_SOLD}), 0)",
    "fee_minor": _BORNE.format(_SOLD, "payee"),
    "refunds": f"count(*) FILTER (WHERE {_BACK})",
    "refunds_minor": f"coalesce(sum(minor) FILTER (WHERE {_BACK}), 0)",
    "fee_back_minor": _BORNE.format(_BACK, "payee"),
    "paid_out": f"count(*) FILTER (WHERE {_OUT})",
    "paid_out_minor": f"coalesce(sum(minor) FILTER (WHERE {_OUT}), 0)",
    "paid_out_fee_minor": _BORNE.format(_OUT, "payer"),
}
_POUR = f"""
{_PLACED}
minutes AS ({_added("home_minutes", "minute, market, channel, product", "placed", MEASURES)}),
days AS ({_added("home_days", "day, market, channel, product", "placed", MEASURES)}),
merchants AS ({_added("home_merchants", "party, day, market", "shops", _SHOPS)})
INSERT INTO management.home_reasons AS t (day, market, channel, product, what, reason, count, minor)
SELECT day, market, channel, product, what, reason, $7 * count(*), $7 * sum(minor)
  FROM placed WHERE what IN ('returned', 'lapsed', 'denied')
 GROUP BY day, market, channel, product, what, reason
    ON CONFLICT (day, market, channel, product, what, reason)
    DO UPDATE SET count = t.count + excluded.count, minor = t.minor + excluded.minor
"""

_FOLD = _FROM_LOG + _KEEP + _POUR
_TAKE_BACK = (  # of the orders alone: their events still find what the brain was told beside them
    _FROM_LOG.replace(f"AND {_ONLY}", f"AND {_ONLY} AND e.kind <> 'risk.observed'") + _POUR
)
_RISK_ONLY = (
    """
WITH zones AS MATERIALIZED (SELECT * FROM unnest($5::text[], $6::text[]) AS z (market, zone)),
page AS MATERIALIZED (
    SELECT e.kind, e.body::jsonb AS b FROM outbox.events e
     WHERE (e.xact, e.place) > ($1, $2) AND (e.xact, e.place) <= ($3, $4)
       AND e.kind = 'risk.observed'
),
delta AS MATERIALIZED ("""
    + _RISK_ROWS
    + "),"
    + _POUR
)

# $1..$4 are not used, so that pouring is the same: an order's whole story, from what is kept for ever
_FROM_BOOKS = """
WITH zones AS MATERIALIZED (SELECT * FROM unnest($5::text[], $6::text[]) AS z (market, zone)),
given AS (SELECT $1::xid8, $2::bigint, $3::xid8, $4::bigint),
channels AS MATERIALIZED (SELECT order_id, channel FROM home_channels),
paid AS MATERIALIZED (
    SELECT o.id, min(t.at) AS at, bool_and(t.action = 0) AS moved
      FROM orders.orders o JOIN ledger.transfers t ON t.order_id = o.id
     WHERE t.kind = o.product AND t.action IN (0, 2)
       AND o.state IN ('paid', 'partly_refunded', 'refunded')
     GROUP BY o.id
),
delta AS MATERIALIZED (
    SELECT p.at, o.market, coalesce(c.channel, '') AS channel, o.product, 'done' AS what,
           o.amount_minor AS minor, o.fee_minor AS fee,
           CASE WHEN p.moved AND NOT o.data ? 'asked' AND NOT o.data ? 'round'
                THEN greatest(0, round(extract(epoch FROM
                     p.at - date_trunc('milliseconds', o.created_at)) * 1000))
           END::bigint AS ms,
           o.payee AS merchant, CASE WHEN o.payee IS NULL THEN o.payer END AS payer,
           '' AS reason, FALSE AS again, o.fee_paid_by AS bears
      FROM orders.orders o JOIN paid p USING (id) LEFT JOIN channels c ON c.order_id = o.id
    UNION ALL
    SELECT o.updated_at, o.market, coalesce(c.channel, ''), o.product,
           CASE o.state WHEN 'returned' THEN 'returned' ELSE 'lapsed' END, o.amount_minor,
           o.fee_minor, NULL, o.payee, NULL,
           coalesce(CASE WHEN o.state <> 'expired' THEN o.data ->> 'reason' END,
                    CASE WHEN o.state <> 'returned' THEN o.state END, ''), FALSE, ''
      FROM orders.orders o
      LEFT JOIN channels c ON c.order_id = o.id AND o.state = 'returned'
     WHERE o.state IN ('returned', 'cancelled', 'expired')
    UNION ALL
    SELECT (r.refund ->> 'at')::timestamptz, o.market,
           coalesce(rc.channel, ''), o.product, 'refunded',
           (r.refund ->> 'amount_minor')::bigint,
           (SELECT coalesce(sum(f.value::bigint), 0)
              FROM jsonb_each_text(coalesce(r.refund -> 'fees', '{}')) f),
           NULL, o.payee, NULL, '', FALSE, o.fee_paid_by
      FROM orders.orders o, jsonb_array_elements(o.data -> 'refunds') r (refund)
      LEFT JOIN home_refund_channels rc ON rc.id = (r.refund ->> 'id')::uuid
     WHERE o.refunded_minor > 0 AND o.data ? 'refunds'
    UNION ALL
    SELECT o.updated_at, o.market, coalesce(rc.channel, ''), o.product, 'refunded',
           o.amount_minor, o.fee_minor, NULL, o.payee, NULL, '', FALSE, o.fee_paid_by
      FROM orders.orders o LEFT JOIN home_refund_channels rc ON rc.order_id = o.id
     WHERE o.state = 'refunded' AND NOT o.data ? 'refunds'
    UNION ALL
    SELECT to_timestamp(e.at_ms / 1000.0), e.market, e.channel, e.kind, e.outcome, e.amount, 0, NULL,
           NULL, NULL, coalesce((SELECT v.hits -> 0 ->> 'rule' FROM ctu.verdict_rows v
                                  WHERE v.id = e.verdict), ''),
           EXISTS (SELECT FROM unnest(e.proofs) p WHERE p NOT IN ('pin', 'key')), ''
      FROM ctu.events e WHERE e.amount > 0
),
"""


class Totals:
    """Keeps the totals of `markets` (code -> market; their zones say when a day begins)."""

    def __init__(self, db: Database, markets: Mapping[str, Market]) -> None:
        self._db = db
        self._zones = [*markets], [market.zone for market in markets.values()]

    def relay(self) -> Folding:
        """The reader of the log; `run` it in a task, in one process or in several. Where it never ran
        before, it makes the totals from what was there first."""
        return _Beginning(
            self,
            self._db,
            CONSUMER,
            self.fold,
            batch_events_max=BATCH_EVENTS_MAX,
            pause_seconds=PAUSE_SECONDS,
            poll_seconds=POLL_SECONDS,
        )

    async def fold(self, conn: Connection, after: Position, end: Position) -> None:
        """Count the events after `after`, up to and with `end`."""
        await conn.execute(_FOLD, *after, *end, *self._zones, 1)

    async def rebuild(self) -> None:
        """Make every total anew from orders, journal and the brain's history, while payments go on.

        Reads them whole: minutes on a large wallet, in which payments are not disturbed. What the
        history has forgotten (after 400 days) is no longer counted among what was asked and denied.
        """
        await rebuild(self._db, CONSUMER, self)

    async def pour_books(self, conn: Connection) -> None:
        """Count all that orders, journal and history hold; for `rebuild`."""
        await conn.execute(_FROM_BOOKS + _POUR, 0, 0, 0, 0, *self._zones, 1)

    async def take_back(self, conn: Connection, after: Position, end: Position) -> None:
        """Undo what the orders' events of a stretch add."""
        await conn.execute(_TAKE_BACK, *after, *end, *self._zones, -1)

    async def pour_risk(self, conn: Connection, after: Position, end: Position, sign: int) -> None:
        """Count (or with -1 uncount) what the brain was asked in a stretch of the log."""
        await conn.execute(_RISK_ONLY, *after, *end, *self._zones, sign)


class _Beginning(Folding):
    def __init__(self, totals: Totals, db: Database, *args: Any, **more: Any) -> None:
        super().__init__(db, *args, **more)
        self._where = db
        self._totals = totals

    async def prepare(self) -> None:
        known = await self._where.value(
            "SELECT EXISTS (SELECT FROM outbox.cursors WHERE consumer = $1)", CONSUMER
        )
        if not known:
            await self._totals.rebuild()
        await super().prepare()


__all__ = ["CONSUMER", "MEASURES", "TABLES", "Totals"]
