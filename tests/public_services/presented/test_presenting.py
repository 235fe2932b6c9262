"""A customer shows a code, a merchant scans it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.parties.facts import PartyKind
from argosy.base.products import Asker
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.channels.qr import cpm
from argosy.products.pay.facts import PayOrder
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.presented import codes
from argosy.public_services.presented.facts import Charge, DeviceKey, Presented
from argosy.public_services.signin.facts import DeviceClaim, Session, SignedIn
from tests.partners.shop import PIN, Shop
from tests.public_services.desk import refused


class Counter:
    """A shop's till, and the phones of people in front of it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.presenting = shop.wallet.presenting
        self.keys: dict[str, DeviceKey] = {}

    async def session(self, name: str = "asha") -> Session:
        session = await self.shop.wallet.signin.session(self.shop.tokens[name])
        assert session is not None
        return session

    async def switch_on(self, name: str = "asha") -> DeviceKey:
        session = await self.session(name)
        assert await self.presenting.switch_on(session, PIN) is None
        key = await self.presenting.key(session)
        assert isinstance(key, DeviceKey), key
        self.keys[name] = key
        return key

    def code(self, name: str = "asha") -> str:
        """What the phone shows, without asking anybody."""
        key = self.keys[name]
        return codes.make(key.selector, key.secret, self.shop.clock.now())

    async def charge(self, minor: int, code: str, till: str = "tea", **more: Any) -> Any:
        ask = Charge(more.pop("id", self.shop.ids.new()), Money(minor, "INR"), code, **more)
        return await self.presenting.charge(Asker(self.shop.people[till], "lite"), ask)

    async def paid(self, minor: int, code: str, **more: Any) -> Receipt:
        said = await self.charge(minor, code, **more)
        assert isinstance(said, Receipt), said
        return said

    def later(self, **time: float) -> None:
        self.shop.clock.advance(**time)


@pytest.fixture
async def counter(db: Database, clock: SetClock, ids: Ids) -> Counter:
    """A tea house, and Asha with 5,000 rupees and a phone that shows codes."""
    counter = Counter(await Shop.opened(db, clock, ids))
    await counter.switch_on()
    return counter


async def test_a_small_payment_goes_at_once_with_the_phone_off_line(counter: Counter) -> None:
    receipt = await counter.paid(45_00, counter.code(), note="Two chai", reference="T-1")
    assert receipt.order.state is State.PAID
    assert receipt.order.payer == counter.shop.people["asha"].id
    assert await counter.shop.balance("tea") == 45_00
    assert await counter.shop.balance("asha") == 4955_00


async def test_a_larger_one_waits_for_the_pin_on_the_customers_phone(counter: Counter) -> None:
    receipt = await counter.paid(100_01, counter.code())
    assert receipt.order.state is State.AWAITING
    assert await counter.shop.balance("tea") == 0
    await counter.shop.buy("asha", PayOrder(counter.shop.ids.new(), receipt.order.id))
    assert await counter.shop.balance("tea") == 100_01


async def test_nobody_else_can_pay_what_waits_for_a_customer(counter: Counter) -> None:
    shop = counter.shop
    await shop.join("ravi", "+919800000002")
    await shop.give("ravi", 500_00)
    receipt = await counter.paid(200_00, counter.code())
    session = await counter.session("ravi")
    asker = Asker(shop.people["ravi"], "lite", session.id, session.device.id)
    command = PayOrder(shop.ids.new(), receipt.order.id)
    said = await shop.wallet.cashier.carry_out(command, asker, Shown(session, PIN))
    assert refused(said).code == "order_not_found"


async def test_what_nobody_confirms_expires(counter: Counter) -> None:
    receipt = await counter.paid(200_00, counter.code())
    counter.later(minutes=5, seconds=1)
    for sweep in counter.shop.wallet.cashier.sweeps():
        await sweep.run(counter.shop.clock.now(), 100)
    order = await counter.shop.wallet.orders.get(receipt.order.id)
    assert order is not None
    assert order.state is State.EXPIRED


