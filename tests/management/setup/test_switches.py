"""What is switched off is refused clearly, in every process, and nothing else is."""

from __future__ import annotations

from argosy.app import console_services
from argosy.base.money import Money
from argosy.base.refusals import Refused
from argosy.management.setup.facts import Switch
from argosy.management.setup.handlers import SWITCH
from argosy.management.staff.facts import Right
from argosy.products.send.facts import Send
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.facts import Receipt
from argosy.public_services.signin.facts import DeviceClaim
from tests.staffed import member

FIRST, SECOND = member("olga", "operator"), member("adam", "administrator")


async def turned(services, switch, on, who=SECOND, market="india"):
    body = {"market": market, "switch": switch, "before": {"on": not on}, "after": {"on": on}}
    proposal = await services.approvals.propose(
        FIRST, SWITCH, market, body, "the bank has asked", right=Right.SETUP_CHANGE
    )
    return await services.approvals.decide(who, proposal.id, yes=True)


async def test_each_switch_stops_its_own_and_nothing_else(town, db):
    wallet, services = town.wallet, console_services(town.wallet)
    inr = Money(10_000, "INR")
    bank = "000000004700"

    def commands():
        new = wallet.ids.new
        return {
            "top_up": TopUp(new(), inr, bank),
            "withdraw": Withdraw(new(), inr, bank),
            "send": Send(new(), inr, phone=town.ravi.resident.phone),
        }

    for off in commands():
        assert await turned(services, off, False) == {"on": False}
        await wallet.following.look()
        for name, command in commands().items():
            said = await town.anita.do(command)
            if name == off:
                assert isinstance(said, Refused), name
                assert said.code == "switched_off", name
                assert said.facts["what"] == off
            else:
                assert isinstance(said, Receipt), (off, name, said)
        assert await turned(services, off, True) == {"on": True}
        await wallet.following.look()
        assert isinstance(await town.anita.do(commands()[off]), Receipt)


async def test_what_was_made_before_is_still_answered(town):
    wallet, services = town.wallet, console_services(town.wallet)
    command = Send(wallet.ids.new(), Money(10_000, "INR"), phone=town.ravi.resident.phone)
    first = await town.anita.do(command)
    await turned(services, "send", False)
    await wallet.following.look()
    again = await town.anita.do(command)
    assert isinstance(again, Receipt)
    assert again.order.id == first.order.id


async def test_refunds_go_on_while_payments_are_off(town):
    order = await town.pay(20_000)
    services = console_services(town.wallet)
    await turned(services, "pay", False)
    await town.wallet.following.look()
    back = await services.money.refund(town.wallet.ids.new(), order.id, None, "")
    assert isinstance(back, Receipt)


async def test_sign_up_closed_opens_no_wallet(town, ids):
    wallet, services = town.wallet, console_services(town.wallet)
    market = wallet.markets["india"]
    phone = market.phone("9000000017")

    async def enrol():
        return await wallet.signin.enrol(
            wallet.ids.new(),
            "india",
            phone,
            "Meera",
            "481516",
            DeviceClaim("a phone"),
            language="en",
        )

    await turned(services, "sign_up", False)
    await wallet.following.look()
    said = await enrol()
    assert isinstance(said, Refused)
    assert said.code == "switched_off"
    await turned(services, "sign_up", True)
    await wallet.following.look()
    assert not isinstance(await enrol(), Refused)


async def test_one_person_turns_nothing(town):
    services = console_services(town.wallet)
    said = await turned(services, "pay", False, who=FIRST)
    assert said.code == "same_person"
    assert all(one.is_on for one in await services.setup.switches.all("india"))


async def test_a_switch_is_turned_once_and_says_who(town, clock):
    services = console_services(town.wallet)
    await turned(services, "pay", False)
    again = await turned(services, "pay", False)
    assert again.code == "switch_as_it_is"
    unknown = await turned(services, "gravity", False)
    assert unknown.code == "switch_unknown"
    (pay,) = [one for one in await services.setup.switches.all("india") if not one.is_on]
    assert (pay.switch, pay.proposed_by, pay.approved_by, pay.at) == (
        Switch.PAY, "olga", "adam", clock.now(),
    )  # fmt: skip
    assert all(one.is_on for one in await services.setup.switches.all("thailand"))


async def test_every_switch_names_something_that_reads_it(town):
    """A switch that nothing reads would be a lie: each is a product's own name, or sign-up."""
    for switch in Switch:
        assert switch is Switch.SIGN_UP or switch.value in town.wallet.products, switch
