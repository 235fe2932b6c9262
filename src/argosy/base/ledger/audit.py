"""What a check of the books says, and the laws that the database itself can compare as sets.

Each law is one query that answers only with what breaks it: where, what was expected, what was found.
The laws that need the journal from its first entry on stand in `verify`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from argosy.base.store import Connection

FINDINGS_OF_A_KIND_MAX = 20
"""How many findings of one kind are told one by one; the others are counted."""

Progress = Callable[[str, int, int], None]
"""Hears what is being checked, how far it is, and how far it goes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be. `what` names the law (`balance`, `link`, `chain`, ...)."""

    what: str
    where: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a lane's hash chain. Kept somewhere else, it proves later that nothing up to
    here was rewritten or cut off."""

    lane: int
    segment: int
    hash: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked and what was found. `more` findings are counted but not told."""

    checked: Mapping[str, int]
    seconds: float
    heads: tuple[Head, ...]
    findings: tuple[Finding, ...]
    more: int = 0

    @property
    def sound(self) -> bool:
        """Whether every law holds."""
        return not self.findings and not self.more

    def text(self) -> str:
        """The report as a page to print."""
        wide = max((len(name) for name in self.checked), default=0)
        lines = [f"{name:<{wide}}  {count:>15,}" for name, count in self.checked.items()]
        lines += ["", "The hash chain ends at (keep this somewhere else):"] if self.heads else []
        lines += [f"  lane {h.lane}  segment {h.segment}  {h.hash}" for h in self.heads]
        lines.append("")
        for f in self.findings:
            lines += [
                f"WRONG {f.what}: {f.where}",
                f"  expected {f.expected}",
                f"  found    {f.found}",
            ]
        if self.more:
            lines.append(f"... and {self.more:,} more")
        said = "The books are sound" if self.sound else "THE BOOKS ARE NOT SOUND"
        lines.append(f"{said}. Checked in {self.seconds:,.1f} seconds.")
        return "\n".join(lines)


@dataclass(slots=True)
class Findings:
    """Collects findings, a bounded number of each kind."""

    told: list[Finding] = field(default_factory=list)
    more: int = 0
    _kinds: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, where: object, expected: object, found: object) -> None:
        """Take one more finding."""
        seen = self._kinds.get(what, 0)
        self._kinds[what] = seen + 1
        if seen < FINDINGS_OF_A_KIND_MAX:
            self.told.append(Finding(what, str(where), str(expected), str(found)))
        else:
            self.more += 1


# Every currency sums to zero: what is debited somewhere is credited somewhere.
_CURRENCY = """
    SELECT 'currency ' || currency AS place,
           format('debits %s, pending %s', sum(debits_posted), sum(debits_pending)) AS expected,
           format('credits %s, pending %s', sum(credits_posted), sum(credits_pending)) AS found
    FROM ledger.accounts GROUP BY currency
    HAVING sum(debits_posted) <> sum(credits_posted)
        OR sum(debits_pending) <> sum(credits_pending)
"""

# Bounds and flags are what the newest event of the account made them. Two processes may note times a
# few seconds out of order, so an event within that of the newest will do.
_EVENT = """
    WITH newest AS (
        SELECT account, max(at) AS at,
               max(at) FILTER (WHERE what = 'frozen') AS froze,
               max(at) FILTER (WHERE what = 'thawed') AS thawed,
               max(at) FILTER (WHERE what = 'closed') AS closed,
               max(at) FILTER (WHERE what = 'reopened') AS reopened
        FROM ledger.account_events GROUP BY account
    )
    SELECT 'account ' || coalesce(a.id, n.account) AS place,
           CASE WHEN a.id IS NULL THEN 'an account for the events' ELSE
           coalesce((SELECT format('floor %s, ceiling %s', coalesce(e.floor_minor::text, 'none'),
                                   coalesce(e.ceiling_minor::text, 'none'))
            FROM ledger.account_events e WHERE e.account = a.id
            ORDER BY e.at DESC, e.id DESC LIMIT 1)
           || CASE WHEN n.froze > coalesce(n.thawed, '-infinity') THEN ', frozen' ELSE '' END
           || CASE WHEN n.closed > coalesce(n.reopened, '-infinity') THEN ', closed' ELSE '' END,
           'an event that opened it') END AS expected,
           CASE WHEN a.id IS NULL THEN 'none' ELSE
           format('floor %s, ceiling %s%s%s', coalesce(a.floor_minor::text, 'none'),
                  coalesce(a.ceiling_minor::text, 'none'), CASE WHEN a.frozen THEN ', frozen' END,
                  CASE WHEN a.closed THEN ', closed' END) END AS found
    FROM ledger.accounts a FULL JOIN newest n ON n.account = a.id
    WHERE a.id IS NULL OR n.account IS NULL
       OR NOT EXISTS (
            SELECT FROM ledger.account_events e
            WHERE e.account = a.id AND e.at >= n.at - $1::interval
              AND e.floor_minor IS NOT DISTINCT FROM a.floor_minor
              AND e.ceiling_minor IS NOT DISTINCT FROM a.ceiling_minor)
       OR a.frozen AND coalesce(n.froze < n.thawed - $1::interval, n.froze IS NULL)
       OR NOT a.frozen AND n.froze > coalesce(n.thawed + $1::interval, '-infinity')
       OR a.closed AND coalesce(n.closed < n.reopened - $1::interval, n.closed IS NULL)
       OR NOT a.closed AND n.closed > coalesce(n.reopened + $1::interval, '-infinity')
