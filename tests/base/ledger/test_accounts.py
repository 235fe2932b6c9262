"""Opening and reading accounts, and the events that are kept of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from argosy.base.ids import named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Account, AccountReason, Side
from argosy.base.refusals import Refused
from argosy.base.store import Database
from tests.base.ledger.tables import Trade


def wallet(name: str = "anita", **more) -> Account:
    return replace(Account(named(name), "INR", Side.CREDIT, "wallet", named("owner")), **more)


async def test_opening_again_is_a_yes_and_changes_nothing(ledger: Ledger, db: Database):
    assert await ledger.open_accounts([wallet(ceiling_minor=500)]) == [None]
    await ledger.set_bounds(named("anita"), 0, 900, "a higher level")
    assert await ledger.open_accounts([wallet(ceiling_minor=500)]) == [None]
    account = await ledger.account(named("anita"))
    assert account is not None
    assert account.ceiling_minor == 900
    rows = await db.all("SELECT what, ceiling_minor, because FROM ledger.account_events")
    assert sorted(map(tuple, rows)) == [("bounds", 900, "a higher level"), ("opened", 500, "")]


@pytest.mark.parametrize(
    "other", [{"currency": "USD"}, {"side": Side.DEBIT}, {"kind": "till"}, {"owner": None}]
)
async def test_the_id_of_another_account_is_taken(other: dict, ledger: Ledger):
    await ledger.open_accounts([wallet()])
    assert await ledger.open_accounts([wallet(**other)]) == [
        Refused(AccountReason.ACCOUNT_EXISTS_DIFFERENTLY)
    ]


async def test_each_account_is_answered_on_its_own(ledger: Ledger, db: Database):
    await ledger.open_accounts([wallet("old")])
    said = await ledger.open_accounts(
        [
            wallet("a"),
            wallet("b", floor_minor=2, ceiling_minor=1),
            wallet("old", kind="till"),
            wallet("c", floor_minor=1, ceiling_minor=1),
            wallet("a"),
        ]
    )
    assert [s and s.code for s in said] == [
        None,
        "account_bounds_crossed",
        "account_exists_differently",
        None,
        None,
    ]
    assert set(await ledger.accounts(named(n) for n in "abc")) == {named("a"), named("c")}
    assert await db.value("SELECT count(*) FROM ledger.account_events") == 3


async def test_opened_in_a_transaction_that_is_undone_it_is_not_there(ledger: Ledger, db: Database):
    with pytest.raises(ZeroDivisionError):
        async with db.work() as conn:
            assert await ledger.open_accounts([wallet()], conn) == [None]
            raise ZeroDivisionError
    assert await ledger.account(named("anita")) is None


EVENTS = """
open   anita
freeze anita
thaw   anita
close  anita
reopen anita
bounds anita floor none ceiling 5.00
freeze nobody                        account_not_found
bounds nobody floor none ceiling 5.00 account_not_found
"""


async def test_what_is_done_to_an_account_is_kept_with_its_reason(trade: Trade, db: Database):
    for line in EVENTS.strip().splitlines():
        await trade.run(line)
        trade.clock.advance(seconds=1)
    rows = await db.all(
        "SELECT what, because, ceiling_minor FROM ledger.account_events ORDER BY at"
    )
    assert [tuple(row) for row in rows] == [
        ("opened", "", None),
        ("frozen", "test", None),
        ("thawed", "test", None),
        ("closed", "test", None),
        ("reopened", "test", None),
        ("bounds", "test", 500),
    ]
