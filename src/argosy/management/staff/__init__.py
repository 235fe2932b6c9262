"""The people who run the wallet: who they are, what they may, and what they did."""

from argosy.management.staff.facts import ROLES, Member, Right, StaffReason, rights_of

__all__ = ["ROLES", "Member", "Right", "StaffReason", "rights_of"]
