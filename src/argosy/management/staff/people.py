"""The people of the staff."""

from __future__ import annotations

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.keys import Keys
from argosy.base.store import Database
from argosy.management.staff.audit import Audit


class People:
    """Adds people, changes their roles, ends their access."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, keys: Keys, audit: Audit) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self._audit = audit
