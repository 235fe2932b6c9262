"""What a verdict's version stands for, so that the same verdict can be made again later."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from argosy.base.store import Connection, Database, Record

_INSERT: Final = """
    INSERT INTO ctu.verdict_versions (version, made, at) VALUES ($1, $2, now())
    ON CONFLICT DO NOTHING
"""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that judges, at one moment.

    `columns` name the numbers of the facts' vector, `scores` those of the scores' vector; `attributes` are
    those of events that models read, `offsets` the markets' distances from UTC in seconds. `models` are
    names with their versions. `rules` is the fingerprint of the compiled rules, `rules_number` the dated
    set that they come from. `policy` is the whole text of the policy.
    """

    facts: str
    columns: tuple[str, ...]
    attributes: tuple[str, ...]
    offsets: tuple[tuple[str, int], ...]
    scores: tuple[str, ...]
    rules: str
    rules_number: int
    models: tuple[tuple[str, str], ...]
    policy_version: str
    policy: str

    @property
    def version(self) -> str:
        """The fingerprint: two that judge alike have one version."""
        digest = hashlib.blake2b(msgspec.json.encode(self), digest_size=8).hexdigest()
        return f"brain-{digest}"


async def keep_made(db: Database, made: Made) -> None:
    """Keep what `made.version` stands for; again changes nothing."""
    await db.run(_INSERT, made.version, msgspec.to_builtins(made))


async def read_made(db: Database | Connection, version: str) -> Made | None:
    """What `version` stands for; None where nobody ever said."""
    sql = "SELECT made FROM ctu.verdict_versions WHERE version = $1"
    row: Record | None = (
        await db.one(sql, version) if isinstance(db, Database) else await db.fetchrow(sql, version)
    )
    return None if row is None else msgspec.convert(row["made"], Made)
