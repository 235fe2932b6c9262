"""Cash over a counter, on real books: a grocer who is an agent, and customers with phones."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from argosy.base.markets import Fee, FeeRule
from argosy.base.orders.cash import CODE_DIGITS, COMMISSION, new_code, shown_code
from argosy.base.parties.facts import PartyKind, PartyState
from argosy.base.ports import Decision
from argosy.base.refusals import Refused
from argosy.products.cash_in import facts as into
from argosy.products.cash_in.facts import DropOffer, OfferCash, TakeCash
from argosy.products.cash_out import facts as out
from argosy.products.cash_out.facts import CancelCode, MakeCode, PayOut
from argosy.products.cash_out.finding import order_of_code
from tests.products.town import Town, count, money
from tests.products.trade import fact, limit, market

ANITA = "98000 00001"


@pytest.fixture
async def town(db, clock, ids) -> Town:
    """A town with two agents; the operator pays them 0.5 % in and 1 % out, and asks 2.00 for cash."""
    land = market()
    town = await Town.founded(
        db,
        clock,
        ids,
        fees=(
            *land.fees,
            FeeRule("cash_out", fact(Fee(flat_minor=2_00))),
            FeeRule("cash_in.commission", fact(Fee(basis_points=50))),
            FeeRule("cash_out.commission", fact(Fee(basis_points=100))),
        ),
        limits=(
            *land.limits,
            limit("cash_out", "small", allowed=False),
            limit("cash_in", "full", day_minor_max=600_00),
            limit("cash_out", "full", payment_minor_max=500_00, day_count_max=3),
            limit("agent_cash_out", "merchant", payment_minor_max=450_00),
        ),
    )
    await town.join("anita", "+919800000001", "1000.00")
    await town.join("ravi", "+919800000002", "50.00")
    await town.join("sunil", "+919800000003", "20.00", "small")
    await town.join("grocer", "+919800000006", "2000.00", "merchant", PartyKind.AGENT)
    await town.join("kiosk", "+919800000007", "500.00", "merchant", PartyKind.AGENT)
    return town


def offer(town: Town, amount: str, **whom: str) -> OfferCash:
    id_ = town.ids.new()
    return OfferCash(
        id_, money(amount), new_code(town.tools.keys, id_), **(whom or {"phone": ANITA})
    )


def ask_cash(town: Town, amount: str) -> MakeCode:
    id_ = town.ids.new()
    return MakeCode(id_, money(amount), new_code(town.tools.keys, id_))


async def paid_in(town: Town, amount: str = "100.00") -> OfferCash:
    given = offer(town, amount)
    assert await town.ask("grocer", given) == "held"
    take = TakeCash(town.ids.new(), given.id, given.code)
    assert await town.ask("grocer", take) == "paid"
    return given


async def paid_out(town: Town, amount: str = "100.00") -> MakeCode:
    made = ask_cash(town, amount)
    assert await town.ask("anita", made) == "held"
    assert await town.ask("grocer", PayOut(town.ids.new(), made.id, made.code)) == "paid"
    return made


# --- in ------------------------------------------------------------------------------------------------


async def test_cash_goes_in_when_the_customer_tells_the_code(town: Town) -> None:
    given = offer(town, "100.00")
    assert await town.ask("grocer", given) == "held"
    assert await town.purse("grocer") == "2000.00 (1900.00 free)"
    order = await town.order(given.id)
    assert shown_code(town.tools.keys, order) == given.code
    assert given.code not in str(order.data)
    take = TakeCash(town.ids.new(), given.id, given.code)
    assert await town.ask("grocer", take) == "paid"
    assert await town.ask("grocer", take) == "paid again"
    assert await town.purse("anita") == "1100.00"
    assert await town.purse("grocer") == "1900.50"  # less what was given, plus what was earned
    assert await town.system("fees") == "-0.50"
    after = await town.order(given.id)
    assert (after.data[COMMISSION], shown_code(town.tools.keys, after)) == (50, None)
    assert {"code", "code_hash"}.isdisjoint(after.data)
    assert await town.announced() == ["cash_in.held", "cash_in.paid"]
    await town.prove()


async def test_the_customer_may_confirm_on_their_own_phone(town: Town) -> None:
    given = offer(town, "40.00", number=town.people["anita"].number)
    assert await town.ask("grocer", given) == "held"
    assert await town.ask("ravi", TakeCash(town.ids.new(), given.id)) == "order_not_found"
    assert await town.ask("grocer", TakeCash(town.ids.new(), given.id)) == "offer_code_missing"
    assert await town.ask("anita", TakeCash(town.ids.new(), given.id), pin=None) == "paid"
    assert (await town.order(given.id)).data["taken_by"] == "customer"
    await town.prove()


async def test_five_wrong_codes_end_an_offer(town: Town) -> None:
    given = offer(town, "100.00")
    await town.ask("grocer", given)
    first = TakeCash(town.ids.new(), given.id, "000000")
    for _ in range(3):  # the same guess, sent again, counts once
        answer = await town.answer("grocer", first)
        assert (answer.code, dict(answer.facts)) == ("cash_code_wrong", {"tries_left": 4})
    said = [
        await town.ask("grocer", TakeCash(town.ids.new(), given.id, f"00000{n}"))
        for n in range(1, 5)
    ]
    assert said == ["cash_code_wrong"] * 3 + ["cash_code_spent"]
    assert await town.purse("grocer") == "2000.00"
    right = TakeCash(town.ids.new(), given.id, given.code)
    assert await town.ask("grocer", right) == "cash_code_over"
    assert await town.used("anita", "cash_in") == 0
    await town.prove()


async def test_a_command_id_used_again_gives_no_more_guesses(town: Town) -> None:
    given, made = offer(town, "100.00"), ask_cash(town, "100.00")
    await town.ask("grocer", given)
    await town.ask("anita", made)
    for order, kind in ((given, TakeCash), (made, PayOut)):
        id_, wrong = town.ids.new(), [f"{n:06}" for n in range(6) if f"{n:06}" != order.code]
        said = [await town.ask("grocer", kind(id_, order.id, code)) for code in wrong[:5]]
        assert said == ["cash_code_wrong"] * 4 + ["cash_code_spent"]
        assert await town.ask("grocer", kind(id_, order.id, order.code)) == "cash_code_over"
    assert await town.purse("grocer") == "2000.00"
    assert await town.purse("anita") == "1000.00"
    await town.prove()


async def test_an_offer_is_dropped_or_expires_and_both_can_know(town: Town) -> None:
    first, second = offer(town, "10.00"), offer(town, "20.00")
    for given in (first, second):
        await town.ask("grocer", given)
    assert await town.ask("kiosk", DropOffer(town.ids.new(), first.id)) == "order_not_found"
    assert await town.ask("anita", DropOffer(town.ids.new(), first.id)) == "returned"
    assert await town.sweep(minutes=10) == 1
    assert (await town.order(second.id)).data["reason"] == "expired"
    assert await town.ask("grocer", TakeCash(town.ids.new(), second.id, second.code)) == (
        "cash_code_over"
    )
    assert await town.purse("grocer") == "2000.00"
    kinds = await town.announced()
    assert kinds == ["cash_in.held"] * 2 + ["cash_in.returned"] * 2
    await town.prove()


async def test_who_may_pay_cash_in_and_for_whom(town: Town) -> None:
    table = {
        "anita": (offer(town, "10.00", phone="98000 00002"), "only_agents"),
        "grocer": (offer(town, "10.00", phone="98000 00099"), "cash_wallet_missing"),
        "kiosk": (offer(town, "10.00", phone="98000 00006"), "not_for_agents"),
    }
    for who, (command, said) in table.items():
        assert await town.ask(who, command) == said
    nobody = OfferCash(town.ids.new(), money("1"), "000000")
    assert await town.ask("grocer", nobody) == "customer_missing"
    assert await town.ask("grocer", offer(town, "10.00", phone="98000 00006")) == "same_party"
    assert await town.ask("grocer", offer(town, "1.00"), pin="000001") == "pin_wrong"
    await town.parties.set_state(town.people["anita"].id, PartyState.FROZEN)
    assert await town.ask("grocer", offer(town, "10.00")) == "payee_cannot_take"


async def test_float_and_limits_bound_what_goes_in(town: Town) -> None:
    assert await town.ask("kiosk", offer(town, "500.01")) == "insufficient_funds"
    assert await town.ask("kiosk", offer(town, "500.00")) == "held"
    # the customer's limit is nobody else's business
    assert await town.ask("grocer", offer(town, "100.01")) == "payee_cannot_take"
    assert await town.ask("grocer", offer(town, "100.00")) == "held"
    await town.prove()


async def test_a_float_has_a_ceiling(town: Town) -> None:
    account = town.people["kiosk"].account
    assert await town.ledger.set_bounds(account, 0, 550_00, because="tests") is None
    made = ask_cash(town, "60.00")
    await town.ask("anita", made)
    assert await town.ask("kiosk", PayOut(town.ids.new(), made.id, made.code)) == "ceiling_exceeded"
    assert await town.ask("grocer", PayOut(town.ids.new(), made.id, made.code)) == "paid"


async def test_fifty_offers_at_once_pass_neither_float_nor_limit(town: Town) -> None:
    offers = [offer(town, "40.00") for _ in range(50)]
    said = await asyncio.gather(*(town.ask("kiosk", one) for one in offers))
    assert count(said) == {"held": 12, "insufficient_funds": 38}
    assert await town.purse("kiosk") == "500.00 (20.00 free)"
    await town.prove()


async def test_at_a_counter_nobody_waits_for_a_human(town: Town) -> None:
    town.brain.says = Decision.REVIEW
    assert await town.ask("grocer", offer(town, "10.00")) == "denied_by_risk"
    (asked,) = town.brain.asked
    assert (asked.kind, asked.party) == ("cash_in", town.people["anita"].id)
    assert (asked.payee, asked.payee_kind) == (town.people["grocer"].id, "agent")
    assert await town.purse("grocer") == "2000.00"


# --- out -----------------------------------------------------------------------------------------------


async def test_cash_comes_out_for_a_code(town: Town) -> None:
    made = ask_cash(town, "100.00")
    assert len(made.code) == CODE_DIGITS
    assert await town.ask("anita", made) == "held"
    assert await town.ask("anita", made) == "held again"
    assert await town.purse("anita") == "1000.00 (898.00 free)"
    found = await order_of_code(town.tools, town.market, ANITA, made.code)
    assert found == made.id
    pay = PayOut(town.ids.new(), made.id, made.code)
    assert await town.ask("grocer", pay) == "paid"
    assert await town.ask("grocer", pay) == "paid again"
    assert await town.ask("kiosk", PayOut(town.ids.new(), made.id, made.code)) == "cash_code_over"
    assert await town.purse("anita") == "898.00"
    assert await town.purse("grocer") == "2101.00"
    assert await town.system("fees") == "1.00"
    assert [o.kind for o in town.brain.asked if o.payee is None][:1] == ["cash_out"]
    assert town.brain.asked[-1].kind == "claim"
    await town.prove()


async def test_one_minor_unit_and_two_agents_at_once(town: Town) -> None:
    made = ask_cash(town, "0.01")
    assert await town.ask("anita", made) == "held"
    said = await asyncio.gather(
        town.ask("grocer", PayOut(town.ids.new(), made.id, made.code)),
        town.ask("kiosk", PayOut(town.ids.new(), made.id, made.code)),
    )
    assert sorted(said) == ["cash_code_over", "paid"]
    await town.prove()


async def test_wrong_codes_are_counted_and_the_money_goes_back(town: Town) -> None:
    made = ask_cash(town, "100.00")
    await town.ask("anita", made)
    said = []
    for n in range(6):
        found = await order_of_code(town.tools, town.market, ANITA, f"11111{n}")
        if isinstance(found, Refused):
            said.append(found.code)
        else:
            said.append(await town.ask("grocer", PayOut(town.ids.new(), found, f"11111{n}")))
    assert said == ["cash_code_wrong"] * 4 + ["cash_code_spent", "cash_code_wrong"]
    assert await town.purse("anita") == "1000.00"
    assert await town.used("anita", "cash_out") == 0
    await town.prove()


async def test_a_wrong_pin_of_the_agent_counts_no_code(town: Town) -> None:
    made = ask_cash(town, "100.00")
    await town.ask("anita", made)
    pay = PayOut(town.ids.new(), made.id, "111111")
    assert await town.ask("grocer", pay, pin="999998") == "pin_wrong"
    assert (await town.order(made.id)).version == 1


async def test_nobody_learns_who_has_a_code(town: Town) -> None:
    for whose in ("98000 00099", "98000 00002", ANITA):
        found = await order_of_code(town.tools, town.market, whose, "123456")
        assert isinstance(found, Refused)
        assert found.code == "cash_code_wrong"


async def test_a_code_is_cancelled_or_expires(town: Town) -> None:
    first, second = ask_cash(town, "10.00"), ask_cash(town, "20.00")
    for made in (first, second):
        await town.ask("anita", made)
    assert await town.ask("grocer", CancelCode(town.ids.new(), first.id)) == "order_not_found"
    assert await town.ask("anita", CancelCode(town.ids.new(), first.id), pin=None) == "returned"
    assert await town.sweep(minutes=15) == 1
    assert await town.purse("anita") == "1000.00"
    assert await town.announced() == ["cash_out.held"] * 2 + ["cash_out.returned"] * 2
    await town.prove()


async def test_levels_and_limits_bound_what_comes_out(town: Town) -> None:
    assert await town.ask("sunil", ask_cash(town, "5.00")) == "level_not_allowed"
    assert await town.ask("anita", ask_cash(town, "500.01")) == "limit_payment"
    much = ask_cash(town, "450.01")
    await town.ask("anita", much)
    assert await town.ask("grocer", PayOut(town.ids.new(), much.id, much.code)) == "limit_payment"
    await town.ask("anita", CancelCode(town.ids.new(), much.id))
    assert (
        await town.ask("ravi", ask_cash(town, "48.01")) == "insufficient_funds"
    )  # 2.00 is the price
    said = [await town.ask("anita", ask_cash(town, "1.00")) for _ in range(4)]
    assert said == ["held"] * 3 + ["limit_day_count"]
    assert await town.ask("grocer", ask_cash(town, "1.00")) == "not_for_agents"
    made = ask_cash(town, "5.00")
    await town.ask("ravi", made)
    assert await town.ask("anita", PayOut(town.ids.new(), made.id, made.code)) == "only_agents"


async def test_a_code_under_review_is_good_once_it_is_released(town: Town) -> None:
    town.brain.says = Decision.REVIEW
    made = ask_cash(town, "100.00")
    assert await town.ask("anita", made) == "review"
    town.brain.says = Decision.ALLOW
    assert await town.ask("grocer", PayOut(town.ids.new(), made.id, made.code)) == "cash_code_over"
    released = await town.cashier.reviews.release(made.id, "staff:asha")
    assert released.state == "held"
    assert released.deadline_at == town.clock.now() + timedelta(hours=2)
    assert await town.ask("grocer", PayOut(town.ids.new(), made.id, made.code)) == "paid"
    await town.prove()


async def test_a_suspicious_agent_gets_no_money_and_the_code_lives_on(town: Town) -> None:
    made = ask_cash(town, "100.00")
    await town.ask("anita", made)
    town.brain.says = Decision.REVIEW
    pay = PayOut(town.ids.new(), made.id, made.code)
    assert await town.ask("grocer", pay) == "denied_by_risk"
    town.brain.says = Decision.ALLOW
    assert await town.ask("kiosk", PayOut(town.ids.new(), made.id, made.code)) == "paid"


async def test_a_challenge_is_put_while_the_customer_has_the_phone(town: Town) -> None:
    town.brain.says = Decision.CHALLENGE
    made = ask_cash(town, "100.00")
    assert await town.ask("anita", made) == "challenged"
    code = town.letters.sent[-1].facts["code"]
    assert await town.ask("anita", made, pin=None, otp=code) == "held"


# --- undoing -------------------------------------------------------------------------------------------


async def test_both_sides_undo_a_cash_in(town: Town) -> None:
    given = await paid_in(town)
    assert await town.ask("anita", into.AgreeBack(town.ids.new(), given.id)) == "back_not_asked"
    ask = into.AskBack(town.ids.new(), given.id)
    assert await town.ask("grocer", ask) == "paid"
    assert await town.ask("grocer", ask) == "paid again"
    again = into.AskBack(town.ids.new(), given.id)
    assert await town.ask("grocer", again) == "back_asked_already"
    assert await town.ask("grocer", into.AgreeBack(town.ids.new(), given.id)) == "back_not_asked"
    assert await town.ask("ravi", into.AgreeBack(town.ids.new(), given.id)) == "order_not_found"
    agree = into.AgreeBack(town.ids.new(), given.id)
    assert await town.ask("anita", agree) == "refunded"
    assert await town.ask("anita", agree) == "refunded again"
    assert await town.purse("anita") == "1000.00"
    assert await town.purse("grocer") == "2000.00"
    assert await town.system("fees") == "0.00"
    assert await town.used("anita", "cash_in") == 0
    once_more = into.AskBack(town.ids.new(), given.id)
    assert await town.ask("grocer", once_more) == "cash_not_done"
    assert (await town.announced())[-2:] == ["cash_in.back_asked", "cash_in.refunded"]
    await town.prove()


async def test_both_sides_undo_a_cash_out_with_its_price(town: Town) -> None:
    made = await paid_out(town)
    assert await town.ask("anita", out.AskBack(town.ids.new(), made.id), pin=None) == "pin_missing"
    assert await town.ask("anita", out.AskBack(town.ids.new(), made.id)) == "paid"
    assert await town.ask("grocer", out.AgreeBack(town.ids.new(), made.id)) == "refunded"
    assert await town.purse("anita") == "1000.00"
    assert await town.purse("grocer") == "2000.00"
    assert await town.system("fees") == "0.00"
    await town.prove()


async def test_undoing_has_its_time_and_needs_the_money(town: Town) -> None:
    late, spent = await paid_in(town), await paid_in(town, "50.00")
    town.clock.advance(minutes=20)
    assert await town.ask("grocer", into.AskBack(town.ids.new(), spent.id)) == "paid"
    big = [ask_cash(town, "500.00"), ask_cash(town, "490.00")]
    assert [await town.ask("anita", one) for one in big] == ["held", "held"]
    agree = into.AgreeBack(town.ids.new(), spent.id)
    town.clock.advance(minutes=11)
    await town.sweep(minutes=0)
    assert await town.ask("grocer", into.AskBack(town.ids.new(), late.id)) == "back_too_late"
    assert await town.ask("anita", agree) == "refunded"
    await town.prove()


async def test_what_was_spent_cannot_be_undone(town: Town) -> None:
    given = await paid_in(town)
    await town.ask("grocer", into.AskBack(town.ids.new(), given.id))
    for amount in ("500.00", "500.00", "92.00"):
        assert await town.ask("anita", ask_cash(town, amount)) == "held"
    agree = into.AgreeBack(town.ids.new(), given.id)
    assert await town.ask("anita", agree) == "insufficient_funds"
    await town.prove()
