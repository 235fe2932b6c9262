"""What the pages of Set-up stand on."""

from __future__ import annotations

from dataclasses import dataclass

from argosy.management.ports import PackCards
from argosy.management.setup.following import Following
from argosy.management.setup.jobs import Clockwork
from argosy.management.setup.partners import Partners
from argosy.management.setup.rails import Rails
from argosy.management.setup.switches import Switches
from argosy.management.setup.terms import Terms


@dataclass(frozen=True)
class SetupDesk:
    """Everything by its name. `cards` grades a market pack by running it."""

    following: Following
    jobs: Clockwork
    partners: Partners
    cards: PackCards

    @property
    def terms(self) -> Terms:
        return self.following.terms

    @property
    def switches(self) -> Switches:
        return self.following.switches

    @property
    def rails(self) -> Rails:
        return self.following.ways
