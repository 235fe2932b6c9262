"""PostgreSQL, embedded or given: connections, migrations, grouped reads, the server itself."""

from argosy.base.store.database import Connection, Database, Record, StoreError
from argosy.base.store.together import Together

__all__ = ["Connection", "Database", "Record", "StoreError", "Together"]
