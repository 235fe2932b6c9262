"""Indonesia, put together."""

from __future__ import annotations

from argosy.base.markets import Market
from argosy.markets.indonesia.codes import decode_code, encode_code
from argosy.markets.indonesia.documents import DOCUMENTS
from argosy.markets.indonesia.duties import (
    CALENDAR,
    CASH_POINTS,
    DORMANCY,
    MONEY_BACK,
    REPORTS,
    TAX_FIELDS,
)
from argosy.markets.indonesia.fees import FEES, RUPIAH
from argosy.markets.indonesia.limits import LEVELS, LIMITS, MERCHANT
from argosy.markets.indonesia.phones import PLAN, read_phone
from argosy.markets.indonesia.town import TOWN

MARKET = Market(
    code="indonesia",
    name="Indonesia",
    country="ID",
    currency="IDR",
    zone="Asia/Jakarta",
    languages=("id", "en"),
    operator="Argosy",
    levels=LEVELS,
    limits=LIMITS,
    fees=FEES,
    phone=read_phone,
    encode_code=encode_code,
    decode_code=decode_code,
    rail="simulator",
    merchant_level=MERCHANT,
    town=TOWN,
    evidence={"id_document": DOCUMENTS},
    contacts=("phone", "email"),
    step_minor=RUPIAH,
    calling_code=PLAN.calling_code,
    calendar=CALENDAR,
    cash_points=CASH_POINTS,
    tax_fields=TAX_FIELDS,
    money_back=MONEY_BACK,
    reports=REPORTS,
    dormancy=DORMANCY,
)
