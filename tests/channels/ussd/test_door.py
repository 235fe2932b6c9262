"""Whom the door lets in, and what it makes of what is posted."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from argosy.channels.ussd.door import application
from argosy.settings import SettingsError, load
from argosy.web import _ussd
from tests.channels.lite.visitors import PHONES
from tests.channels.ussd.conftest import Gateway, call

FORM = "sessionId=s1&serviceCode=*384%23&text=&networkCode=1&phoneNumber=%2B919800000001"
KEY = "a long enough secret"


async def knock(gateway: Gateway, path: str = "/ussd/india", form: str = FORM, **how: Any) -> int:
    headers = how.pop("headers", {})
    ussd = replace(_ussd(gateway.house.wallet), demo=False, **how)
    status, _ = await call(application(ussd), "POST", path, form.encode(), headers)
    return status


async def test_outside_the_demo_the_door_is_shut_without_secret_or_address(
    gateway: Gateway,
) -> None:
    assert await knock(gateway) == 404
    assert await knock(gateway, "/ussd/simulator") == 404


async def test_a_secret_opens_it_by_header_or_address(gateway: Gateway) -> None:
    assert await knock(gateway, secret=KEY) == 404
    assert await knock(gateway, secret=KEY, headers={"x-ussd-secret": "another"}) == 404
    assert await knock(gateway, secret=KEY, headers={"x-ussd-secret": KEY}) == 200
    assert await knock(gateway, "/ussd/india?secret=a%20long%20enough%20secret", secret=KEY) == 200


async def test_an_address_opens_it_and_both_are_needed_where_both_are_set(
    gateway: Gateway,
) -> None:
    allowed = (ip_network("10.1.0.0/16"),)
    inside, outside = {"client": "10.1.2.3"}, {"client": "10.2.2.3"}
    assert await knock(gateway, allowed=allowed, headers=inside) == 200
    assert await knock(gateway, allowed=allowed, headers={"client": "::ffff:10.1.2.3"}) == 200
    assert await knock(gateway, allowed=allowed, headers=outside) == 404
    assert await knock(gateway, allowed=allowed, secret=KEY, headers=inside) == 404
    both = {**inside, "x-ussd-secret": KEY}
    assert await knock(gateway, allowed=allowed, secret=KEY, headers=both) == 200


async def test_what_is_no_dial_is_refused(gateway: Gateway) -> None:
    app = gateway.house.app
    table = [
        ("POST", "/ussd/nowhere", FORM, 404),
        ("GET", "/ussd/india", "", 405),
        ("POST", "/ussd/india", "", 400),
        ("POST", "/ussd/india", FORM.replace("sessionId=s1", "sessionId="), 400),
        ("POST", "/ussd/india", FORM.replace("text=", "text=" + "1*" * 400), 400),
        ("POST", "/ussd/india", FORM.replace("text=", "text=" + "1*" * 70), 400),
        ("POST", "/ussd/india", FORM + "&x=" + "y" * 9000, 400),
        ("POST", "/ussd/india", FORM.replace("%2B", "+"), 200),
    ]
    for method, path, form, status in table:
        got, said = await call(app, method, path, form.encode())
        assert (got, path, form[:60]) == (status, path, form[:60]), said
    foreign = FORM.replace("%2B919800000001", "%2B4912345678")
    assert await call(app, "POST", "/ussd/india", foreign.encode()) == (
        200,
        "END This service is not open for your number.",
    )


async def test_the_simulator_is_a_phone_without_script(gateway: Gateway) -> None:
    app = gateway.house.app
    status, page = await call(app, "GET", "/ussd/simulator")
    assert (status, "<script" in page) == (200, False)
    form = f"market=india&phone={PHONES['asha'].replace('+', '%2B')}&act=dial&dial=*384*8%23"
    status, page = await call(app, "POST", "/ussd/simulator", form.encode())
    assert status == 200
    assert "Your account" in page
    bad = form.replace("%2B919800000001", "12")
    assert "mobile number" in (await call(app, "POST", "/ussd/simulator", bad.encode()))[1]


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("USSD_SECRET", "short", "at least 16"),
        ("USSD_CODE", "384", "*384#"),
        ("USSD_ALLOWED", "10.0.0.1/8", "no network"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Any, name: str, text: str, says: str) -> None:
    env = {f"ARGOSY_{name}": text, "ARGOSY_DATA": str(tmp_path)}
    with pytest.raises(SettingsError, match=f"ARGOSY_{name}") as wrong:
        load(env, demo=True)
    assert says in str(wrong.value)


def test_settings_are_read(tmp_path: Any) -> None:
    env = {
        "ARGOSY_DATA": str(tmp_path),
        "ARGOSY_USSD_ALLOWED": "10.1.0.0/16, 2001:db8::/32",
        "ARGOSY_USSD_SECRET": KEY,
        "ARGOSY_USSD_CODE": "*120*77#",
    }
    settings = load(env, demo=True)
    assert len(settings.ussd_allowed) == 2
    assert (settings.ussd_secret, settings.ussd_code) == (KEY, "*120*77#")
