"""One cashier for every product: the source of the money, both amounts, the price and the payee are shown;
the PIN is asked for once; one call is one answer. The products are found, and none may be left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argosy.base.manifest import discover
from argosy.base.money import Money
from argosy.base.ports import Decision
from argosy.base.postings import Challenged
from argosy.base.products import Verb
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.cashier.sheet import Sheet
from tests.house.tree import ROOT
from tests.products.town import PIN, Town, money, paisa
from tests.public_services.cashier.samples import SAMPLES, TOLD_ELSEWHERE, Sample
from tests.public_services.cashier.test_cashier import code_in

VERBS: list[Verb] = [
    verb
    for _, manifest in sorted(discover("product", "argosy.products").items())
    for verb in manifest.load().verbs
]
TOLD = [verb for verb in VERBS if verb.command in SAMPLES]
PROVED = [verb for verb in TOLD if verb.proofs]


def name_of(verb: Verb) -> str:
    return f"{verb.command.__module__.split('.')[2]}.{verb.command.__name__}"


class Counting:
    """Sign-in, and how often it was asked for a PIN."""

    def __init__(self, proofs: Any) -> None:
        self._proofs = proofs
        self.pins = 0

    async def check_pin(self, who: Any, pin: str) -> Any:
        self.pins += 1
        return await self._proofs.check_pin(who, pin)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proofs, name)


@pytest.fixture
def proofs(town: Town) -> Counting:
    counting = Counting(town.signin)
    town.cashier._proofs = counting
    return counting


async def shown(town: Town, sample: Sample, **more: Any) -> Shown:
    return Shown(await town.signin.session(town.tokens[sample.name]), **more)


def test_no_command_of_any_product_is_left_out() -> None:
    commands = {verb.command for verb in VERBS}
    assert len(commands) > 20
    untold = commands - set(SAMPLES) - set(TOLD_ELSEWHERE)
    assert sorted(map(str, untold)) == [], "tell their stories in samples.py"
    assert set(SAMPLES) | set(TOLD_ELSEWHERE) <= commands


def test_what_is_told_elsewhere_is_told_there() -> None:
    for command, where in TOLD_ELSEWHERE.items():
        path = ROOT / where.rpartition(" ")[2]
        files = [path] if path.is_file() else sorted(Path(path).rglob("test_*.py"))
        assert any(f"{command.__name__}(" in file.read_text("utf-8") for file in files), command


@pytest.mark.parametrize("verb", TOLD, ids=name_of)
async def test_everything_is_shown_before_the_pin(town: Town, verb: Verb) -> None:
    sample = await SAMPLES[verb.command](town)
    sheet = await town.cashier.sheet(sample.command, town.asker(sample.name))
    assert isinstance(sheet, Sheet), sheet
    assert (sheet.command, sheet.proofs) == (sample.command.id, verb.proofs)
    assert (sheet.funding.source.value, sheet.payee) == (sample.source, sample.payee)
    wanted_out = sample.out or paisa(sheet.amount.minor + sheet.fee.minor)
    assert (paisa(sheet.out.minor), paisa(sheet.net.minor)) == (wanted_out, sample.net)
    if sample.source == "wallet":
        account = await town.ledger.account(town.people[sample.name].account)
        assert account is not None
        assert sheet.funding.has == Money(account.available_minor, "INR")
        assert sheet.funding.covers
        before = account.available_minor
        answer = await town.answer(sample.name, sample.command)
        assert isinstance(answer, Receipt), answer
        after = await town.ledger.account(town.people[sample.name].account)
        assert after is not None
        assert before - after.available_minor == sheet.funding.needs.minor  # to the last paisa


@pytest.mark.parametrize("verb", TOLD, ids=name_of)
async def test_one_call_is_one_answer_and_the_pin_is_asked_for_once(
    town: Town, proofs: Counting, verb: Verb
) -> None:
    sample = await SAMPLES[verb.command](town)
    proofs.pins = 0
    answer = await town.answer(sample.name, sample.command)
    assert isinstance(answer, Receipt), answer
    assert proofs.pins == len(verb.proofs & {"pin"})
    again = await town.cashier.sheet(sample.command, town.asker(sample.name))
    assert isinstance(again, Receipt)
    assert again.existed


@pytest.mark.parametrize("verb", PROVED, ids=name_of)
async def test_without_the_pin_nothing_is_done_and_nothing_is_asked(
    town: Town, proofs: Counting, verb: Verb
) -> None:
    sample = await SAMPLES[verb.command](town)
    town.brain.asked.clear()
    proofs.pins = 0
    asker = town.asker(sample.name)
    said = await town.cashier.carry_out(sample.command, asker, await shown(town, sample))
    assert getattr(said, "code", said) == "pin_missing"
    assert (proofs.pins, town.brain.asked) == (0, [])


@pytest.mark.parametrize("verb", PROVED, ids=name_of)
async def test_a_code_is_asked_for_beside_the_pin_and_never_instead_twice(
    town: Town, proofs: Counting, verb: Verb
) -> None:
    """After a challenge the code alone is shown: the PIN was right, and is not asked for again."""
    sample = await SAMPLES[verb.command](town)
    town.brain.says, proofs.pins = Decision.CHALLENGE, 0
    town.brain.asked.clear()
    asker = town.asker(sample.name)
    first = await town.cashier.carry_out(sample.command, asker, await shown(town, sample, pin=PIN))
    if isinstance(first, Receipt):  # what undoes or ends something is not screened
        assert town.brain.asked == []
        return
    assert isinstance(first, Challenged), first
    second = await shown(town, sample, otp=code_in(town))
    done = await town.cashier.carry_out(sample.command, asker, second)
    assert isinstance(done, Receipt), done
    assert proofs.pins == 1


async def test_what_is_missing_is_said_before_the_pin(town: Town) -> None:
    from argosy.products.send.facts import Send

    command = Send(town.ids.new(), money("60"), phone="98000 00001")
    sheet = await town.cashier.sheet(command, town.asker("ravi"))
    assert isinstance(sheet, Sheet)
    assert (sheet.funding.covers, sheet.funding.short) == (False, money("10"))
    assert await town.ask("ravi", command) == "insufficient_funds"


async def test_money_for_somebody_without_a_wallet_says_how_long_it_waits(town: Town) -> None:
    from argosy.products.send.facts import CLAIM_WAIT, Send

    command = Send(town.ids.new(), money("6"), phone="98000 00077")
    sheet = await town.cashier.sheet(command, town.asker("ravi"))
    assert isinstance(sheet, Sheet)
    assert (sheet.payee, sheet.until) == ("...0077", town.clock.now() + CLAIM_WAIT)


async def test_a_name_that_is_shown_is_in_the_log_of_accesses(town: Town) -> None:
    from argosy.products.send.facts import Send

    command = Send(town.ids.new(), money("6"), phone="98000 00001")
    await town.cashier.sheet(command, town.asker("ravi"))
    (access,) = await town.parties.accesses(town.people["anita"].id)
    assert access.reader == f"party:{town.people['ravi'].id}"
