"""The tax numbers on receipts: which ones a market asks for, what a shop has entered, and what held when.

The pack names the fields (`tax_fields`), reads what is typed and says which are needed of a registered
business. A shop below its country's threshold has none, so none is ever demanded at sign-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from argosy.base.clock import Clock, local_day
from argosy.base.duties import TaxField
from argosy.base.markets import Market
from argosy.base.refusals import Refused
from argosy.base.store import Database

FIELD = "tax_"
"""What the name of a field of a form begins with: `tax_gstin`."""


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax number: `key` is its name in the words (`receipt.gstin`), `name` what it is called in the
    trade, `example` a well-formed one; `number` is empty where none was entered."""

    key: str
    name: str
    example: str
    needed: bool
    number: str = ""


class TaxNumbers:
    """Keeps the tax numbers of shops."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def fields(self, market: Market, at: datetime | None = None) -> tuple[TaxField, ...]:
        """What a receipt of `market` asks of the shop at a moment; without one, now."""
        return market.tax_fields_on(local_day(at or self._clock.now(), market.zone))

    def read(self, market: Market, typed: Mapping[str, str]) -> dict[str, str] | Refused:
        """What was typed, by the field's key, in its one form; an empty text stays empty. Refused by the
        pack, with `tax_<key>` as the field, where one is none."""
        numbers = {}
        for field in self.fields(market):
            text = typed.get(field.key)
            if text is None:
                continue
            read = field.read(text) if text.strip() else ""
            if isinstance(read, Refused):
                return Refused(read.reason, read.facts, FIELD + field.key)
            numbers[field.key] = read
        return numbers

    async def enter(self, party: UUID, numbers: Mapping[str, str]) -> None:
        """Keep what `read` has read, from this moment on. What is as before is not written again."""
        before = await self._held(party, self._clock.now())
        new = {key: value for key, value in numbers.items() if before.get(key, "") != value}
        if new:
            await self._db.run(
                """
                INSERT INTO receipts.tax_numbers (party_id, key, set_at, number)
                SELECT $1, key, $2, number FROM unnest($3::text[], $4::text[]) AS n (key, number)
                    ON CONFLICT (party_id, key, set_at) DO UPDATE SET number = excluded.number
                """,
                party,
                self._clock.now(),
                list(new),
                list(new.values()),
            )

    async def standing(self, party: UUID, market: Market) -> tuple[TaxLine, ...]:
        """Every field of the market with what the shop has entered."""
        now = self._clock.now()
        return _lines(self.fields(market, now), await self._held(party, now))

    async def on_receipt(self, party: UUID, market: Market, at: datetime) -> tuple[TaxLine, ...]:
        """The numbers that stand on a receipt of the shop of the moment `at`."""
        found = await self._held(party, at)
        return tuple(line for line in _lines(self.fields(market, at), found) if line.number)

    async def _held(self, party: UUID, at: datetime) -> dict[str, str]:
        rows = await self._db.all(
            """
            SELECT DISTINCT ON (key) key, number FROM receipts.tax_numbers
             WHERE party_id = $1 AND set_at <= $2 ORDER BY key, set_at DESC
            """,
            party,
            at,
        )
        return {row["key"]: row["number"] for row in rows}


def _lines(fields: Iterable[TaxField], numbers: Mapping[str, str]) -> tuple[TaxLine, ...]:
    return tuple(
        TaxLine(one.key, one.name, one.example, one.needed, numbers.get(one.key, ""))
        for one in fields
    )
