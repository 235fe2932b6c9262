"""India, put together: everything else stands in the files beside this one."""

from __future__ import annotations

from argosy.markets.assembly import assemble

MARKET = assemble(
    __name__,
    name="India",
    country="IN",
    currency="INR",
    zone="Asia/Kolkata",
    languages=("en", "hi", "ta", "bn"),
)
