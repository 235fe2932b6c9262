"""The Philippines, put together: everything else stands in the files beside this one."""

from __future__ import annotations

from argosy.markets.assembly import assemble

MARKET = assemble(
    __name__,
    name="Philippines",
    country="PH",
    currency="PHP",
    zone="Asia/Manila",
    languages=("fil", "en", "ceb"),
)
