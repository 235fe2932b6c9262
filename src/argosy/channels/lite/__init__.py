"""The lite app: the wallet as plain pages for any browser, and the same addresses as JSON for programs.

services.py   what the app stands on; `routes(services)` in routes.py is its door for the wiring
visits.py     one request, read and checked: session, language, form, cross-site secret
answers.py    what a page answers: a page, a way to go, JSON or a refusal; headers, compression
rendering.py  templates and the few things they may say
money.py      one way for every form that moves money: look, PIN, code, receipt
pages/        the pages, one file a subject
"""
