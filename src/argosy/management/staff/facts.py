"""The words of staff: what a person may do, who has which role, and how staff are told no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from argosy.base.refusals import Kind, Reason


class Right(StrEnum):
    """One thing that a person of the staff may do: `<area>.<verb>`."""

    HOME_SEE = "home.see"
    CUSTOMERS_SEE = "customers.see"
    CUSTOMERS_REVEAL = "customers.reveal"  # personal data unmasked, with a reason
    CUSTOMERS_ACT = "customers.act"  # freeze, new PIN, sessions, messages, notes
    CUSTOMERS_DECIDE = "customers.decide"  # unfreeze, level, close
    MONEY_SEE = "money.see"
    MONEY_ACT = "money.act"  # refund, retry, release
    MONEY_ADJUST = "money.adjust"  # propose or decide an adjustment
    CASES_SEE = "cases.see"
    CASES_DECIDE = "cases.decide"
    RULES_SEE = "rules.see"
    RULES_EDIT = "rules.edit"
    RULES_PUBLISH = "rules.publish"
    MODELS_SEE = "models.see"
    MODELS_PUBLISH = "models.publish"
    REPORTS_SEE = "reports.see"
    REPORTS_EXPORT = "reports.export"
    STAFF_SEE = "staff.see"
    STAFF_MANAGE = "staff.manage"
    AUDIT_SEE = "audit.see"
    SETUP_SEE = "setup.see"
    SETUP_CHANGE = "setup.change"


_SEE: Final = frozenset(right for right in Right if right.endswith(".see"))
_ANALYST: Final = frozenset(
    {
        Right.HOME_SEE,
        Right.CUSTOMERS_SEE,
        Right.CUSTOMERS_REVEAL,
        Right.CUSTOMERS_ACT,
        Right.CUSTOMERS_DECIDE,
        Right.MONEY_SEE,
        Right.CASES_SEE,
        Right.CASES_DECIDE,
        Right.RULES_SEE,
        Right.RULES_EDIT,
        Right.MODELS_SEE,
        Right.REPORTS_SEE,
    }
)

ROLES: Final[Mapping[str, frozenset[Right]]] = MappingProxyType(
    {
        "administrator": frozenset(
            {
                Right.HOME_SEE,
                Right.STAFF_SEE,
                Right.STAFF_MANAGE,
                Right.AUDIT_SEE,
                Right.SETUP_SEE,
                Right.SETUP_CHANGE,
            }
        ),
        "risk_lead": _ANALYST | {Right.RULES_PUBLISH, Right.MODELS_PUBLISH, Right.REPORTS_EXPORT},
        "analyst": _ANALYST,
        "support": frozenset(
            {
                Right.HOME_SEE,
                Right.CUSTOMERS_SEE,
                Right.CUSTOMERS_REVEAL,
                Right.CUSTOMERS_ACT,
                Right.MONEY_SEE,
            }
        ),
        "finance": frozenset(
            {
                Right.HOME_SEE,
                Right.CUSTOMERS_SEE,
                Right.MONEY_SEE,
                Right.MONEY_ACT,
                Right.MONEY_ADJUST,
                Right.REPORTS_SEE,
                Right.REPORTS_EXPORT,
                Right.SETUP_SEE,
            }
        ),
        "operator": frozenset(
            {
                Right.HOME_SEE,
                Right.MONEY_SEE,
                Right.MONEY_ACT,
                Right.REPORTS_SEE,
                Right.SETUP_SEE,
                Right.SETUP_CHANGE,
            }
        ),
        "auditor": _SEE,  # sees everything, acts nowhere
    }
)
"""What each role may. A person has one role or several."""


def rights_of(roles: Iterable[str]) -> frozenset[Right]:
    """Everything that `roles` may together; a role that is no more gives nothing."""
    return frozenset[Right]().union(*(ROLES.get(role, frozenset()) for role in roles))


@dataclass(frozen=True)
class Member:
    """One of the staff, as somebody who acts: `name` is what stands in the audit log and in cases."""

    id: UUID
    name: str
    roles: tuple[str, ...]
    rights: frozenset[Right]
    language: str = "en"

    def may(self, right: Right) -> bool:
        return right in self.rights


class StaffReason(Reason):
    """Refusals of staff: 750-769."""

    STAFF_SIGNED_OUT = 750, Kind.UNPROVEN, "This session has ended: sign in again."
    NOT_ALLOWED = 751, Kind.FORBIDDEN, "Your role does not include this."
    SIGN_IN_WRONG = (
        752,
        Kind.UNPROVEN,
        "The name, the password or the code is wrong.",
    )
    SIGN_IN_WAIT = 753, Kind.BUSY, "Too many wrong tries: wait before the next one."
    PASSWORD_WEAK = (
        754,
        Kind.INPUT,
        "A password has 12 characters or more, is not the name, and is none that everybody tries.",
    )
    INVITATION_OVER = (
        755,
        Kind.STATE,
        "This invitation was used, was replaced by a newer one, or is too old.",
    )
    MEMBER_UNKNOWN = 756, Kind.UNKNOWN, "Nobody of this name is on the staff."
    MEMBER_KNOWN = (
        757,
        Kind.STATE,
        "There is, or was, somebody of this name; a name is never given again.",
    )
    MEMBER_NAME = (
        758,
        Kind.INPUT,
        "A name has 2 to 60 small letters, digits, dots, hyphens and blanks, and is no machine's.",
    )
    ROLE_UNKNOWN = 759, Kind.INPUT, "There is no such role."
    LAST_ADMINISTRATOR = (
        760,
        Kind.STATE,
        "The last administrator stays one: somebody must be able to add others.",
    )
    REASON_MISSING = 761, Kind.INPUT, "Say why: the reason is kept in the audit log."
    OTHERS_ONLY = 762, Kind.FORBIDDEN, "Nobody does this to themselves: ask another administrator."
    SECOND_FACTOR_WRONG = 763, Kind.UNPROVEN, "This code is wrong, too old, or was used before."
