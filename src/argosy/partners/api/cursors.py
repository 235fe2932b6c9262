"""Cursors: where the next page begins, as a text that nobody else can make or read anything into."""

from __future__ import annotations

import hmac
from uuid import UUID

from msgspec import UNSET, UnsetType

from argosy.base.parties.keys import Keys
from argosy.base.refusals import Refused
from argosy.partners.api.facts import ApiReason
from argosy.public_services.signin.tokens import decode, encode

_MARK_BYTES = 8


class Cursors:
    """Seals the place in one list of one party, so that it fits no other."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def make(self, of: str, party: UUID, place: str) -> str:
        """The cursor for `place` in the list `of`."""
        return encode(self._mark(of, party, place) + place.encode())

    def read(self, of: str, party: UUID, cursor: str | UnsetType) -> str | None | Refused:
        """The place that `make` was given; None for no cursor."""
        if cursor is UNSET:
            return None
        raw = decode(cursor)
        if raw is not None:
            try:
                place = raw[_MARK_BYTES:].decode()
            except UnicodeDecodeError:
                return Refused(ApiReason.CURSOR_UNKNOWN)
            if hmac.compare_digest(raw[:_MARK_BYTES], self._mark(of, party, place)):
                return place
        return Refused(ApiReason.CURSOR_UNKNOWN)

    def read_id(self, of: str, party: UUID, cursor: str | UnsetType) -> UUID | None | Refused:
        """As `read`, where places are ids."""
        place = self.read(of, party, cursor)
        return UUID(place) if isinstance(place, str) else place

    def _mark(self, of: str, party: UUID, place: str) -> bytes:
        return self._keys.digest("cursor", of, party.bytes, place)[:_MARK_BYTES]
