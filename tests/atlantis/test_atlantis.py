"""An invented country boots from a folder outside the program: nothing in `src` knows its name."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from argosy.base.markets import Market, PayCode
from argosy.base.refusals import Refused
from argosy.base.wallet.prices import fee_minor, split
from argosy.markets import card, load

HERE = Path(__file__).parent
SRC = HERE.parents[1] / "src"
ORDER = "019aa0b3-1111-7abc-8def-0123456789ab"


@pytest.fixture(scope="module")
def markets() -> dict[str, Market]:
    return load(outside=[HERE])


@pytest.fixture(scope="module")
def atlantis(markets: dict[str, Market]) -> Market:
    return markets["atlantis"]


def test_it_stands_beside_the_markets_of_the_program(markets: dict[str, Market]) -> None:
    assert {"atlantis", *load()} == set(markets)
    assert "atlantis" not in load()
    assert markets["atlantis"].folder == HERE / "atlantis"


def test_no_file_of_the_program_names_it() -> None:
    naming = re.compile(r"""["']atlantis["']|(from|import) atlantis""")
    files = [p for p in SRC.rglob("*") if p.suffix in (".py", ".toml", ".sql", ".html")]
    assert [p for p in files if naming.search(p.read_text("utf-8"))] == []
    assert naming.search((HERE / "atlantis" / "pack.py").read_text("utf-8"))  # it would be seen


def test_every_card_is_graded_truly(atlantis: Market) -> None:
    graded = card.grade(atlantis, HERE / "atlantis", date(2026, 11, 22))
    assert not [one.card.name for one in graded if one.false], card.report(graded)


@pytest.mark.parametrize("minor", [1, 999, 1_000, 123_456_789])
def test_a_shell_carries_thousandths(atlantis: Market, minor: int) -> None:
    pay = PayCode("1234567890", "Kelp Grocer", "Kerne", "5411", minor, ORDER)
    text = atlantis.encode_code(pay)
    assert isinstance(text, str)
    read = atlantis.decode_code(text)
    assert not isinstance(read, Refused)
    assert (read.scheme, read.kind, read.reference) == ("shell", "merchant", "1234567890")
    assert (read.amount_minor, read.currency, read.order_reference) == (minor, "KWD", ORDER)


def test_one_thousandth_is_written_with_three_decimals(atlantis: Market) -> None:
    text = atlantis.encode_code(PayCode("1234567890", "Kelp", "Kerne", amount_minor=1))
    assert isinstance(text, str)
    assert "54050.001" in text
    assert "5303414" in text


def test_a_name_in_greek_is_kept(atlantis: Market) -> None:
    text = atlantis.encode_code(PayCode("1234567890", "Κοχύλι", "Kerne"))
    assert isinstance(text, str)
    read = atlantis.decode_code(text)
    assert not isinstance(read, Refused)
    assert read.name == "Κοχύλι"


def test_its_codes_are_foreign_elsewhere_and_the_others_here(markets: dict[str, Market]) -> None:
    shop = PayCode("1234567890", "Shop", "Town")
    shell = markets["atlantis"].encode_code(shop)
    bharat = markets["india"].encode_code(shop)
    assert isinstance(shell, str)
    assert isinstance(bharat, str)
    for market, text, scheme in (
        ("india", shell, "org.atlantis.shell"),
        ("atlantis", bharat, "UPI"),
    ):
        answer = markets[market].decode_code(text)
        assert isinstance(answer, Refused)
        assert (answer.code, answer.facts["scheme"]) == ("code_scheme_not_taken", scheme)


def test_the_law_of_high_water_takes_over_on_its_day(atlantis: Market) -> None:
    assert atlantis.balance_minor_max("shore", date(2026, 12, 31)) == 100_000
    assert atlantis.balance_minor_max("shore", date(2027, 1, 1)) == 250_000


def test_the_storm_draft_never_applies(atlantis: Market) -> None:
    for day in (date(2026, 5, 31), date(2026, 6, 1), date(2040, 1, 1)):
        assert all(cap.allowed for cap in atlantis.caps("send", "shore", day))


def test_people_start_on_the_shore_and_shops_in_the_deep(atlantis: Market) -> None:
    assert [level.name for level in atlantis.ladder()] == ["shore", "deep"]
    assert [level.name for level in atlantis.ladder("merchant")] == ["deep"]


def test_the_lighthouse_gets_its_share(atlantis: Market) -> None:
    fee = atlantis.fee("pay", date(2026, 11, 22))
    price = fee_minor(10_000, fee)
    assert price == 125
    assert split(price, fee.shares) == {"fees": 83, "lighthouse": 41, "remainder": 1}
