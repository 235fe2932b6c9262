"""What the counter stands on: the services of the pages, and the tools by which a code finds its order."""

from __future__ import annotations

from dataclasses import dataclass

from argosy.base.products import Tools
from argosy.channels.lite.services import Lite


@dataclass(frozen=True)
class Counter:
    """`lite` reads visits: agents sign in there, with their phone and PIN, as everybody."""

    lite: Lite
    tools: Tools
