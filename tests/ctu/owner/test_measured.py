"""The benchmark of the owner score: what it promises of itself, on few accounts."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from argosy.bench.owner import HISTORIES, Scores, Setting, rates, run, simulate

FEW = Setting(owners=200, strangers=3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("owner") / "figures.json"
    said = io.StringIO()
    figures = run(FEW, out, Console(file=said, width=120))
    return figures, json.loads(out.read_text()), said.getvalue()


def test_it_says_what_it_assumes_and_that_it_is_no_evidence(whole):
    figures, written, said = whole
    assert "not evidence" in written["note"]
    assert "not evidence" in " ".join(said.split())
    assert len(written["assumptions"]) == len(figures["assumptions"]) >= 6
    assert written["published"]["asked_again"] == {"naive": 0.17, "vpn": 0.25, "targeted": 0.33}


def test_owners_are_asked_less_as_history_grows_and_strangers_stay_stopped(whole):
    _, written, _ = whole
    for way in ("without", "cookies"):
        for sort, by_share in written[way]["rates"].items():
            assert list(by_share) == ["98%", "99%", "99.5%"]
            for by_history in by_share.values():
                assert list(map(int, by_history)) == list(HISTORIES)
                assert by_history["12"]["asked_again"] < by_history["1"]["asked_again"]
                assert by_history["12"]["detected"] > 0.93, (way, sort)
        naive, targeted = (
            written[way]["rates"][sort]["99%"]["12"]["asked_again"]
            for sort in ("naive", "targeted")
        )
        assert naive < targeted


def test_the_same_seed_gives_the_same_figures():
    setting = Setting(owners=20, strangers=1)
    assert simulate(setting, cookies=True) == simulate(setting, cookies=True)


def test_twin_thresholds_come_from_the_other_half():
    """Strangers of the reported half that look like owners are missed: they did not set the threshold."""
    scores = Scores()
    for history in HISTORIES:
        scores.own[history] = ([0.0] * 100, [0.0] * 100)
        for sort in ("naive", "vpn", "targeted"):
            scores.strangers[sort, history] = ([9.0] * 100, [-9.0] * 50 + [9.0] * 50)
    found = rates(scores)["naive"]["99%"]["12"]
    assert found == {"asked_again": 0.0, "detected": 0.5}
