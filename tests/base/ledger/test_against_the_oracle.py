"""Random trade against a plain-Python oracle: every outcome and every balance is compared.

Each list is posted twice, in two worlds that are alike: as one list, so that it becomes a batch, and
one transfer at a time. Batches of ordinary payments take the proven path; batches with a refusal, a hold
of their own or an amount `up to` are walked. Both must have been used, or the test has not tested.

`HYPOTHESIS_PROFILE=thorough` looks much longer.
"""

from __future__ import annotations

import asyncio
import copy
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
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
from argosy.base.ledger.verify import Report, verify
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
PEOPLE = [*permutations(("anita", "ravi", "box"), 2), ("cash", "anita"), ("ravi", "cash")]
ANYBODY = [*ACCOUNTS, "anita", "ravi", "nobody"]
ODD = [0, -1, 10**15, 10**15 + 1, 10**30]
SPANS = st.integers(-90, 90).map(lambda n: timedelta(minutes=n))
RARELY = st.sampled_from([False] * 11 + [True])


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
    make_oracle: ClassVar[type[Oracle]]
    example: ClassVar[Any] = count()

    @initialize(currency=st.sampled_from(["INR", "JPY", "KWD"]))
    def open(self, currency: str) -> None:
        self.currency = currency
        self.clock = SetClock(NOON)
        number = next(self.example)
        self.listed = World(self.db, self.clock, f"listed {number}")
        self.single = World(self.db, self.clock, f"single {number}")
        self.oracle = self.make_oracle()
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
        for debit, credit in (("cash", "anita"), ("cash", "ravi"), ("box", "cash")):
            fund = Transfer(next(self.numbers), debit, credit, 100, currency, "fund")
            self.post([[fund]])

    def do(self, work: Any) -> Any:
        return self.runner.run(work)

    # --- what people do ----------------------------------------------------------------------

    def _transfer(self, draw: Any, *, sane: bool) -> Transfer:
        """What people who have money do with it; or, not sane, anything at all."""
        if draw(RARELY):
            return self._again(draw)
        open_holds = [name for name, hold in self.oracle.holds.items() if hold.ended is None]
        actions = [Action.MOVE] * 3 + [Action.HOLD] * 3
        if open_holds or not sane:
            actions += [*ENDS, Action.POST]
        action = draw(st.sampled_from(actions))
        name = next(self.numbers)
        made = Transfer(name, None, None, None, self.currency, "trade", action)
        if action in ENDS:
            holds = open_holds if sane else self.holds
            part = draw(st.none() | st.integers(1, 120)) if action is Action.POST else None
            made = replace(made, hold=draw(st.sampled_from(holds)), amount=part)
            if not sane and draw(RARELY):
                made = replace(made, debit=draw(st.sampled_from(ANYBODY)))
        else:
            one = st.sampled_from(ANYBODY)
            debit, credit = draw(st.sampled_from(PEOPLE) if sane else st.tuples(one, one))
            amount = draw(st.sampled_from(ODD)) if not sane and draw(RARELY) else None
            made = replace(made, debit=debit, credit=credit)
            made = replace(made, amount=draw(st.integers(1, 120)) if amount is None else amount)
            if draw(RARELY):
                made = replace(made, up_to=draw(st.sampled_from(UpTo)))
            if action is Action.HOLD:
                self.holds.append(name)
                if draw(st.booleans()):
                    made = replace(made, expires_at=self.clock.now() + abs(draw(SPANS)))
        if draw(RARELY):
            made = replace(made, order=draw(st.integers(0, 1)))
        return made

    def _again(self, draw: Any) -> Transfer:
        """A transfer that was sent before, as it was or with something changed."""
        made = draw(st.sampled_from(self.tried))
        change = draw(st.sampled_from(["", "", "", *CHANGES]))
        return replace(made, **CHANGES[change](made)) if change else made

    def _groups(self, draw: Any, sizes: list[int], *, sane: bool) -> list[list[Transfer]]:
        groups = []
        for size in sizes:
            group: list[Transfer] = []
            for _ in range(size):
                transfer = self._transfer(draw, sane=sane)
                if all(transfer.id != t.id for t in group):
                    group.append(transfer)
            groups.append(group)
        return groups

    @rule(data=st.data(), sizes=st.lists(st.sampled_from([1, 1, 1, 2, 3]), min_size=2, max_size=9))
    def trade(self, data: Any, sizes: list[int]) -> None:
        self.post(self._groups(data.draw, sizes, sane=True))

    @rule(data=st.data(), sizes=st.lists(st.just(1), min_size=4, max_size=12))
    def trade_singly(self, data: Any, sizes: list[int]) -> None:
        self.post(self._groups(data.draw, sizes, sane=True))

    @rule(data=st.data(), sizes=st.lists(st.sampled_from([1, 1, 2]), min_size=1, max_size=9))
    def try_anything(self, data: Any, sizes: list[int]) -> None:
        self.post(self._groups(data.draw, sizes, sane=False))

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

    @rule(data=st.data(), spans=st.lists(SPANS, min_size=1, max_size=5), sane=st.booleans())
    def bring_in(self, data: Any, spans: list[timedelta], sane: bool) -> None:
        """Import history: mostly in order, sometimes not."""
        self.clock.advance(hours=3)
        groups = []
        for span in sorted(spans) if sane else spans:
            at = self.clock.now() + min(span, timedelta(minutes=0 if sane else 1))
            groups.append([replace(self._transfer(data.draw, sane=sane), at=at)])
        self.post(groups)

    @rule(minutes=st.integers(0, 90), again=st.booleans())
    def wait(self, minutes: int, again: bool) -> None:
        """Time passes. A new process knows nothing of recent refusals, and so proves nothing first."""
        self.clock.advance(minutes=minutes, seconds=1)
        if again:
            self.listed.another_process()
            self.single.another_process()

    @rule(
        data=st.data(), what=st.sampled_from(["freeze", "close", "bound", "bound", "free", "free"])
    )
    def office(self, data: Any, what: str) -> None:
        """What is done to accounts themselves."""
        name = data.draw(st.sampled_from(["anita", "ravi", "box", "pot"]))
        book = self.oracle.books[name]
        if what == "freeze":
            book.frozen = True
            self._change(name, "freeze", (), "done")
        elif what == "close":
            self._change(name, "close", (), self.oracle.close(name))
        elif what == "bound":
            book.floor = data.draw(st.none() | st.integers(-50, 50))
            book.ceiling = data.draw(st.none() | st.integers(50, 400))
            self._change(name, "set_bounds", (book.floor, book.ceiling), "done")
        else:
            for other, free in self.oracle.books.items():
                if free.frozen:
                    self._change(other, "thaw", (), "done")
                if free.closed:
                    self._change(other, "reopen", (), "done")
                free.frozen = free.closed = False

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


