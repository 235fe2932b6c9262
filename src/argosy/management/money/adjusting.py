"""Adjustments: money that two persons move by hand, with a reason, between accounts where that makes sense.

An adjustment is a transfer like any other, of a kind of its own, through the ledger's one door: never under a
customer's floor nor over a ceiling, and never twice, because its id is the proposal's. Between wallets
nothing can be adjusted: whatever is owed to a customer comes out of the operator's own accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from argosy.base.clock import Clock, local_day
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Account, Side, Transfer
from argosy.base.markets import Market
from argosy.base.money import Money, check_amount, exponent
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Refused, must
from argosy.base.store import Database, Record
from argosy.base.wallet.accounts import system_accounts
from argosy.management.approvals.facts import Handler, Proposal
from argosy.management.money.facts import MoneyReason
from argosy.management.staff.facts import Member, Right

KIND: Final = "money.adjust"
TRANSFER: Final = "adjustment"
PAGE: Final = 50

ROLE_PARTS: Final[Mapping[str, int]] = {"finance": 1}
"""How many full wallets of the highest level a role may adjust at a time; other roles: none."""
OPERATOR_PARTS: Final = 100
"""So many times as much where no wallet is touched."""
FULL_WALLET_WHOLE: Final = 200_000
"""Whole units that count as a full wallet where the highest level has no bound."""


class Why(StrEnum):
    """What kinds of adjustments there are."""

    GOODWILL = "goodwill"  # the operator gives a customer something
    TO_WALLET = "to_wallet"  # what a human placed: suspense to a wallet
    FROM_WALLET = "from_wallet"  # what came in wrongly: a wallet to suspense
    BANK_DIFFERENCE = "bank_difference"  # what the bank has more or less than we thought
    OWN = "own"  # between the operator's own accounts


_WALLET, _SUSPENSE, _FEES = "wallet", "system.suspense", "system.fees"
_FLOAT, _UNCLAIMED, _REMAINDER = "system.float.", "system.unclaimed", "system.remainder"
PAIRS: Final[Mapping[Why, tuple[tuple[str, str], ...]]] = {
    Why.GOODWILL: ((_FEES, _WALLET),),
    Why.TO_WALLET: ((_SUSPENSE, _WALLET),),
    Why.FROM_WALLET: ((_WALLET, _SUSPENSE),),
    Why.BANK_DIFFERENCE: ((_FLOAT, _SUSPENSE), (_SUSPENSE, _FLOAT)),
    Why.OWN: (
        (_SUSPENSE, _FEES),
        (_FEES, _SUSPENSE),
        (_REMAINDER, _FEES),
        (_FEES, _REMAINDER),
        (_SUSPENSE, _REMAINDER),
        (_REMAINDER, _SUSPENSE),
        (_UNCLAIMED, _SUSPENSE),
        (_SUSPENSE, _UNCLAIMED),
    ),
}
"""From which kind of account to which; a name that ends in a point begins the kind."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be adjusted: `money` from the account `debit` to `credit`; `about` is an order."""

    why: Why
    debit: UUID
    credit: UUID
    money: Money
    about: UUID | None = None

    def body(self) -> dict[str, Any]:
        """As a proposal keeps it."""
        return {
            "kind": self.why.value,
            "debit": str(self.debit),
            "credit": str(self.credit),
            "amount_minor": self.money.minor,
            "currency": self.money.currency,
            "about": str(self.about) if self.about else None,
        }

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Ask:
        """Read `body`."""
        return cls(
            Why(body["kind"]),
            UUID(body["debit"]),
            UUID(body["credit"]),
            Money(body["amount_minor"], body["currency"]),
            UUID(body["about"]) if body.get("about") else None,
        )


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjustment that two persons agreed on. `state` is `posted`, `refused` (by the ledger: `refusal`
    says why), or for a moment `approved`."""

    id: UUID
    market: str
    ask: Ask
    reason: str
    proposed_by: str
    approved_by: str
    approved_at: datetime
    state: str
    refusal: str | None
    posted_at: datetime | None


class Adjusting:
    """Checks and carries out adjustments."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ledger: Ledger,
        parties: Parties,
        markets: Mapping[str, Market],
    ) -> None:
        self._db = db
        self._clock = clock
        self._ledger = ledger
        self._parties = parties
        self._markets = markets

    async def checked(self, ask: Ask, member: Member) -> str | Refused:
        """The market of an adjustment that `member` may propose or decide, or why it cannot be."""
        sound = check_amount(ask.money.minor, ask.money.currency)
        if isinstance(sound, Refused):
            return sound
        there = await self._ledger.accounts([ask.debit, ask.credit])
        debit, credit = there.get(ask.debit), there.get(ask.credit)
        if debit is None or credit is None or not _pair(ask.why, debit.kind, credit.kind):
            return Refused(MoneyReason.ADJUSTMENT_ACCOUNTS)
        market = await self._market(debit, credit)
        if market is None or {debit.currency, credit.currency} != {ask.money.currency}:
            return Refused(MoneyReason.ADJUSTMENT_ACCOUNTS)
        most = self.most(market, member.roles, wallet=_WALLET in (debit.kind, credit.kind))
        if ask.money.minor > most.minor:
            return Refused(MoneyReason.ADJUSTMENT_OVER_ROLE, {"most": most}, field="amount")
        if not (_can_give(debit, ask.money.minor) and _can_take(credit, ask.money.minor)):
            return Refused(MoneyReason.ADJUSTMENT_FUNDS, field="amount")
        return market.code

    def most(self, market: Market, roles: Iterable[str], *, wallet: bool) -> Money:
        """The most that somebody of `roles` may adjust at a time in `market`."""
        day = local_day(self._clock.now(), market.zone)
        caps = [market.balance_minor_max(level.name, day) for level in market.ladder()]
        bounded = [cap for cap in caps if cap is not None]
        full = max(bounded, default=0) or FULL_WALLET_WHOLE * 10 ** (exponent(market.currency) or 0)
        parts = max((ROLE_PARTS.get(role, 0) for role in roles), default=0)
        return Money(full * parts * (1 if wallet else OPERATOR_PARTS), market.currency)

    async def carry_out(
        self, id: UUID, ask: Ask, why: str, proposed_by: str, decider: Member
    ) -> Adjusted | Refused:
        """Move the money of an adjustment that two persons agreed on; the same `id` again is the first
        answer. The ledger has the last word."""
        there = await self.get(id)
        if there is None or there.state == "approved":
            market = there.market if there is not None else await self.checked(ask, decider)
            if isinstance(market, Refused):
                return market
            must(proposed_by != decider.name, "one person cannot adjust alone", id=id)
            await self._db.run(
                """
                INSERT INTO money.adjustments (id, market, kind, debit, credit, amount_minor, currency,
                                               about, why, proposed_by, approved_by, approved_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
                """,
                id,
                market,
                ask.why.value,
                ask.debit,
                ask.credit,
                ask.money.minor,
                ask.money.currency,
                ask.about,
                why,
                proposed_by,
                decider.name,
                self._clock.now(),
            )
            transfer = Transfer(
                id, ask.debit, ask.credit, ask.money.minor, ask.money.currency, TRANSFER
            )
            said = (await self._ledger.post([transfer]))[0]
            refused = said if isinstance(said, Refused) else None
            await self._db.run(
                "UPDATE money.adjustments SET state = $2, refusal = $3, posted_at = $4 WHERE id = $1",
                id,
                "refused" if refused else "posted",
                refused.code if refused else None,
                None if isinstance(said, Refused) else said.at,
            )
            if refused is not None:
                return refused
        after = await self.get(id)
        must(after is not None, "an adjustment vanished", id=id)
        if after is None or after.state == "refused":
            return Refused(MoneyReason.ADJUSTMENT_FUNDS)
        return after

    def handler(self) -> Handler:
        """What carries out an approved proposal of `KIND`."""

        async def carry_out(proposal: Proposal, member: Member) -> Any | Refused:
            ask = Ask.of(proposal.body)
            done = await self.carry_out(proposal.id, ask, proposal.reason, proposal.by, member)
            return done if isinstance(done, Refused) else {"transfer": str(done.id)}

        return carry_out

    async def get(self, id: UUID) -> Adjusted | None:
        """One adjustment."""
        row = await self._db.one("SELECT * FROM money.adjustments WHERE id = $1", id)
        return None if row is None else _adjusted(row)

    async def page(self, after: UUID | None = None, limit: int = PAGE) -> list[Adjusted]:
        """Adjustments, the newest first, from before `after` on."""
        rows = await self._db.all(
            "SELECT * FROM money.adjustments WHERE $1::uuid IS NULL OR id < $1"
            " ORDER BY id DESC LIMIT $2",
            after,
            limit,
        )
        return [_adjusted(row) for row in rows]

    async def _market(self, debit: Account, credit: Account) -> Market | None:
        """The one market that both accounts belong to."""
        found = {await self._market_of(debit), await self._market_of(credit)}
        return self._markets.get(next(iter(found)) or "") if len(found) == 1 else None

    async def _market_of(self, account: Account) -> str | None:
        if account.owner is not None:
            party = await self._parties.get(account.owner)
            return party.market if party is not None else None
        for market in self._markets.values():
            if any(account.id == one.id for one in system_accounts(market)):
                return market.code
        return None


