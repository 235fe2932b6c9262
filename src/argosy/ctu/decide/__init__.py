"""From what rules and models say to a verdict that can be replayed.

`policy` weighs an expected loss against an expected disturbance, `decider` is that weighing for one
event, `judge` that of many with the rules and models of one moment. `packing` and `store` keep each
verdict with all it was made of, `replay` makes it again and `explain` shows it; `rates` counts what the
brain costs and what it finds.
"""

from argosy.ctu.decide.policy import Policy, PolicyError, load_policy

__all__ = ["Policy", "PolicyError", "load_policy"]
