"""The line drops, answers come late, posts come twice: paid once, and never shown as failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from argosy.base.refusals import Unavailable
from argosy.channels.ussd import lines as lines_module
from argosy.public_services.cashier.cashier import Cashier
from tests.channels.lite.visitors import PHONES, PIN
from tests.channels.ussd.conftest import Gateway, Phone

TO_RAVI = PHONES["ravi"].removeprefix("+91")
NEW_PIN = "482913"


async def sent(gateway: Gateway) -> str:
    return await gateway.house.balance("ravi")


async def confirm_screen(gateway: Gateway) -> Phone:
    asha = gateway.phone("asha")
    said = await asha.dial(f"1*{TO_RAVI}*100")
    assert "PIN to confirm" in said
    return asha


@pytest.mark.parametrize(
    "typed, offer, then",
    [
        ((), "", "1 Send money"),
        (("1",), "", "1 Send money"),  # nothing was filled in: nothing to go on with
        (("1", TO_RAVI), "You were sending money. It is not sent.", "How much?"),
        (("1", TO_RAVI, "100"), "You were sending money. It is not sent.", "Send Rs 100.00"),
        (("1", TO_RAVI, "100", "000001"), "You were sending money.", "Send Rs 100.00"),
        (("2", "shop"), "You were paying a shop. It is not paid.", "How much?"),
        (("8", "1", PIN), "You were changing your PIN.", "Enter your PIN of today"),
        (("8", "1", PIN, NEW_PIN), "You were changing your PIN.", "Enter your PIN of today"),
    ],
)
async def test_after_a_drop_at_each_step_a_new_dial_offers_to_go_on(
    gateway: Gateway, typed: tuple[str, ...], offer: str, then: str
) -> None:
    asha = gateway.phone("asha")
    shop = gateway.house.shop_number
    await asha.dial()
    await asha.types(*(shop if one == "shop" else one for one in typed))
    gateway.house.clock.advance(minutes=4)
    said = await asha.dial()
    assert offer in said
    if offer:
        assert "1 Go on\n2 Menu" in said
        said = await asha.type("1")
    assert then in said
    assert await sent(gateway) == "500.00"


async def test_what_is_offered_can_be_left_and_is_forgotten_after_some_minutes(
    gateway: Gateway,
) -> None:
    asha = await confirm_screen(gateway)
    await asha.dial()
    assert "1 Send money" in await asha.type("2")
    assert "Go on" not in await asha.dial()
    asha = await confirm_screen(gateway)
    gateway.house.clock.advance(minutes=6)
    assert "You were sending" in await asha.dial()  # a payment about to be made is still named
    await asha.type("2")
    asha = gateway.phone("asha")
    await asha.dial(f"1*{TO_RAVI}")
    gateway.house.clock.advance(minutes=6)
    assert "1 Send money" in await asha.dial()


async def test_a_drop_after_the_confirm_screen_goes_on_with_the_same_command(
    gateway: Gateway,
) -> None:
    asha = await confirm_screen(gateway)
    await asha.dial()
    assert "Send Rs 100.00 to Ravi K." in await asha.type("1")
    assert (await asha.type(PIN)).startswith("END Paid Rs 100.00")
    assert await sent(gateway) == "600.00"
    await gateway.house.prove()


async def test_a_payment_whose_answer_was_lost_is_announced_and_not_repeated(
    gateway: Gateway,
) -> None:
    asha = await confirm_screen(gateway)
    await asha.type(PIN)  # paid, and the answer never arrives
    said = await asha.dial()
    assert said.startswith("CON Paid Rs 100.00 to Ravi K., receipt ")
    assert "1 Send money" in said
    assert (
        "Paid Rs 100.00" in await asha.dial()
    )  # nobody has pressed a key: it may not have been read
    assert "Paid" not in await asha.type("8")
    assert "Paid" not in await asha.dial()
    assert await sent(gateway) == "600.00"


async def test_what_was_paid_half_an_hour_ago_is_not_news(gateway: Gateway) -> None:
    asha = await confirm_screen(gateway)
    await asha.type(PIN)
    gateway.house.clock.advance(minutes=31)
    assert "Paid" not in await asha.dial()


async def test_the_same_post_gets_the_same_answer(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    for typed in ("", "1", TO_RAVI, "100", "000001", PIN):
        first = await (asha.type(typed) if typed else asha.dial())
        assert [await asha.again() for _ in range(3)] == [first] * 3
    assert first.startswith("END Paid")
    assert await sent(gateway) == "600.00"
    await asha.dial()
    assert "Wrong PIN. 4 tries left." in await asha.types(
        "6", "000002"
    )  # the first was right since


async def test_posts_at_once_are_one(gateway: Gateway) -> None:
    asha = await confirm_screen(gateway)
    asha.text += f"*{PIN}"
    said = await asyncio.gather(*(asha.again() for _ in range(8)))
    assert len(set(said)) == 1
    assert said[0].startswith("END Paid")
    assert await sent(gateway) == "600.00"


async def test_a_post_of_an_earlier_session_that_comes_late_does_nothing(gateway: Gateway) -> None:
    asha = await confirm_screen(gateway)
    old_session, old_text = asha.session, f"{asha.text}*{PIN}"
    said = await asha.dial()
    late = Phone(gateway, PHONES["asha"], old_session, old_text)
    assert await late.again() == "END This session is over. Please dial again."
    assert await asha.again() == said
    assert await sent(gateway) == "500.00"


async def test_a_session_that_has_ended_takes_no_more(gateway: Gateway) -> None:
    asha = await confirm_screen(gateway)
    await asha.type(PIN)
    assert await asha.type(PIN) == "END This session is over. Please dial again."
    assert await sent(gateway) == "600.00"


async def test_an_outage_before_the_commit_is_said_as_unknown_and_goes_on(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha = await confirm_screen(gateway)
    carry_out = Cashier.carry_out

    async def broken(*_: Any, **__: Any) -> Any:
        raise Unavailable("the database is away")

    monkeypatch.setattr(Cashier, "carry_out", broken)
    said = await asha.type(PIN)
    assert said.startswith("END We do not know yet whether it went through. Do not pay again")
    monkeypatch.setattr(Cashier, "carry_out", carry_out)
    assert "You were sending money. It is not sent." in await asha.dial()
    await asha.type("1")
    assert (await asha.type(PIN)).startswith("END Paid")
    assert await sent(gateway) == "600.00"


async def test_paid_but_shown_as_failed_cannot_happen(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The money moved, and the answer of the books got lost: it is unknown, then announced."""
    asha = await confirm_screen(gateway)
    carry_out = Cashier.carry_out

    async def lost(self: Cashier, *given: Any, **more: Any) -> Any:
        await carry_out(self, *given, **more)
        raise Unavailable("the line to the database broke")

    monkeypatch.setattr(Cashier, "carry_out", lost)
    assert "We do not know yet" in await asha.type(PIN)
    monkeypatch.setattr(Cashier, "carry_out", carry_out)
    said = await asha.dial()
    assert said.startswith("CON Paid Rs 100.00 to Ravi K.")
    assert await sent(gateway) == "600.00"
    await gateway.house.prove()


