"""The partner API under /api, for programs with a key. `routes.routes` is its door for the wiring.

services.py     what it stands on             facts.py        words and refusals
web.py          the way of each request       call.py         one request, read and checked
operations.py   every operation in one table  acts/           what the operations do
shapes/         the forms of what comes and goes
openapi.py      the document, made of table and forms; page.py shows it
answers.py      JSON, and problems            cursors.py      where a page begins
keys.py         keys and who shows them       signing.py      signed requests
idempotency.py  the same request twice        rates.py        how many a second
"""
