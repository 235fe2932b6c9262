"""Thailand, put together: everything else stands in the files beside this one."""

from __future__ import annotations

from argosy.markets.assembly import assemble

MARKET = assemble(
    __name__,
    name="Thailand",
    country="TH",
    currency="THB",
    zone="Asia/Bangkok",
    languages=("th", "en"),
)
