"""The people, the market and the small change that the tests of products trade with."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from argosy.base.clock import SetClock
from argosy.base.ids import Ids, named
from argosy.base.ledger.facts import Action
from argosy.base.markets import Cap, Fact, Fee, FeeRule, Level, LimitRule, Market
from argosy.base.money import Money, plain
from argosy.base.parties.facts import Party, PartyKind, PartyReason, PartyState
from argosy.base.postings import Posting
from argosy.base.products import Asker, Context, Plan, Sealed
from argosy.base.refusals import Refused
from argosy.base.wallet.accounts import system_accounts

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
LONG_AGO = date(2020, 1, 1)
CURRENCY = "INR"


def rupees(text: str) -> Money:
    """`12.34` as money."""
    whole, _, part = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return Money(sign * (abs(int(whole)) * 100 + int(part.ljust(2, "0") or 0)), CURRENCY)


def fact(value: object) -> Fact:
    return Fact(value, LONG_AGO, "tests")


def read_phone(text: str) -> str | Refused:
    digits = re.sub(r"[ -]", "", text).removeprefix("+91")
    if re.fullmatch(r"[6-9][0-9]{9}", digits):
        return "+91" + digits
    return Refused(PartyReason.PHONE_UNREADABLE, field="phone")


def limit(key: str, level: str, **cap: object) -> LimitRule:
    return LimitRule(key, level, fact(Cap(**cap)))


def market(**changes: object) -> Market:
    """A market with a small and a full level; merchants pay 1 % and senders nothing."""
    base = Market(
        code="portland",
        name="Portland",
        country="IN",
        currency=CURRENCY,
        zone="Asia/Kolkata",
        languages=("en",),
        operator="Argosy",
        levels=(
            Level("small", 1, ("phone",), (fact(10_000_00),)),
            Level("full", 2, ("phone", "id_document"), (fact(200_000_00),)),
            Level("merchant", 3, ("phone",), (fact(None),), parties=("merchant",)),
        ),
        limits=(
            limit("send", "small", allowed=False),
            limit("withdraw", "small", allowed=False),
            limit("top_up", "small", month_minor_max=10_000_00, year_minor_max=120_000_00),
            limit("receive", "small", payment_minor_max=5_000_00),
            limit("send", "full", payment_minor_max=50_000_00, day_minor_max=100_000_00),
            limit("spend", "full", day_count_max=100, month_minor_max=200_000_00),
        ),
        fees=(
            FeeRule("pay", fact(Fee(basis_points=100, paid_by="payee"))),
            FeeRule(
                "pay",
                fact(
                    Fee(
                        basis_points=250,
                        paid_by="payee",
                        shares={"fees": 2, "scheme": 1},
                        back_on_refund=True,
                    )
                ),
                "cinema",
            ),
            FeeRule("withdraw", fact(Fee(flat_minor=5_00))),
        ),
        phone=read_phone,
        encode_code=lambda code: code.payee_number,
        decode_code=lambda text: Refused(PartyReason.NUMBER_UNREADABLE),
    )
    return replace(base, **changes)


def party(
    name: str,
    kind: PartyKind = PartyKind.CUSTOMER,
    level: str = "full",
    state: PartyState = PartyState.ACTIVE,
    merchant_class: str | None = None,
) -> Party:
    number = str(named("number", name).int % 10**9)
    own = Ids(SetClock(NOW - timedelta(days=9)), lambda _bits: named(name).int % 2**74).new()
    return Party(own, kind, "portland", level, state, number, "en", merchant_class, NOW)


PEOPLE = {
    p: party(p, *facts)
    for p, *facts in (
        ("anita",),
        ("ravi",),
        ("sunil", PartyKind.CUSTOMER, "small"),
        ("frozen", PartyKind.CUSTOMER, "full", PartyState.FROZEN),
        ("tea", PartyKind.MERCHANT, "merchant"),
        ("cinema", PartyKind.MERCHANT, "merchant", PartyState.ACTIVE, "cinema"),
        ("gone", PartyKind.MERCHANT, "merchant", PartyState.CLOSED),
    )
}
NAMES = {p.account: name for name, p in PEOPLE.items()} | {
    a.id: a.kind.removeprefix("system.") for a in system_accounts(market())
}


def asker(name: str, **facts: object) -> Asker:
    return Asker(PEOPLE[name], "lite", **facts)


def context(me: str, other: str | None = None, **facts: object) -> Context:
    """What a plan is given when `me` asks and `other` is on the other side."""
    beside = PEOPLE[other] if other else None
    sealed = {
        "phone": Sealed("hash-of-phone", "00", "...3210"),
        "bank_account": Sealed("hash-of-account", "00", "...6789"),
    }
    given = {"market": market(), "now": NOW, "sealed": sealed, "mark": "mark", **facts}
    return Context(asker=asker(me), other=beside, **given)


def told(plan: Plan | Posting | Refused) -> str:
    """A plan in one line: the refusal, or the state and each transfer as `anita>tea 9.90`."""
    if isinstance(plan, Refused):
        return plan.code
    posting = plan.posting if isinstance(plan, Plan) else plan
    words = [posting.order.state.value if posting.order else "-"]
    for t in posting.transfers:
        sign = {Action.MOVE: ">", Action.HOLD: "~>"}.get(t.action)
        if sign is None:
            words.append(t.action.name.lower())
        else:
            amount = plain(Money(t.amount, t.currency))
            words.append(f"{NAMES[t.debit]}{sign}{NAMES[t.credit]} {amount}")
    return ", ".join(words)


def table(text: str) -> list[tuple[str, str]]:
    """The rows of a table with one bar in each: what happens, and what is answered."""
    rows = [line.split("|") for line in text.strip().splitlines() if line.strip()]
    return [(asked.strip(), " ".join(answer.split())) for asked, answer in rows]


def new_id(number: int = 1) -> UUID:
    return Ids(SetClock(NOW), lambda _bits: number).new()
