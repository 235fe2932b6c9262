"""What the tests of the risk desks begin with: a rule that holds payments, held payments, their cases."""

from __future__ import annotations

import asyncio
from typing import Any

from argosy.base.money import Money
from argosy.base.products import Asker
from argosy.base.refusals import Refused
from argosy.ctu.cases import Case, CaseState
from argosy.ctu.rules.versions import State
from argosy.products.pay.facts import PayMerchant
from argosy.public_services.cashier.facts import Shown
from tests.channels.lite.visitors import PIN
from tests.management.console.served import SECONDS, Served

HOLDS = "velocity.held_by_test"
TEXT = """\
owner = "risk"
since = 2026-11-22
action = "review"
reason = "{reason}"
when = "event.amount >= {least} && event.kind == '{kind}'"

[hit]
"event.amount" = {least}
"event.kind" = "{kind}"

[miss]
"event.amount" = 1
"event.kind" = "{kind}"
"""


def rule_text(least: int = 1_000_00, kind: str = "pay", reason: str = "A test holds it.") -> str:
    return TEXT.format(least=least, kind=kind, reason=reason)


async def until(what: Any) -> Any:
    """What `what` answers, once it answers something."""
    async with asyncio.timeout(SECONDS):
        while not (found := await what()):  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.05)
    return found


async def hold_payments(console: Served, least: int = 1_000_00) -> None:
    """From now on payments from so many minor units on are held for a human."""
    rules = console.services.risk.rules
    kept = await rules.draft(HOLDS, rule_text(least), "a test", "to hold")
    assert not isinstance(kept, Refused), kept
    done = await rules.publish(HOLDS, kept.number, State.LIVE, "another test", "to hold")
    assert not isinstance(done, Refused), done
    await in_force(console, done.number)


async def in_force(console: Served, number: int) -> None:
    """Wait until the running brain judges by this set or a later one."""

    async def there() -> bool:
        return console.wallet.own_brain.chamber.rules.number >= number

    await until(there)


async def pay(console: Served, rupees: int, who: str = "asha") -> PayMerchant:
    """One payment to the tea stall, with every proof."""
    house = console.house
    command = PayMerchant(house.ids.new(), Money(rupees * 100, "INR"), house.shop_number)
    session = await console.wallet.signin.session(house.tokens[who])
    asker = Asker(session.party, "lite", session.id, session.device.id, "51.15.0.7")
    await console.wallet.cashier.carry_out(command, asker, Shown(session, pin=PIN))
    return command


async def held(console: Served, rupees: int, who: str = "asha") -> Case:
    """A payment that is held, with its case."""
    command = await pay(console, rupees, who)

    async def case() -> Case | None:
        cases = await console.wallet.cases.list(None, CaseState.OPEN, 200)
        return next((one for one in cases if one.order == command.id), None)

    found: Case = await until(case)
    return found


async def state_of(console: Served, case: Case) -> CaseState:
    found = await console.wallet.cases.get(case.id)
    assert found is not None
    return found.state
