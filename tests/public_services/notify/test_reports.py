"""An HTTP gateway's reports come in at the wallet's door; and an operator without a gateway is told."""

from __future__ import annotations

from argosy.app import warnings
from argosy.public_services.notify.carriers import Way
from argosy.public_services.notify.registry import read
from tests.channels.lite.visitors import House

TOKEN = "tellsusthetruth1"
AT = f"/messages/reports/{TOKEN}"


async def test_without_a_gateway_the_operator_is_told_and_a_demo_is_not(db, clock, ids) -> None:
    house = await House.opened(db, clock, ids, demo=False)
    (warning,) = warnings(house.wallet)
    assert "ARGOSY_SMS" in warning
    assert "thailand" in warning


async def test_a_demo_needs_no_gateway(db, clock, ids) -> None:
    assert warnings((await House.opened(db, clock, ids)).wallet) == ()


async def test_a_gateway_reports_at_the_door(db, clock, ids) -> None:
    lines = read(Way.SMS, f"https://gateway.example/send?reports={TOKEN}")
    house = await House.opened(db, clock, ids, demo=False, carriers=lines)
    assert warnings(house.wallet) == ()
    asha = house.people["asha"]
    await db.run(
        "INSERT INTO notify.message (recipient, id, party_id, market, template, secret, created_at,"
        " state, delivered_at, way) VALUES ($1, $2, $3, 'india', 'notices.received', false, $4,"
        " 'delivered', $4, 'sms')",
        b"r" * 32, asha.id, asha.id, clock.now(),
    )  # fmt: skip
    await db.run(
        "INSERT INTO notify.sent (carrier, reference, recipient, id, way, forget_at)"
        " VALUES ('gateway', 'g-1', $1, $2, 'sms', $3)",
        b"r" * 32, asha.id, clock.now(),
    )  # fmt: skip
    client = house.visitor().client
    said = await client.post(
        "/messages/reports/somebodyelse1234", data={"id": "g-1", "status": "ok"}
    )
    assert said.status_code == 404
    assert (await client.get(AT)).status_code == 404
    assert (await client.post(AT, json={"id": "g-9", "status": "delivered"})).json() == {
        "known": False
    }
    assert (await client.post(AT, json={"id": "g-1", "status": "delivered"})).json() == {
        "known": True
    }
    arrived = await db.value("SELECT arrived_at FROM notify.message WHERE id = $1", asha.id)
    assert arrived == clock.now()
