"""The ledger as its callers see it: open accounts, post transfers, read balances."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.gate.commit import Committed, GroupCommit
from argosy.base.ids import Ids
from argosy.base.ledger.facts import (
    Account,
    AccountReason,
    Action,
    DueHold,
    Outcome,
    Side,
    Transfer,
)
from argosy.base.postings import Posting
from argosy.base.refusals import Refused, must
from argosy.base.store import Connection, Database, Record

STATEMENT_ROWS_MAX = 200
CLOCK_SKEW_MAX = timedelta(seconds=5)
"""Two batches that commit side by side may note times this far out of order, and no further."""

_COLUMNS = """id, currency, side, kind, owner, floor_minor, ceiling_minor, debits_pending,
    debits_posted, credits_pending, credits_posted, frozen, closed, opened_at, entries"""


@dataclass(frozen=True, slots=True)
class Totals:
    """The four running totals of an account at some instant."""

    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int

    def balance_minor(self, side: Side) -> int:
        """What is posted, on the side given."""
        net = self.credits_posted - self.debits_posted
        return net if side is Side.CREDIT else -net


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account's statement. `moved_minor` and `pending_minor` are signed on the
    account's normal side; `balance_minor` and `available_minor` stand after the entry."""

    transfer: UUID
    at: datetime
    kind: str
    action: Action
    order: UUID | None
    counterpart: UUID
    moved_minor: int
    pending_minor: int
    balance_minor: int
    available_minor: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page of a statement begins: an entry, and the totals as they stood after it."""

    entry: UUID | None
    totals: Totals

    def encode(self) -> str:
        """As an opaque text for a link or an API."""
        facts = (self.entry.hex if self.entry else "", *map(str, _values(self.totals)))
        return base64.urlsafe_b64encode(".".join(facts).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor | None:
        """Read `encode`'s text; None when it is not one."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            entry, *numbers = raw.decode("ascii").split(".")
            totals = Totals(*(int(n) for n in numbers))
            if any(abs(n) >= 1 << 62 for n in _values(totals)):
                return None
            return cls(UUID(hex=entry), totals)
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a statement, newest first; `next` is None on the last page."""

    entries: tuple[Entry, ...]
    next: Cursor | None


class Ledger:
    """Accounts and the journal. Money moves through `post` and nowhere else."""

    def __init__(self, db: Database, commit: GroupCommit, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._commit = commit
        self._clock = clock
        self._ids = ids

    # --- accounts ----------------------------------------------------------------------------

    async def open_accounts(
        self, accounts: Sequence[Account], conn: Connection | None = None
    ) -> list[Refused | None]:
        """Open accounts; one answer each, None for yes. Opening the same account again is a yes.

        With `conn` it happens in the caller's transaction.
        """
        sound = [account for account in accounts if not _crossed(account)]
        if conn is None:
            async with self._db.work() as own:
                answers = iter(await self._open(sound, own))
        else:
            answers = iter(await self._open(sound, conn))
        crossed = Refused(AccountReason.ACCOUNT_BOUNDS_CROSSED)
        return [crossed if _crossed(account) else next(answers) for account in accounts]

    async def _open(self, accounts: Sequence[Account], conn: Connection) -> list[Refused | None]:
        now = self._clock.now()
        made = await conn.fetch(
            """INSERT INTO ledger.accounts
                   (id, owner, currency, side, kind, floor_minor, ceiling_minor, opened_at)
               SELECT *, $8 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[],
                                        $5::text[], $6::bigint[], $7::bigint[]) AS a (id)
               ORDER BY id
               ON CONFLICT (id) DO NOTHING RETURNING id, floor_minor, ceiling_minor""",
            [a.id for a in accounts],
            [a.owner for a in accounts],
            [a.currency for a in accounts],
            [a.side for a in accounts],
            [a.kind for a in accounts],
            [a.floor_minor for a in accounts],
            [a.ceiling_minor for a in accounts],
            now,
        )
        await conn.executemany(
            """INSERT INTO ledger.account_events
                   (account, id, at, what, floor_minor, ceiling_minor, because)
               VALUES ($1, $2, $3, 'opened', $4, $5, '')""",
            [(r["id"], self._ids.new(), now, r["floor_minor"], r["ceiling_minor"]) for r in made],
        )
        if len(made) == len(accounts):
            return [None] * len(accounts)
        rows = await conn.fetch(
            f"SELECT {_COLUMNS} FROM ledger.accounts WHERE id = ANY($1)", [a.id for a in accounts]
        )
        there = {row["id"]: _account(row) for row in rows}
        return [_same_opening(a, there.get(a.id)) for a in accounts]

    async def account(self, account_id: UUID) -> Account | None:
        """One account as it stands, or None."""
        found = await self.accounts([account_id])
        return found.get(account_id)

    async def accounts(self, ids: Iterable[UUID]) -> dict[UUID, Account]:
        """Those of the accounts that exist, by id. Costs the same however long their history is."""
        rows = await self._db.all(
            f"SELECT {_COLUMNS} FROM ledger.accounts WHERE id = ANY($1)", list(ids)
        )
        return {row["id"]: _account(row) for row in rows}

    async def set_bounds(
        self, account_id: UUID, floor_minor: int | None, ceiling_minor: int | None, because: str
    ) -> Refused | None:
        """Give an account other bounds. A balance outside them stays: it can only move back in."""
        if floor_minor is not None and ceiling_minor is not None and floor_minor > ceiling_minor:
            return Refused(AccountReason.ACCOUNT_BOUNDS_CROSSED)
        return await self._change(
            account_id,
            "UPDATE ledger.accounts SET floor_minor = $2, ceiling_minor = $3 WHERE id = $1"
            " RETURNING floor_minor, ceiling_minor",
            (floor_minor, ceiling_minor),
            "bounds",
            because,
        )

    async def freeze(self, account_id: UUID, because: str) -> Refused | None:
        """Let nothing new in or out. Holds may still be let go, so that money finds its way back."""
        return await self._flag(account_id, "frozen", True, "frozen", because)

    async def thaw(self, account_id: UUID, because: str) -> Refused | None:
        """End a freeze."""
        return await self._flag(account_id, "frozen", False, "thawed", because)

    async def close(self, account_id: UUID, because: str) -> Refused | None:
        """Close an account that holds nothing and waits for nothing."""
        said = await self._change(
            account_id,
            """UPDATE ledger.accounts SET closed = true WHERE id = $1
                   AND debits_posted = credits_posted AND debits_pending = 0 AND credits_pending = 0
               RETURNING floor_minor, ceiling_minor""",
            (),
            "closed",
            because,
        )
        if said is not None and await self.account(account_id) is not None:
            return Refused(AccountReason.ACCOUNT_NOT_EMPTY)
        return said

    async def reopen(self, account_id: UUID, because: str) -> Refused | None:
        """Open a closed account again."""
        return await self._flag(account_id, "closed", False, "reopened", because)

    async def _flag(
        self, account_id: UUID, column: str, value: bool, what: str, because: str
    ) -> Refused | None:
        return await self._change(
            account_id,
            f"UPDATE ledger.accounts SET {column} = $2 WHERE id = $1"
            " RETURNING floor_minor, ceiling_minor",
            (value,),
            what,
            because,
        )

    async def _change(
        self, account_id: UUID, sql: str, values: tuple[Any, ...], what: str, because: str
    ) -> Refused | None:
        async with self._db.work() as conn:
            row = await conn.fetchrow(sql, account_id, *values)
            if row is None:
                return Refused(AccountReason.ACCOUNT_NOT_FOUND)
            await conn.execute(
                """INSERT INTO ledger.account_events
                       (account, id, at, what, floor_minor, ceiling_minor, because)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)""",
                account_id,
                self._ids.new(),
                self._clock.now(),
                what,
                row["floor_minor"],
                row["ceiling_minor"],
                because,
            )
        return None

    # --- posting -----------------------------------------------------------------------------

    async def post(self, transfers: Sequence[Transfer]) -> list[Outcome]:
        """Post each transfer on its own; one outcome each, as if they came one after the other."""
        return [o for group in await self.post_groups([[t] for t in transfers]) for o in group]

    async def post_groups(self, groups: Sequence[Sequence[Transfer]]) -> list[list[Outcome]]:
        """Post groups in order; within a group all transfers are made or none is.

        Shapes: one list of outcomes a group, one outcome a transfer. Raises `Unavailable` when the
        database cannot be reached; the same ids may then be posted again.
        """
        postings = [Posting(id=g[0].id, transfers=tuple(g)) for g in groups if g]
        said = iter(await self._commit.submit_in_order(postings))
        return [_outcomes(next(said), group) if group else [] for group in groups]

    async def due_holds(self, now: datetime, limit: int) -> list[DueHold]:
        """Open holds whose own time is over, the oldest first, at most `limit`.

        Holds of an order of the trade are not among them: the order ends them together with itself.
        """
        due: list[DueHold] = []
        after = _LONG_AGO, UUID(int=0)
        while len(due) < limit:
            rows = await self._db.all(_DUE_HOLDS, now, limit, *after)
            orders = await self._db.all(
                "SELECT id FROM orders.orders WHERE id = ANY($1)", [r["order_id"] for r in rows]
            )
            of_an_order = {row["id"] for row in orders}
            due += [
                DueHold(r["id"], r["kind"], r["currency"], r["order_id"])
                for r in rows
                if r["order_id"] not in of_an_order
            ]
            if len(rows) < limit:
                break
            after = rows[-1]["expires_at"], rows[-1]["id"]
        return due[:limit]

    # --- history -----------------------------------------------------------------------------

    async def statement(
        self, account_id: UUID, before: Cursor | None = None, limit: int = 50
    ) -> Page:
        """The entries of an account, newest first, at most `limit`, from `before` (`Page.next`) on.

        A page costs the same wherever in the history it lies. An account that does not exist has an
        empty statement.
        """
        must(0 < limit <= STATEMENT_ROWS_MAX, "page out of bounds", limit=limit)
        account = await self.account(account_id)
        if account is None:
            return Page((), None)
        start = before or Cursor(None, _UNKNOWN)
        rows = await self._db.all(
            _WALK, account_id, start.entry, *_values(start.totals), before is None, limit + 1
        )
        entries = tuple(_entry(row, account.side) for row in rows[:limit])
        if len(rows) <= limit:
            return Page(entries, None)
        return Page(entries, Cursor(rows[limit]["id"], _after(rows[limit])))

    async def totals_at(self, account_id: UUID, at: datetime) -> Totals | None:
        """The totals of an account just after everything noted up to `at`; None if not opened yet and
        nothing from before its opening was imported.

        Looks up the first mark after `at` and walks back from there, so it costs the same for any
        instant of any account.
        """
        row = await self._db.one(_TOTALS_AT, account_id, at, CLOCK_SKEW_MAX)
        if row is None:
            return None
        totals = _after(row)
        return None if row["opened_at"] > at and totals == _UNKNOWN else totals


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# The kind stands in the journal's entry that made the hold.
_DUE_HOLDS = """
    SELECT h.id, t.kind, h.currency, h.order_id, h.expires_at
    FROM ledger.holds h JOIN ledger.transfers t ON t.id = h.id
    WHERE h.state = 0 AND h.expires_at <= $1 AND (h.expires_at, h.id) > ($3, $4)
    ORDER BY h.expires_at, h.id LIMIT $2
