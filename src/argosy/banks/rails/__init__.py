"""Rails are found by their manifests, and each is kept from harming the one who calls it."""

from argosy.banks.rails.guarded import Guarded
from argosy.banks.rails.registry import load

__all__ = ["Guarded", "load"]
