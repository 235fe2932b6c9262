"""Who is linked with whom around a case: accounts, devices, networks, payees and instruments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from argosy.base.refusals import Refused
from argosy.base.store import Database, Record
from argosy.ctu.cases.facts import GANG_MAX, Case, CaseReason, Graph, Link, Node
from argosy.ctu.cases.rows import case_of

NODES_MAX = 200
EVENTS_PER_KEY_MAX = 100
DEPTH_MAX = 3
CROWD = 25
"""Who is linked with more accounts than this is a crowd's (a shop, a carrier's address): it is shown,
and nothing is followed through it."""

LOOK_BACK = timedelta(days=90)
_LINKED = ("device", "network", "payee", "instrument")
_ACCOUNTS = ("account", "payee")  # one and the same kind of node: who pays may be paid

_EVENTS = """
    SELECT k.key AS via, e.id, e.at, e.amount, e.account, e.device, e.network, e.payee, e.instrument
      FROM unnest($1::text[]) AS k (key)
      CROSS JOIN LATERAL (
        SELECT * FROM ctu.events e WHERE e.{column} = k.key AND e.at > $2
         ORDER BY e.at DESC LIMIT $3
      ) e
"""
_BAD = """
    SELECT e.account, count(DISTINCT e.id) AS bad FROM ctu.events e
      JOIN LATERAL (
        SELECT bad FROM ctu.labels l WHERE l.event = e.id ORDER BY l.added_at DESC LIMIT 1
      ) l ON l.bad
     WHERE e.account = ANY ($1) GROUP BY e.account
"""
_CASES = "SELECT account, count(*) AS cases FROM ctu.case_files WHERE account = ANY ($1) GROUP BY account"
_GANG = """
    SELECT * FROM ctu.case_files
     WHERE state = 'open'
       AND (account = ANY ($1) OR device = ANY ($2) OR payee = ANY ($3)
            OR payee = ANY ($1) OR account = ANY ($3))
     ORDER BY rank DESC, id LIMIT $4
"""


@dataclass
class _Found:
    """A graph as it grows. Nodes are named `entity key`."""

    depths: dict[str, int] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    seen: set[UUID] = field(default_factory=set)
    cut: bool = False

    def add(self, row: Record, depth: int) -> list[str]:
        """Take in one event; the nodes that are new."""
        if row["id"] in self.seen:
            return []
        self.seen.add(row["id"])
        account = _name("account", row["account"])
        names = {e: _name(e, row[e]) for e in _LINKED if row[e] is not None}
        fresh = [n for n in (account, *names.values()) if self._meet(n, depth)]
        for name in names.values():
            if account in self.depths and name in self.depths and name != account:
                self.link(account, name, row["amount"], row["at"])
        return fresh

    def _meet(self, name: str, depth: int) -> bool:
        if name in self.depths:
            return False
        if len(self.depths) >= NODES_MAX:
            self.cut = True
            return False
        self.depths[name] = depth
        return True

    def link(self, source: str, target: str, minor: int, at: datetime) -> None:
        """Two nodes met once more."""
        old = self.links.get((source, target))
        self.links[source, target] = (
            Link(source, target, 1, minor, at, at)
            if old is None
            else replace(
                old,
                count=old.count + 1,
                minor=old.minor + minor,
                first_at=min(old.first_at, at),
                last_at=max(old.last_at, at),
            )
        )


class Links:
    """Reads the graph around a case, and the open cases that belong together."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def around(self, case_id: UUID, depth: int = 2) -> Graph | Refused:
        """The graph around a case's account, at most `DEPTH_MAX` steps and `NODES_MAX` nodes wide."""
        row = await self._db.one("SELECT * FROM ctu.case_files WHERE id = $1", case_id)
        if row is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        case = case_of(row)
        found = _Found({_name("account", case.account): 0})
        edge = [_name("account", case.account)]
        for entity in ("device", "network", "payee"):
            key = getattr(case, entity)
            if key is not None:
                found.depths.setdefault(_name(entity, key), 1)
                found.link(edge[0], _name(entity, key), case.money.minor, case.opened_at)
        since = case.opened_at - LOOK_BACK
        for step in range(1, min(depth, DEPTH_MAX) + 1):
            if step > 1:
                edge = [n for n, d in found.depths.items() if d == step - 1]
            rows, cut = await self._events(edge, since)
            found.cut |= cut
            for one in rows:
                found.add(one, step)
        return await self._with_marks(found)

    async def beside(self, entity: str, key: str, until: datetime) -> Graph:
        """Whom one node met in the ninety days before `until`: one step, to walk on from any node of a
        graph. A crowd's node stays alone, and is `cut`."""
        name = _name(entity, key)
        found = _Found({name: 0})
        rows, cut = await self._events([name], until - LOOK_BACK)
        found.cut = cut or not rows
        for row in rows:
            found.add(row, 1)
        return await self._with_marks(found)

    async def gang(self, case_id: UUID, rounds: int = 4) -> list[Case] | Refused:
        """The open cases that hang together with this one by account, device or payee, this one
        first; at most as many as may be decided at once."""
        row = await self._db.one("SELECT * FROM ctu.case_files WHERE id = $1", case_id)
        if row is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        first = case_of(row)
        gang = {first.id: first}
        for _ in range(rounds):
            rows = await self._db.all(
                _GANG,
                [c.account for c in gang.values()],
                [c.device for c in gang.values() if c.device is not None],
                [c.payee for c in gang.values() if c.payee is not None],
                GANG_MAX,
            )
            before = len(gang)
            for one in rows:
                case = case_of(one)
                if len(gang) < GANG_MAX:
                    gang.setdefault(case.id, case)
            if len(gang) == before:
                break
        return list(gang.values())

    # within

    async def _events(self, edge: Iterable[str], since: datetime) -> tuple[list[Record], bool]:
        """The latest events of those on the edge, and whether there were more; of a crowd none."""
        keys: dict[str, list[str]] = defaultdict(list)
        for name in edge:
            entity, _, key = name.partition(" ")
            keys[entity].append(key)
            if entity == "account":
                keys["payee"].append(key)
        found: list[Record] = []
        cut = False
        for column, names in keys.items():
            sql = _EVENTS.format(column=column)
            by_key: dict[str, list[Record]] = defaultdict(list)
            for row in await self._db.all(sql, names, since, EVENTS_PER_KEY_MAX):
                by_key[row["via"]].append(row)
            for rows in by_key.values():
                cut |= len(rows) >= EVENTS_PER_KEY_MAX
                if len({row["account"] for row in rows}) <= CROWD:
                    found += rows
        return sorted(found, key=lambda row: (row["at"], row["id"]), reverse=True), cut

    async def _with_marks(self, found: _Found) -> Graph:
        accounts = [n.partition(" ")[2] for n in found.depths if n.startswith("account ")]
        bad = {r["account"]: r["bad"] for r in await self._db.all(_BAD, accounts)}
        cases = {r["account"]: r["cases"] for r in await self._db.all(_CASES, accounts)}
        nodes = []
        for name, depth in found.depths.items():
            entity, _, key = name.partition(" ")
            is_account = entity == "account"
            nodes.append(
                Node(
                    name,
                    entity,
                    key,
                    depth,
                    bad.get(key, 0) if is_account else 0,
                    cases.get(key, 0) if is_account else 0,
                )
            )
        return Graph(tuple(nodes), tuple(found.links.values()), found.cut)


def _name(entity: str, key: str) -> str:
    """The name of a node: who is paid is an account like who pays."""
    return f"account {key}" if entity in _ACCOUNTS else f"{entity} {key}"