"""

# Walk back along the links. Each row carries the totals as they stood after its entry; a cursor holds
# the next entry with its totals, so that a later page begins where the last one ended.
_WALK = """
    WITH RECURSIVE w AS (
        SELECT 0 AS n, s.entry AS prior, s.dq, s.dp, s.cq, s.cp, NULL::uuid AS id,
               NULL::timestamptz AS at, NULL::text AS kind, NULL::smallint AS action,
               NULL::uuid AS order_id, NULL::uuid AS debit, NULL::uuid AS credit,
               NULL::bigint AS moved, NULL::bigint AS pended, NULL::bigint AS adq,
               NULL::bigint AS adp, NULL::bigint AS acq, NULL::bigint AS acp
        FROM (SELECT a.last_entry, a.debits_pending, a.debits_posted, a.credits_pending,
                     a.credits_posted
              FROM ledger.accounts a WHERE a.id = $1 AND $7
              UNION ALL SELECT $2::uuid, $3::bigint, $4::bigint, $5::bigint, $6::bigint WHERE NOT $7
             ) AS s (entry, dq, dp, cq, cp)
        UNION ALL
        SELECT w.n + 1, CASE WHEN t.debit = $1 THEN t.debit_prior ELSE t.credit_prior END,
               w.dq - CASE WHEN t.debit = $1 THEN e.pended ELSE 0 END,
               w.dp - CASE WHEN t.debit = $1 THEN e.moved ELSE 0 END,
               w.cq - CASE WHEN t.debit = $1 THEN 0 ELSE e.pended END,
               w.cp - CASE WHEN t.debit = $1 THEN 0 ELSE e.moved END,
               t.id, t.at, t.kind, t.action, t.order_id, t.debit, t.credit, e.moved, e.pended,
               w.dq, w.dp, w.cq, w.cp
        FROM w JOIN ledger.transfers t ON t.id = w.prior AND (t.debit = $1 OR t.credit = $1),
             LATERAL (SELECT CASE WHEN t.action IN (0, 2) THEN t.amount ELSE 0 END AS moved,
                             CASE t.action WHEN 0 THEN 0 WHEN 1 THEN t.amount
                                           ELSE -t.released END AS pended) e
        WHERE w.n < $8
    )
    SELECT id, at, kind, action, order_id, debit, credit, debit = $1 AS is_debit, moved, pended,
           adq AS debits_pending, adp AS debits_posted, acq AS credits_pending, acp AS credits_posted
    FROM w WHERE n > 0 ORDER BY n
