"""The same id and the same content is the first answer again, whatever happened since; the same id
with anything else is a refusal that names the field."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import fields, replace

from argosy.base.clock import SetClock
from argosy.base.ids import named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Action, LedgerReason, Posted, Transfer, UpTo
from argosy.base.refusals import Refused
from tests.base.ledger.tables import Trade

BOOKS = """
open cash  debit floor none
open anita
open ravi
open till
post fund cash anita 100.00 created
"""


@pytest.fixture
async def books(trade: Trade) -> Trade:
    await trade.run(BOOKS)
    return trade


def moved(name: str = "t", **more) -> Transfer:
    made = Transfer(named("", name), named("", "anita"), named("", "ravi"), 10_00, "INR", "gift")
    return replace(made, **more)


def ended(hold: Transfer, action: Action = Action.POST, **more) -> Transfer:
    made = Transfer(named("", "end"), None, None, None, "INR", "gift", action, hold=hold.id)
    return replace(made, **more)


def other(clock: SetClock) -> dict[str, object]:
    """For each field something else than `moved` has."""
    return {
        "action": Action.HOLD,
        "hold": named("", "h"),
        "debit": named("", "till"),
        "credit": named("", "till"),
        "currency": "USD",
        "amount": 10_01,
        "up_to": UpTo.DEBIT,
        "kind": "wage",
        "order": named("", "o"),
        "expires_at": clock.now() + timedelta(hours=1),
        "at": clock.now() - timedelta(hours=1),
    }


NAMED = {"expires_at": "expiry", "at": "time"}
FIELDS = [f.name for f in fields(Transfer) if f.name != "id"]


@pytest.mark.parametrize("field", FIELDS)
async def test_another_value_of_a_field_is_named(
    field: str, books: Trade, ledger: Ledger, clock: SetClock
):
    await ledger.post([moved()])
    [answer] = await ledger.post([moved(**{field: other(clock)[field]})])
    assert isinstance(answer, Refused)
    assert answer.code == f"exists_with_different_{NAMED.get(field, field)}"
    await books.run("check anita 90.00")


@pytest.mark.parametrize(
    "field,without", [("up_to", UpTo.EXACT), ("order", None), ("expires_at", None), ("at", None)]
)
async def test_a_field_that_was_there_and_is_left_out_is_named(
    field: str, without: object, books: Trade, ledger: Ledger, clock: SetClock
):
    clock.advance(hours=2)
    action = Action.HOLD if field == "expires_at" else Action.MOVE
    first = moved(action=action, **{field: other(clock)[field]})
    [made] = await ledger.post([first])
    assert isinstance(made, Posted), made
    [answer] = await ledger.post([replace(first, **{field: without})])
    assert isinstance(answer, Refused)
    assert answer.code == f"exists_with_different_{NAMED.get(field, field)}"


@pytest.mark.parametrize("field", FIELDS)
async def test_the_end_of_a_hold_is_compared_as_well(
    field: str, books: Trade, ledger: Ledger, clock: SetClock
):
    hold = moved("h", action=Action.HOLD)
    await ledger.post([hold, moved("h2", action=Action.HOLD), ended(hold)])
    value = {**other(clock), "action": Action.VOID, "hold": named("", "h2")}[field]
    [answer] = await ledger.post([replace(ended(hold), **{field: value})])
    assert isinstance(answer, Refused)
    assert answer.code == f"exists_with_different_{NAMED.get(field, field)}"


async def test_the_end_of_a_hold_may_name_the_accounts_or_not(books: Trade, ledger: Ledger):
    hold = moved("h", action=Action.HOLD)
    await ledger.post([hold, ended(hold)])
    [again] = await ledger.post([ended(hold, debit=hold.debit, credit=hold.credit)])
    assert again == Posted(named("", "end"), 10_00, again.at, existed=True)


async def test_the_first_answer_stays_whatever_happened_since(
    books: Trade, ledger: Ledger, clock: SetClock
):
    hold = moved("h", action=Action.HOLD, expires_at=clock.now() + timedelta(minutes=1))
    part = ended(hold, amount=4_00)
    most = moved("m", amount=500_00, up_to=UpTo.DEBIT)
    asked = [moved(), hold, part, most]
    first = await ledger.post(asked)
    assert [o.amount for o in first] == [10_00, 10_00, 4_00, 86_00]
    clock.advance(hours=1)
    await books.run("check anita 0.00\nclose anita\nfreeze ravi")
    for again in (
        await ledger.post(asked),
        [o for t in asked for o in await ledger.post([t])],
        [o for [o] in await ledger.post_groups([[t] for t in asked])],
    ):
        assert [(o.id, o.amount, o.at) for o in again] == [(o.id, o.amount, o.at) for o in first]
        assert all(o.existed for o in again)
    await books.run("check ravi 100.00")


async def test_a_refused_id_is_free(books: Trade, ledger: Ledger):
    [no] = await ledger.post([moved(amount=500_00)])
    assert isinstance(no, Refused)
    [yes] = await ledger.post([moved(amount=50_00)])
    assert isinstance(yes, Posted)
    assert not yes.existed


async def test_a_group_again_is_the_first_answer(books: Trade, ledger: Ledger):
    group = [moved("a"), moved("b", debit=named("", "ravi"), credit=named("", "till"))]
    [first] = await ledger.post_groups([group])
    [again] = await ledger.post_groups([group])
    assert [(o.amount, o.at, o.existed) for o in again] == [(o.amount, o.at, True) for o in first]
    [changed] = await ledger.post_groups([[group[0], replace(group[1], amount=1)]])
    assert changed[0] == again[0]
    assert isinstance(changed[1], Refused)
    await books.run("check anita 90.00\ncheck till 10.00")


@pytest.mark.parametrize(
    "debit, credit, said",
    [
        (None, "anita", LedgerReason.DEBIT_ACCOUNT_NOT_FOUND),
        ("anita", None, LedgerReason.CREDIT_ACCOUNT_NOT_FOUND),
        (None, None, LedgerReason.DEBIT_ACCOUNT_NOT_FOUND),
    ],
)
async def test_a_transfer_that_names_no_account_finds_none(
    debit: str | None, credit: str | None, said: LedgerReason, books: Trade, ledger: Ledger
):
    ends = [None if name is None else books.id(name) for name in (debit, credit)]
    [answer] = await ledger.post([Transfer(books.id("n"), *ends, 100, "INR", "move")])
    assert isinstance(answer, Refused)
    assert answer.reason is said
