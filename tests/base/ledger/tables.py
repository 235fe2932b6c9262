"""Ledger tests as tables that read like the trade: one line a step, the outcome at its end.

    open    NAME [debit] [CURRENCY] [floor A|none] [ceiling A|none]
    post    ID DEBIT CREDIT AMOUNT  [key=value ...]  OUTCOME
    hold    ID DEBIT CREDIT AMOUNT  [until=+1h]      OUTCOME
    take    ID HOLD [AMOUNT]        [key=value ...]  OUTCOME      posts a hold, or part of it
    void    ID HOLD                                  OUTCOME
    expire  ID HOLD                                  OUTCOME
    group                                                         the indented lines are one group
    pour    ID DEBIT CREDIT AMOUNT times N                        N posts, all of which must succeed
    freeze | thaw | close | reopen  NAME             [OUTCOME]
    bounds  NAME floor A ceiling A                   [OUTCOME]
    wait    +1h
    check   NAME BALANCE [available A]

OUTCOME is `created`, `exists`, or the name of a refusal; `created=AMOUNT` says how much was moved. Keys:
`kind`, `order`, `currency`, `up_to`, `until`, `at`, `debit`, `credit`, `hold`. Times are from now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from argosy.base.clock import SetClock
from argosy.base.ids import named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Account, Action, Posted, Side, Transfer, UpTo
from argosy.base.money import exponent
from argosy.base.refusals import Refused

_ACTIONS = {
    "post": Action.MOVE,
    "hold": Action.HOLD,
    "take": Action.POST,
    "void": Action.VOID,
    "expire": Action.EXPIRE,
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
POUR_AT_ONCE = 400


def minor(text: str, currency: str) -> int:
    """`100.00` in whole minor units; the decimals must be those of the currency."""
    digits = exponent(currency) or 0
    whole, _, part = text.partition(".")
    if len(part) != digits:
        raise AssertionError(f"{text} does not have the {digits} decimals of {currency}")
    return int(whole + part)


def outcomes(table: str) -> list[str]:
    """What the steps of a table are expected to answer, in order."""
    words = [line.split()[-1] for line in table.splitlines() if _is_step(line)]
    return [word.partition("=")[0] for word in words]


def _is_step(line: str) -> bool:
    words = line.partition("#")[0].split()
    return bool(words) and words[0] in _ACTIONS


@dataclass
class Trade:
    """Runs tables on a ledger. Names stand for accounts, transfers and orders."""

    ledger: Ledger
    clock: SetClock
    prefix: str = ""
    currencies: dict[str, str] = field(default_factory=dict)
    steps: int = 0

    def id(self, name: str) -> UUID:
        """What `name` stands for."""
        return named(self.prefix, name)

    async def run(self, table: str) -> None:
        """Take every step; stop at the first that answers something else than the table says."""
        group: list[tuple[str, Transfer, str]] | None = None
        for number, line in enumerate(table.splitlines(), 1):
            text = line.partition("#")[0].rstrip()
            words = text.split()
            if group is not None and not text.startswith("  "):
                await self._post(group)
                group = None
            if not words:
                continue
            where = f"line {number}: {text.strip()}"
            if words[0] == "group":
                group = []
            elif words[0] in _ACTIONS:
                said, transfer = words[-1], self._transfer(words[:-1])
                if group is None:
                    await self._post([(where, transfer, said)])
                else:
                    group.append((where, transfer, said))
            else:
                await getattr(self, f"_{words[0]}")(where, *words[1:])
        if group is not None:
            await self._post(group)

    async def _post(self, steps: list[tuple[str, Transfer, str]]) -> None:
        [answers] = await self.ledger.post_groups([[transfer for _, transfer, _ in steps]])
        for (where, transfer, said), answer in zip(steps, answers, strict=True):
            self.steps += 1
            outcome, _, amount = said.partition("=")
            made = isinstance(answer, Posted)
            found = ("exists" if answer.existed else "created") if made else answer.code
            assert found == outcome, f"{where}: {found}"
            if amount:
                assert answer.amount == minor(amount, transfer.currency), (
                    f"{where}: {answer.amount}"
                )

    def _transfer(self, words: list[str]) -> Transfer:
        verb, name, *rest = words
        plain = [word for word in rest if "=" not in word]
        options = dict(word.split("=", 1) for word in rest if "=" in word)
        action = _ACTIONS[verb]
        made: dict[str, Any] = {"kind": verb}
        if action in (Action.MOVE, Action.HOLD):
            debit, credit, amount = plain
            currency = options.get("currency") or self.currencies.get(debit, "INR")
            made |= {"debit": self.id(debit), "credit": self.id(credit), "hold": None}
            made["amount"] = minor(amount, self.currencies.get(debit, "INR"))
        else:
            hold = plain[0]
            currency = options.get("currency", "INR")
            made |= {"debit": None, "credit": None, "hold": self.id(hold), "amount": None}
            if len(plain) > 1:
                made["amount"] = minor(plain[1], currency)
        transfer = Transfer(id=self.id(name), currency=currency, action=action, **made)
        return replace(
            transfer, **{_FIELDS[k][0]: _FIELDS[k][1](self, v) for k, v in options.items()}
        )

    def _when(self, text: str) -> Any:
        return self.clock.now() + self._span(text)

    def _span(self, text: str) -> timedelta:
        sign = -1 if text[0] == "-" else 1
        return sign * timedelta(**{_UNITS[text[-1]]: int(text[1:-1])})

    async def _open(self, where: str, name: str, *words: str) -> None:
        rest = list(words)
        side = Side.DEBIT if "debit" in rest else Side.CREDIT
        currency = next((w for w in rest if len(w) == 3 and w.isupper()), "INR")
        self.currencies[name] = currency
        bounds = {"floor": "0" if "floor" not in rest else rest[rest.index("floor") + 1]}
        bounds["ceiling"] = "none" if "ceiling" not in rest else rest[rest.index("ceiling") + 1]
        account = Account(
            self.id(name),
            currency,
            side,
            "test",
            floor_minor=self._bound(bounds["floor"], currency),
            ceiling_minor=self._bound(bounds["ceiling"], currency),
        )
        assert await self.ledger.open_accounts([account]) == [None], where

    def _bound(self, text: str, currency: str) -> int | None:
        return None if text == "none" else int(text) if text == "0" else minor(text, currency)

    async def _pour(self, where: str, name: str, debit: str, credit: str, *words: str) -> None:
        amount, _, times = words
        currency = self.currencies[debit]
        transfers = [
            Transfer(
                self.id(f"{name}.{n}"),
                self.id(debit),
                self.id(credit),
                minor(amount, currency),
                currency,
                "pour",
            )
            for n in range(int(times))
        ]
        for at in range(0, len(transfers), POUR_AT_ONCE):
            said = await self.ledger.post(transfers[at : at + POUR_AT_ONCE])
            assert all(isinstance(o, Posted) for o in said), where

    async def _freeze(self, where: str, name: str, *said: str) -> None:
        self._changed(where, await self.ledger.freeze(self.id(name), "test"), said)

    async def _thaw(self, where: str, name: str, *said: str) -> None:
        self._changed(where, await self.ledger.thaw(self.id(name), "test"), said)

    async def _close(self, where: str, name: str, *said: str) -> None:
        self._changed(where, await self.ledger.close(self.id(name), "test"), said)

    async def _reopen(self, where: str, name: str, *said: str) -> None:
        self._changed(where, await self.ledger.reopen(self.id(name), "test"), said)

    async def _bounds(self, where: str, name: str, *words: str) -> None:
        currency = self.currencies.get(name, "INR")
        floor, ceiling = (self._bound(words[n], currency) for n in (1, 3))
        answer = await self.ledger.set_bounds(self.id(name), floor, ceiling, "test")
        self._changed(where, answer, words[4:])

    def _changed(self, where: str, answer: Refused | None, said: tuple[str, ...]) -> None:
        found = answer.code if answer else "done"
        assert found == (said[0] if said else "done"), f"{where}: {found}"

    async def _wait(self, where: str, span: str) -> None:
        self.clock.set(self._when(span))

    async def _check(self, where: str, name: str, balance: str, *words: str) -> None:
        account = await self.ledger.account(self.id(name))
        assert account is not None, where
        currency = account.currency
        assert account.balance_minor == minor(balance, currency), f"{where}: {account}"
        if words:
            assert account.available_minor == minor(words[1], currency), f"{where}: {account}"


def _id(trade: Trade, text: str) -> UUID:
    return trade.id(text)


_FIELDS: dict[str, tuple[str, Any]] = {
    "kind": ("kind", lambda _, text: text),
    "order": ("order", _id),
    "currency": ("currency", lambda _, text: text),
    "up_to": ("up_to", lambda _, text: UpTo[text.upper()]),
    "until": ("expires_at", lambda trade, text: trade._when(text)),
    "at": ("at", lambda trade, text: trade._when(text)),
    "debit": ("debit", _id),
    "credit": ("credit", _id),
    "hold": ("hold", _id),
}
