"""One brain for several server processes of one machine: they ask, it answers, over a local socket."""

from argosy.ctu.apart.answering import Answering
from argosy.ctu.apart.asking import Asking

__all__ = ["Answering", "Asking"]
