"""Cases, rules and models for the staff console: what its pages read and do, without a browser.

Nothing here decides, publishes or learns by itself: it puts the brain's own functions (`argosy.ctu`)
together for a person at a desk. `Risk` holds what the pages stand on, `risk_handlers` carries out what two
people agreed upon.
"""

from argosy.management.risk.handlers import risk_handlers
from argosy.management.risk.risk import Risk

__all__ = ["Risk", "risk_handlers"]
