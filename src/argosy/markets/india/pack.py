"""India, put together."""

from __future__ import annotations

from argosy.base.markets import Market
from argosy.markets.india.codes import decode_code, encode_code
from argosy.markets.india.documents import DOCUMENTS
from argosy.markets.india.duties import (
    CALENDAR,
    CASH_POINTS,
    DORMANCY,
    MONEY_BACK,
    REPORTS,
    TAX_FIELDS,
)
from argosy.markets.india.fees import FEES
from argosy.markets.india.limits import LEVELS, LIMITS, MERCHANT
from argosy.markets.india.phones import PLAN, read_phone
from argosy.markets.india.town import TOWN

MARKET = Market(
    code="india",
    name="India",
    country="IN",
    currency="INR",
    zone="Asia/Kolkata",
    languages=("en", "hi", "ta", "bn"),
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
