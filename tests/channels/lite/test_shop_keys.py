"""A shop makes its program a key: shown once, told of, seen with its last use, revoked."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from argosy.partners.api.facts import Caller, Signing
from tests.channels.lite.screens import Screens
from tests.channels.lite.visitors import PIN, WRONG_PIN, House

KEY = re.compile(r"ak_test_\S+")


async def keys_of(house: House) -> list:
    return await house.wallet.api_keys.list(house.people["tea"].id)


async def test_a_key_is_made_shown_once_and_revoked(house: House) -> None:
    tea = house.visitor("tea")
    assert "/till/keys" in (await tea.open("/me")).links
    page = await tea.fill("/till/keys", label="web shop", pin=PIN)
    assert page.status == 201
    text = KEY.search(page.text)[0]
    caller = await house.wallet.api_keys.read(text)
    assert isinstance(caller, Caller)
    assert caller.party.id == house.people["tea"].id
    page = await tea.open("/till/keys")
    assert text not in page.text
    assert "web shop" in page.text
    assert f"ak_test_...{text[-4:]}" in page.text
    assert "last used" in page.text
    page = await tea.send(page.form("/till/keys/revoke"))
    assert "revoked" in page.text
    assert not isinstance(await house.wallet.api_keys.read(text), Caller)


async def test_the_shop_is_told_that_a_key_was_made(house: House) -> None:
    await house.visitor("tea").fill("/till/keys", label="web shop", pin=PIN)
    letters = await house.wallet.notify.inbox_of(house.people["tea"].id)
    assert "API key web shop was made" in letters[0].text


async def test_signed_requests_come_with_a_secret(house: House) -> None:
    page = await house.visitor("tea").fill("/till/keys", label="till", pin=PIN, signed="yes")
    (key,) = await keys_of(house)
    assert key.signing is Signing.HMAC
    caller = await house.wallet.api_keys.read(KEY.search(page.text)[0])
    assert caller.verifier.decode() in page.text


@pytest.mark.parametrize(
    "typed, says",
    [
        ({"label": "till", "pin": WRONG_PIN}, "4 tries left"),
        ({"label": "till", "pin": ""}, "PIN"),
        ({"label": "", "pin": PIN}, "1 to 60"),
        ({"label": "x" * 61, "pin": PIN}, "1 to 60"),
    ],
)
async def test_without_pin_or_label_there_is_no_key(house: House, typed, says) -> None:
    page = await house.visitor("tea").fill("/till/keys", **typed)
    assert page.status == 422
    assert says in page.text
    assert await keys_of(house) == []


async def test_the_form_sent_twice_makes_one_key_and_shows_it_once(house: House) -> None:
    tea = house.visitor("tea")
    form = (await tea.open("/till/keys")).form("/till/keys")
    assert (await tea.send(form, label="till", pin=PIN)).status == 201
    again = await tea.send(form, label="till", pin=PIN)
    assert "made already" in again.text
    assert KEY.search(again.text.replace("ak_test_...", "")) is None
    assert len(await keys_of(house)) == 1


async def test_keys_are_for_shops_and_nobody_revokes_anothers(house: House) -> None:
    await house.visitor("tea").fill("/till/keys", label="till", pin=PIN)
    (key,) = await keys_of(house)
    assert (await house.visitor("asha").open("/till/keys")).status == 403
    asha = house.people["asha"]
    said = await house.visitor("asha").json("POST", "/till/keys", id=str(UUID(int=7)), pin=PIN)
    assert said.status_code == 403
    assert (await house.wallet.api_keys.revoke(asha.id, key.id)).code == "key_not_found"
    said = await house.visitor("tea").json("POST", "/till/keys/revoke", key=str(house.ids.new()))
    assert said.status_code == 404
    assert (await keys_of(house))[0].revoked_at is None


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
async def test_in_the_browser(screens: Screens, script: bool) -> None:
    tea = await screens.screen("tea", script=script)
    await tea.open("/me")
    await tea.page.get_by_role("link", name="API keys").click()
    await tea.type(label="web shop", pin=PIN)
    await tea.press("Make a key")
    await tea.sees("It is never shown again")
    text = await tea.page.inner_text("#key")
    assert isinstance(await screens.house.wallet.api_keys.read(text), Caller)
    await tea.press("API keys")
    await tea.press("Revoke")
    await tea.sees("revoked")