"""

# A hold is as the journal reserved it, and has ended if, and as, the journal ended it.
_HOLD = """
    WITH made AS (SELECT * FROM ledger.transfers WHERE action = 1),
    ended AS (
        SELECT hold, count(*) AS times, (array_agg(t ORDER BY t.at))[1] AS by
        FROM ledger.transfers t WHERE action >= 2 GROUP BY hold
    )
    SELECT 'hold ' || coalesce(h.id, m.id, e.hold) AS place,
           CASE WHEN m.id IS NULL THEN 'an entry that made it' ELSE
           format('%s -> %s %s %s until %s, order %s, %s', m.debit, m.credit, m.amount, m.currency,
                  coalesce(m.expires_at::text, 'its end'), coalesce(m.order_id::text, 'none'),
                  CASE WHEN e.times > 1 THEN 'ended once' WHEN (e.by).released <> m.amount
                       THEN 'releasing all of it' ELSE
                  coalesce(format('ended (%s) by %s', (e.by).action, (e.by).id), 'open') END)
           END AS expected,
           CASE WHEN h.id IS NULL THEN 'no hold' ELSE
           format('%s -> %s %s %s until %s, order %s, %s', h.debit, h.credit, h.amount, h.currency,
                  coalesce(h.expires_at::text, 'its end'), coalesce(h.order_id::text, 'none'),
                  CASE WHEN e.times > 1 THEN format('ended %s times', e.times)
                       WHEN (e.by).released <> h.amount
                       THEN format('releasing %s', (e.by).released)
                       WHEN h.state = 0 THEN 'open'
                       ELSE format('ended (%s) by %s', h.state, h.ended_by) END)
           END AS found
    FROM ledger.holds h FULL JOIN made m ON m.id = h.id
    FULL JOIN ended e ON e.hold = coalesce(h.id, m.id)
    WHERE h.id IS NULL OR m.id IS NULL OR e.times > 1
       OR (h.debit, h.credit, h.amount, h.currency) <> (m.debit, m.credit, m.amount, m.currency)
       OR h.expires_at IS DISTINCT FROM m.expires_at OR h.order_id IS DISTINCT FROM m.order_id
       OR h.state <> coalesce((e.by).action, 0) OR h.ended_by IS DISTINCT FROM (e.by).id
       OR (e.by).released <> h.amount OR (e.by).amount > h.amount
       OR ((e.by).debit, (e.by).credit, (e.by).currency) <> (h.debit, h.credit, h.currency)