"""
_TOTALS_AT = """
    WITH RECURSIVE start AS (
        SELECT m.last_entry, m.debits_pending, m.debits_posted, m.credits_pending, m.credits_posted
        FROM (
            SELECT 0 AS head, entries, last_entry, debits_pending, debits_posted, credits_pending,
                   credits_posted
            FROM (SELECT * FROM ledger.marks
                  WHERE account = $1 AND at > $2::timestamptz + $3::interval
                  ORDER BY at, entries LIMIT 1) first_mark
            UNION ALL
            SELECT 1, entries, last_entry, debits_pending, debits_posted, credits_pending,
                   credits_posted FROM ledger.accounts WHERE id = $1
        ) m ORDER BY m.head LIMIT 1
    ), w AS (
        SELECT last_entry AS next, debits_pending, debits_posted, credits_pending, credits_posted
        FROM start
        UNION ALL
        SELECT CASE WHEN t.at <= $2::timestamptz - $3::interval THEN NULL
                    WHEN t.debit = $1 THEN t.debit_prior ELSE t.credit_prior END,
               w.debits_pending - CASE WHEN t.debit = $1 THEN e.pended ELSE 0 END,
               w.debits_posted - CASE WHEN t.debit = $1 THEN e.moved ELSE 0 END,
               w.credits_pending - CASE WHEN t.debit = $1 THEN 0 ELSE e.pended END,
               w.credits_posted - CASE WHEN t.debit = $1 THEN 0 ELSE e.moved END
        FROM w JOIN ledger.transfers t ON t.id = w.next,
             LATERAL (SELECT
                 CASE WHEN t.at > $2 AND t.action IN (0, 2) THEN t.amount ELSE 0 END AS moved,
                 CASE WHEN t.at <= $2 OR t.action = 0 THEN 0
                      WHEN t.action = 1 THEN t.amount ELSE -t.released END AS pended) e
    )
    SELECT debits_pending, debits_posted, credits_pending, credits_posted,
           (SELECT opened_at FROM ledger.accounts WHERE id = $1) AS opened_at
    FROM w WHERE next IS NULL LIMIT 1
