"""Names found by how their words begin, without a name in the index.

Each word of a name is cut to its first 3, 4, 5, 6 and 8 letters, and each piece becomes 8 bytes of a keyed
hash. Who has only the tables learns how often a piece occurs and not which it is. The hash hangs on the
root of the keys, which stays when they are changed, so nothing is to be made anew then.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from uuid import UUID

from argosy.base.parties.facts import Party
from argosy.base.parties.keys import Keys
from argosy.base.parties.rows import COLUMNS, party_of
from argosy.base.store import Connection, Database

LETTERS = (3, 4, 5, 6, 8)
FOUND_MAX = 100
WORDS_MAX = 8
_ACCENTS = (
    200  # from this combining class on a mark sits on a letter and is left out when people type
)
_KEY_BYTES = 8


class NameKeys:
    """Keeps the index and asks it."""

    def __init__(self, db: Database, keys: Keys) -> None:
        self._db = db
        self._keys = keys

    async def note(self, party_id: UUID, names: Iterable[str | None], conn: Connection) -> None:
        """Index a party under all its `names`; what it was indexed under before is forgotten. To be
        called in every transaction that writes a name."""
        found = sorted({k for name in names if name for k in self._of_name(name)})
        await conn.execute(
            """
            INSERT INTO parties.name_keys (party_id, keys) VALUES ($1, $2)
            ON CONFLICT (party_id) DO UPDATE SET keys = excluded.keys
            """,
            party_id,
            found,
        )

    async def find(self, text: str, limit: int = FOUND_MAX) -> list[Party]:
        """Parties of every market with a word that begins like each word of `text`, in no order; at most
        `limit`. Fewer than three letters find only a word that is no longer."""
        asked = sorted({self._key(_cut(word)) for word in _words(text)[:WORDS_MAX]})
        if not asked:
            return []
        rows = await self._db.all(
            f"""
            SELECT {COLUMNS} FROM parties.name_keys k JOIN parties.party p ON p.id = k.party_id
            WHERE k.keys @> $1::bigint[] LIMIT $2
            """,
            asked,
            min(limit, FOUND_MAX),
        )
        return [party_of(row) for row in rows]

    def _of_name(self, name: str) -> set[int]:
        return {self._key(piece) for word in _words(name) for piece in _pieces(word)}

    def _key(self, piece: str) -> int:
        digest = self._keys.digest("name prefix", piece)[:_KEY_BYTES]
        return int.from_bytes(digest, signed=True)


def _words(text: str) -> list[str]:
    """The words of a name as people would type them: without capitals and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in plain if unicodedata.combining(c) < _ACCENTS)
    return "".join(c if c.isalnum() or _is_mark(c) else " " for c in kept).split()


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"


def _pieces(word: str) -> set[str]:
    lengths = (1, 2, *LETTERS) if _is_wide(word) else LETTERS
    return {word[:n] for n in lengths if n <= len(word)} | (
        {word} if len(word) < LETTERS[0] else set()
    )


def _cut(word: str) -> str:
    """The longest piece of a word that is indexed."""
    return word[: max((n for n in LETTERS if n <= len(word)), default=len(word))]


def _is_wide(word: str) -> bool:
    """Whether a letter says as much as a syllable, as in Chinese."""
    return unicodedata.east_asian_width(word[0]) == "W"
