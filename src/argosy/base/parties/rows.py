"""Between the rows of the database and the words of parties."""

from __future__ import annotations

from argosy.base.parties.facts import NewParty, Party, PartyKind, PartyState
from argosy.base.parties.names import read_email, read_name
from argosy.base.parties.resealing import Bound, Sealing, column
from argosy.base.refusals import Refused
from argosy.base.store import Record

COLUMNS = (
    "p.id, p.kind, p.market, p.level, p.state, p.number, p.language, p.merchant_class, p.created_at"
)
"""What `party_of` reads, from `parties.party p`: for boards that read a party along with their own
row."""

FIELDS = ("name", "phone", "email", "city", "business_name")
"""The personal fields, each sealed in the column `<field>_sealed`."""


def _bound_to(name: str) -> Bound:
    return lambda row: (str(row["id"]), name)


SEALED = (
    Sealing(
        "parties.party",
        ("id",),
        tuple(column(f"{name}_sealed", _bound_to(name)) for name in FIELDS),
    ),
)
"""The personal data of everybody."""


def party_of(row: Record) -> Party:
    """A party from a row with `COLUMNS`."""
    return Party(
        row["id"],
        PartyKind(row["kind"]),
        row["market"],
        row["level"],
        PartyState(row["state"]),
        row["number"],
        row["language"],
        row["merchant_class"],
        row["created_at"],
    )


def sealed_columns(fields: tuple[str, ...]) -> str:
    """The sealed columns of `fields`, for a SELECT from `parties.party p`."""
    return ", ".join(f"p.{name}_sealed" for name in fields)


def readable(new: NewParty) -> NewParty | Refused:
    """`new` with its names and address as they are kept, or why they cannot be."""
    facts = {name: getattr(new, name) for name in new.__slots__}
    for name in ("name", "business_name", "city"):
        if facts[name] is None and name != "name":
            continue
        read = read_name(facts[name], name)
        if isinstance(read, Refused):
            return read
        facts[name] = read
    if new.email is not None:
        email = read_email(new.email)
        if isinstance(email, Refused):
            return email
        facts["email"] = email
    return NewParty(**facts)