"""

# An order and the journal tell the same story. `due` leaves the payer, `net` reaches the payee, the
# difference is the price; a refund under review is counted in the order already and held here. Where the
# operator stands in for the payer, its account is the one that pays.
_ORDER = """
    WITH stood AS (
        SELECT id, product, payee_account,
               coalesce((data->>'stands_in')::uuid, payer_account) AS pays_from
        FROM orders.orders
    ), told AS (
        SELECT t.order_id,
               coalesce(sum(t.amount) FILTER (WHERE t.action IN (0, 2) AND t.kind <> 'refund'
                   AND t.debit = o.pays_from), 0) AS went_out,
               coalesce(sum(t.amount) FILTER (WHERE t.action IN (0, 2) AND t.kind = o.product
                   AND t.credit = o.payee_account), 0) AS arrived,
               coalesce(sum(t.amount) FILTER (WHERE t.action IN (0, 2) AND t.kind = 'fee'
                   AND t.debit = o.pays_from), 0) AS price,
               coalesce(sum(t.amount) FILTER (WHERE t.action IN (0, 2) AND t.kind = 'refund'
                   AND t.debit = o.payee_account AND t.credit = o.pays_from), 0) AS refunded,
               coalesce(sum(t.amount) FILTER (WHERE h.id IS NOT NULL AND t.kind <> 'refund'
                   AND t.debit = o.pays_from), 0) AS held,
               coalesce(sum(t.amount) FILTER (WHERE h.id IS NOT NULL AND t.kind = 'refund'
                   AND t.debit = o.payee_account), 0) AS refund_held,
               count(h.id) AS open_holds
        FROM ledger.transfers t
        LEFT JOIN stood o ON o.id = t.order_id
        LEFT JOIN ledger.holds h ON h.id = t.id AND h.state = 0 AND t.action = 1
        WHERE t.order_id IS NOT NULL GROUP BY t.order_id
    ), plan AS (
        SELECT o.id, o.state, o.refunded_minor, o.fee_minor,
               o.state IN ('paid', 'partly_refunded', 'refunded')
               OR o.state = 'review' AND o.refunded_minor > 0 AS paid,
               o.state IN ('held', 'review') AND o.refunded_minor = 0 AS waits,
               o.amount_minor + CASE o.fee_paid_by WHEN 'payer' THEN o.fee_minor ELSE 0 END AS due,
               o.amount_minor - CASE o.fee_paid_by WHEN 'payee' THEN o.fee_minor ELSE 0 END AS net
        FROM orders.orders o
    ), both_sides AS (
        SELECT coalesce(p.id, j.order_id) AS id, p.id IS NOT NULL AS known, p.state,
               CASE WHEN p.paid THEN p.due ELSE 0 END AS due,
               CASE WHEN p.paid THEN p.net ELSE 0 END AS net,
               CASE WHEN p.paid THEN p.fee_minor ELSE 0 END AS fee,
               CASE WHEN p.waits THEN p.due ELSE 0 END AS to_hold, p.refunded_minor,
               coalesce(j.went_out, 0) AS went_out, coalesce(j.arrived, 0) AS arrived,
               coalesce(j.price, 0) AS price, coalesce(j.refunded, 0) AS refunded,
               coalesce(j.held, 0) AS held, coalesce(j.refund_held, 0) AS refund_held,
               coalesce(j.open_holds, 0) AS open_holds
        FROM plan p FULL JOIN told j ON j.order_id = p.id
    )
    SELECT 'order ' || id AS place,
           CASE WHEN known THEN format(
               '%s: out %s, arrived %s, price %s, refunded %s, held %s',
               state, due, net, fee, refunded_minor, to_hold)
           ELSE 'an order for its entries' END AS expected,
           CASE WHEN known THEN format(
               'out %s, arrived %s, price %s, refunded %s and %s held, held %s in %s open',
               went_out, arrived, price, refunded, refund_held, held, open_holds)
           ELSE format('none, %s open holds', open_holds) END AS found
    FROM both_sides
    WHERE NOT known OR (went_out, arrived, price, held) <> (due, net, fee, to_hold)
       OR refunded + refund_held <> refunded_minor
       OR (refund_held > 0) <> (state = 'review' AND refunded_minor > 0)
       OR (open_holds > 0) <> (held + refund_held > 0)
"""

# Either side of an order is the one whose account it names, and all three count in one currency. The
# operator's accounts have no owner, and an order then names no party on that side.
_SIDE = """
    SELECT format('%s of order %s', s.side, o.id) AS place,
           CASE WHEN s.account IS NOT NULL AND a.id IS NULL THEN format('an account %s', s.account)
           ELSE format('%s in %s', coalesce(a.owner::text, 'nobody'),
                       coalesce(a.currency, o.currency)) END AS expected,
           format('%s in %s', coalesce(s.party::text, 'nobody'), o.currency) AS found
    FROM orders.orders o
    CROSS JOIN LATERAL (VALUES ('payer', o.payer, o.payer_account),
                               ('payee', o.payee, o.payee_account)) AS s (side, party, account)
    LEFT JOIN ledger.accounts a ON a.id = s.account
    WHERE s.party IS DISTINCT FROM a.owner OR a.currency <> o.currency
       OR s.account IS NOT NULL AND a.id IS NULL
