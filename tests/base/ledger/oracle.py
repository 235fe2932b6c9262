"""What the ledger should answer, in plain Python: dicts, integers and a list of questions.

Written from the words of `argosy.base.ledger.facts` and not from the SQL. One transfer after the other;
nothing clever. Ids may be anything.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from argosy.base.ledger.facts import Action, Side, Transfer, UpTo

END_OF_TOTALS = 2**62
AMOUNT_MAX = 10**15


@dataclass
class Book:
    """An account: what came, what went, what is reserved."""

    currency: str = "INR"
    side: Side = Side.CREDIT
    floor: int | None = 0
    ceiling: int | None = None
    debits: int = 0
    credits: int = 0
    debits_held: int = 0
    credits_held: int = 0
    frozen: bool = False
    closed: bool = False
    newest: datetime | None = None

    @property
    def totals(self) -> tuple[int, int, int, int]:
        return self.debits_held, self.debits, self.credits_held, self.credits

    @property
    def least(self) -> int:
        """The balance if everything that may leave, leaves."""
        if self.side is Side.CREDIT:
            return self.credits - self.debits - self.debits_held
        return self.debits - self.credits - self.credits_held

    @property
    def most(self) -> int:
        """The balance if everything that may arrive, arrives."""
        if self.side is Side.CREDIT:
            return self.credits - self.debits + self.credits_held
        return self.debits - self.credits + self.debits_held

    @property
    def can_give(self) -> int | None:
        return None if self.floor is None else self.least - self.floor

    @property
    def can_take(self) -> int | None:
        return None if self.ceiling is None else self.ceiling - self.most


@dataclass
class Made:
    """A transfer in the journal."""

    asked: Transfer
    debit: Any
    credit: Any
    amount: int
    at: datetime


@dataclass
class Reserved:
    """A hold."""

    debit: Any
    credit: Any
    amount: int
    currency: str
    until: datetime | None
    ended: Action | None = None


Answer = tuple[str, int | None, datetime | None]
"""`created`, `exists` or a refusal; how much; when."""


class _No(Exception):
    """The refusal whose name it carries."""


@dataclass
class Oracle:
    books: dict[Any, Book] = field(default_factory=dict)
    journal: dict[Any, Made] = field(default_factory=dict)
    holds: dict[Any, Reserved] = field(default_factory=dict)

    def close(self, name: Any) -> str:
        book = self.books[name]
        if book.debits != book.credits or book.debits_held or book.credits_held:
            return "account_not_empty"
        book.closed = True
        return "done"

    def post(self, group: list[Transfer], now: datetime) -> list[Answer]:
        """All of the group, or none of it."""
        before = [self._earlier(t) for t in group]
        if any(before):
            whole = all(b and b[0] == "exists" for b in before)
            rest: Answer = ("group_refused", None, None)
            return [b or rest for b in before] if not whole else [b for b in before if b]
        kept = copy.deepcopy((self.books, self.holds)), dict(self.journal)
        answers: list[Answer] = []
        for transfer in group:
            try:
                made = self._one(transfer, now)
            except _No as no:
                (self.books, self.holds), self.journal = kept
                refused = [("group_refused", None, None)] * len(group)
                refused[len(answers)] = (str(no), None, None)
                return refused
            answers.append(("created", made.amount, made.at))
        return answers

    def _earlier(self, t: Transfer) -> Answer | None:
        made = self.journal.get(t.id)
        if made is None:
            return None
        was = made.asked
        ends = t.action in (Action.POST, Action.VOID, Action.EXPIRE)
        for same, name in (
            (t.action == was.action, "action"),
            (t.hold == was.hold, "hold"),
            (t.debit == made.debit or (ends and t.debit is None), "debit"),
            (t.credit == made.credit or (ends and t.credit is None), "credit"),
            (t.currency == was.currency, "currency"),
            (t.amount == was.amount, "amount"),
            (t.up_to == was.up_to, "up_to"),
            (t.kind == was.kind, "kind"),
            (t.order == was.order, "order"),
            (t.expires_at == was.expires_at, "expiry"),
            (t.at == was.at, "time"),
        ):
            if not same:
                return f"exists_with_different_{name}", None, None
        return "exists", made.amount, made.at

    def _one(self, t: Transfer, now: datetime) -> Made:
        new = t.action in (Action.MOVE, Action.HOLD)
        if new or (t.action is Action.POST and t.amount is not None):
            _refuse(t.amount is None or not 1 <= t.amount <= AMOUNT_MAX, "amount_out_of_range")
        _refuse(new and t.debit == t.credit, "same_account")
        may_expire = t.action is Action.HOLD and t.at is None
        _refuse(t.expires_at is not None and not may_expire, "expiry_not_allowed")
        _refuse(t.expires_at is not None and t.expires_at <= now, "expiry_past")
        hold = None if new else self._hold(t, now)
        debit_id, credit_id = (hold.debit, hold.credit) if hold else (t.debit, t.credit)
        debit, credit = self.books.get(debit_id), self.books.get(credit_id)
        if debit is None:
            raise _No("debit_account_not_found")
        if credit is None:
            raise _No("credit_account_not_found")
        _refuse({debit.currency, credit.currency} != {t.currency}, "currency_differs")
        _refuse(debit.closed, "debit_account_closed")
        _refuse(credit.closed, "credit_account_closed")
        lets_go = t.action in (Action.VOID, Action.EXPIRE)
        _refuse(debit.frozen and not lets_go, "debit_account_frozen")
        _refuse(credit.frozen and not lets_go, "credit_account_frozen")
        if t.at is not None:
            _refuse(t.at > now, "time_in_future")
            for book in (debit, credit):
                _refuse(book.newest is not None and t.at < book.newest, "time_regresses")
        amount = self._amount(t, debit, credit) if new else _of_hold(t, hold)
        if hold:
            debit.debits_held -= hold.amount
            credit.credits_held -= hold.amount
            hold.ended = t.action
        if t.action is Action.HOLD:
            debit.debits_held += amount
            credit.credits_held += amount
            until = t.expires_at
            self.holds[t.id] = Reserved(debit_id, credit_id, amount, t.currency, until)
        elif not lets_go:
            debit.debits += amount
            credit.credits += amount
        at = t.at or now
        for book in (debit, credit):
            book.newest = max(book.newest or at, at)
        self.journal[t.id] = Made(t, debit_id, credit_id, amount, at)
        return self.journal[t.id]

    def _hold(self, t: Transfer, now: datetime) -> Reserved:
        hold = self.holds.get(t.hold)
        if hold is None:
            raise _No("hold_not_found")
        other = (
            t.currency != hold.currency
            or t.debit not in (None, hold.debit)
            or t.credit not in (None, hold.credit)
        )
        _refuse(other, "hold_mismatch")
        _refuse(hold.ended is Action.POST, "hold_already_posted")
        _refuse(hold.ended is Action.VOID, "hold_already_voided")
        due = hold.until is not None and hold.until <= now
        _refuse(hold.ended is Action.EXPIRE, "hold_expired")
        _refuse(due and t.action is not Action.EXPIRE, "hold_expired")
        _refuse(not due and t.action is Action.EXPIRE, "hold_not_expired")
        if t.action is Action.POST and t.amount is not None:
            _refuse(t.amount > hold.amount, "amount_over_hold")
        return hold

    def _amount(self, t: Transfer, debit: Book, credit: Book) -> int:
        """What is moved or reserved, after `up to`; the bounds hold for it."""
        amount = t.amount or 0
        # A debit takes from a credit account and adds to a debit account; a credit the other way.
        from_room = debit.can_give if debit.side is Side.CREDIT else debit.can_take
        to_room = credit.can_take if credit.side is Side.CREDIT else credit.can_give
        from_no = "insufficient_funds" if debit.side is Side.CREDIT else "debit_ceiling_exceeded"
        to_no = "ceiling_exceeded" if credit.side is Side.CREDIT else "credit_floor_exceeded"
        if t.up_to is UpTo.DEBIT and from_room is not None:
            amount = min(amount, from_room)
            _refuse(amount < 1, from_no)
        if t.up_to is UpTo.CREDIT and to_room is not None:
            amount = min(amount, to_room)
        _refuse(from_room is not None and amount > from_room, from_no)
        _refuse(amount < 1, to_no)
        _refuse(to_room is not None and amount > to_room, to_no)
        full = max(debit.debits + debit.debits_held, credit.credits + credit.credits_held)
        _refuse(full + amount >= END_OF_TOTALS, "total_overflow")
        return amount


def _of_hold(t: Transfer, hold: Reserved | None) -> int:
    if t.action is not Action.POST or hold is None:
        return 0
    return hold.amount if t.amount is None else t.amount


def _refuse(condition: bool, name: str) -> None:
    if condition:
        raise _No(name)