"""


_UNKNOWN = Totals(0, 0, 0, 0)


def _values(t: Totals) -> tuple[int, int, int, int]:
    return t.debits_pending, t.debits_posted, t.credits_pending, t.credits_posted


def _after(row: Record) -> Totals:
    return Totals(
        row["debits_pending"], row["debits_posted"], row["credits_pending"], row["credits_posted"]
    )


def _account(row: Record) -> Account:
    values = dict(row)
    values["side"] = Side(values["side"])
    return Account(**values)


def _crossed(account: Account) -> bool:
    floor, ceiling = account.floor_minor, account.ceiling_minor
    return floor is not None and ceiling is not None and floor > ceiling


def _same_opening(asked: Account, there: Account | None) -> Refused | None:
    same = there is not None and (asked.currency, asked.side, asked.kind, asked.owner) == (
        there.currency,
        there.side,
        there.kind,
        there.owner,
    )
    return None if same else Refused(AccountReason.ACCOUNT_EXISTS_DIFFERENTLY)


def _outcomes(said: Committed | Refused, group: Sequence[Transfer]) -> list[Outcome]:
    if isinstance(said, Refused):
        return [said for _ in group]
    return list(said.outcomes)


def _entry(row: Record, side: Side) -> Entry:
    after = _after(row)
    sign = 1 if row["is_debit"] == (side is Side.DEBIT) else -1
    going = after.debits_pending if side is Side.CREDIT else after.credits_pending
    balance = after.balance_minor(side)
    return Entry(
        transfer=row["id"],
        at=row["at"],
        kind=row["kind"],
        action=Action(row["action"]),
        order=row["order_id"],
        counterpart=row["credit"] if row["is_debit"] else row["debit"],
        moved_minor=sign * row["moved"],
        pending_minor=sign * row["pended"],
        balance_minor=balance,
        available_minor=balance - going,
    )
