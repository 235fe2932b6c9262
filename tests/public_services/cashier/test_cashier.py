"""The cashier: proofs, challenges, keys, dry runs, and answers that got lost."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from datetime import date
from uuid import uuid4

import msgspec
import pytest

from argosy.base.money import Money
from argosy.base.orders.facts import OrderReason
from argosy.base.ports import Decision
from argosy.base.postings import Challenged, GateReason, LimitUse
from argosy.base.refusals import Refused
from argosy.products.pay.facts import CreatePayment, PayMerchant
from argosy.products.refund.facts import Refund
from argosy.products.send.facts import Send
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.cashier import explained
from argosy.public_services.cashier.facts import Preview, Receipt, Shown
from tests.products.town import PIN, Town, money, word


def to_ravi(town: Town, amount: str = "10") -> Send:
    return Send(town.ids.new(), money(amount), phone="98000 00002")


def code_in(town: Town) -> str:
    """The code in the latest message."""
    found = re.search(r"\d{6}", str(town.letters.sent[-1].facts["code"]))
    assert found is not None
    return found[0]


# --- proofs ---------------------------------------------------------------------------------------


async def test_without_the_pin_nothing_moves(town: Town) -> None:
    command = to_ravi(town)
    assert await town.ask("anita", command, pin=None) == "pin_missing"
    assert await town.ask("anita", command, pin="111222") == "pin_wrong"
    assert await town.purse("anita") == "1000.00"
    assert town.brain.asked == []
    assert await town.ask("anita", command) == "paid"


async def test_five_wrong_pins_make_everybody_wait(town: Town) -> None:
    answers = [await town.ask("anita", to_ravi(town), pin="111222") for _ in range(5)]
    assert answers[0] == "pin_wrong"
    assert await town.ask("anita", to_ravi(town)) == "pin_wait"
    assert await town.purse("anita") == "1000.00"


async def test_an_id_that_is_not_a_uuid7_is_refused(town: Town) -> None:
    command = Send(uuid4(), money("1"), phone="98000 00002")
    assert await town.ask("anita", command) == "id_not_uuid7"


async def test_a_bad_phone_is_refused_by_the_market(town: Town) -> None:
    command = Send(town.ids.new(), money("1"), phone="12")
    assert await town.ask("anita", command) == "phone_unreadable"


async def test_a_challenge_sends_a_code_that_proves_this_command_alone(town: Town) -> None:
    town.brain.says = Decision.CHALLENGE
    command = to_ravi(town)
    answer = await town.answer("anita", command)
    assert isinstance(answer, Challenged)
    assert answer.facts["sent"].digits == 6
    assert await town.purse("anita") == "1000.00"
    code = code_in(town)
    other = dataclasses.replace(command, amount=money("11"))
    assert (await town.ask("anita", other, otp=code)).startswith("otp_")
    assert (await town.ask("anita", to_ravi(town), otp=code)).startswith("otp_")
    assert await town.ask("anita", command, otp="000000") == "otp_wrong"
    assert await town.ask("anita", command, otp=code, pin=None) == "paid"
    assert await town.ask("anita", command, otp=code, pin=None) == "paid again"
    assert town.brain.asked[-1].proofs == {"pin", "otp"}


async def test_a_code_without_a_challenge_proves_nothing(town: Town) -> None:
    assert (await town.ask("anita", to_ravi(town), pin=None, otp="123456")).startswith("otp_")


async def test_denied_and_silent_brains_move_nothing(town: Town) -> None:
    town.brain.says = Decision.DENY
    assert await town.ask("anita", to_ravi(town)) == "denied_by_risk"
    town.brain.judge = None  # it does not answer at all
    assert await town.ask("anita", to_ravi(town)) == "risk_unavailable"
    assert await town.purse("anita") == "1000.00"


# --- programs ---------------------------------------------------------------------------------------


async def by_key(town: Town, name: str, command: object) -> str:
    asker = town.asker(name, by_key=True)
    return word(await town.cashier.carry_out(command, asker))


async def test_a_merchants_program_asks_and_refunds_but_does_not_spend(town: Town) -> None:
    asked = CreatePayment(town.ids.new(), money("40"))
    assert await by_key(town, "tea", asked) == "awaiting"
    assert await by_key(town, "tea", asked) == "awaiting again"
    paid = PayMerchant(town.ids.new(), money("40"), town.people["tea"].number)
    await town.ask("anita", paid)
    assert await by_key(town, "tea", Refund(town.ids.new(), paid.id, money("1"))) == (
        "partly_refunded"
    )
    out = Withdraw(town.ids.new(), money("1"), "IFSC0001234567")
    assert await by_key(town, "tea", out) == "key_not_enough"
    town.brain.says = Decision.CHALLENGE
    refund = Refund(town.ids.new(), paid.id, money("1"))
    assert await by_key(town, "tea", refund) == "proof_not_possible"


# --- previews and dry runs ----------------------------------------------------------------------------


async def test_a_preview_shows_what_would_happen_and_does_nothing(town: Town) -> None:
    command = PayMerchant(town.ids.new(), money("100"), town.people["tea"].number)
    seen = await town.cashier.preview(command, town.asker("anita"))
    assert isinstance(seen, Preview)
    assert (seen.order.state, seen.order.fee_minor, seen.proofs) == ("paid", 100, {"pin"})
    assert seen.content == f"pay|{town.people['tea'].id}|10000|INR"
    assert await town.announced() == []


@pytest.mark.parametrize("amount", ["0.01", "10", "1000", "1000.01", "50000.01", "0"])
async def test_a_dry_run_equals_the_real_run(town: Town, amount: str) -> None:
    command = to_ravi(town, amount)
    dry = await town.cashier.try_out(command, town.asker("anita"))
    assert await town.purse("anita") == "1000.00"
    real = await town.answer("anita", command)
    if isinstance(real, Refused):
        assert dry == real
    else:
        assert isinstance(dry, Preview)
        assert isinstance(real, Receipt)
        assert msgspec.structs.replace(real.order, updated_at=None) == dry.order


# --- answers that got lost ----------------------------------------------------------------------------


async def test_a_lost_answer_is_found_by_the_id(town: Town) -> None:
    command = to_ravi(town)
    assert word(await town.cashier.status(command.id, town.asker("anita"))) == "order_not_found"
    await town.ask("anita", command)
    for name, answer in (
        ("anita", "paid again"),
        ("ravi", "paid again"),
        ("tea", "order_not_found"),
    ):
        assert word(await town.cashier.status(command.id, town.asker(name))) == answer


async def test_the_first_answer_survives_what_changed_since(town: Town) -> None:
    """Spent, frozen, or over the limit by now: the same command still has its first answer."""
    command = to_ravi(town, "990")
    assert await town.ask("anita", command) == "paid"
    assert await town.ask("anita", command) == "paid again"
    town.brain.says = Decision.DENY
    assert await town.ask("anita", command) == "paid again"
    await town.ledger.freeze(town.people["anita"].account, "court order")
    town.brain.says = Decision.ALLOW
    assert await town.ask("anita", command) == "paid again"


async def test_a_receipt_says_what_left_and_what_arrived(town: Town) -> None:
    paid = await town.answer(
        "anita", PayMerchant(town.ids.new(), money("100"), town.people["tea"].number)
    )
    assert (paid.out, paid.net) == (money("100"), money("99"))
    out = await town.answer("anita", Withdraw(town.ids.new(), money("100"), "IFSC0001234567"))
    assert (out.out, out.net) == (money("105"), money("100"))


async def test_a_shown_session_must_be_the_askers(town: Town) -> None:
    session = await town.signin.session(town.tokens["ravi"])
    with pytest.raises(Exception, match="somebody else"):
        await town.cashier.carry_out(to_ravi(town), town.asker("anita"), Shown(session, PIN))


async def test_a_hundred_payments_at_once_share_their_reads(town: Town) -> None:
    """The payee is read by few queries, however many pay at once."""
    commands = [
        PayMerchant(town.ids.new(), money("1"), town.people["tea"].number) for _ in range(100)
    ]
    answers = await asyncio.gather(*(town.ask("anita", c) for c in commands))
    assert set(answers) == {"paid"}
    assert await town.purse("tea") == "99.00"
    await town.prove()


# --- limits, in words that can be shown ------------------------------------------------------------


def test_a_limit_says_how_much_it_is_and_not_whose_it_is_not() -> None:
    day = date(2026, 11, 22)
    me, other = uuid4(), uuid4()
    mine = LimitUse(me, "send", 5, day, day, day, day_minor_max=100, day_count_max=3)
    theirs = LimitUse(other, "receive", 5, day, day, day, month_minor_max=50)

    def said(reason: GateReason) -> Refused:
        return explained(Refused(reason), (mine, theirs), me, "INR")

    assert said(GateReason.LIMIT_DAY).facts == {"most": Money(100, "INR")}
    assert said(GateReason.LIMIT_DAY_COUNT).facts == {"most": 3}
    assert said(GateReason.LIMIT_MONTH).reason is OrderReason.PAYEE_CANNOT_TAKE
    assert said(GateReason.GATE_BUSY) == Refused(GateReason.GATE_BUSY)


async def test_a_number_is_read_with_its_spaces_and_dashes(town: Town) -> None:
    number = town.people["tea"].number
    for typed in (number, f"{number[:5]} {number[5:]}", f"{number[:5]}-{number[5:]}"):
        assert await town.ask("anita", PayMerchant(town.ids.new(), money("1"), typed)) == "paid"
