"""The policy of decisions: what a file may say, and how it is told what it may not."""

from __future__ import annotations

from uuid import UUID

import pytest

from argosy.ctu.decide.policy import STARTER, Policy, PolicyError, load_policy
from argosy.ctu.events import Event


def event(**told) -> Event:
    base = {"id": UUID(int=1), "kind": "pay", "at_ms": 0, "account": "anita", "currency": "INR"}
    return Event(**{**base, "market": "india", "channel": "lite", **told})


def file(tmp_path, text: str):
    path = tmp_path / "policy.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_starter_is_sound_and_dated():
    policy = load_policy()
    assert policy.since.year == 2026
    assert policy.asks(event()) == ("otp",)


def test_the_same_text_is_the_same_policy():
    policy = load_policy()
    again = Policy.read(policy.text)
    assert (again.version, again.text) == (policy.version, policy.text)


def test_an_operators_file_says_what_differs(tmp_path):
    theirs = load_policy(
        file(tmp_path, "since = 2026-12-01\nwhy = 'ours'\n[terms.review]\nwork_minor = 1\n")
    )
    name, terms = theirs.segment(event())
    assert (name, terms.review.work_minor) == ("", 1)
    assert terms.review.stops == load_policy().segment(event())[1].review.stops
    assert theirs.version != load_policy().version


SEGMENTS = """
since = 2026-12-01
[[segment]]
name = "small shops"
markets = ["thailand"]
kinds = ["pay"]
where = { payee_kind = "merchant" }
[segment.terms]
margin = 0.004
[[segment]]
name = "payments"
kinds = ["pay"]
[segment.terms.challenge.otp]
cost_minor = 1
"""


@pytest.mark.parametrize(
    "told, segment",
    [
        ({"market": "thailand", "attributes": {"payee_kind": "merchant"}}, "small shops"),
        ({"market": "thailand"}, "payments"),
        ({"attributes": {"payee_kind": "merchant"}}, "payments"),
        ({"kind": "send"}, ""),
    ],
)
def test_the_first_segment_that_fits_holds(tmp_path, told, segment):
    policy = load_policy(file(tmp_path, SEGMENTS))
    name, terms = policy.segment(event(**told))
    assert name == segment
    assert (terms.margin == 0.004) is (segment == "small shops")
    assert (terms.challenge["otp"].cost_minor == 1) is (segment == "payments")


@pytest.mark.parametrize(
    "text, told",
    [
        ("[terms]\nmargin = 0.1\n", "no date"),
        ("since = 2026-12-01\nmarginn = 1\n", "marginn"),
        ("since = 2026-12-01\n[terms]\nloss_given = 2\n", "terms.loss_given is 2"),
        ("since = 2026-12-01\n[terms]\nreview_from = 0.9\n", "must rise"),
        ("since = 2026-12-01\n[terms.challenge.otp]\nstops = -1\n", "terms.challenge.otp.stops"),
        ("since = 2026-12-01\n[terms.challenge.otp]\nanswered_by = ['call']\n", "name otp itself"),
        ("since = 2026-12-01\n[channels.lite]\nasks = ['song']\nexpects = []\n", "'song'"),
        ("since = 2026-12-01\n[channels.lite]\nasks = []\nexpects = ['mood']\n", "'mood'"),
        ("since = 2026-12-01\n[rules]\nweight = [0.0, 1.0]\n", "as many points"),
        ("since = 2026-12-01\n[rules]\nweight=[0.0,1.0]\nprobability=[0.5,0.2]\n", "must rise"),
        ("since = 2026-12-01\n[scales]\nINR = 0\n", "scales.INR"),
        ("since = 2026-12-01\n[models]\ndefault = 3\n", "models.default"),
        ("since = 2026-12-01\n[[segment]]\nname='a'\n[[segment]]\nname='a'\n", "twice"),
        ("since = 2026-12-01\n[[segment]]\nname='a'\n[segment.terms]\nmargin=7\n", "segment 'a'"),
        ("since = 2026-12-01\n[[segment]]\nname='a'\n[segment.terms]\nmagin=0\n", "magin"),
        ("since = ", "no TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, told):
    with pytest.raises(PolicyError) as wrong:
        load_policy(file(tmp_path, text))
    assert told in str(wrong.value)


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    text = "since = 2026-12-01\n[terms]\nloss_given = 2\nmargin = -1\n"
    with pytest.raises(PolicyError) as wrong:
        load_policy(file(tmp_path, text))
    assert len(wrong.value.problems) == 2


def test_the_starter_names_every_word_there_is():
    """What an operator may set stands in the file that they begin from."""
    text = STARTER.read_text("utf-8")
    for word in ("[[segment]]", "markets =", "kinds =", "channels =", "where =", "answered_by"):
        assert word in text
