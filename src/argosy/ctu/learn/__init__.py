"""The loop that turns confirmed cases into better rules and models, by itself.

    labels -> training set -> candidates -> later data -> gates -> shadow -> publish -> watch -> back

`record.py` keeps what every step did; `loop.py` walks the steps; `job.py` starts it as a process of
its own when enough new labels came, for LightGBM and DuckDB never enter the process that serves.
Importing this package costs nothing: only `loop.py` reaches the heavy libraries.
"""

from argosy.ctu.learn.reasons import LearnReason
from argosy.ctu.learn.record import Candidate, Ending, Gate, Journal, Run, Standing, Step

__all__ = ["Candidate", "Ending", "Gate", "Journal", "LearnReason", "Run", "Standing", "Step"]
