"""The partner API under /api, for programs with a key. `routes.routes` is its door for the wiring.

facts.py        words and refusals            services.py     what it stands on
keys.py         keys and who shows them       signing.py      signed requests
idempotency.py  the same request twice        rates.py        how many a second
call.py         one request, read and checked answers.py      what is answered, problems
operations.py   every operation in one table  openapi.py      the document made of that table
payments.py refunds.py money.py ledger.py endpoints.py status.py: what the operations do
"""
