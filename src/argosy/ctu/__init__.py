"""The risk brain: it judges every operation before money moves, and learns from what became of it."""

from argosy.ctu.brain import Brain
from argosy.ctu.old_cases import Case, CaseReason, Cases, CaseState
from argosy.ctu.policy import Policy

__all__ = ["Brain", "Case", "CaseReason", "CaseState", "Cases", "Policy"]