async def test_a_code_pays_once(counter: Counter) -> None:
    code = counter.code()
    await counter.paid(10_00, code)
    assert refused(await counter.charge(10_00, code)).code == "presented_spent"
    await counter.shop.join("cinema", "+919800000005", PartyKind.MERCHANT)
    assert refused(await counter.charge(10_00, code, till="cinema")).code == "presented_spent"
    counter.later(seconds=6)
    await counter.paid(10_00, counter.code())
    assert await counter.shop.balance("tea") == 20_00


async def test_of_twenty_scans_at_once_one_is_paid(counter: Counter) -> None:
    code = counter.code()
    said = await asyncio.gather(*(counter.charge(10_00, code) for _ in range(20)))
    assert sum(isinstance(answer, Receipt) for answer in said) == 1
    # More tries on their way at once than a device may have wrong ones wait, right or not.
    refusals = {a.code for a in said if isinstance(a, Refused)}
    assert refusals <= {"presented_spent", "presented_tries_spent"}
    assert await counter.shop.balance("tea") == 10_00


async def test_the_same_charge_again_gets_its_first_answer_however_late(counter: Counter) -> None:
    code, charge_id = counter.code(), counter.shop.ids.new()
    first = await counter.paid(10_00, code, id=charge_id)
    counter.later(hours=3)
    again = await counter.paid(10_00, code, id=charge_id)
    assert (again.order.id, again.number, again.existed) == (first.order.id, first.number, True)
    other = await counter.charge(11_00, code, id=charge_id)
    assert refused(other).code == "order_exists_differently"
    assert await counter.shop.balance("tea") == 10_00


async def test_a_code_of_an_earlier_minute_is_over(counter: Counter) -> None:
    code = counter.code()
    counter.later(minutes=2, seconds=7)
    assert refused(await counter.charge(10_00, code)).code == "presented_expired"


@pytest.mark.parametrize("wrong_by", [-60, 60])
async def test_the_phones_clock_may_be_a_minute_wrong(counter: Counter, wrong_by: int) -> None:
    key = counter.keys["asha"]
    made = counter.shop.clock.now() + timedelta(seconds=wrong_by)
    await counter.paid(10_00, codes.make(key.selector, key.secret, made))


@pytest.mark.parametrize("wrong_by", [-140, 67])
async def test_and_no_more_than_a_minute(counter: Counter, wrong_by: int) -> None:
    key = counter.keys["asha"]
    made = counter.shop.clock.now() + timedelta(seconds=wrong_by)
    said = await counter.charge(10_00, codes.make(key.selector, key.secret, made))
    assert refused(said).code in ("presented_expired", "presented_unknown")


async def test_guesses_at_a_device_are_counted_and_end(counter: Counter) -> None:
    key, now = counter.keys["asha"], counter.shop.clock.now()
    guesses = [codes.make(key.selector, bytes([n]) * 32, now) for n in range(11)]
    said = await asyncio.gather(*(counter.charge(10_00, guess) for guess in guesses))
    reasons = sorted(refused(answer).code for answer in said)
    assert reasons == ["presented_tries_spent", *["presented_unknown"] * 10]
    # Even the right code has to wait then, and the device is itself again in the next hour.
    assert refused(await counter.charge(10_00, counter.code())).code == "presented_tries_spent"
    counter.later(hours=1)
    await counter.paid(10_00, counter.code())


async def test_guesses_of_a_merchant_are_counted_over_all_devices(counter: Counter) -> None:
    now = counter.shop.clock.now()
    for n in range(60):
        guess = codes.make(f"{n:010d}", b"x" * 32, now)
        assert refused(await counter.charge(10_00, guess)).code == "presented_unknown"
    said = await counter.charge(10_00, counter.code())
    assert refused(said).code == "presented_tries_spent"
    assert said.facts["wait_seconds"] == 1800


async def test_right_codes_are_not_counted(counter: Counter) -> None:
    for _ in range(12):
        await counter.paid(1_00, counter.code())
        counter.later(seconds=6)


async def test_after_five_times_the_bound_in_a_day_the_pin_is_asked_for(counter: Counter) -> None:
    for _ in range(5):
        receipt = await counter.paid(100_00, counter.code())
        assert receipt.order.state is State.PAID
        counter.later(seconds=6)
    assert (await counter.paid(1_00, counter.code())).order.state is State.AWAITING


