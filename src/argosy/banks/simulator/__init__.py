"""A bank to practise with. See `behaviour.py` for the numbers that choose what it does."""

from argosy.banks.simulator.bank import Bank, Entry
from argosy.banks.simulator.behaviour import Behaviour
from argosy.banks.simulator.rail import SimulatorRail

__all__ = ["Bank", "Behaviour", "Entry", "SimulatorRail"]
