"""What docs/ledger.md tells an outsider to do leads to the heads of the chain."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Action
from argosy.base.ledger.verify import verify
from argosy.base.store import Database
from tests.base.gate.till import end, move, opened

PAGE = Path(__file__).parents[3] / "docs" / "ledger.md"


def block(language: str) -> str:
    """The only block of code in `language` on the page."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return found


async def test_the_page_reproduces_the_heads(db: Database, clock: SetClock, ids: Ids):
    ledger = await opened(db, clock, ids, 500)
    later = clock.now() + timedelta(hours=1, microseconds=1)
    hold = move("h", "anita", "shop", 40, action=Action.HOLD, expires_at=later)
    await ledger.post([move("a", "anita", "shop", 5), hold])
    await ledger.post([end("e", "h", amount=30), move("b", "anita", "shop", 9_999, up_to=1)])
    out = io.BytesIO()
    query = block("sql").strip().removeprefix("COPY (").rpartition(") TO STDOUT")[0]
    async with db.connection() as conn:
        await conn.copy_from_query(query, output=out, format="csv", header=True)
    program: dict = {"__name__": "page"}
    exec(block("python"), program)
    found = program["heads"](csv.DictReader(io.StringIO(out.getvalue().decode())))
    report = await verify(db)
    assert report.sound, report.text()
    assert found == {str(head.lane): head.hash for head in report.heads}


def test_the_page_names_every_law():
    laws = set(re.findall(r"`(\w+)`", PAGE.read_text().partition("## Proof")[2]))
    source = Path(__file__).parents[3] / "src" / "argosy" / "base" / "ledger"
    told = set()
    for name in ("verify.py", "chain.py"):
        told |= set(re.findall(r'\.add\(\s*"(\w+)"', (source / name).read_text()))
    told |= {"currency", "event", "hold", "order", "limit"}
    assert told - {"account"} <= laws
