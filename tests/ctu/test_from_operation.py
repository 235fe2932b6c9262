"""The event of an operation, and the log's entry of an event: the same for everybody."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from argosy.base.ports import Decision, Hit
from argosy.ctu.from_operation import Logged, from_operation, place_of, read
from tests.ctu.gatekeeper import LONG_AGO, who


def test_an_event_says_what_the_operation_says(gate):
    operation = gate.operation("anita", 250, "ravi", level="full", network="8.8.8.8")
    event = from_operation(operation)
    assert (event.id, event.kind, event.market) == (operation.id, "send", "india")
    assert (event.amount, event.currency, event.channel) == (25_000, "INR", "lite")
    assert (event.account, event.payee, event.merchant) == (
        str(who("anita")),
        str(who("ravi")),
        None,
    )
    assert (event.device, event.network) == (str(who("phone of anita")), "8.8.8.8")
    assert event.proofs == {"pin"}
    age = (gate.clock.now() - LONG_AGO) // timedelta(seconds=1)
    assert event.attributes == {
        "account_age": age,
        "payee_age": age,
        "payee_kind": "customer",
        "level": "full",
    }


def test_a_shop_is_payee_and_merchant(gate):
    event = from_operation(gate.operation("anita", 250, "shop", payee_kind="merchant"))
    assert event.payee == event.merchant == str(who("shop"))


def test_a_phone_without_a_wallet_is_the_payee_and_a_bank_account_the_instrument(gate):
    operation = gate.operation("anita", 250, None)
    waiting = from_operation(replace(operation, facts={**operation.facts, "to": "hashed"}))
    assert (waiting.payee, waiting.pair) == ("hashed", f"{who('anita')}>hashed")
    out = from_operation(gate.operation("anita", 250, None, kind="withdraw", bank_account="bank"))
    assert (out.payee, out.instrument, out.pair) == (None, "bank", f"{who('anita')}>bank")


def test_who_claims_money_is_its_payee_and_the_sender_is_named(gate):
    event = from_operation(gate.claim("anita", "ravi", 250))
    assert (event.account, event.payee) == (str(who("anita")),) * 2
    assert event.attributes["sender"] == str(who("ravi"))
    assert event.attributes["payee_age"] == event.attributes["account_age"] == 86_400


def test_at_the_counter_the_agent_is_the_payee_of_what_it_claims_and_has_its_age(gate):
    claimed = gate.claim("anita", "ravi", 250)
    paid = replace(claimed, facts={**claimed.facts, "payee_kind": "agent", "commission": 5})
    event = from_operation(paid)
    assert event.payee == str(who("anita"))
    assert event.attributes["sender"] == str(who("ravi"))
    assert event.attributes["agent_age"] == event.attributes["payee_age"]
    assert "agent_age" not in from_operation(claimed).attributes
    cash_in = replace(gate.operation("anita", 250, kind="cash_in"), payee_kind="agent")
    assert "agent_age" in from_operation(cash_in).attributes


def test_an_age_that_nobody_knows_is_missing_and_a_uuid7_tells_it(gate):
    operation = replace(gate.operation("anita", 250), facts={})
    assert "account_age" not in from_operation(operation).attributes
    made_now = replace(operation, party=gate.ids.new())
    assert from_operation(made_now).attributes["account_age"] == 0


@pytest.mark.parametrize(
    "address, place",
    [
        ("8.8.8.8", ("8.8.8.8", False)),
        ("127.0.0.1", (None, True)),
        ("192.168.1.7", (None, True)),
        ("::ffff:8.8.8.8", ("8.8.8.8", False)),
        ("2a00:1450:4001:830::200e", ("2a00:1450:4001:830::/64", False)),
        ("fe80::1%eth0", (None, True)),
        ("cell 7", ("cell 7", False)),
        (None, (None, False)),
        (" ", (None, False)),
    ],
)
def test_the_network_behind_an_address(address, place):
    assert place_of(address) == place


def test_a_private_address_is_told_as_one(gate):
    event = from_operation(gate.operation("anita", 250, network="10.0.0.7"))
    assert (event.network, event.attributes["private_network"]) == (None, True)
    public = from_operation(gate.operation("anita", 250, network="8.8.8.8"))
    assert "private_network" not in public.attributes


def test_what_is_told_to_the_log_is_read_from_it(gate):
    event = from_operation(gate.operation("anita", 250, level="full", ratio=2.0, known=True))
    entry = Logged(
        event=event,
        outcome="held",
        decision=2,
        score=0.25,
        verdict=gate.ids.new(),
        hits=(Hit("payee.new", Decision.REVIEW, {"pair.count": 0, "event.kind": "send"}),),
        unevaluated=("a.b",),
        evidence=b"\x00\x01",
        order=gate.ids.new(),
    )
    body = msgspec.json.decode(msgspec.json.encode(entry))
    assert read(body) == entry
    kinds = {name: type(value) for name, value in read(body).event.attributes.items()}
    assert (kinds["ratio"], kinds["known"], kinds["account_age"]) == (float, bool, int)


async def test_it_is_the_same_after_the_database(gate):
    operation = gate.operation("anita", 250, level="full", ratio=2.0)
    verdict = await gate.put_through(operation)
    body = await gate.db.value("SELECT body FROM outbox.events")
    assert read(body).event == verdict.event == from_operation(operation)
