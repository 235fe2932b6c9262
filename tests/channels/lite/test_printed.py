"""What hangs in a shop speaks the shop's own language first."""

from __future__ import annotations

import re

import pytest

from tests.channels.lite.visitors import House


@pytest.mark.parametrize("sheet", ["sticker.svg", "stand.svg"])
async def test_a_poster_speaks_the_shops_own_language_first_and_english_then(
    house: House, sheet: str
) -> None:
    words = house.wallet.words
    own, english = (words.say("print.scan_to_pay", one, "india") for one in ("hi", "en"))
    tea = house.people["tea"]
    shown = (await house.visitor("tea").client.get(f"/till/print/{sheet}")).text
    assert f">{english}<" in shown
    assert own not in shown
    await house.wallet.parties.set_language(tea.id, "hi")
    visitor = house.visitor("tea")
    visitor.client.headers["accept-language"] = "en"  # whoever prints it: it hangs in the shop
    shown = (await visitor.client.get(f"/till/print/{sheet}")).text
    assert 'lang="hi"' in shown
    assert f">{own} · {english}<" in shown


async def test_it_fits_and_is_printed_as_pdf_too(house: House) -> None:
    await house.wallet.parties.set_language(house.people["tea"].id, "ta")
    visitor = house.visitor("tea")
    pdf = await visitor.client.get("/till/print/sticker.pdf")
    assert pdf.content.startswith(b"%PDF")
    shown = (await visitor.client.get("/till/print/sticker.svg")).text
    sizes = [float(size) for size in re.findall(r'font-size="([0-9.]+)"', shown)]
    assert min(sizes) > 2  # two millimetres, and they can still be read from an arm's length


async def test_numbers_are_read_however_they_are_grouped(house: House) -> None:
    number = house.shop_number
    asha = house.visitor("asha")
    devanagari = "".join(chr(0x966 + int(digit)) for digit in number)
    for typed in (
        f"{number[:3]} {number[3:6]} {number[6:]}",
        f"{number[:3]}-{number[3:6]}-{number[6:]}",
        f"{number[:5]}\u2013{number[5:]}",
        f"\u00a0{number[:5]}\u202f{number[5:]}\u200b",
        devanagari,
    ):
        page = await asha.fill("/pay", code=typed)
        assert page.path == f"/p/{number}", (typed, page.text)
        assert (await asha.open(f"/p/{typed}")).status == 200, typed
        page = await asha.fill(f"/p/{number}", "/pay", to=typed, amount="1", pin="582913")
        assert page.path.startswith("/orders/"), (typed, page.text)
