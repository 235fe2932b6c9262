"""Indonesia, put together: everything else stands in the files beside this one."""

from __future__ import annotations

from argosy.markets.assembly import assemble
from argosy.markets.indonesia.fees import RUPIAH

MARKET = assemble(
    __name__,
    name="Indonesia",
    country="ID",
    currency="IDR",
    zone="Asia/Jakarta",
    languages=("id", "en"),
    contacts=("phone", "email"),
    step_minor=RUPIAH,
)
