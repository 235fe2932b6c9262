"""Is it the owner? A score from the history of device, place, network, time and habit."""

from argosy.ctu.owner.score import OwnerScore

__all__ = ["OwnerScore"]
