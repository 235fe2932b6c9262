"""Schemathesis asks the brain's API everything that its document allows, and much that it forbids: with
all of its default checks, over real HTTP, in a bounded number of examples that are the same every run."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
import uvicorn
from schemathesis.config import SchemathesisConfig

from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.ctu.service.operations import OPERATIONS
from tests.ctu.service.desk import Hired
from tests.partners.test_schemathesis import findings

EXAMPLES = 8
STARTED_SECONDS_MAX = 20


@dataclass
class Served:
    url: str
    key: str


@pytest.fixture
def service(db, clock) -> Iterator[Served]:
    """The API over real HTTP, by a thread with a loop of its own, with something of everything in it."""
    ready = threading.Event()
    found: list[Served] = []
    servers: list[uvicorn.Server] = []

    async def main() -> None:
        own = await Database.open(db.url, size=6)
        hired = Hired(own, clock, Ids(clock, random.Random(7).getrandbits))
        key = (await hired.keys.create("wallet")).text
        async with hired.client(key) as client:
            for n in range(4):
                await client.post("/v1/events", json=hired.event(f"p {n}", 60_000))
        await hired.read_log()
        config = uvicorn.Config(
            hired.app, port=0, log_config=None, lifespan="off", access_log=False
        )
        servers.append(uvicorn.Server(config))
        serving = asyncio.create_task(servers[0].serve())
        while not servers[0].started:  # noqa: ASYNC110 - it tells in no other way
            await asyncio.sleep(0.01)
        port = servers[0].servers[0].sockets[0].getsockname()[1]
        found.append(Served(f"http://127.0.0.1:{port}", key))
        ready.set()
        await serving
        await own.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(STARTED_SECONDS_MAX), "the server did not start"
    yield found[0]
    servers[0].should_exit = True
    thread.join(STARTED_SECONDS_MAX)


def described(service: Served) -> Any:
    """The document, and how to go through it."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 20261122,
            "headers": {"Authorization": f"Bearer {service.key}"},
            "generation": {"max-examples": EXAMPLES, "database": "none"},
            "phases": {"stateful": {"enabled": True}},
        }
    )
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json", config=config)


def test_another_wallets_program(service):
    wrong, asked, requests = findings(described(service))
    assert wrong == [], "\n".join(wrong)
    assert {f"{o.method} {o.path}" for o in OPERATIONS} <= asked
    assert requests > 200


def test_twin_a_broken_promise_is_seen(service):
    schema = described(service).include(name="GET /v1/cases")
    del schema.raw_schema["paths"]["/v1/cases"]["get"]["responses"]["422"]
    wrong, _, _ = findings(schema)
    assert any("422" in one for one in wrong)
