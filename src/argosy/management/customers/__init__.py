"""Customers and merchants for the staff console: what its pages read and do, without a browser.

`Searching` finds a wallet, `Reading` reads what its page shows, `Acts` does what one person may do to it,
and `customer_handlers` carries out what two agreed on.
"""

from argosy.management.customers.acts import Acts
from argosy.management.customers.agreed import customer_handlers
from argosy.management.customers.own import OwnWallets
from argosy.management.customers.reading import Reading
from argosy.management.customers.searching import Searching

__all__ = ["Acts", "OwnWallets", "Reading", "Searching", "customer_handlers"]
