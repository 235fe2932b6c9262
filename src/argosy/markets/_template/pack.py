"""A market pack to begin with: everything a country needs, in the order in which to fill it in.

It works as it stands, for a country that does not exist. Change one part at a time and run the pack's
test after each. When a part grows, move it into a file of its own next to this one, as India does: it is
found there by its name.
"""

from __future__ import annotations

from datetime import date

from argosy.base.markets import (
    Cap,
    DecodedCode,
    Fact,
    Fee,
    FeeRule,
    Level,
    LimitRule,
    PayCode,
    Standing,
)
from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant
from argosy.channels.qr.emv import leaf, template
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import schemes
from argosy.markets.assembly import assemble
from argosy.markets.phones import PhonePlan

# 1. Law is dated and cited. Every figure is a Fact: since when it holds, and under which heading of
#    sources.md it stands. Never change a figure: add the new one with its day and leave the old one.
BEGIN = date(2024, 1, 1)


def law(key: str, level: str, cap: Cap) -> LimitRule:
    """A limit of the country's law on wallets."""
    return LimitRule(key, level, Fact(cap, BEGIN, "wallet-law"))


# 2. Identity levels: what a person shows, and what the wallet may then hold, in minor units.
LEVELS = (
    Level("basic", 1, ("phone",), (Fact(50_000, BEGIN, "wallet-law"),)),
    Level("verified", 2, ("phone", "id_document"), (Fact(1_000_000, BEGIN, "wallet-law"),)),
    Level(
        "merchant",
        10,
        ("phone", "business"),
        (Fact(None, BEGIN, "house", standing=Standing.PRACTICE),),  # None: no bound
        parties=("merchant",),
    ),
    Level(
        "agent",
        11,
        ("phone", "id_document", "business"),
        (Fact(5_000_000, BEGIN, "house", standing=Standing.PRACTICE),),  # what its float may hold
        parties=("agent",),
    ),
)

# 3. Limits: for each level for customers something is said about each product. `Cap()` is "no bound",
#    `Cap(allowed=False)` is "not at all".
LIMITS = (
    *(law(key, "basic", Cap()) for key in ("pay", "top_up", "receive", "request", "cash_in")),
    law("send", "basic", Cap(day_minor_max=20_000, month_minor_max=100_000)),
    law("withdraw", "basic", Cap(allowed=False)),
    law("cash_out", "basic", Cap(allowed=False)),
    *(law(key, "verified", Cap()) for key in ("pay", "top_up", "receive", "request", "cash_in")),
    law("send", "verified", Cap(day_minor_max=500_000)),
    law("withdraw", "verified", Cap(day_minor_max=500_000)),
    law("cash_out", "verified", Cap(payment_minor_max=100_000)),
)

# 4. Prices. What is not named is free; a rule for a class of merchants goes before the general one.
FEES = tuple(
    FeeRule(product, Fact(fee, BEGIN, "house", standing=Standing.PRACTICE))
    for product, fee in (
        ("pay", Fee(basis_points=50, paid_by="payee")),
        ("send", Fee()),
        ("top_up", Fee()),
        ("withdraw", Fee(flat_minor=100)),
    )
)

# 5. Phone numbers: the calling code, and a pattern of the national number.
PLAN = PhonePlan(calling_code="999", mobile=r"7[0-9]{7}", example="7123 4567")

# 6. Payment codes: the country, the currency with its ISO 4217 number, and the template with the payee.
PLACE = merchant.Place("XX", "XTS", "963")
FIELD, SCHEME = "26", "example.wallet"


def encode_code(pay: PayCode) -> str | Refused:
    """The code of `pay`: our scheme's id, the payee's number, and `P` for persons."""
    parts = [leaf("00", SCHEME), leaf("01", pay.payee_number)]
    if pay.kind == "person":
        parts.append(leaf("02", "P"))
    return merchant.build(pay, PLACE, [template(FIELD, parts)])


def decode_code(text: str) -> DecodedCode | Refused:
    """What a code of ours says; a correct code of another scheme is named, never guessed at."""
    code = emv.parse(text.strip())
    if isinstance(code, Refused):
        return code
    number = code.get(FIELD, "01")
    if code.get(FIELD, "00") != SCHEME or number is None:
        facts = {"scheme": ", ".join(schemes(code)) or "a scheme without a name"}
        return Refused(CodeReason.CODE_SCHEME_NOT_TAKEN, facts)
    said = merchant.read(code, PLACE)
    if isinstance(said, Refused):
        return said
    return DecodedCode(
        SCHEME,
        "person" if code.get(FIELD, "02") == "P" else "merchant",
        number,
        said.amount_minor,
        PLACE.currency,
        said.name,
        said.reference,
        merchant.kept(code, {f"{FIELD}.00", f"{FIELD}.01", f"{FIELD}.02"}),
    )


# 7. Names and places for the demo town.
TOWN = {
    "given": ["Ada", "Bo", "Cy", "Dee", "Eli"],
    "family": ["Ash", "Birch", "Cedar", "Elm", "Oak"],
    "shops": ["Bakery", "Bookshop", "Cafe", "Grocer", "Tailor"],
    "cities": ["Eastport", "Midtown", "Northwick", "Southby", "Westham"],
    "agents": [
        "Corner Kiosk",
        "Harbour Kiosk",
        "Market Kiosk",
        "School Kiosk",
        "Station Kiosk",
    ],
}

# 8. Everything together: the names above are found by themselves, here or in the file of their own that
#    `markets/assembly.py` lists. The first language is the one for people who did not choose.
MARKET = assemble(
    __name__,
    name="Template",
    country="XX",
    currency="XTS",
    zone="UTC",
    languages=("en",),
    operator="Example Wallet",
)
