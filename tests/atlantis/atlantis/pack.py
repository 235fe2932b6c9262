"""Atlantis, put together."""

from __future__ import annotations

from argosy.base.markets import Market
from argosy.markets.phones import PhonePlan
from atlantis.codes import decode_code, encode_code
from atlantis.law import FEES, LEVELS, LIMITS

PHONES = PhonePlan(
    calling_code="997", mobile=r"[25][0-9]{5}", example="512 345", trunk="", exits=("011",)
)

MARKET = Market(
    code="atlantis",
    name="Atlantis",
    country="XA",
    currency="KWD",
    zone="Atlantic/Azores",
    languages=("el", "en"),
    operator="Triton",
    levels=LEVELS,
    limits=LIMITS,
    fees=FEES,
    phone=PHONES.read,
    encode_code=encode_code,
    decode_code=decode_code,
    merchant_level="deep",
    town={
        "given": ["Atlas", "Cleito", "Eumelos", "Ampheres", "Euaimon", "Mneseus", "Autochthon"],
        "family": ["Poseidonides", "Tritonides", "Nereides", "Proteides", "Phorkides"],
        "shops": ["Coral Bakery", "Pearl & Sons", "Kelp Grocer", "Trident Tools", "Ἰχθυοπωλεῖον"],
        "cities": ["Kerne", "Basileia", "Poseidonis", "Meropis", "Gadeira"],
        "agents": ["Ebb Kiosk", "Flow Kiosk", "Spring Kiosk", "Neap Kiosk", "Slack Kiosk"],
    },
)
