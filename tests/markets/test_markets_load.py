"""Packs are found, checked and counted; a broken one is refused by name, with all that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from argosy.base.manifest import ManifestError
from argosy.base.markets import Cap, Fact, Fee, FeeRule, Level, LimitRule, Market, PayCode, Standing
from argosy.markets import PackError, card, load
from argosy.markets.check import check
from argosy.markets.new import lay_out

TODAY = date(2026, 11, 22)
OWN = Path(load.__code__.co_filename).parent


@pytest.fixture(scope="module")
def markets() -> dict[str, Market]:
    return load()


def folder(market: Market) -> Path:
    assert market.folder is not None
    return market.folder


# --- found and counted -------------------------------------------------------------------------


def test_every_pack_of_the_program_is_found(markets: dict[str, Market]) -> None:
    folders = {p.name for p in OWN.iterdir() if p.is_dir() and not p.name.startswith(("_", "."))}
    assert folders == set(markets)
    assert "india" in markets
    assert all(folder(market) == OWN / name for name, market in markets.items())


def test_a_folder_outside_is_found_without_a_word_in_the_program(tmp_path: Path) -> None:
    lay_out("laputa_one", tmp_path)
    lay_out("laputa_two", tmp_path)
    assert {"laputa_one", "laputa_two"} <= set(load([tmp_path]))


def test_a_pack_without_its_manifest_is_missed(tmp_path: Path) -> None:
    (lay_out("laputa_three", tmp_path) / "manifest.toml").unlink()
    with pytest.raises(
        PackError, match="laputa_three looks like a market pack and has no manifest"
    ):
        load([tmp_path])


def test_a_place_that_does_not_exist_is_missed(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no such folder"):
        load([tmp_path / "nowhere"])


def test_a_manifest_that_says_another_name_is_refused(tmp_path: Path) -> None:
    pack = lay_out("laputa_four", tmp_path)
    pack.rename(tmp_path / "balnibarbi")
    with pytest.raises(ManifestError, match="name 'laputa_four' is not the folder's"):
        load([tmp_path])


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    lay_out("india", tmp_path)
    with pytest.raises(ManifestError, match="two of the name 'india'"):
        load([tmp_path])


def test_a_manifest_must_lead_to_a_market(tmp_path: Path) -> None:
    manifest = lay_out("laputa_five", tmp_path) / "manifest.toml"
    manifest.write_text(manifest.read_text().replace("MARKET", "LEVELS"))
    with pytest.raises(PackError, match="is not a Market"):
        load([tmp_path])


def test_a_broken_pack_is_refused_by_name_and_with_everything(tmp_path: Path) -> None:
    pack = lay_out("laputa_six", tmp_path)
    code = (pack / "pack.py").read_text()
    (pack / "pack.py").write_text(code.replace('"XTS",\n', '"ZZZ",\n').replace('"UTC"', '"Moon"'))
    with pytest.raises(PackError) as caught:
        load([tmp_path])
    assert "market laputa_six is broken" in str(caught.value)
    assert "currency 'ZZZ' is unknown" in str(caught.value)
    assert "time zone 'Moon' does not exist" in str(caught.value)


def test_a_part_that_grows_moves_into_its_own_file_without_a_word_elsewhere(tmp_path: Path) -> None:
    pack = lay_out("laputa_grown", tmp_path)
    code = (pack / "pack.py").read_text()
    start = code.index("TOWN = {")
    end = code.index("# 8.")
    (pack / "town.py").write_text(code[start:end].replace("Bakery", "Cake Shop"))
    (pack / "pack.py").write_text(code[:start] + code[end:])
    market = load([tmp_path])["laputa_grown"]
    assert "Cake Shop" in market.town["shops"]  # type: ignore[operator]
    assert market.calling_code == "999"


def test_a_pack_without_a_part_that_every_market_has_says_which(tmp_path: Path) -> None:
    pack = lay_out("laputa_lame", tmp_path)
    code = (pack / "pack.py").read_text()
    (pack / "pack.py").write_text(
        code.replace("PLAN = ", "PHONES = ").replace("FEES = ", "COSTS = ")
    )
    with pytest.raises(ManifestError, match=r"it has no FEES \(fees.py\), PLAN \(phones.py\)"):
        load([tmp_path])


# --- each check, and that it can fail ----------------------------------------------------------


def fact(value: Any, since: date = TODAY, source: str = "small-ppi", **more: Any) -> Fact[Any]:
    return Fact(value, since, source, **more)


def limit(key: str, level: str, value: Fact[Cap]) -> Callable[[Market], Market]:
    return lambda market: replace(market, limits=(*market.limits, LimitRule(key, level, value)))


def price(product: str, fee: Fee) -> Callable[[Market], Market]:
    rule = FeeRule(product, fact(fee))
    return lambda market: replace(market, fees=(*market.fees, rule))


def level(name: str, rank: int, *facts: Fact[Any], needs: tuple[str, ...] = ("phone",)) -> Any:
    added = Level(name, rank, needs, facts)
    return lambda market: replace(market, levels=(*market.levels, added))


BROKEN: list[tuple[Callable[[Market], Market], str]] = [
    (lambda m: replace(m, code="indie"), "its code is 'indie' and its folder 'india'"),
    (lambda m: replace(m, country="ind"), "country 'ind' is not two capital letters"),
    (lambda m: replace(m, currency="RUP"), "currency 'RUP' is unknown"),
    (lambda m: replace(m, zone="Asia/Atlantis"), "time zone 'Asia/Atlantis' does not exist"),
    (lambda m: replace(m, zone="../../etc"), "time zone '../../etc' does not exist"),
    (lambda m: replace(m, operator=" "), "name and operator must say something"),
    (lambda m: replace(m, languages=()), "it has no language"),
    (lambda m: replace(m, languages=("en", "fr")), "language 'fr' has no words"),
    (lambda m: replace(m, languages=("../en",)), "language '../en' is not a code"),
    (lambda m: replace(m, merchant_level="full"), "merchants' level 'full' is not a level for"),
    (lambda m: replace(m, merchant_level="nope"), "merchants' level 'nope' is not a level for"),
    (lambda m: replace(m, levels=m.levels[2:]), "no level is for customers"),
    (level("small", 5, fact(1)), "two levels have the same name"),
    (level("other", 1, fact(1)), "two levels have the same rank"),
    (level("other", 5), "level other has no fact about its balance"),
    (level("other", 5, fact(1), needs=()), "level other needs no evidence"),
    (level("other", 5, fact(1), needs=("horoscope",)), "needs horoscope, which is no evidence"),
    (level("other", 5, fact(-1)), "balance of other is negative"),
    (level("other", 5, fact(1, source="hearsay")), "sources.md has no heading 'hearsay'"),
    (level("other", 5, fact(1, until=TODAY)), "it ends (2026-11-22) before it begins"),
    (level("other", 5, fact(1), fact(2)), "balance other: two facts of 2026-11-22 contradict"),
    (limit("send", "tiny", fact(Cap())), "limit send of tiny: there is no such level"),
    (limit("sned", "full", fact(Cap())), "limit sned of full: nothing counts against this key"),
    (limit("pay", "full", fact(Cap(day_minor_max=-1))), "limit pay of full: a bound is negative"),
    (limit("pay", "full", fact(Cap(), source="x")), "limit pay of full: sources.md has no heading"),
    (
        limit("send", "small", fact(Cap(allowed=True), date(2021, 8, 27))),
        "limit send small: two facts of 2021-08-27 contradict",
    ),
    (
        limit("cash_in", "full", fact(Cap(month_minor_max=1), date(2021, 8, 27))),
        "limit cash_in full: two facts of 2021-08-27 contradict",
    ),
    (
        limit("cash_in", "full", fact(Cap(), standing=Standing.PRACTICE)),
        "limit cash_in full: the practice of 2026-11-22 hides the law of 2021-08-27",
    ),
    (price("sned", Fee()), "fee of sned: there is no such product"),
    (price("pay", Fee(basis_points=10_001)), "fee of pay: its part is not between nothing and all"),
    (price("pay", Fee(flat_minor=-1)), "fee of pay: an amount is negative"),
    (price("pay", Fee(minor_min=2, minor_max=1)), "fee of pay: its most is less than its least"),
    (price("pay", Fee(paid_by="nobody")), "fee of pay: 'nobody' cannot pay it"),
    (price("pay", Fee(shares={})), "fee of pay: its shares share nothing"),
    (price("pay", Fee(shares={"fees": 0})), "fee of pay: its shares share nothing"),
]


@pytest.mark.parametrize("change, saying", BROKEN, ids=[saying for _, saying in BROKEN])
def test_what_is_wrong_is_found(
    markets: dict[str, Market], change: Callable[[Market], Market], saying: str
) -> None:
    india = markets["india"]
    assert any(saying in problem for problem in check(change(india), folder(india)))


FINE: list[tuple[Callable[[Market], Market], str]] = [
    (lambda m: m, "as it is"),
    (limit("cash_in", "full", fact(Cap(month_minor_max=1))), "a later law"),
    (
        limit("cash_in", "full", fact(Cap(day_minor_max=1), date(2021, 8, 27))),
        "another bound of the same day",
    ),
    (
        limit("send", "small", fact(Cap(), date(2021, 8, 27), standing=Standing.DRAFT)),
        "a draft that says the contrary",
    ),
    (limit("load", "full", fact(Cap(month_minor_max=1))), "a key of several products"),
    (price("pay", Fee(basis_points=1)), "a later price"),
]


@pytest.mark.parametrize("change, _name", FINE, ids=[name for _, name in FINE])
def test_what_is_right_is_left_alone(
    markets: dict[str, Market], change: Callable[[Market], Market], _name: str
) -> None:
    india = markets["india"]
    assert check(change(india), folder(india)) == []


def test_a_missing_or_empty_source_is_found(tmp_path: Path) -> None:
    pack = lay_out("laputa_seven", tmp_path)
    sources = pack / "sources.md"
    sources.write_text("# Sources\n\n## wallet-law\n\n## house\nThe operator's choice.\n")
    with pytest.raises(PackError, match="nothing stands under the heading 'wallet-law'"):
        load([tmp_path])
    sources.unlink()
    with pytest.raises(PackError, match=r"sources\.md is missing"):
        load([tmp_path])


def test_words_that_cannot_be_read_are_found(tmp_path: Path) -> None:
    (lay_out("laputa_eight", tmp_path) / "words" / "en.toml").write_text("= nothing")
    with pytest.raises(PackError, match=r"words/en\.toml"):
        load([tmp_path])


# --- cards -------------------------------------------------------------------------------------


def test_every_pack_grades_itself_truly(markets: dict[str, Market]) -> None:
    for market in markets.values():
        graded = card.grade(market, folder(market), TODAY)
        assert not [one.card.name for one in graded if one.false], card.report(graded)


def test_a_new_pack_loads_and_grades_itself_truly(tmp_path: Path) -> None:
    pack = lay_out("laputa_nine", tmp_path)
    market = load([tmp_path])["laputa_nine"]
    assert market.name == "Laputa Nine"
    graded = card.grade(market, pack, TODAY)
    assert not [one.card.name for one in graded if one.false], card.report(graded)
    texts = [p for p in pack.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    assert not [p for p in texts if "_template" in p.read_text("utf-8")]


def test_a_template_is_laid_out_once_and_under_a_name_of_python(tmp_path: Path) -> None:
    lay_out("laputa_ten", tmp_path)
    with pytest.raises(PackError, match="already there"):
        lay_out("laputa_ten", tmp_path)
    for name in ("", "Laputa", "la-puta", "../x", "1st", "_x"):
        with pytest.raises(PackError):
            lay_out(name, tmp_path)


def graded(market: Market, pack: Path, name: str) -> card.Graded:
    return next(one for one in card.grade(market, pack, TODAY) if one.card.name == name)


SPOILED: list[tuple[str, Callable[[Market], Market]]] = [
    ("money", lambda m: replace(m, encode_code=lambda _: m.encode_code(PAY))),
    ("phones", lambda m: replace(m, phone=lambda typed: "+91" + typed)),
    (
        "levels",
        lambda m: replace(m, levels=tuple(replace(v, balance_minor_max=()) for v in m.levels)),
    ),
    ("limits", lambda m: replace(m, limits=m.limits[:-5])),
    ("fees", lambda m: replace(m, fees=m.fees[1:])),
    ("codes", lambda m: replace(m, encode_code=lambda _: m.encode_code(PAY))),
    ("sources", lambda m: replace(m, limits=tuple(map(doubted, m.limits)))),
    ("town", lambda m: replace(m, town={})),
    ("words", lambda m: replace(m, languages=("en", "xx"))),
]


def doubted(rule: LimitRule) -> LimitRule:
    return replace(rule, cap=replace(rule.cap, standing=Standing.UNVERIFIED))


PAY = PayCode("99999", "Other", "Town", amount_minor=77)


@pytest.mark.parametrize("name, spoil", SPOILED, ids=[name for name, _ in SPOILED])
def test_a_card_that_says_done_and_is_not_is_seen(
    tmp_path: Path, name: str, spoil: Callable[[Market], Market]
) -> None:
    pack = lay_out(f"laputa_card_{name}", tmp_path)
    (pack / "words" / "xx.toml").write_text('[other]\nword = "a word"\n')
    market = load([tmp_path])[pack.name]
    assert not graded(market, pack, name).false
    spoiled = graded(spoil(market), pack, name)
    assert spoiled.false
    assert spoiled.problems


def test_a_card_that_says_todo_and_runs_is_seen(tmp_path: Path) -> None:
    pack = lay_out("laputa_modest", tmp_path)
    said = (pack / "card.toml").read_text()
    modest = said.replace('[town]\ngrade = "done"', '[town]\ngrade = "todo"\nreason = "shy"')
    (pack / "card.toml").write_text(modest)
    assert graded(load([tmp_path])["laputa_modest"], pack, "town").false


def test_nothing_that_cannot_run_is_done(tmp_path: Path) -> None:
    pack = lay_out("laputa_bold", tmp_path)
    said = (pack / "card.toml").read_text()
    (pack / "card.toml").write_text(
        said.replace('[reports]\ngrade = "todo"', '[reports]\ngrade = "done"')
    )
    assert graded(load([tmp_path])["laputa_bold"], pack, "reports").false


@pytest.mark.parametrize(
    "old, new",
    [
        ("[town]", "[twon]"),
        ('[town]\ngrade = "done"\n', ""),
        ('[town]\ngrade = "done"', '[town]\ngrade = "perfect"'),
        ('[town]\ngrade = "done"', '[town]\ngrade = "exempt"'),
        ("[town]", "[town"),
    ],
)
def test_a_card_must_be_filled_in(tmp_path: Path, old: str, new: str) -> None:
    pack = lay_out("laputa_hasty", tmp_path)
    said = (pack / "card.toml").read_text()
    assert old in said
    (pack / "card.toml").write_text(said.replace(old, new))
    with pytest.raises(card.CardError):
        card.grade(load([tmp_path])["laputa_hasty"], pack, TODAY)
