"""What a person sees before the PIN: from where the money comes, both amounts, the price, the payee.

The same for every product, because it is read off the plan itself: whatever the plan takes out of the
asker's own account is what the asker pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from argosy.base.ledger.facts import Action, Transfer
from argosy.base.money import Money
from argosy.base.orders.facts import Order
from argosy.base.products import Context, Plan, Sealed


class Source(StrEnum):
    """From where the money of a command comes."""

    WALLET = "wallet"  # the asker's own
    BANK = "bank"  # an account of the asker's at a bank
    SET_ASIDE = "set_aside"  # money that is held already, for this order
    ELSEWHERE = "elsewhere"  # somebody else's wallet: the asker is given, or asks
    NONE = "none"  # no money moves now


@dataclass(frozen=True, slots=True)
class Funding:
    """Where the money comes from and whether it is there. `needs` is what leaves the source, `has` what
    is free in it (None where nobody here can know); `named` is a bank account as it may be shown."""

    source: Source
    needs: Money
    has: Money | None = None
    named: str = ""

    @property
    def short(self) -> Money:
        """What must be added first; nothing where it is enough, or nobody knows."""
        missing = 0 if self.has is None else max(self.needs.minor - self.has.minor, 0)
        return Money(missing, self.needs.currency)

    @property
    def covers(self) -> bool:
        """Whether the source has enough, as far as anybody can know."""
        return self.short.minor == 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A command before the PIN. `amount` is what it is about, `fee` the price that the asker bears,
    `out` what leaves the payer and `net` what reaches the payee; `payee` is the other side's name as it
    may be shown, or a masked phone or bank account. `content` is what a device signs; `until` is how
    long money waits for somebody who has no wallet yet."""

    command: UUID
    product: str
    amount: Money
    fee: Money
    out: Money
    net: Money
    payee: str
    funding: Funding
    proofs: frozenset[str]
    content: str = field(repr=False)
    note: str = ""
    until: datetime | None = None


class HasFunds(Protocol):
    """An account of the ledger, as far as this needs it."""

    @property
    def available_minor(self) -> int: ...


class Accounts(Protocol):
    """The ledger, as far as this needs it."""

    async def account(self, account_id: UUID) -> HasFunds | None: ...


_TAKES = frozenset({Action.MOVE, Action.HOLD})
_ENDS = frozenset({Action.POST, Action.VOID})


def source_of(plan: Plan, context: Context, currency: str) -> Funding:
    """Where the money of `plan` comes from, without what is there: a pure function."""
    transfers = plan.posting.transfers
    mine = sum(_taken(one, context.me.account) for one in transfers)
    if mine:
        return Funding(Source.WALLET, Money(mine, currency))
    if any(one.action in _ENDS for one in transfers):
        return Funding(Source.SET_ASIDE, Money(0, currency))
    sealed = context.sealed.get("bank_account")
    if sealed is not None:
        from_bank = sum(one.amount or 0 for one in transfers if one.credit == context.me.account)
        return Funding(Source.BANK, Money(from_bank, currency), named=sealed.masked)
    return Funding(Source.ELSEWHERE if transfers else Source.NONE, Money(0, currency))


def _taken(transfer: Transfer, account: UUID) -> int:
    takes = transfer.action in _TAKES and transfer.debit == account
    return (transfer.amount or 0) if takes else 0


def masked(sealed: Mapping[str, Sealed]) -> str:
    """The phone or bank account that a command names, as it may be shown."""
    named = (sealed[name].masked for name in ("phone", "bank_account") if name in sealed)
    return next(named, "")


def fee_of(order: Order, asker: UUID) -> Money:
    """The part of the price that `asker` bears."""
    bears = order.payer if order.fee_paid_by == "payer" else order.payee
    return Money(order.fee_minor if bears == asker else 0, order.amount.currency)
