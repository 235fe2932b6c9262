"""The brain alone as it is run: a server process of its own on a free port, a database of its own without
one table of the wallet, and another wallet's program that sends a thousand events."""

from __future__ import annotations

import asyncio
import csv
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from argosy.ctu.service.alone import is_needed, migrate_alone

START_SECONDS_MAX = 90
EVENTS = 1_000
PEOPLE = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Company:
    """Another wallet that hires the brain: its own numbers, its own habits."""

    def __init__(self, url: str, port: int, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ARGOSY_")},
            "ARGOSY_DATABASE_URL": url,
            "ARGOSY_DATA": str(folder),
            "ARGOSY_PORT": str(port),
            "ARGOSY_DEMO": "1",
        }
        self.chance = random.Random(20261122)
        self.now_ms = round(time.time() * 1000) - 1_000 * (EVENTS + 1)  # a second apart, up to now

    def run(self, *words: str) -> str:
        """A command at the operator's terminal; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "argosy", *words],
            env=self.environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=START_SECONDS_MAX,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def server(self) -> Iterator[subprocess.Popen[bytes]]:
        log = Path(self.environ["ARGOSY_DATA"]) / "serve.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "argosy", "risk", "serve"],
                env=self.environ,
                stdout=file,
                stderr=file,
            )
        try:
            until = time.monotonic() + START_SECONDS_MAX
            while not self._is_ready():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.2)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(30)

    def client(self, key: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {key}"}, timeout=60
        )

    def event(self, number: int, **more: Any) -> dict[str, Any]:
        who = self.chance.randrange(PEOPLE)
        return {
            "id": str(UUID(int=self.chance.getrandbits(128), version=4)),
            "kind": "send",
            "at_ms": self.now_ms + number * 1_000,
            "account": f"customer {who}",
            "amount": self.chance.randrange(10_00, 900_00),
            "currency": "INR",
            "channel": "app",
            "device": f"phone {who}",
            "network": f"203.0.113.{who}",
            "payee": f"customer {(who * 7 + 1) % PEOPLE}",
            "proofs": ["pin"],
            "attributes": {"account_age": 90 * 86_400},
            **more,
        }

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def company(bare_db, tmp_path) -> Company:
    return Company(bare_db.url, free_port(), tmp_path)


async def test_another_wallet_hires_the_brain(bare_db, company, tmp_path):
    await asyncio.to_thread(hired, company, tmp_path)
    schemas = {
        row["name"]
        for row in await bare_db.all(
            "SELECT DISTINCT table_schema AS name FROM information_schema.tables"
            " WHERE table_schema NOT LIKE 'pg\\_%' AND table_schema <> 'information_schema'"
        )
    }
    assert schemas == {"ctu", "outbox", "store", "public"}  # in public the migrations' own table
    assert await bare_db.value("SELECT count(*) FROM ctu.events") > EVENTS
    assert await bare_db.value("SELECT count(*) FROM ctu.labels WHERE known_no IS NOT NULL") >= 2


def hired(company: Company, folder: Path) -> None:
    with company.server() as process:
        key = company.run("risk", "keys", "create", "our wallet").split()[0]
        with company.client(key) as wallet:
            first = a_thousand_events(company, wallet)
            a_case(company, wallet)
            a_label(wallet, first["event"])
            how_it_is_set(wallet)
        process.kill()
        process.wait(30)
    with company.server(), company.client(key) as wallet:
        again = wallet.post("/v1/events", json=first["sent"])
        assert (again.json(), again.headers["replayed"]) == (first["verdict"], "true")
        the_past(company, folder)
        shown = wallet.get(f"/v1/verdicts/{first['verdict']['id']}").json()
        assert first["event"] in shown["text"]
    said = company.run("risk", "export", str(folder / "verdicts.csv"))
    assert f"{EVENTS + 1} verdicts written" in said


def a_thousand_events(company: Company, wallet: httpx.Client) -> dict[str, Any]:
    events = [company.event(n) for n in range(EVENTS)]
    decisions: Counter[str] = Counter()
    for event in events[:100]:
        said = wallet.post("/v1/events", json=event)
        assert said.status_code == 200, said.text
        decisions[said.json()["decision"]] += 1
    for begin in range(100, EVENTS, 300):
        said = wallet.post("/v1/events:batch", json={"events": events[begin : begin + 300]})
        assert said.status_code == 200, said.text
        decisions.update(item["verdict"]["decision"] for item in said.json()["items"])
    assert decisions.total() == EVENTS
    assert decisions["allow"] > 0.9 * EVENTS  # ordinary people are hardly disturbed
    verdict = wallet.post("/v1/events", json=events[0]).json()
    assert 0 <= verdict["score"] <= 1
    return {"event": events[0]["id"], "sent": events[0], "verdict": verdict}


def a_case(company: Company, wallet: httpx.Client) -> None:
    """A great sum in cash is held; two people look at it; the label is theirs."""
    event = company.event(EVENTS, kind="cash_in", amount=5_000_000_00, attributes={"cash": True})
    verdict = wallet.post("/v1/events", json=event).json()
    assert verdict["decision"] == "review"
    assert any(hit["values"] for hit in verdict["hits"])
    until = time.monotonic() + 30
    while not (cases := wallet.get("/v1/cases").json()["items"]):
        assert time.monotonic() < until, "no case was opened"
        time.sleep(0.1)
    (case,) = [case for case in cases if case["event"] == event["id"]]
    shown = wallet.get(f"/v1/cases/{case['id']}").json()
    assert shown["content"]["account"] == event["account"]
    path = f"/v1/cases/{case['id']}/decide"
    body = {"decision": "returned", "why": "nobody knows where it is from", "scheme": "laundering"}
    first = wallet.post(path, json={"by": "anna", **body}).json()
    assert (first["state"], first["proposal"]["by"]) == ("open", "anna")
    assert wallet.post(path, json={"by": "ben", **body}).json()["state"] == "returned"
    assert case["id"] in company.run("cases", "list", "--state", "returned")


def a_label(wallet: httpx.Client, event: str) -> None:
    body = {"event": event, "bad": True, "source": "chargeback", "scheme": "takeover"}
    assert wallet.post("/v1/labels", json=body).json()["bad"] is True


def how_it_is_set(wallet: httpx.Client) -> None:
    for what, least in (("facts", 100), ("rules", 100), ("models", 0)):
        said = wallet.get(f"/v1/{what}")
        assert said.status_code == 200, said.text
        assert len(said.json()["items"]) >= least


def the_past(company: Company, folder: Path) -> None:
    """A file of the year before, with two wrong lines, beside the running server."""
    path = folder / "past.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("no", "when", "who", "shop", "sum", "fraud"))
        for n in range(500):
            day = f"2025-{1 + n // 50:02}-11T10:{n % 50:02}:00Z"
            table.writerow(
                (n, day, f"customer {n % PEOPLE}", f"shop {n % 9}", "12.50", int(n == 7))
            )
        table.writerow((500, "never", "customer 1", "shop 1", "1.00", 0))
        table.writerow((501, "2025-12-11", "customer 1", "shop 1", "1.005", 0))
    words = "id=no at=when account=who merchant=shop amount_major=sum bad=fraud".split()
    mapped = [part for word in words for part in ("--map", word)]
    same = ["--set", "kind=pay", "--set", "currency=INR"]
    said = company.run("risk", "import", str(path), *mapped, *same)
    assert "502 rows: 500 brought in, 0 known before, 2 refused." in said
    assert "line 502: at is 'never'" in said
    assert "502 rows: 500 brought in" in company.run("risk", "import", str(path), *mapped, *same)


async def test_only_the_brains_own_schema_is_needed(bare_db):
    applied = await migrate_alone(bare_db)
    assert {m.folder.partition(".")[0] for m in applied} == {"base", "ctu"}
    assert await migrate_alone(bare_db) == []


@pytest.mark.parametrize(
    "folder, needed",
    [
        ("base.store", True),
        ("base.outbox", True),
        ("ctu.cases", True),
        ("base.ledger", False),
        ("base.gate", False),
        ("partners.api", False),
        ("ctuary", False),
    ],
)
def test_what_is_needed(folder, needed):
    assert is_needed(folder) is needed