"""

# The counters of the present day, month and year are the sums of what was counted for orders.
_LIMIT = """
    WITH uses AS (
        SELECT (u->>'party')::uuid AS party, u->>'key' AS key, (u->>'day')::date AS day,
               sum((u->>'minor')::bigint) AS minor, sum((u->>'count')::bigint) AS times,
               bool_or((u->>'minor')::bigint > 0) AS counted
        FROM orders.orders o, jsonb_array_elements(o.uses) u
        WHERE o.uses <> '[]'::jsonb GROUP BY 1, 2, 3
    ), days AS (
        SELECT u.*, max(day) FILTER (WHERE counted) OVER (PARTITION BY party, key) AS today FROM uses u
    ), sums AS (
        SELECT party, key, today,
               coalesce(sum(minor) FILTER (WHERE day = today), 0) AS day_minor,
               coalesce(sum(times) FILTER (WHERE day = today), 0) AS day_count,
               coalesce(sum(minor) FILTER (WHERE date_trunc('month', day::timestamp)
                                               = date_trunc('month', today::timestamp)), 0) AS month_minor,
               coalesce(sum(times) FILTER (WHERE date_trunc('month', day::timestamp)
                                               = date_trunc('month', today::timestamp)), 0) AS month_count,
               coalesce(sum(minor) FILTER (WHERE date_trunc('year', day::timestamp)
                                               = date_trunc('year', today::timestamp)), 0) AS year_minor
        FROM days GROUP BY party, key, today
    )
    SELECT format('limit %s of party %s', coalesce(g.key, s.key), coalesce(g.party, s.party)) AS place,
           CASE WHEN s.party IS NULL THEN 'no use by any order' ELSE
           format('%s: day %s (%s), month %s (%s), year %s', s.today, s.day_minor, s.day_count,
                  s.month_minor, s.month_count, s.year_minor) END AS expected,
           CASE WHEN g.party IS NULL THEN 'no counter' ELSE
           format('%s: day %s (%s), month %s (%s) of %s, year %s of %s', g.day, g.day_minor,
                  g.day_count, g.month_minor, g.month_count, g.month, g.year_minor, g.year)
           END AS found
    FROM gate.usage g FULL JOIN sums s ON s.party = g.party AND s.key = g.key
    WHERE g.party IS NULL OR s.party IS NULL OR g.day <> s.today
       OR g.month <> date_trunc('month', s.today::timestamp)::date
       OR g.year <> date_trunc('year', s.today::timestamp)::date
       OR (g.day_minor, g.day_count, g.month_minor, g.month_count, g.year_minor)
          <> (s.day_minor, s.day_count, s.month_minor, s.month_count, s.year_minor)
"""

# What keeps history from being changed by habit stands where the migrations put it, and is switched on.
_GUARDED = (
    ("transfers", "append_only"),
    ("segments", "append_only"),
    ("account_events", "append_only"),
    ("marks", "append_only"),
    ("accounts", "no_delete"),
    ("holds", "no_delete"),
)
_CHECKED = (
    "orders_amount_in_range",
    "orders_fee_in_range",
    "orders_refunded_in_range",
    "orders_refunded_as_state_says",
)
_GUARD = f"""
    SELECT format('trigger %s of ledger.%s', w.name, w.tab) AS place, 'there, on, and refusing' AS expected,
           CASE WHEN t.oid IS NULL THEN 'not there' WHEN t.tgenabled NOT IN ('O', 'A')
                THEN 'switched off' ELSE 'refuses nothing' END AS found
    FROM (VALUES {", ".join(f"('{table}', '{name}')" for table, name in _GUARDED)}) AS w (tab, name)
    LEFT JOIN pg_trigger t ON t.tgrelid = ('ledger.' || w.tab)::regclass AND t.tgname = w.name
    LEFT JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.oid IS NULL OR t.tgenabled NOT IN ('O', 'A') OR p.prosrc !~* 'raise'
    UNION ALL
    SELECT format('check %s of orders.orders', w.name), 'there, and holding for every row',
           CASE WHEN c.oid IS NULL THEN 'not there' ELSE 'not looked at for older rows' END
    FROM (VALUES {", ".join(f"('{name}')" for name in _CHECKED)}) AS w (name)
    LEFT JOIN pg_constraint c ON c.conrelid = 'orders.orders'::regclass AND c.conname = w.name
    WHERE c.oid IS NULL OR NOT c.convalidated
"""

# law: what is counted for the report, the query, whether it takes the bound on how clocks may differ
_LAWS = {
    "currency": ("currencies", "SELECT count(DISTINCT currency) FROM ledger.accounts", _CURRENCY),
    "event": ("account events", "SELECT count(*) FROM ledger.account_events", _EVENT),
    "hold": ("holds", "SELECT count(*) FROM ledger.holds", _HOLD),
    "order": ("orders", "SELECT count(*) FROM orders.orders", _ORDER),
    "side": ("sides of orders", "SELECT 2 * count(*) FROM orders.orders", _SIDE),
    "limit": ("limit counters", "SELECT count(*) FROM gate.usage", _LIMIT),
    "guard": ("guards", f"SELECT {len(_GUARDED) + len(_CHECKED)}", _GUARD),
}


async def compare(
    conn: Connection, clock_skew: object, findings: Findings, progress: Progress
) -> dict[str, int]:
    """Check every law of this module in the transaction of `conn`; how many of each were checked."""
    checked: dict[str, int] = {}
    for law, (name, count, query) in _LAWS.items():
        checked[name] = await conn.fetchval(count)
        progress(name, 0, checked[name])
        values = (clock_skew,) if "$1" in query else ()
        async for row in conn.cursor(query, *values):
            findings.add(law, row["place"], row["expected"], row["found"])
        progress(name, checked[name], checked[name])
    return checked