def allowed(member: Member) -> bool:
    """Whether the page of a new adjustment is worth showing."""
    return member.may(Right.MONEY_ADJUST) and any(ROLE_PARTS.get(r) for r in member.roles)


def _pair(why: Why, debit: str, credit: str) -> bool:
    return any(_is(debit, one) and _is(credit, other) for one, other in PAIRS[why])


def _is(kind: str, wanted: str) -> bool:
    return kind.startswith(wanted) if wanted.endswith(".") else kind == wanted


def _can_give(account: Account, minor: int) -> bool:
    """Whether the ledger would let so much be debited, as the account stands."""
    if account.side is Side.CREDIT:
        floor = account.floor_minor
        return floor is None or account.available_minor - minor >= floor
    ceiling = account.ceiling_minor
    return ceiling is None or account.balance_minor + account.debits_pending + minor <= ceiling


def _can_take(account: Account, minor: int) -> bool:
    if account.side is Side.CREDIT:
        ceiling = account.ceiling_minor
        return ceiling is None or account.balance_minor + account.credits_pending + minor <= ceiling
    floor = account.floor_minor
    return floor is None or account.available_minor - minor >= floor


def _adjusted(row: Record) -> Adjusted:
    return Adjusted(
        row["id"],
        row["market"],
        Ask(
            Why(row["kind"]),
            row["debit"],
            row["credit"],
            Money(row["amount_minor"], row["currency"]),
            row["about"],
        ),
        row["why"],
        row["proposed_by"],
        row["approved_by"],
        row["approved_at"],
        row["state"],
        row["refusal"],
        row["posted_at"],
    )
