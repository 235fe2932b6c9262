"""A customer turns messages on for a device, in the lite app; they come encrypted for it, and stop."""

from __future__ import annotations

import json

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ports import Message
from argosy.base.store import Database
from argosy.public_services.notify.carriers import Way
from argosy.public_services.notify.push.carrier import new_key
from argosy.public_services.notify.registry import read
from tests.channels.lite.visitors import House
from tests.public_services.notify.browser import Browser
from tests.public_services.notify.post_office import PostOffice


async def open_house(db: Database, clock: SetClock, ids: Ids) -> House:
    lines = read(Way.PUSH, f"vapid:{new_key()}")
    return await House.opened(db, clock, ids, demo=False, carriers=lines, webhooks_private=True)


async def tell(house: House) -> None:
    asha = house.people["asha"]
    facts = {"at": house.clock.now()}
    await house.wallet.notify.notify(
        Message(house.ids.new(), "signin.pin_changed", facts, "india", "en", asha.id)
    )


async def test_messages_come_to_a_device_that_wants_them_and_stop(db, clock, ids) -> None:
    house, office, browser = await open_house(db, clock, ids), await PostOffice().open(), Browser()
    try:
        asha = house.visitor("asha")
        page = await asha.open("/messages")
        key = house.wallet.notify.push_key("india")
        assert f'data-key="{key}"' in page.answer.text
        assert '<section id="push" hidden' in page.answer.text  # only a script shows it
        wanted = browser.subscription(f"http://127.0.0.1:{office.port}/device")
        said = await asha.json("POST", "/me/push", **wanted)
        assert (said.status_code, said.json()) == (200, {"push": True})
        await tell(house)
        ((path, headers, body),) = office.got
        assert path == "/device"
        assert headers["content-encoding"] == "aes128gcm"
        told = json.loads(browser.opened(body))
        assert told["title"] == "Argosy"
        assert told["body"].startswith("Your PIN was changed")
        assert (await asha.json("POST", "/me/push", off="1")).json() == {"push": False}
        await tell(house)
        assert len(office.got) == 1
    finally:
        await office.close()
        await house.wallet.notify.close()


async def test_what_is_no_subscription_is_refused(db, clock, ids) -> None:
    house = await open_house(db, clock, ids)
    said = await house.visitor("asha").json("POST", "/me/push", endpoint="x", p256dh="y", auth="z")
    assert (said.status_code, said.json()["code"]) == (422, "push_unreadable")


async def test_where_no_push_is_sent_none_is_offered(house: House) -> None:
    page = await house.visitor("asha").open("/messages")
    assert 'id="push"' not in page.answer.text
    assert "push" not in page.answer.text
