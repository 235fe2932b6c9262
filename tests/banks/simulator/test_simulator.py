"""The simulated bank: whatever it answers, its books are right, and each instruction is done once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from argosy.banks.rails import Guarded
from argosy.banks.simulator import Bank, Behaviour, SimulatorRail
from argosy.banks.simulator.behaviour import BY_ENDING, chaotic
from argosy.base.money import Money
from argosy.base.parties.keys import Keys
from argosy.base.ports import Direction, Instruction, RailReply, RailState

DONE, REJECTED, UNKNOWN = RailState.DONE, RailState.REJECTED, RailState.UNKNOWN


KEYS = Keys(b"1" * 32, b"2" * 32)


class Waits:
    """Waits no time at all where a bank takes seconds, and for ever where it takes an hour."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(3600 if seconds > 20 else 0)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def bank(db, clock, waits) -> Bank:
    return Bank(db, clock, KEYS, seed=7, pause=waits)


@pytest.fixture
def rail(bank) -> Guarded:
    return Guarded(SimulatorRail(bank), send_seconds_max=0.8, inquire_seconds_max=0.8)


@pytest.fixture
def instruct(ids, clock):
    def make(ending: str, rupees: int = 100, direction: Direction = Direction.COLLECT):
        return Instruction(
            ids.new(),
            direction,
            Money(rupees * 100, "INR"),
            f"5012345{ending}",
            clock.now() + timedelta(minutes=10),
        )

    return make


# ending: what is answered at once, what is answered to an inquiry, whether the bank did it
TABLE = """
00  done                        done                       yes
07  done                        done                       yes
11  done                        done                       yes
12  unknown                     done                       yes
22  done                        done                       yes
33  unknown                     done                       yes
44  unknown                     rejected never_seen        no
55  rejected account_closed     rejected account_closed    no
56  rejected insufficient_funds rejected insufficient_funds no
66  unknown                     unknown                    yes
77  unknown                     rejected never_seen        no
78  unknown                     done                       yes
88  unknown                     done                       yes
"""


def rows() -> list[tuple[str, ...]]:
    lines = [line.split() for line in TABLE.strip().splitlines()]
    found = []
    for ending, *words, did in lines:
        cut = 2 if words[0] == "rejected" else 1
        found.append((ending, " ".join(words[:cut]), " ".join(words[cut:]), did))
    return found


def spoken(reply: RailReply) -> str:
    return f"{reply.state.value} {reply.reason}" if reply.reason else reply.state.value


@pytest.mark.parametrize("ending, sent, asked, did", rows(), ids=lambda value: value)
async def test_the_number_chooses_what_the_bank_does(
    bank, rail, instruct, ending, sent, asked, did
):
    instruction = instruct(ending)
    assert spoken(await rail.send(instruction)) == sent
    assert spoken(await rail.inquire(instruction)) == asked
    entries = await bank.statement("INR")
    assert [(e.instruction, e.amount_minor) for e in entries] == (
        [(instruction.id, 10_000)] if did == "yes" else []
    )


def test_the_table_above_names_every_number_but_chaos():
    assert {ending for ending, *_ in rows()} - {"00", "07"} == set(BY_ENDING) - {"99"}


async def test_late_is_two_seconds(rail, instruct, waits):
    await rail.send(instruct("11"))
    assert waits.seconds == [2.0]


async def test_the_same_instruction_is_done_once_however_often_it_is_sent(bank, rail, instruct):
    instruction = instruct("00")
    replies = await asyncio.gather(*(rail.send(instruction) for _ in range(10)))
    assert len(set(replies)) == 1
    assert replies[0].state is DONE
    assert replies[0].reference is not None
    assert await rail.inquire(instruction) == replies[0]
    assert await bank.balance_minor("INR") == 10_000


async def test_a_bank_that_never_got_it_takes_it_when_it_is_sent_again(bank, rail, instruct):
    instruction = instruct("44")
    assert (await rail.send(instruction)).state is UNKNOWN
    await bank.behave(Behaviour.NORMAL, instruction=instruction.id)
    assert (await rail.inquire(instruction)).reason == "never_seen"
    assert (await rail.send(instruction)).state is DONE


async def test_after_the_deadline_nothing_is_taken_in_any_more(bank, rail, instruct, clock):
    late, done = instruct("00"), instruct("00")
    await rail.send(done)
    clock.advance(minutes=10)
    assert spoken(await rail.inquire(late)) == "rejected never_seen"
    assert spoken(await rail.send(late)) == "rejected too_late"
    assert spoken(await rail.inquire(late)) == "rejected too_late"
    assert (await rail.send(done)).state is DONE
    assert len(await bank.statement("INR")) == 1


async def test_the_same_id_with_another_content_is_no_answer(rail, instruct):
    instruction = instruct("00")
    await rail.send(instruction)
    other = replace(instruction, money=Money(1, "INR"))
    assert (await rail.send(other)).state is UNKNOWN
    assert (await rail.inquire(other)).state is UNKNOWN


async def test_paying_out_lowers_what_we_have_there(bank, rail, instruct, clock):
    await rail.send(instruct("00", 500))
    clock.advance(seconds=1)
    await rail.send(instruct("00", 120, Direction.PAY_OUT))
    assert await bank.balance_minor("INR") == 38_000
    assert [e.amount_minor for e in await bank.statement("INR")] == [50_000, -12_000]
    assert await bank.balance_minor("THB") == 0


