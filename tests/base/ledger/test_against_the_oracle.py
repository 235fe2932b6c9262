"""Random trade against a plain-Python oracle: every outcome and every balance is compared.

Each list is posted twice, in two worlds that are alike: as one list, so that it becomes a batch, and
one transfer at a time. Batches of ordinary payments take the proven path; batches with a refusal, a hold
of their own or an amount `up to` are walked. Both must have been used, or the test has not tested.

`HYPOTHESIS_PROFILE=thorough` looks much longer.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from argosy.base.clock import SetClock
from argosy.base.gate.batch import Answer as BatchAnswer
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids, named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Account, Action, Posted, Side, Transfer, UpTo
from argosy.base.ledger.verify import verify
from argosy.base.postings import Posting
from argosy.base.store import Database
from tests.base.ledger.oracle import Answer, Book, Oracle

EXAMPLES = 2_000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 35
STEPS = 14
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

#            side, floor, ceiling
ACCOUNTS = {
    "cash": (Side.DEBIT, None, None),
    "pot": (Side.CREDIT, None, None),
    "anita": (Side.CREDIT, 0, 300),
    "ravi": (Side.CREDIT, 0, None),
    "box": (Side.DEBIT, 0, 200),
    "abroad": (Side.CREDIT, None, None),  # in another currency
}
ENDS = (Action.POST, Action.VOID, Action.EXPIRE)
NAMES = st.sampled_from([*ACCOUNTS, "cash", "anita", "ravi", "anita", "ravi", "nobody"])
AMOUNTS = st.one_of(
    st.integers(1, 60), st.integers(60, 320), st.sampled_from([0, -1, 10**15, 10**15 + 1, 10**30])
)
SPANS = st.integers(-90, 90).map(lambda n: timedelta(minutes=n))
MAYBE = st.integers(0, 9).map(lambda n: n == 0)


class Watched(GroupCommit):
    """Counts the transfers that were proven and those that were walked."""

    seen: ClassVar[Counter[str]] = Counter()

    async def _call(self, postings: list[Posting], lane: int) -> BatchAnswer:
        answer = await super()._call(postings, lane)
        begin = 0
        for posting in postings:
            for index, transfer in enumerate(posting.transfers, begin):
                said = answer._transfer.get(index)
                if transfer.action in ENDS:  # their amounts are answered on either path
                    continue
                self.seen["proven" if said is None else "walked"] += 1
            begin += len(posting.transfers)
        return answer


class World:
    """Accounts of one example, with ids of their own."""

    def __init__(self, db: Database, clock: SetClock, salt: str) -> None:
        self.db, self.clock, self.salt = db, clock, salt
        self.another_process()

    def another_process(self) -> None:
        commit = Watched(self.db, self.clock)
        self.ledger = Ledger(self.db, commit, self.clock, Ids(self.clock))

    def id(self, name: Any) -> UUID:
        return named(self.salt, str(name))

    def real(self, t: Transfer) -> Transfer:
        names = ("id", "debit", "credit", "order", "hold")
        ids = {n: self.id(v) for n in names if (v := getattr(t, n)) is not None}
        return replace(t, **ids)

    async def post(self, groups: list[list[Transfer]]) -> list[list[Answer]]:
        said = await self.ledger.post_groups([[self.real(t) for t in group] for group in groups])
        return [[_plain(o) for o in group] for group in said]

    async def totals(self) -> dict[str, tuple[int, int, int, int]]:
        found = await self.ledger.accounts(self.id(name) for name in ACCOUNTS)
        return {
            name: (a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted)
            for name in ACCOUNTS
            if (a := found.get(self.id(name)))
        }


def _plain(outcome: Any) -> Answer:
    if isinstance(outcome, Posted):
        return "exists" if outcome.existed else "created", outcome.amount, outcome.at
    return outcome.code, None, None


class Trading(RuleBasedStateMachine):
    runner: ClassVar[asyncio.Runner]
    db: ClassVar[Database]
    example: ClassVar[Any] = count()

    @initialize(currency=st.sampled_from(["INR", "JPY", "KWD"]))
    def open(self, currency: str) -> None:
        self.currency = currency
        self.clock = SetClock(NOON)
        number = next(self.example)
        self.listed = World(self.db, self.clock, f"listed {number}")
        self.single = World(self.db, self.clock, f"single {number}")
        self.oracle = Oracle()
        self.numbers = count()
        self.tried: list[Transfer] = []
        self.holds: list[Any] = ["nothing"]
        for name, (side, floor, ceiling) in ACCOUNTS.items():
            own = "THB" if name == "abroad" else currency
            self.oracle.books[name] = Book(own, side, floor, ceiling)
            for world in (self.listed, self.single):
                account = Account(
                    world.id(name), own, side, "test", floor_minor=floor, ceiling_minor=ceiling
                )
                assert self.do(world.ledger.open_accounts([account])) == [None]

    def do(self, work: Any) -> Any:
        return self.runner.run(work)

    # --- what people do ----------------------------------------------------------------------

    def _transfer(self, draw: Any) -> Transfer:
        if self.tried and draw(MAYBE):
            return self._again(draw)
        action = draw(
            st.sampled_from([*Action, Action.MOVE, Action.MOVE, Action.HOLD, Action.HOLD])
        )
        name = next(self.numbers)
        made = Transfer(name, None, None, None, self.currency, "trade", action)
        if action in ENDS:
            hold = draw(st.sampled_from(self.holds))
            part = draw(st.none() | st.integers(1, 200)) if action is Action.POST else None
            made = replace(made, hold=hold, amount=part)
            if draw(MAYBE):
                made = replace(made, debit=draw(NAMES))
        else:
            made = replace(made, debit=draw(NAMES), credit=draw(NAMES), amount=draw(AMOUNTS))
            if draw(MAYBE):
                made = replace(made, up_to=draw(st.sampled_from(UpTo)))
            if action is Action.HOLD:
                self.holds.append(name)
                if draw(st.booleans()):
                    made = replace(made, expires_at=self.clock.now() + abs(draw(SPANS)))
        if draw(MAYBE):
            made = replace(made, order=draw(st.integers(0, 1)))
        return made

    def _again(self, draw: Any) -> Transfer:
        """A transfer that was sent before, as it was or with something changed."""
        made = draw(st.sampled_from(self.tried))
        change = draw(st.sampled_from(["", "", "", *CHANGES]))
        return replace(made, **CHANGES[change](made)) if change else made

    @rule(data=st.data(), sizes=st.lists(st.sampled_from([1, 1, 1, 2, 3]), min_size=1, max_size=9))
    def trade(self, data: Any, sizes: list[int]) -> None:
        groups = []
        for size in sizes:
            group: list[Transfer] = []
            for _ in range(size):
                transfer = self._transfer(data.draw)
                if all(transfer.id != t.id for t in group):
                    group.append(transfer)
            groups.append(group)
        self.post(groups)

    @rule(amounts=st.lists(st.integers(1, 10**6), min_size=4, max_size=40))
    def pour(self, amounts: list[int]) -> None:
        """Payments that nothing can refuse."""
        pairs = [("cash", "pot"), ("pot", "cash")]
        self.post(
            [
                [Transfer(next(self.numbers), *pairs[n % 2], n, self.currency, "pour")]
                for n in amounts
            ]
        )

    @rule(amount=st.integers(1, 300), name=st.sampled_from(["anita", "ravi"]))
    def fund(self, amount: int, name: str) -> None:
        self.post([[Transfer(next(self.numbers), "cash", name, amount, self.currency, "fund")]])

    @rule(data=st.data(), spans=st.lists(SPANS, min_size=1, max_size=5))
    def bring_in(self, data: Any, spans: list[timedelta]) -> None:
        """Import history: mostly in order, sometimes not."""
        groups = []
        for span in sorted(spans) if data.draw(st.booleans()) else spans:
            at = self.clock.now() + min(span, timedelta(minutes=1))
            groups.append([replace(self._transfer(data.draw), at=at)])
        self.post(groups)

    @rule(hours=st.integers(0, 3))
    def wait(self, hours: int) -> None:
        self.clock.advance(hours=hours, seconds=1)

    @rule()
    def another_process(self) -> None:
        """A new one knows nothing of recent refusals, and so does not prove accounts first."""
        self.listed.another_process()
        self.single.another_process()

    @rule(name=st.sampled_from([*ACCOUNTS]), what=st.sampled_from(["freeze", "thaw", "thaw"]))
    def freeze(self, name: str, what: str) -> None:
        self.oracle.books[name].frozen = what == "freeze"
        self._change(name, what, (), "done")

    @rule(name=st.sampled_from([*ACCOUNTS]), what=st.sampled_from(["close", "reopen", "reopen"]))
    def close(self, name: str, what: str) -> None:
        said = "done"
        if what == "close":
            said = self.oracle.close(name)
        else:
            self.oracle.books[name].closed = False
        self._change(name, what, (), said)

    @rule(
        name=st.sampled_from(["anita", "ravi", "box"]),
        floor=st.none() | st.integers(-50, 50),
        ceiling=st.none() | st.integers(50, 400),
    )
    def bound(self, name: str, floor: int | None, ceiling: int | None) -> None:
        book = self.oracle.books[name]
        book.floor, book.ceiling = floor, ceiling
        self._change(name, "set_bounds", (floor, ceiling), "done")

    def _change(self, name: str, what: str, values: tuple[Any, ...], said: str) -> None:
        for world in (self.listed, self.single):
            answer = self.do(getattr(world.ledger, what)(world.id(name), *values, "test"))
            assert (answer.code if answer else "done") == said

    # --- and what the books say --------------------------------------------------------------

    def post(self, groups: list[list[Transfer]]) -> None:
        expected = [self.oracle.post(group, self.clock.now()) for group in groups]
        self.tried += [t for group in groups for t in group]
        assert self.do(self.listed.post(groups)) == expected
        assert [self.do(self.single.post([group]))[0] for group in groups] == expected

    @invariant()
    def balances_agree(self) -> None:
        expected = {name: book.totals for name, book in self.oracle.books.items()}
        assert self.do(self.listed.totals()) == expected
        assert self.do(self.single.totals()) == expected


CHANGES: dict[str, Any] = {
    "action": lambda t: {"action": Action((t.action + 1) % 5)},
    "debit": lambda t: {"debit": "ravi" if t.debit == "anita" else "anita"},
    "credit": lambda t: {"credit": "box" if t.credit == "cash" else "cash"},
    "currency": lambda t: {"currency": "USD"},
    "amount": lambda t: {"amount": (t.amount or 0) + 1},
    "up_to": lambda t: {"up_to": UpTo((t.up_to + 1) % 3)},
    "kind": lambda t: {"kind": "other"},
    "order": lambda t: {"order": 2},
    "hold": lambda t: {"hold": "nothing"},
    "expires_at": lambda t: {"expires_at": NOON + timedelta(days=30)},
    "at": lambda t: {"at": NOON - timedelta(days=1)},
}


def test_the_ledger_agrees_with_the_oracle(db: Database):
    Watched.seen.clear()
    with asyncio.Runner() as runner:
        Trading.runner = runner
        Trading.db = runner.run(Database.open(db.url, size=4))
        try:
            run_state_machine_as_test(
                Trading,
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
            report = runner.run(verify(Trading.db))
        finally:
            runner.run(Trading.db.close())
    # Orders are invented here, so only what concerns them may be missing.
    wrong = [f for f in report.findings if f.what != "order"]
    assert wrong == [], report.text()
    assert Watched.seen["proven"] > 30, Watched.seen
    assert Watched.seen["walked"] > 30, Watched.seen
