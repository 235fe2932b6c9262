"""The product that the guide builds is built, found and paid with."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from argosy.base.manifest import ManifestError, discover
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.cashier.lookups import Lookups
from tests.products.town import Town, money

GUIDE = Path(__file__).parents[2] / "docs" / "how-to-add-a-product.md"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The files of the guide, as a folder that lies outside of the program."""
    blocks = re.findall(r"```\w+ file=(\S+)\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert [name for name, _ in blocks] == ["manifest.toml", "product.py"]
    (tmp_path / "tip").mkdir()
    for name, text in blocks:
        (tmp_path / "tip" / name).write_text(text, "utf-8")
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for module in [name for name in sys.modules if name.split(".")[0] == "tip"]:
        del sys.modules[module]


async def test_the_guides_product_is_found_and_paid_with(town: Town, folder: Path) -> None:
    found = discover("product", "argosy.products", [folder])
    assert len(found) == 9
    products = {name: manifest.load() for name, manifest in found.items()}
    town.cashier = Cashier(town.tools, products, town.signin, Lookups(town.db, town.clock))
    tip = sys.modules["tip.product"].Tip(town.ids.new(), money("5"), town.people["tea"].number)
    assert await town.ask("anita", tip) == "paid"
    assert await town.ask("anita", tip) == "paid again"
    assert await town.purse("tea") == "5.00"
    assert await town.used("anita", "spend") == 5_00
    assert await town.announced() == ["tip.paid"]
    await town.prove()


def test_all_products_are_found() -> None:
    found = discover("product", "argosy.products")
    assert sorted(found) == [
        *("cash_in", "cash_out", "pay", "refund", "request", "send", "top_up", "withdraw")
    ]
    assert all(manifest.load().name == name for name, manifest in found.items())


def test_a_product_that_says_another_name_is_not_lost_but_refused(folder: Path) -> None:
    manifest = folder / "tip" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('"tip"', '"top"'))
    sys.path.append(str(folder))
    with pytest.raises(ManifestError, match="top"):
        discover("product", "argosy.products", [folder])