async def test_a_statement_is_of_a_span_of_time(bank, rail, instruct, clock):
    await rail.send(instruct("00", 1))
    clock.advance(days=1)
    middle = clock.now()
    await rail.send(instruct("00", 2))
    clock.advance(days=1)
    await rail.send(instruct("00", 3))
    days = await bank.statement("INR", middle, clock.now())
    assert [e.amount_minor for e in days] == [200]


async def test_it_behaves_as_it_was_told_the_narrower_word_first(bank, rail, instruct):
    instruction = instruct("00")
    other = replace(instruct("00"), bank_account="9999900")
    await bank.behave(Behaviour.NO)
    await bank.behave(Behaviour.NO_FUNDS, bank_account="9999900")
    await bank.behave(Behaviour.GARBAGE, instruction=instruction.id)
    assert (await rail.send(instruct("00"))).reason == "account_closed"
    assert (await rail.send(other)).reason == "insufficient_funds"
    assert (await rail.send(instruction)).state is UNKNOWN
    await bank.behave_as_usual()
    await bank.behave_as_usual(bank_account="9999900")
    assert (await rail.send(instruct("00"))).state is DONE
    assert (await rail.send(replace(instruct("00"), bank_account="9999900"))).state is DONE


async def test_told_seconds_are_waited(bank, rail, instruct, waits):
    await bank.behave(Behaviour.LATE, seconds=9)
    await rail.send(instruct("00"))
    assert waits.seconds == [9.0]


async def test_twice_is_an_answer_and_a_call_later(bank, rail, instruct, clock, ids):
    instruction = replace(instruct("22"), order=ids.new())
    heard: list[tuple] = []

    async def hear(*call) -> None:
        heard.append(call)

    reply = await rail.send(instruction)
    assert await rail.rail.deliver(hear) == 0
    clock.advance(seconds=3)
    assert await rail.rail.deliver(hear) == 1
    assert heard == [(instruction.order, reply)]
    assert await rail.rail.deliver(hear) == 0
    assert await bank.balance_minor("INR") == 10_000


async def test_a_late_answer_is_called_in(rail, instruct, clock, ids):
    instruction = replace(instruct("12"), order=ids.new())
    assert (await rail.send(instruction)).state is UNKNOWN
    heard: list[tuple] = []

    async def hear(*call) -> None:
        heard.append(call)

    clock.advance(seconds=29)
    assert await rail.deliver(hear, 10) == 0
    clock.advance(seconds=2)
    assert await rail.deliver(hear, 10) == 1
    assert [(order, reply.state) for order, reply in heard] == [(instruction.order, DONE)]


async def test_no_account_number_is_kept(bank, rail, instruct, db, clock):
    number = "5010077312345622"
    await bank.behave(Behaviour.TWICE, bank_account=number)
    await rail.send(replace(instruct("22"), bank_account=number))
    for table in ("instructions", "entries", "moods", "callbacks"):
        rows = await db.all(f"SELECT r::text AS row FROM simulator.{table} r")
        assert rows
        assert not any(number in row["row"] for row in rows), table
    hashes = await db.value("SELECT account_hash FROM simulator.instructions")
    other = Bank(db, clock, Keys(b"1" * 32, b"3" * 32))
    assert hashes != other._hash(number)


async def test_a_call_that_could_not_be_heard_is_made_again(rail, instruct, clock, ids):
    await rail.send(replace(instruct("22"), order=ids.new()))
    clock.advance(seconds=3)

    async def deaf(*_call) -> None:
        raise ConnectionError("not now")

    with pytest.raises(ConnectionError):
        await rail.rail.deliver(deaf)
    heard = []

    async def hear(*call) -> None:
        heard.append(call)

    await rail.rail.deliver(hear)
    assert len(heard) == 1


async def test_chaos_is_the_same_for_the_same_seed(db, clock, waits, ids, instruct):
    kinds = {chaotic(7, ids.new()).behaviour for _ in range(300)}
    assert kinds == set(Behaviour) - {Behaviour.CHAOS}
    one = ids.new()
    assert chaotic(7, one) == chaotic(7, one)
    assert len({chaotic(seed, one).behaviour for seed in range(50)}) > 3


async def test_through_chaos_asking_again_finds_the_truth_and_the_books_are_equal(
    bank, rail, instruct
):
    """What a wallet books: yes when the bank says yes, no when it says no, else it asks again."""
    await bank.behave(Behaviour.CHAOS)
    ours = 0
    unclear = 0
    for n in range(25):
        instruction = instruct("00", n + 1)
        reply = await rail.send(instruction)
        if reply.state is UNKNOWN:
            reply = await rail.inquire(instruction)
        if reply.state is UNKNOWN:
            unclear += 1
            await bank.behave(Behaviour.NORMAL, instruction=instruction.id)  # the line is mended
            reply = await rail.inquire(instruction)
        if reply.state is DONE:
            ours += instruction.money.minor
        else:
            assert reply.state is REJECTED
    assert ours == await bank.balance_minor("INR")
    assert unclear < 25


async def test_what_the_bank_has_taken_in_survives_a_restart(db, clock, rail, instruct):
    instruction = instruct("33")
    assert (await rail.send(instruction)).state is UNKNOWN
    again = Guarded(SimulatorRail(Bank(db, clock, KEYS)))
    assert (await again.inquire(instruction)).state is DONE
