"""What visitors come through is counted step by step, at the edge and without their names."""

from __future__ import annotations

from pathlib import Path

import argosy.channels.lite
from argosy.channels.lite.counting import REFUSAL, marks
from argosy.channels.lite.pages import ADDRESSES
from tests.channels.lite.visitors import PIN, WRONG_PIN, House

TEMPLATES = Path(argosy.channels.lite.__path__[0]) / "templates"


async def counted(house: House, flow: str) -> dict[str, tuple[int, int]]:
    """Reached and refused, step by step."""
    funnels = house.wallet.funnels
    await funnels.flush()
    today = house.clock.now().date()
    drawn = await funnels.draw(today, today, channel="lite", flow=flow)
    return {d.step.name: (d.reached, d.refused) for f in drawn for d in f.steps}


async def test_paying_a_shop_takes_two_steps_and_both_are_counted(house: House) -> None:
    visitor = house.visitor("asha")
    page = await visitor.open(f"/p/{house.people['tea'].number}")
    done = await visitor.send(page.form("/pay"), amount="100", pin=PIN)
    assert done.status == 200
    assert await counted(house, "pay") == {
        "form": (1, 0), "confirm": (0, 0), "code": (0, 0), "paid": (1, 0),
    }  # fmt: skip


async def test_a_wrong_pin_is_a_refusal_at_the_last_step(house: House) -> None:
    visitor = house.visitor("asha")
    page = await visitor.open(f"/p/{house.people['tea'].number}")
    again = await visitor.send(page.form("/pay"), amount="100", pin=WRONG_PIN)
    await visitor.send(again.form("/pay"), amount="100", pin=PIN)
    assert (await counted(house, "pay"))["paid"] == (1, 1)


async def test_who_looks_and_leaves_is_seen_in_the_funnel(house: House) -> None:
    visitor = house.visitor("asha")
    await visitor.open("/send")
    await visitor.fill("/send", to="98000 00002", amount="5")
    found = await counted(house, "send")
    assert [found[step] for step in ("form", "confirm", "paid")] == [(2, 0), (1, 0), (0, 0)]


async def test_what_crosses_the_wire_is_weighed(house: House) -> None:
    visitor = house.visitor("asha")
    answer = await visitor.client.get("/send")
    await house.wallet.funnels.flush()
    today = house.clock.now().date()
    (drawn,) = await house.wallet.funnels.draw(today, today, flow="send")
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
    form = drawn.steps[0]
    assert form.bytes_out - head - int(answer.headers["content-length"]) in range(40, 80)
    sent = sum(len(name) + len(value) + 4 for name, value in answer.request.headers.raw)
    assert form.bytes_in - sent in range(15, 40)
    assert form.millis > 0


def missing(found: dict[tuple[str, str], dict[str, list[tuple[str, str]]]]) -> list[str]:
    """Places that flows speak of and the app does not have."""
    there = {(address.method, address.path) for address in ADDRESSES}
    wrong = []
    for at, said in found.items():
        if at not in there:
            wrong.append(f"no such address: {at}")
        for what in said:
            word = what.removesuffix(" out")
            if word not in ("go", REFUSAL) and not (TEMPLATES / word).is_file():
                wrong.append(f"no such answer: {at} {what}")
    return wrong


async def test_flows_speak_of_addresses_and_pages_that_are_there(house: House) -> None:
    found = marks(house.wallet.funnels)
    assert len(found) > 10
    assert missing(found) == []


async def test_twin_a_place_that_is_not_there_is_seen() -> None:
    assert len(missing({("GET", "/moon"): {"cheese.html": [("a", "b")]}})) == 2
