"""The auditor finds nothing in good books, and everything that is changed behind the ledger's back."""

from __future__ import annotations

import random
from pathlib import Path
from uuid import UUID

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.products.pay.facts import PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.send.facts import Send
from argosy.products.withdraw.facts import Withdraw
from tests.chaos.auditor import Books, audit
from tests.chaos.people import Ask, Person
from tests.chaos.program import Program
from tests.chaos.storm import Storm
from tests.products.conftest import town
from tests.products.town import Town, money

__all__ = ["town"]

BANK = "IFSC0001234567"


@pytest.fixture
async def traded(town: Town) -> Town:
    """A day of trade with every kind of ending."""
    cinema = PayMerchant(town.ids.new(), money("100"), town.people["cinema"].number)
    await town.ask("anita", cinema)
    for part in ("33.33", "66.67"):
        await town.ask("cinema", Refund(town.ids.new(), cinema.id, money(part)))
    await town.ask("anita", PayMerchant(town.ids.new(), money("9"), town.people["tea"].number))
    await town.ask("anita", Send(town.ids.new(), money("5"), phone="98000 00002"))
    await town.ask("anita", Send(town.ids.new(), money("5"), phone="98000 00009"))
    await town.ask("anita", Withdraw(town.ids.new(), money("50"), BANK))
    town.bank.mood = "no"
    await town.ask("anita", Withdraw(town.ids.new(), money("60"), BANK))
    return town


async def books(db: Database) -> Books:
    return await audit(db.url)


async def tamper(db: Database, *statements: str) -> None:
    """As only the one can who has the database's own rights."""
    async with db.work() as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            await conn.execute(statement)


async def test_good_books_are_found_good(db: Database, traded: Town) -> None:
    found = await books(db)
    assert found.findings == []
    assert found.transfers > 10
    assert found.owed() == found.came_in() > 0


WALLET = "(SELECT id FROM ledger.accounts WHERE kind = 'wallet' LIMIT 1)"
HOLDING = "(SELECT id FROM ledger.accounts WHERE debits_pending > 0 LIMIT 1)"
PAID = "(SELECT id FROM orders.orders WHERE product = 'send' AND state = 'paid' LIMIT 1)"
HELD = "(SELECT id FROM orders.orders WHERE product = 'send' AND state = 'held' LIMIT 1)"


@pytest.mark.parametrize(
    "statement, finding",
    [
        (
            f"UPDATE ledger.accounts SET credits_posted = credits_posted + 1 WHERE id = {WALLET}",
            "the journal adds up to",
        ),
        (
            f"UPDATE ledger.accounts SET debits_pending = debits_pending - 1 WHERE id = {HOLDING}",
            "the journal adds up to",
        ),
        (f"DELETE FROM ledger.transfers WHERE order_id = {PAID}", "paid, and 0 was moved"),
        (
            f"UPDATE ledger.transfers SET amount = amount + 1 WHERE order_id = {PAID}",
            "the journal adds up to",
        ),
        (f"DELETE FROM orders.orders WHERE id = {PAID}", "orders that are not there"),
        (f"UPDATE orders.orders SET state = 'returned' WHERE id = {HELD}", "still reserved"),
        (f"UPDATE orders.orders SET state = 'held' WHERE id = {PAID}", "500 was moved where 0"),
        (
            "UPDATE ledger.accounts SET floor_minor = ceiling_minor WHERE kind = 'wallet'",
            "below its floor",
        ),
    ],
)
async def test_what_was_changed_behind_its_back_is_found(
    db: Database, traded: Town, statement: str, finding: str
) -> None:
    await tamper(db, statement)
    findings = (await books(db)).findings
    assert any(finding in one for one in findings), findings


async def test_a_storm_sees_what_is_missing_what_is_too_much_and_what_was_refused(
    db: Database, traded: Town, clock: SetClock, ids: Ids, tmp_path: Path
) -> None:
    """What people were told, held against the books."""
    storm = Storm(Program(tmp_path), random.Random(1))
    storm.started = await books(db)
    person = Person("http://127.0.0.1:1", 1, lambda: None)
    sent = Send(ids.new(), money("7"), phone="98000 00002")
    await traded.ask("anita", sent)

    def ask(number: UUID, minor: int, state: str = "", refusal: str = "") -> Ask:
        return Ask(number, person, "/send", {}, minor, state=state, refusal=refusal)

    found = await books(db)
    storm.asks = [ask(sent.id, 700, "paid")]
    assert storm._told(found) + storm._nothing_else(found) == []
    for wrong, saying in (
        (ask(sent.id, 701, "paid"), "there as"),
        (ask(sent.id, 700, "returned"), "there as"),
        (ask(sent.id, 700, refusal="limit_day"), "and yet there"),
        (ask(ids.new(), 700, "paid"), "not there"),
    ):
        storm.asks = [wrong]
        assert saying in storm._told(found)[0]
    storm.asks = []
    assert str(sent.id) in storm._nothing_else(found)[0]
    await person.close()
