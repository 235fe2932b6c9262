"""What the people of a served console do with their phones meanwhile."""

from __future__ import annotations

from argosy.base.money import Money
from argosy.base.orders.facts import Order
from argosy.base.postings import Challenged
from argosy.base.products import Asker, Command
from argosy.products.pay.facts import PayMerchant
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.sandbox.hand import code_for
from tests.channels.lite.visitors import PIN
from tests.management.console.served import Served

BROKEN = "000000004778"
"""A bank account whose bank moves the money and answers nonsense."""


async def do(console: Served, who: str, command: Command) -> Order:
    """Carry a command out as `who`, with the PIN and, where one is asked for, the code."""
    wallet = console.wallet
    session = await wallet.signin.session(console.house.tokens[who])
    assert session is not None
    asker = Asker(session.party, "lite", session.id, session.device.id)
    said = await wallet.cashier.carry_out(command, asker, Shown(session, pin=PIN))
    if isinstance(said, Challenged):
        code = await code_for(wallet, session.party, said)
        said = await wallet.cashier.carry_out(command, asker, Shown(session, otp=code))
    assert isinstance(said, Receipt), said
    return said.order


async def pay(console: Served, minor: int, who: str = "asha") -> Order:
    """Somebody pays the tea stall."""
    ids, tea = console.wallet.ids, console.house.people["tea"]
    return await do(console, who, PayMerchant(ids.new(), Money(minor, "INR"), tea.number))


async def unclear(console: Served, minor: int = 10_000) -> Order:
    """A withdrawal whose bank does not answer clearly."""
    command = Withdraw(console.wallet.ids.new(), Money(minor, "INR"), BROKEN)
    return await do(console, "asha", command)
