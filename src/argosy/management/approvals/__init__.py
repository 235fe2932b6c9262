"""What one person may not do alone: one proposes, another decides, and it is carried out once."""

from argosy.management.approvals.approvals import Approvals
from argosy.management.approvals.facts import ApprovalReason, Handler, Proposal, State

__all__ = ["ApprovalReason", "Approvals", "Handler", "Proposal", "State"]
