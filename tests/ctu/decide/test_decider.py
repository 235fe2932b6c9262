"""What is decided: by rules, by cost, and by what could not be judged."""

from __future__ import annotations

import json

import pytest

from argosy.base.ports import Decision
from argosy.ctu.decide.decider import COST, Decider
from argosy.ctu.decide.policy import Policy, load_policy
from tests.ctu.decide.judgements import decide, event, said

ALLOW, CHALLENGE, REVIEW, DENY = Decision

TABLE = """
nothing                          -                     allow
velocity.many                    -                     challenge otp
velocity.many                    otp                   allow
velocity.many                    call                  allow
owner.pin                        -                     allow
payee.confirm                    -                     challenge otp
payee.confirm                    otp                   allow
owner.call                       -                     review
owner.call                       otp                   review
owner.call                       call                  allow
owner.wait                       -                     review
mule.collects                    otp                   review
velocity.flood                   otp                   deny
velocity.many mule.collects      -                     review
velocity.many velocity.flood     -                     deny
mule.smells                      -                     allow
owner.known velocity.many        -                     allow
owner.known mule.collects        -                     review
owner.known velocity.flood       -                     deny
"""


def rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(" ".join(line.split()).split(" ")) for line in table.strip().splitlines()]


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_rules_decide(line):
    rules, proof, wanted = (part.strip() for part in line.split("  ") if part.strip())
    names = [] if rules == "nothing" else rules.split()
    proofs = frozenset({"pin"} if proof == "-" else {"pin", proof})
    verdict = decide(event(proofs=proofs), said(*names))
    told = verdict.decision.name.lower() + (f" {verdict.challenge}" if verdict.challenge else "")
    assert told == wanted
    assert (verdict.challenge is not None) is (verdict.decision is CHALLENGE)
    assert [hit.rule for hit in verdict.hits][: len(names)] == names


def test_of_several_challenges_the_heaviest_is_asked():
    policy = able(load_policy(), "otp", "confirm_payee", "call")
    verdict = decide(event(), said("payee.confirm", "owner.call", "velocity.many"), policy=policy)
    assert (verdict.decision, verdict.challenge) == (CHALLENGE, "call")


def able(policy: Policy, *challenges: str) -> Policy:
    """The same policy with a lite channel that can ask for these."""
    lite = {"asks": challenges, "expects": ("device", "network")}
    table = {**decode(policy), "channels": {**decode(policy)["channels"], "lite": lite}}
    return Policy(table)


def decode(policy: Policy) -> dict:
    return json.loads(policy.text)


# --- cost ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rupees, probability, wanted",
    [
        (10, 0.0005, ALLOW),  # so rarely bad that cost alone never asks
        (100_000, 0.0009, ALLOW),
        (10, 0.01, ALLOW),  # a question costs more than is at stake
        (10_000, 0.01, CHALLENGE),
        (10_000, 0.2, REVIEW),
        (10, 0.9, CHALLENGE),
        (10_000, 0.97, DENY),
    ],
)
def test_what_is_cheapest_is_done(rupees, probability, wanted):
    verdict = decide(event(rupees), said(), probability)
    assert verdict.decision is wanted
    if wanted is ALLOW:
        assert verdict.hits == ()
    else:
        (hit,) = verdict.hits
        assert (hit.rule, hit.decision, hit.values["by"]) == (COST, wanted, "takeover")
        assert hit.values["this_costs_minor"] < hit.values["allow_costs_minor"]


def test_a_proof_makes_what_models_say_less_likely():
    asked = decide(event(10_000), said(), 0.02)
    assert (asked.decision, asked.challenge) == (CHALLENGE, "otp")
    proven = decide(event(10_000, proofs=frozenset({"pin", "otp"})), said(), 0.02)
    assert (proven.decision, proven.answered) == (ALLOW, True)
    assert proven.score == asked.score == 0.02


def test_a_proof_that_nobody_asked_for_is_no_answer():
    assert not decide(event(10, proofs=frozenset({"pin", "otp"})), said(), 0.0).answered


def test_the_pin_that_everybody_shows_makes_nothing_less_likely():
    with_pin = Decider(load_policy()).weigh(event(10_000), said(), (0.02, "m"))
    without = Decider(load_policy()).weigh(event(10_000, proofs=frozenset()), said(), (0.02, "m"))
    assert with_pin.after == without.after == 0.02


def test_more_money_and_more_probability_never_make_it_milder():
    last = ALLOW
    for probability in (0.0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.9, 0.999):
        now = decide(event(20_000), said(), probability).decision
        assert now >= last
        last = now


def test_amounts_are_brought_to_the_events_currency():
    """500 rupees in paise, and what that is in rupiah."""
    indian = decide(event(500), said(), 0.03).decision
    asked = Decider(load_policy()).weigh(event(500), said(), (0.03, "m"))
    theirs = Decider(load_policy()).weigh(
        event(500 * 190, currency="IDR", market="indonesia"), said(), (0.03, "m")
    )
    assert indian is CHALLENGE
    assert theirs.chosen == asked.chosen
    assert theirs.costs["review"] == pytest.approx(asked.costs["review"] * 190)


# --- what is missing is not a yes --------------------------------------------------------------------------


def test_what_could_not_be_judged_asks_for_a_proof():
    verdict = decide(event(), said(unevaluated=("velocity.device",)))
    assert (verdict.decision, verdict.challenge, verdict.hits) == (CHALLENGE, "otp", ())
    assert verdict.unevaluated == ("velocity.device",)
    proven = decide(event(proofs=frozenset({"otp"})), said(unevaluated=("velocity.device",)))
    assert (proven.decision, proven.answered) == (ALLOW, True)
    assert proven.unevaluated == ("velocity.device",)


@pytest.mark.parametrize("channel", ["lite", "telepathy"])
def test_a_channel_that_should_name_the_device_and_does_not_is_challenged(channel):
    verdict = decide(event(channel=channel, device=None), said())
    assert (verdict.decision, verdict.unevaluated) == (CHALLENGE, ("event.device",))


@pytest.mark.parametrize("channel", ["api", "ussd"])
def test_twin_a_channel_without_devices_is_not(channel):
    assert decide(event(channel=channel, device=None, network=None), said()).decision is ALLOW


def test_a_private_address_is_an_address():
    verdict = decide(event(network=None, attributes={"private_network": True}), said())
    assert (verdict.decision, verdict.unevaluated) == (ALLOW, ())
    assert decide(event(network=None), said()).decision is CHALLENGE


def test_where_nothing_can_be_asked_a_human_looks():
    verdict = decide(event(channel="clock", kind="sweep"), said(unevaluated=("a.b",)))
    assert verdict.decision is REVIEW


def test_money_that_comes_in_is_not_stopped_by_what_is_missing():
    verdict = decide(event(kind="top_up", device=None), said(unevaluated=("a.b",)))
    assert verdict.decision is ALLOW
    assert verdict.unevaluated == ("a.b", "event.device")


@pytest.mark.parametrize("kind", ["claim", "refund"])
def test_where_nobody_can_be_asked_only_a_human_or_a_no_remain(kind):
    assert decide(event(kind=kind), said("velocity.many")).decision is ALLOW
    assert decide(event(kind=kind), said("mule.collects")).decision is REVIEW
    assert decide(event(kind=kind), said("velocity.flood")).decision is DENY
    assert decide(event(10_000, kind=kind), said(), 0.3).decision is REVIEW
