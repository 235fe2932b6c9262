"""`argosy market`: lay out a pack, run its cards, and be told file, line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from argosy.base.parties.facts import PartyReason
from argosy.base.refusals import Refused
from argosy.markets import load
from argosy.markets.cli import app
from argosy.markets.places import place_of
from argosy.public_services.signin.contacts import placed_by, read_contact

MARKETS = load()


@pytest.fixture(autouse=True)
def no_other_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARGOSY_MARKETS", raising=False)


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_every_market_is_listed_with_its_ladder() -> None:
    code, said = run("list")
    assert code == 0
    for market in MARKETS.values():
        assert f"{market.code:<12} {market.currency}" in said
    assert "unregistered -> registered" in said


@pytest.mark.parametrize("name", sorted(MARKETS))
def test_every_pack_passes_its_own_check(name: str) -> None:
    code, said = run("check", name, "--day", "2026-11-22")
    assert (code, "FALSE" in said) == (0, False), said
    assert f"{name}: " in said


def test_all_packs_are_checked_when_none_is_named() -> None:
    code, said = run("check", "--day", "2026-11-22")
    assert code == 0, said
    assert all(f"{name}: " in said for name in MARKETS)


def test_a_new_pack_passes_its_own_check(tmp_path: Path) -> None:
    code, said = run("new", "laputa_cli", "--in", str(tmp_path))
    assert code == 0, said
    assert f"argosy market check laputa_cli --in {tmp_path}" in said.replace("\n", "")
    code, said = run("check", "laputa_cli", "--in", str(tmp_path))
    assert (code, "0 false" in said) == (0, True), said
    code, said = run("new", "laputa_cli", "--in", str(tmp_path))
    assert (code, "already there" in said) == (2, True)


def test_a_false_grade_is_told_with_where_and_what_to_do(tmp_path: Path) -> None:
    run("new", "laputa_false", "--in", str(tmp_path))
    examples = tmp_path / "laputa_false" / "examples.toml"
    examples.write_text(
        examples.read_text().replace('"7123 4567" = "+99971234567"', '"7123 4567" = "+1"')
    )
    code, said = run("check", "laputa_false", "--in", str(tmp_path))
    assert code == 1
    assert "FALSE done   phones" in said
    assert "examples.toml:4: '7123 4567' gives +99971234567, not +1" in said
    assert "[phones] says done: mend what was found, or write todo and why" in said


def test_a_broken_pack_is_told_with_its_lines(tmp_path: Path) -> None:
    run("new", "laputa_broken", "--in", str(tmp_path))
    pack = tmp_path / "laputa_broken" / "pack.py"
    wrong = pack.read_text().replace('law("send", "basic"', 'law("sned", "basic"')
    pack.write_text(wrong)
    line = wrong.splitlines().index(next(t for t in wrong.splitlines() if '"sned"' in t)) + 1
    code, said = run("check", "laputa_broken", "--in", str(tmp_path))
    assert code == 2
    assert f"pack.py:{line}: limit sned of basic: nothing counts against this key" in said
    assert "Name one of" in said


def test_what_is_not_there_is_said() -> None:
    code, said = run("check", "nowhere")
    assert (code, "There is no market 'nowhere'" in said) == (2, True)
    code, said = run("check", "india", "--day", "tomorrow")
    assert (code, "is no day" in said) == (2, True)


def test_a_place_is_the_line_in_quotes_before_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# send\nx = 'send'\n")
    (tmp_path / "b.md").write_text("nothing\nsend\n")
    assert place_of(tmp_path, "send") == "a.py:2"
    assert place_of(tmp_path, "nothing") == "b.md:1"
    assert place_of(tmp_path, "elsewhere") == "pack.py"
    assert place_of(tmp_path, "elsewhere", file="b.md") == "b.md"


def test_a_contact_is_read_as_the_market_takes_it() -> None:
    india, indonesia = MARKETS["india"], MARKETS["indonesia"]
    assert read_contact(indonesia, " Siti@Post.Example ") == "siti@post.example"
    assert read_contact(indonesia, "0812-3456-7890") == "+6281234567890"
    wrong = read_contact(indonesia, "siti@")
    assert isinstance(wrong, Refused)
    assert wrong.reason is PartyReason.EMAIL_UNREADABLE
    assert isinstance(read_contact(india, "siti@post.example"), Refused)


def test_a_calling_code_places_a_visitor_and_nothing_else_does() -> None:
    india = MARKETS["india"]
    assert placed_by(MARKETS, india, "+66 81 234 5678") is MARKETS["thailand"]
    assert placed_by(MARKETS, india, "0063 917 123 4567") is MARKETS["philippines"]
    assert placed_by(MARKETS, india, "+91 98765 43210") is india
    assert placed_by(MARKETS, india, "081 234 5678") is india
    assert placed_by(MARKETS, india, "+49 170 1234567") is india