def run(db: Database, oracle: type[Oracle], **how: Any) -> Report:
    """Trade against `oracle`, and what the books say of themselves afterwards."""
    with asyncio.Runner() as runner:
        Trading.runner, Trading.make_oracle = runner, oracle
        Trading.db = runner.run(Database.open(db.url, size=4))
        try:
            run_state_machine_as_test(
                Trading,
                settings=settings(
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                    **how,
                ),
            )
            return runner.run(verify(Trading.db))
        finally:
            runner.run(Trading.db.close())


def test_the_ledger_agrees_with_the_oracle(db: Database):
    Watched.seen.clear()
    report = run(db, Oracle, max_examples=EXAMPLES)
    # Orders are invented here, so only what concerns them may be missing.
    wrong = [f for f in report.findings if f.what != "order"]
    assert wrong == [], report.text()
    assert Watched.seen["proven"] > 30, Watched.seen
    assert Watched.seen["walked"] > 30, Watched.seen


class ForgetsReserved(Oracle):
    """Lets out what a hold has reserved."""

    def _amount(self, t: Transfer, debit: Book, credit: Book) -> int:
        free = copy.copy(debit)
        free.debits_held = free.credits_held = 0
        return super()._amount(t, free, credit)


class ForgetsFreezing(Oracle):
    def _one(self, t: Transfer, now: datetime) -> Any:
        frozen = [book for book in self.books.values() if book.frozen]
        for book in frozen:
            book.frozen = False
        try:
            return super()._one(t, now)
        finally:
            for book in frozen:
                book.frozen = True


class KeepsHalfAGroup(Oracle):
    def post(self, group: list[Transfer], now: datetime) -> list[Answer]:
        return [answer for t in group for answer in super(KeepsHalfAGroup, self).post([t], now)]


@pytest.mark.parametrize("oracle", [ForgetsReserved, ForgetsFreezing, KeepsHalfAGroup])
def test_twin_an_oracle_that_is_wrong_is_contradicted(oracle: type[Oracle], db: Database):
    with pytest.raises(AssertionError):
        run(
            db,
            oracle,
            max_examples=400,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
        )
