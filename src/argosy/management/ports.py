"""What the management board needs of boards that it may not import, as they look from here."""

from __future__ import annotations