async def test_a_server_that_dies_in_the_middle_leaves_the_payment_known(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paid, and the process is gone before it could write what it answered."""
    asha = await confirm_screen(gateway)

    async def died(*_: Any) -> None:
        raise asyncio.CancelledError

    end, release = lines_module.Lines.end, lines_module.Lines.release
    monkeypatch.setattr(lines_module.Lines, "end", died)
    monkeypatch.setattr(lines_module.Lines, "release", died)
    with pytest.raises(asyncio.CancelledError):
        await asha.type(PIN)
    monkeypatch.setattr(lines_module.Lines, "end", end)
    monkeypatch.setattr(lines_module.Lines, "release", release)
    gateway.house.clock.advance(seconds=21)  # its turn is over by then
    repeated = await asha.again()  # the gateway posts the PIN again: the same command
    assert repeated.startswith("END Paid Rs 100.00")
    assert await sent(gateway) == "600.00"


async def test_a_slow_answer_is_waited_for_by_the_second_post(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha = await confirm_screen(gateway)
    carry_out = Cashier.carry_out

    async def slow(self: Cashier, *given: Any, **more: Any) -> Any:
        await asyncio.sleep(0.4)
        return await carry_out(self, *given, **more)

    monkeypatch.setattr(Cashier, "carry_out", slow)
    asha.text += f"*{PIN}"
    first = asyncio.create_task(asha.again())
    await asyncio.sleep(0.1)
    second = await asha.again()
    assert second == await first
    assert second.startswith("END Paid")
    assert await sent(gateway) == "600.00"


async def test_one_that_never_ends_is_said_to_be_under_way(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha = await confirm_screen(gateway)
    carry_out, on = Cashier.carry_out, asyncio.Event()

    async def stuck(self: Cashier, *given: Any, **more: Any) -> Any:
        await on.wait()
        return await carry_out(self, *given, **more)

    monkeypatch.setattr(Cashier, "carry_out", stuck)
    monkeypatch.setattr(lines_module, "LOOKS_MAX", 3)
    first = asyncio.create_task(asha.type(PIN))
    await asyncio.sleep(0.05)
    new = gateway.phone("asha")
    assert "still working" in await new.dial()
    on.set()
    assert (await first).startswith("END Paid")
    assert "Paid Rs 100.00" in await new.dial()


async def test_no_pin_is_kept_or_logged(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    asha = await confirm_screen(gateway)
    await asha.types("739182", PIN)
    new = gateway.phone("+919811199999")
    await new.dial()
    await new.types("1", "Lata Devi", NEW_PIN, NEW_PIN)
    await asha.dial()
    await asha.types("8", "1", PIN, "739182")
    db, keys = gateway.house.wallet.db, gateway.house.wallet.keys
    kept = ""
    for row in await db.all("SELECT * FROM ussd.line"):
        kept += str(dict(row))
        for what in ("state", "answer"):
            sealed = row[f"{what}_sealed"]
            kept += keys.open(sealed, row["phone"].hex(), f"ussd {what}")
    for pin in (PIN, NEW_PIN, "739182"):
        assert pin not in kept
        assert pin not in caplog.text
    assert TO_RAVI not in str([dict(r) for r in await db.all("SELECT * FROM ussd.line")])
