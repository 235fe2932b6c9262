"""Re-adds the books from the first entry and proves that everything agrees with the journal.

The journal is read lane by lane, in the order of its hash chain, and the lanes are merged by the links
of the accounts: the next entry is one whose two accounts stand exactly where it says they stood. So one
pass proves chain, links, totals, marks and bounds together, in memory that grows with the accounts and
not with their history; very many accounts are taken in parts, a pass each.

All of it happens in one REPEATABLE READ transaction: the system may go on working meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from argosy.base.ledger.audit import Finding, Findings, Head, Progress, Report, compare
from argosy.base.ledger.books import CLOCK_SKEW_MAX
from argosy.base.ledger.chain import Lane, compare_heads, compare_kept, lanes_of
from argosy.base.ledger.facts import Action, Side
from argosy.base.refusals import Unavailable
from argosy.base.store import Connection, Database, Record

__all__ = ["Finding", "Head", "Report", "verify"]

ACCOUNTS_AT_ONCE_MAX = 500_000
"""How many accounts one reading of the journal keeps in mind: some 300 MB."""
ROWS_AHEAD = 2_000

_MOVING, _HOLDING = (int(Action.MOVE), int(Action.POST)), int(Action.HOLD)
_LOWEST, _HIGHEST = UUID(int=0), UUID(int=(1 << 128) - 1)


async def verify(
    db: Database, progress: Progress | None = None, kept: Sequence[Head] = ()
) -> Report:
    """Check all the books of `db`; see `Report`. Safe while money moves.

    `progress(what, done, of)` hears how far it is. `kept` are heads of earlier reports that were kept
    elsewhere: the chain must still lead through them. Raises `Unavailable` when the database goes away.
    """
    started = time.perf_counter()
    told: Progress = progress or _silent
    findings = Findings()
    await _summarise(db)
    async with _snapshot(db) as conn:
        entries = await conn.fetchval("SELECT count(*) FROM ledger.transfers")
        checked = {"accounts": 0, "transfers": entries, "segments": 0, "marks": 0}
        heads: tuple[Head, ...] = ()
        for number, (first, last) in enumerate(await _parts(conn)):
            reading = _Reading(conn, findings, told, entries, first, last, with_chain=number == 0)
            ends = await reading.run()
            heads = heads or ends
            checked["accounts"] += reading.accounts
            checked["marks"] += reading.marks
            checked["segments"] += reading.segments
        await compare_kept(conn, kept, findings)
        checked |= await compare(conn, CLOCK_SKEW_MAX, findings, told)
    seconds = time.perf_counter() - started
    return Report(checked, seconds, heads, tuple(findings.told), findings.more)


def _silent(_what: str, _done: int, _of: int) -> None:
    """Nobody listens."""


async def _summarise(db: Database) -> None:
    """Let the index by segment know of the newest pages, or reading them in order would be slow."""
    try:
        await db.value("SELECT brin_summarize_new_values('ledger.transfers_chain')")
    except Unavailable:  # a standby only reads: slower, and as right
        return


@asynccontextmanager
async def _snapshot(db: Database) -> AsyncIterator[Connection]:
    async with (
        db.connection() as conn,
        conn.transaction(isolation="repeatable_read", readonly=True),
    ):
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await conn.execute("SET LOCAL work_mem = '64MB'")
        yield conn


async def _parts(conn: Connection) -> list[tuple[UUID, UUID]]:
    """Ranges of account ids, first and last included, none with too many accounts for one pass."""
    rows = await conn.fetch(
        "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM ledger.accounts) a"
        " WHERE n % $1 = 0 ORDER BY id",
        ACCOUNTS_AT_ONCE_MAX,
    )
    lasts = [UUID(int=row["id"].int) for row in rows]
    firsts = [_LOWEST, *(UUID(int=last.int + 1) for last in lasts)]
    return list(zip(firsts, [*lasts, _HIGHEST], strict=True))


@dataclass(slots=True)
class _Watch:
    """What is looked for in a few accounts only: marks to come, and the bounds' last change.

    `lowest` and `highest` are how far the account stood outside when its bounds were changed: a
    balance that a change left outside may stay there, but may not go further.
    """

    marks: dict[int, Record] = field(default_factory=dict)
    bounds_at: datetime | None = None
    lowest: int = 0
    highest: int = 0


@dataclass(slots=True)
class _Standing:
    """An account as far as the journal has been read."""

    currency: str
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0
    entries: int = 0
    last: UUID | None = None
    last_at: datetime | None = None
    watch: _Watch | None = None


class _Reading:
    """One reading of the journal for the accounts from `first` to `last`."""

    def __init__(
        self,
        conn: Connection,
        findings: Findings,
        progress: Progress,
        total: int,
        first: UUID,
        last: UUID,
        *,
        with_chain: bool,
    ) -> None:
        self._conn = conn
        self._findings = findings
        self._progress = progress
        self._total = total
        self._range = first, last
        self._with_chain = with_chain
        self._standings: dict[UUID, _Standing] = {}
        self._done = 0
        self.accounts = 0
        self.marks = 0
        self.segments = 0

    async def run(self) -> tuple[Head, ...]:
        """Read and compare; with the chain, where its lanes end."""
        await self._open()
        lanes = await lanes_of(self._conn)
        await self._merge(lanes)
        heads: tuple[Head, ...] = ()
        if self._with_chain:
            heads = await compare_heads(self._conn, lanes, self._findings)
            self.segments = sum(lane.segments for lane in lanes)
        await self._close()
        return heads

    async def _open(self) -> None:
        async for row in self._conn.cursor(
            "SELECT id, currency FROM ledger.accounts WHERE id BETWEEN $1 AND $2",
            *self._range,
            prefetch=ROWS_AHEAD,
        ):
            self._standings[row["id"]] = _Standing(row["currency"])
        self.accounts = len(self._standings)
        async for row in self._conn.cursor(
            "SELECT * FROM ledger.marks WHERE account BETWEEN $1 AND $2",
            *self._range,
            prefetch=ROWS_AHEAD,
        ):
            self.marks += 1
            standing = self._standings.get(row["account"])
            if standing is None:
                self._findings.add("mark", _account(row["account"]), "an account", "none")
            else:
                standing.watch = standing.watch or _Watch()
                standing.watch.marks[row["entries"]] = row
        async for row in self._conn.cursor(
            "SELECT account, max(at) AS at FROM ledger.account_events"
            " WHERE what = 'bounds' AND account BETWEEN $1 AND $2 GROUP BY account",
            *self._range,
            prefetch=ROWS_AHEAD,
        ):
            standing = self._standings.get(row["account"])
            if standing is not None:
                standing.watch = standing.watch or _Watch()
                standing.watch.bounds_at = row["at"]

    # --- the journal, in order ---------------------------------------------------------------

    async def _merge(self, lanes: list[Lane]) -> None:
        checked = self._findings if self._with_chain else None
        while lanes:
            before = self._done
            for lane in lanes:
                while await lane.fill(self._conn, checked) and self._take(lane):
                    self._progress("transfers", self._done, self._total)
            lanes = [lane for lane in lanes if await lane.fill(self._conn, checked)]
            if lanes and self._done == before:
                await self._mend(lanes)

    def _take(self, lane: Lane) -> bool:
        """Add what fits of the rows at hand; False when one does not fit."""
        standings, rows, at = self._standings, lane.rows, lane.at
        while at < len(rows):
            row = rows[at]
            debit, credit = standings.get(row["debit"]), standings.get(row["credit"])
            if (debit is not None and debit.last != row["debit_prior"]) or (
                credit is not None and credit.last != row["credit_prior"]
            ):
                break
            self._add(row, debit, credit)
            at += 1
        self._done += at - lane.at
        lane.at = at
        return at == len(rows)

    def _add(self, row: Record, debit: _Standing | None, credit: _Standing | None) -> None:
        action = row["action"]
        moved = row["amount"] if action in _MOVING else 0
        pended = row["amount"] if action == _HOLDING else -row["released"]
        for name, standing in (("debit", debit), ("credit", credit)):
            if standing is None:
                if self._range[0] <= row[name] <= self._range[1]:
                    where = f"{name} of transfer {row['id']}"
                    self._findings.add("account", where, "an account", f"none with id {row[name]}")
                continue
            if standing is debit:
                standing.debits_posted += moved
                standing.debits_pending += pended
            else:
                standing.credits_posted += moved
                standing.credits_pending += pended
            standing.entries += 1
            standing.last = row["id"]
            if standing.last_at is None or standing.last_at < row["at"]:
                standing.last_at = row["at"]
            if standing.currency != row["currency"]:
                where = f"transfer {row['id']}, {name} account {row[name]}"
                self._findings.add("currency", where, standing.currency, row["currency"])
            if standing.watch is not None:
                self._look(row[name], standing, standing.watch, row)

    def _look(self, account: UUID, standing: _Standing, watch: _Watch, row: Record) -> None:
        mark = watch.marks.pop(standing.entries, None)
        if mark is not None:
            expected = _totals(standing), standing.last
            found = _totals(mark), mark["last_entry"]
            if expected != found or mark["at"] not in (row["at"], standing.last_at):
                where = f"{_account(account)} after entry {standing.entries}"
                self._findings.add(
                    "mark",
                    where,
                    f"{_told(standing)}, last {standing.last}, at {standing.last_at}",
                    f"{_told(mark)}, last {mark['last_entry']}, at {mark['at']}",
                )
        if watch.bounds_at is not None:
            low, high = _low_high(standing)
            if row["at"] <= watch.bounds_at - CLOCK_SKEW_MAX:
                watch.lowest, watch.highest = low, high
            elif row["at"] <= watch.bounds_at + CLOCK_SKEW_MAX:
                watch.lowest, watch.highest = min(watch.lowest, low), max(watch.highest, high)

    async def _mend(self, lanes: list[Lane]) -> None:
        """No next entry fits. Find the one whose link is wrong, tell of it, and go on behind it.

        An entry that names one still to come only waits; what names anything else is wrong. Where all
        wait for one another, it is the oldest.
        """
        heads = {lane.number: (lane, lane.rows[lane.at]) for lane in lanes}
        waiting: list[tuple[datetime, Record, str]] = []
        for _, row in heads.values():
            for side in self._misfits(row):
                prior = row[f"{side}_prior"]
                there = prior and await self._conn.fetchrow(
                    "SELECT lane, segment, position FROM ledger.transfers"
                    " WHERE id = $1 AND (debit = $2 OR credit = $2)",
                    prior,
                    row[side],
                )
                head = there and heads.get(there["lane"])
                if head and _place(there) >= _place(head[1]):
                    waiting.append((row["at"], row, side))
                else:
                    self._accept(row, side)
                    return
        _, row, side = min(waiting, key=lambda w: w[0])
        self._accept(row, side)

    def _misfits(self, row: Record) -> Iterable[str]:
        for side in ("debit", "credit"):
            standing = self._standings.get(row[side])
            if standing is not None and standing.last != row[f"{side}_prior"]:
                yield side

    def _accept(self, row: Record, side: str) -> None:
        standing = self._standings[row[side]]
        prior = row[f"{side}_prior"]
        where = f"transfer {row['id']}, {side} account {row[side]}"
        self._findings.add("link", where, f"prior {standing.last}", f"prior {prior}")
        standing.last = prior

    # --- the accounts ------------------------------------------------------------------------

    async def _close(self) -> None:
        """Compare what was added with what the accounts say."""
        async for row in self._conn.cursor(
            "SELECT * FROM ledger.accounts WHERE id BETWEEN $1 AND $2",
            *self._range,
            prefetch=ROWS_AHEAD,
        ):
            standing, where = self._standings[row["id"]], _account(row["id"])
            if _totals(standing) != _totals(row):
                self._findings.add("balance", where, _told(standing), _told(row))
            if standing.entries != row["entries"]:
                self._findings.add("entries", where, standing.entries, row["entries"])
            if standing.last != row["last_entry"]:
                self._findings.add("link", f"{where}, last", standing.last, row["last_entry"])
            if standing.last_at != row["last_at"]:
                self._findings.add("time", f"{where}, last", standing.last_at, row["last_at"])
            self._compare_bounds(standing, row, where)
            watch = standing.watch
            for entries in watch.marks if watch is not None else ():
                self._findings.add(
                    "mark", where, f"{standing.entries} entries", f"mark at {entries}"
                )

    def _compare_bounds(self, standing: _Standing, row: Record, where: str) -> None:
        low, high = _low_high(standing)
        if row["side"] == Side.DEBIT:
            low, high = -high, -low
        if standing.watch is not None and standing.watch.bounds_at is not None:
            lowest, highest = standing.watch.lowest, standing.watch.highest
            if row["side"] == Side.DEBIT:
                lowest, highest = -highest, -lowest
        else:
            lowest, highest = 1 << 63, -(1 << 63)
        floor, ceiling = row["floor_minor"], row["ceiling_minor"]
        if floor is not None and low < min(floor, lowest):
            self._findings.add("bound", where, f"at least {min(floor, lowest)}", low)
        if ceiling is not None and high > max(ceiling, highest):
            self._findings.add("bound", where, f"at most {max(ceiling, highest)}", high)


def _totals(of: _Standing | Record) -> tuple[int, int, int, int]:
    if isinstance(of, _Standing):
        return of.debits_pending, of.debits_posted, of.credits_pending, of.credits_posted
    return of["debits_pending"], of["debits_posted"], of["credits_pending"], of["credits_posted"]


def _told(of: _Standing | Record) -> str:
    return "debits {1} ({0} pending), credits {3} ({2} pending)".format(*_totals(of))


def _low_high(of: _Standing) -> tuple[int, int]:
    """The least and the most that the credit balance could become by what is pending."""
    balance = of.credits_posted - of.debits_posted
    return balance - of.debits_pending, balance + of.credits_pending


def _account(account_id: UUID) -> str:
    return f"account {account_id}"


def _place(row: Record) -> tuple[int, int]:
    return row["segment"], row["position"]
