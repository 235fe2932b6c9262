"""Receipts: found by their number, and by nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argosy.base.ids import Ids, derive
from argosy.base.orders.reading import BETWEEN_MAX
from argosy.base.parties.keys import Keys
from argosy.products.pay.facts import PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.request.facts import Ask
from argosy.products.send.facts import Send
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.facts import Receipt
from argosy.public_services.receipts.numbers import fits, id_range, number_of
from argosy.public_services.receipts.receipts import Checked
from tests.products.town import Town, money, word

KEYS = Keys(b"1" * 32, b"2" * 32)
ids7 = st.tuples(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1)).map(
    lambda parts: UUID(
        int=parts[0] << 80
        | 0x7 << 76
        | (parts[1] >> 62) << 64
        | 0x2 << 62
        | parts[1] & (1 << 62) - 1
    )
)


@given(ids7)
def test_every_order_is_in_the_range_of_its_number(order: UUID) -> None:
    number = number_of(KEYS, order)
    between = id_range(number)
    assert between is not None
    first, last = between
    assert first <= order <= last
    assert fits(KEYS, number, order)


@given(ids7, st.integers(0, 19), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_sign_does_not_fit(order: UUID, place: int, sign: str) -> None:
    plain = number_of(KEYS, order).replace("-", "")
    wrong = plain[:place] + sign + plain[place + 1 :]
    assert fits(KEYS, wrong, order) == (wrong == plain)


@given(ids7)
def test_another_key_gives_another_number(order: UUID) -> None:
    assert number_of(Keys(b"1" * 32, b"3" * 32), order) != number_of(KEYS, order)


@pytest.mark.parametrize("text", ["", "x", "U" * 20, "0" * 19, "0" * 21, "é" * 20, "0" * 9999])
def test_what_is_no_number_is_none(text: str) -> None:
    assert id_range(text) is None


async def paid(town: Town) -> Receipt:
    return await town.answer(
        "anita", PayMerchant(town.ids.new(), money("100"), town.people["tea"].number)
    )


async def test_whoever_has_the_number_sees_how_it_stands(town: Town) -> None:
    receipt = await paid(town)
    for typed in (receipt.number, receipt.number.lower(), receipt.number.replace("-", " ")):
        seen = await town.receipts.check(typed)
        assert isinstance(seen, Checked)
        assert (seen.state, seen.amount, seen.refunded) == ("paid", money("100"), money("0"))
        assert (seen.product, seen.payee) == ("pay", "tea")
    await town.ask("tea", Refund(town.ids.new(), receipt.order.id, money("30")))
    seen = await town.receipts.check(receipt.number)
    assert isinstance(seen, Checked)
    assert (seen.state, seen.refunded) == ("partly_refunded", money("30"))


async def test_a_made_up_number_finds_nothing(town: Town) -> None:
    receipt = await paid(town)
    made_up = receipt.number[:-1] + ("0" if receipt.number[-1] != "0" else "1")
    for number in (made_up, "0" * 20, "", receipt.number + "0", str(receipt.order.id)):
        assert word(await town.receipts.check(number)) == "receipt_unknown"


async def test_many_orders_of_one_millisecond_are_told_apart(town: Town) -> None:
    receipts = [await paid(town) for _ in range(5)]
    twin = derive(receipts[0].order.id, "another")
    assert word(await town.receipts.check(number_of(town.tools.keys, twin))) == "receipt_unknown"
    for receipt in receipts:
        order = await town.receipts.order(receipt.number)
        assert order is not None
        assert order.id == receipt.order.id


async def test_nobody_hides_a_receipt_behind_orders_with_ids_like_its_own(town: Town) -> None:
    """Ids come from the one who asks, and a receipt's number tells the beginning of its order's."""
    made = await paid(town)
    head = made.order.id.int >> 62 << 62
    for low in range(BETWEEN_MAX + 1):
        ask = Ask(UUID(int=head | low), money("1"), phone="98000 00002")
        assert await town.ask("anita", ask, pin=None) == "awaiting"
        town.clock.advance(minutes=10)
    found = await town.receipts.check(made.number)
    assert isinstance(found, Checked)
    assert found.amount == made.order.amount


async def test_a_phone_and_a_bank_account_are_masked(town: Town) -> None:
    waiting = await town.answer("anita", Send(town.ids.new(), money("5"), phone="98000 00009"))
    out = await town.answer("anita", Withdraw(town.ids.new(), money("5"), "IFSC0001234567"))
    for receipt, payee in ((waiting, "...0009"), (out, "...4567")):
        seen = await town.receipts.check(receipt.number)
        assert isinstance(seen, Checked)
        assert seen.payee == payee


def test_numbers_do_not_depend_on_when_they_are_made(ids: Ids) -> None:
    order = ids.new()
    assert number_of(KEYS, order) == number_of(Keys(b"9" * 32, b"2" * 32), order)
