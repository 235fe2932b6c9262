"""A seeded day of a town, as the log has it: everything that makes two engines differ if they can."""

from __future__ import annotations

import random
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pyarrow as pa

from argosy.ctu.events import Event, Label
from argosy.ctu.facts.offline.history import History, connect
from tests.ctu.offline.oracle import Entry

START_MS = 1_795_000_000_000
MARKETS = {"india": "INR", "thailand": "THB", "indonesia": "IDR"}
OFFSETS = {"india": 19_800, "thailand": 25_200, "indonesia": 25_200}
OUTCOMES = ("posted", "held", "challenged", "denied", "refused")


def town(seed: int, count: int, seconds: int, *, people: int = 400) -> list[Entry]:
    """At least `count` events over so many seconds, with labels among them, in the order of the log.

    Habits are uneven: few accounts and shops make most of the log, some come in bursts, many within one
    millisecond; the log holds some seconds' worth of events late. Challenged ones come again, of the
    same id, with proof.
    """
    chance = random.Random(seed)
    entries: list[tuple[float, Entry]] = []
    at = float(START_MS)
    happened = 0
    while happened < count:
        at += chance.expovariate(1.0) * seconds * 1000 / count * 3
        account = int(chance.paretovariate(1.1)) % people
        for _ in range(chance.choice((1, 1, 1, 2, 8))):
            event = made(chance, int(at), account, people)
            happened += 1
            outcome = chance.choices(OUTCOMES, (80, 5, 6, 6, 3))[0]
            delay = chance.choice((0, 0, 0, 300, 1_500, 4_000))
            entries.append((at + delay, Entry(event, outcome)))
            if outcome == "challenged" and chance.random() < 0.6:
                again = at + delay + chance.randrange(5_000, 20_000)
                entries.append((again, Entry(event, "posted")))
            if chance.random() < 0.03:
                entries += found_out(chance, event, at + delay + 30_000, seconds)
            if chance.random() < 0.7:
                at += chance.choice((0, 0, 1, 40, 900, 3_000))
    entries.sort(key=lambda pair: pair[0])
    return [entry for _, entry in entries]


def found_out(chance: random.Random, event: Event, after: float, seconds: int):
    told = after + chance.random() * seconds * 1000 / 4
    for bad in chance.choice(((True,), (True,), (False,), (True, False), (True, False, True))):
        label = Label(event=event.id, at_ms=int(told), bad=bad, source="case")
        yield told, Entry(label)
        told += chance.random() * 3_600_000


def made(chance: random.Random, at_ms: int, account: int, people: int) -> Event:
    market = list(MARKETS)[account % 3]
    kind = chance.choices(("pay", "send", "sign_in", "top_up", "claim"), (50, 25, 15, 7, 3))[0]
    rich = 3_000_000_000 if chance.random() < 0.01 else 500_000
    shop = f"shop{int(chance.paretovariate(0.8)) % 60}"
    payee = {"pay": shop, "send": f"a{chance.randrange(people)}"}.get(kind)
    device = f"d{account}" if chance.random() < 0.8 else f"d{chance.randrange(people)}"
    attributes = {
        "account_age": chance.randrange(10_000_000),
        "fee": chance.choice((0.0, 0.1, 1.25, -3.5, 1e-7, 12345.678901)),
        "level": chance.choice(("small", "full")),
        "foreign": chance.random() < 0.2,
        "odd": chance.choice((1, 2.5, "one", True)),
    }
    for name in chance.sample(sorted(attributes), k=chance.randrange(4)):
        del attributes[name]
    return Event(
        id=UUID(int=chance.getrandbits(128)),
        kind=kind,
        at_ms=at_ms,
        account=f"a{account}",
        market=market,
        amount=0 if kind == "sign_in" else chance.randrange(rich),
        currency=MARKETS[market],
        channel=chance.choice(("lite", "ussd", "qr", "")),
        device=device if chance.random() < 0.9 else None,
        payee=payee,
        merchant=payee if kind == "pay" else None,
        network=f"net{account % 37}" if chance.random() < 0.85 else None,
        phone=f"+91{account}" if chance.random() < 0.5 else None,
        instrument=f"card{account % 90}" if kind == "top_up" or chance.random() < 0.05 else None,
        proofs=frozenset(chance.sample(("pin", "otp", "device"), k=chance.randrange(3))),
        attributes=attributes,
    )


FIELDS = (
    "kind at_ms account market amount currency channel device payee merchant network phone instrument"
).split()


def history_of(log: Sequence[Entry]) -> History:
    """The log as its history: a table of events and one of labels, numbered along."""
    events, labels = [], []
    for number, entry in enumerate(log):
        said = entry.said
        if isinstance(said, Label):
            labels.append(
                {
                    "event": str(said.event),
                    "at_ms": said.at_ms,
                    "bad": said.bad,
                    "known_no": number,
                    "scheme": said.scheme,
                }
            )
            continue
        row = {name: getattr(said, name) for name in FIELDS}
        row |= {"id": str(said.id), "outcome": entry.outcome, "log_no": number}
        row["proofs"] = sorted(said.proofs)
        row["attributes"] = msgspec.json.encode(dict(said.attributes)).decode()
        events.append(row)
    con = connect()
    texts = {n: pa.string() for n in FIELDS if n not in ("at_ms", "amount")}
    types = {**texts, "at_ms": pa.int64(), "amount": pa.int64(), "id": pa.string()}
    types |= {"outcome": pa.string(), "log_no": pa.int64(), "attributes": pa.string()}
    types["proofs"] = pa.list_(pa.string())
    con.con.register("told", pa.Table.from_pylist(events, schema=pa.schema(list(types.items()))))
    said = {"event": pa.string(), "at_ms": pa.int64(), "bad": pa.bool_(), "known_no": pa.int64()}
    said["scheme"] = pa.string()
    con.con.register("said", pa.Table.from_pylist(labels, schema=pa.schema(list(said.items()))))
    return History.relation(con, "told", "said")
