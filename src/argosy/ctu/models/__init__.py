"""Models behind one small contract: score in line, learn elsewhere.

`facts` holds the words, `features` the columns, `registry` the versions, `panel` all live models
compiled together, `watch` keeps a process's panel that of the registry. A fresh installation has an
empty panel: see `starter`.
"""

from argosy.ctu.models.facts import (
    Calibration,
    Candidate,
    Card,
    Model,
    ModelReason,
    Spread,
    State,
    Version,
    Why,
)
from argosy.ctu.models.features import Features
from argosy.ctu.models.panel import Panel
from argosy.ctu.models.registry import Registry, fingerprint
from argosy.ctu.models.watch import Models

__all__ = [
    "Calibration",
    "Candidate",
    "Card",
    "Features",
    "Model",
    "ModelReason",
    "Models",
    "Panel",
    "Registry",
    "Spread",
    "State",
    "Version",
    "Why",
    "fingerprint",
]