async def test_what_stops_the_customer_is_not_told_to_the_merchant(counter: Counter) -> None:
    shop = counter.shop
    await shop.join("ravi", "+919800000002")
    await counter.switch_on("ravi")
    said = await counter.charge(10_00, counter.code("ravi"))
    assert refused(said).code == "presented_declined"
    assert not said.facts
    # Spent all the same: the next slot's code is for the next try.
    assert refused(await counter.charge(10_00, counter.code("ravi"))).code == "presented_spent"


async def test_what_the_merchant_did_wrong_is_told(counter: Counter) -> None:
    assert refused(await counter.charge(0, counter.code())).code == "amount_not_positive"
    counter.later(seconds=6)
    said = await counter.charge(1_00, counter.code(), reference="x" * 65)
    assert refused(said).code == "reference_unreadable"


@pytest.mark.parametrize(
    "text", ["", "12", "7" * 24, "hQVDUFYwMQ==", "upi://pay?pa=a@bc", "x" * 800]
)
async def test_what_is_no_such_code(counter: Counter, text: str) -> None:
    assert refused(await counter.charge(10_00, text)).code == "presented_unreadable"


async def test_a_scanner_may_read_it_as_a_customer_presented_code(counter: Counter) -> None:
    text = cpm.wallet_code(counter.code())
    assert isinstance(text, str)
    assert (await counter.paid(10_00, text)).order.state is State.PAID


async def test_only_merchants_charge_and_only_customers_show(counter: Counter) -> None:
    said = await counter.charge(10_00, counter.code(), till="asha")
    assert refused(said).code == "only_merchants"
    said = await counter.presenting.switch_on(await counter.session("tea"), PIN)
    assert refused(said).code == "presented_only_customers"


async def test_codes_need_the_pin_once_and_the_secret_is_handed_out_once(counter: Counter) -> None:
    shop = counter.shop
    await shop.join("ravi", "+919800000002")
    session = await counter.session("ravi")
    assert refused(await counter.presenting.key(session)).code == "presented_off"
    assert refused(await counter.presenting.shown(session)).code == "presented_off"
    assert refused(await counter.presenting.switch_on(session, "111112")).code == "pin_wrong"
    first = await counter.switch_on("ravi")
    assert refused(await counter.presenting.key(session)).code == "presented_off"
    await shop.give("ravi", 100_00)
    old = counter.code("ravi")
    second = await counter.switch_on("ravi")
    assert (first.selector, first.secret) != (second.selector, second.secret)
    assert refused(await counter.charge(1_00, old)).code == "presented_unknown"
    await counter.paid(1_00, counter.code("ravi"))
    await counter.presenting.switch_off(session)
    counter.later(seconds=6)
    assert refused(await counter.charge(1_00, counter.code("ravi"))).code == "presented_unknown"


async def test_a_device_without_script_has_its_code_made_here(counter: Counter) -> None:
    session = await counter.session()
    shown = await counter.presenting.shown(session)
    assert isinstance(shown, Presented)
    assert shown.code == counter.code()
    await counter.paid(1_00, shown.code)
    again = await counter.presenting.shown(session)
    assert isinstance(again, Presented)
    assert again.code != shown.code
    await counter.paid(1_00, again.code)


async def test_signing_a_device_out_ends_its_codes(counter: Counter) -> None:
    shop = counter.shop
    other = await shop.wallet.signin.admit(shop.people["asha"], DeviceClaim("another phone"))
    assert isinstance(other, SignedIn)
    await shop.wallet.signin.revoke_all(shop.people["asha"].id, keep=other.session_id)
    assert refused(await counter.charge(1_00, counter.code())).code == "presented_unknown"


async def test_what_was_used_is_forgotten_when_no_clock_could_show_it_again(
    counter: Counter, db: Database
) -> None:
    await counter.paid(1_00, counter.code())
    assert await counter.presenting.prune() == 0
    counter.later(days=1, hours=1)
    assert await counter.presenting.prune() == 1
    assert await db.value("SELECT count(*) FROM presented.wrong") == 0


async def test_the_brain_hears_of_it_and_the_secret_lies_sealed(
    counter: Counter, db: Database
) -> None:
    await counter.paid(1_00, counter.code())
    sealed = await db.value("SELECT secret_sealed FROM presented.device")
    assert counter.keys["asha"].secret not in sealed
    assert counter.keys["asha"].secret.hex().encode() not in sealed
