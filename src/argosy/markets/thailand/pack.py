"""Thailand, put together."""

from __future__ import annotations

from argosy.base.markets import Market
from argosy.markets.thailand.codes import decode_code, encode_code
from argosy.markets.thailand.documents import DOCUMENTS
from argosy.markets.thailand.duties import (
    CALENDAR,
    CASH_POINTS,
    DORMANCY,
    MONEY_BACK,
    REPORTS,
    TAX_FIELDS,
)
from argosy.markets.thailand.fees import FEES
from argosy.markets.thailand.limits import LEVELS, LIMITS, MERCHANT
from argosy.markets.thailand.phones import PLAN, read_phone
from argosy.markets.thailand.town import TOWN

MARKET = Market(
    code="thailand",
    name="Thailand",
    country="TH",
    currency="THB",
    zone="Asia/Bangkok",
    languages=("th", "en"),
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
    calling_code=PLAN.calling_code,
    calendar=CALENDAR,
    cash_points=CASH_POINTS,
    tax_fields=TAX_FIELDS,
    money_back=MONEY_BACK,
    reports=REPORTS,
    dormancy=DORMANCY,
)
