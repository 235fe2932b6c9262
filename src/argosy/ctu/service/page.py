"""The page that shows the API's document: plain HTML made here, with nothing from anywhere else."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from argosy.ctu.service.answers import status_of
from argosy.ctu.service.operations import OPERATIONS

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#222}
code,pre{font:14px ui-monospace,monospace;background:#f3f3f3;padding:0 .2em;overflow:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}
h3 b{font:14px ui-monospace,monospace;background:#222;color:#fff;padding:.1em .4em;margin-right:.5em}
"""
_MARKS = re.compile(r"`([^`]+)`")
_EXAMPLE = {
    "id": "0193e0a2-7c5e-7d0a-9f43-5f1f2f0a7c11",
    "kind": "send",
    "at_ms": 1795321800000,
    "account": "customer 4711",
    "amount": 125000,
    "currency": "INR",
    "channel": "app",
    "device": "7f3a91",
    "network": "203.0.113.7",
    "payee": "customer 9000",
    "proofs": ["pin"],
    "attributes": {"account_age": 86400},
}


def page(document: dict[str, Any]) -> str:
    """The whole page for `document`."""
    info = document["info"]
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{_text(info['title'])}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_text(info['title'])}</h1><p>{_text(info['description'])}</p>",
            "<p>The same for programs: <code>/openapi.json</code>. Send the key as",
            " <code>Authorization: Bearer rk_...</code>.</p><h2>An event</h2>",
            f"<pre>{_escaped(json.dumps(_EXAMPLE, indent=2))}</pre><h2>Operations</h2>",
            *_operations(document),
            "<h2>Forms</h2>",
            *_forms(document),
            "<h2>Refusals</h2><table><tr><th>code<th>status<th>meaning",
            *_refusals(),
            "</table></body></html>",
        )
    )


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            yield f'<h3 id="{name}"><b>{method.upper()}</b><code>{_text(path)}</code></h3>'
            yield f"<p>{_text(operation['summary'])}. {_text(operation.get('description', ''))}</p>"
            body = operation.get("requestBody")
            if body is not None:
                (media,) = body["content"].values()
                yield f"<p>Takes {_form(media['schema'])}.</p>"
            good = operation["responses"]["200"]["content"]["application/json"]["schema"]
            yield f"<p>Gives {_form(good)}.</p>"


def _forms(document: dict[str, Any]) -> Iterator[str]:
    for name, form in document["components"]["schemas"].items():
        yield f'<h3 id="form-{name}">{_text(name)}</h3><p>{_text(form.get("description", ""))}</p>'
        yield "<table><tr><th>field<th>form<th>"
        required = set(form.get("required", ()))
        for field, of in form.get("properties", {}).items():
            must = "" if field in required else " (may be left out)"
            yield f"<tr><td><code>{_text(field)}</code>{must}<td>{_form(of)}"
            yield f"<td>{_text(of.get('description', ''))}"
        yield "</table>"


def _form(of: dict[str, Any]) -> str:
    if "$ref" in of:
        name = of["$ref"].rpartition("/")[2]
        return f'<a href="#form-{name}">{name}</a>'
    if "anyOf" in of:
        return " or ".join(_form(one) for one in of["anyOf"])
    if of.get("type") == "array":
        return f"list of {_form(of.get('items', {}))}"
    if "enum" in of:
        return ", ".join(f"<code>{_escaped(str(one))}</code>" for one in of["enum"])
    return _text(str(of.get("format", of.get("type", "anything"))))


def _refusals() -> Iterator[str]:
    reasons = {reason for operation in OPERATIONS for reason in operation.refusals}
    for reason in sorted(reasons):
        yield f'<tr id="{reason.code}"><td><code>{reason.code}</code>'
        yield f"<td>{status_of(reason)}<td>{_text(reason.meaning)}"


def _text(text: str) -> str:
    return _MARKS.sub(r"<code>\1</code>", _escaped(text))


def _escaped(text: str) -> str:
    return html.escape(text)
