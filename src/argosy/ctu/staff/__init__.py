"""People who publish and decide: each has a name for ever and a key that proves it, shown once.

Four eyes are worth what the two names are worth. So whoever publishes a rule or a model, or decides a case,
proves the name with a key; the table is the same for the terminal and for whatever shows a console.
"""

from argosy.ctu.staff.staff import NewKey, Person, Staff, StaffReason

__all__ = ["NewKey", "Person", "Staff", "StaffReason"]
