"""Schemathesis asks the API everything that its document allows, and much that it forbids: with all of
its default checks, over real HTTP, in a bounded number of examples that are the same in every run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from argosy.partners.api.idempotency import KEY
from argosy.partners.api.operations import OPERATIONS
from tests.partners.hooks import Hooks
from tests.partners.serving import Served, served
from tests.partners.shop import Shop

EXAMPLES = 8
LEDGER = "ledger"


@pytest.fixture
def wallet(db, clock) -> Iterator[Served]:
    with served(db.url, clock, around=with_fresh_keys) as running:
        running.run(fill)
        yield running


def with_fresh_keys(app: Any) -> Any:
    """A document cannot say "never used before", so each sound idempotency key is made fresh on its
    way in; unsound and missing ones stay as they are."""
    numbers = count()

    async def fresh(scope: Any, receive: Any, send: Any) -> None:
        headers = [
            (name, b"fresh-%d" % next(numbers))
            if name == b"idempotency-key" and re.fullmatch(KEY, value.decode("latin-1"))
            else (name, value)
            for name, value in scope["headers"]
        ]
        await app({**scope, "headers": headers}, receive, send)

    return fresh


async def fill(shop: Shop) -> None:
    """Something of everything, so that there is something to find."""
    payment = await shop.paid(10_00, reference="T-1")
    await shop.post(
        f"/payments/{payment['id']}/refunds", {"amount": {"minor": 1, "currency": "INR"}}
    )
    await shop.payment()
    await shop.post("/webhooks/endpoints", {"url": "http://127.0.0.1:9/"})
    await shop.payment()
    await Hooks(shop).note()


def described(wallet: Served, key: str, **filters: Any) -> Any:
    """The document, and how to go through it."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 20261122,
            "headers": {"Authorization": f"Bearer {key}"},
            "generation": {"max-examples": EXAMPLES, "database": "none"},
            "phases": {"stateful": {"enabled": True}},
        }
    )
    return schemathesis.openapi.from_url(f"{wallet.url}/api/openapi.json", config=config)


def findings(schema: Any) -> tuple[list[str], set[str], int]:
    """What is wrong, which operations were asked, and how many requests there were."""
    wrong: list[str] = []
    asked: set[str] = set()
    requests = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            wrong.append(f"{event.phase.value} {event.label}: {event.value!r}")
        if isinstance(event, events.FatalError):
            wrong.append(repr(event.exception))
        if not isinstance(event, events.ScenarioFinished):
            continue
        requests += len(event.recorder.interactions)
        asked |= {node.value.operation.label for node in event.recorder.cases.values()}
        for case_id, checks in event.recorder.checks.items():
            case = event.recorder.cases[case_id].value
            wrong += [
                f"{event.phase.value} {case.method} {case.path}: {check.name}: "
                f"{check.failure_info.failure.message} {check.failure_info.code_sample}"
                for check in checks
                if check.status is Status.FAILURE
            ]
    return wrong, asked, requests


def labels(scope: bool) -> set[str]:
    return {f"{o.method} /api{o.path}" for o in OPERATIONS if (o.tag == LEDGER) is scope}


def test_a_merchants_program(wallet):
    schema = described(wallet, wallet.shop.keys["tea"].text).exclude(tag=LEDGER)
    wrong, asked, requests = findings(schema)
    assert wrong == [], "\n".join(wrong)
    assert labels(scope=False) <= asked
    assert requests > 400


def test_an_operators_program(wallet):
    async def operator(shop: Shop) -> str:
        client = await shop.operator()
        return client.headers["authorization"].partition(" ")[2]

    schema = described(wallet, wallet.run(operator)).include(tag=LEDGER)
    wrong, asked, requests = findings(schema)
    assert wrong == [], "\n".join(wrong)
    assert labels(scope=True) <= asked
    assert requests > 100


def test_twin_a_broken_promise_is_seen(wallet):
    """Where the document says less than is answered, it is found."""
    schema = described(wallet, wallet.shop.keys["tea"].text).include(name="GET /api/v1/payments")
    answers = schema.raw_schema["paths"]["/api/v1/payments"]["get"]["responses"]
    del answers["422"]
    wrong, _, _ = findings(schema)
    assert any("422" in one for one in wrong)
