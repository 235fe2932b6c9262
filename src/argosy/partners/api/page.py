"""The page that shows the API's document: plain HTML made here, with nothing from anywhere else."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from argosy.base.refusals import every_reason
from argosy.partners.api.answers import status_of

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#222}
code{font:14px ui-monospace,monospace;background:#f3f3f3;padding:0 .2em}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}
section{border-top:1px solid #ccc;margin-top:1.5rem}
h3 b{font:14px ui-monospace,monospace;background:#222;color:#fff;padding:.1em .4em;margin-right:.5em}
nav li{display:inline-block;margin-right:1rem}
"""
_MARKS = re.compile(r"`([^`]+)`")


def page(document: dict[str, Any]) -> str:
    """The whole page for `document`."""
    info = document["info"]
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{_text(info['title'])}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_text(info['title'])}</h1><p>{_text(info['description'])}</p>",
            "<p>The same for programs: <code>/api/openapi.json</code>. Send the key as",
            " <code>Authorization: Bearer ak_...</code>.</p>",
            *_contents(document),
            *_operations(document),
            "<section><h2 id=forms>Forms</h2>",
            *_forms(document),
            "</section><section><h2 id=refusals>Refusals</h2><table>",
            "<tr><th>code<th>status<th>meaning",
            *_refusals(),
            "</table></section></body></html>",
        )
    )


def _contents(document: dict[str, Any]) -> Iterator[str]:
    yield "<nav><ul>"
    for tag in _tags(document):
        yield f'<li><a href="#{tag}">{_text(tag)}</a>'
    yield '<li><a href="#forms">forms</a><li><a href="#refusals">refusals</a></ul></nav>'


def _tags(document: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(one["tags"][0] for *_, one in _each(document)))


def _each(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for tag in _tags(document):
        yield f'<section><h2 id="{tag}">{_text(tag)}</h2>'
        for path, method, operation in _each(document):
            if operation["tags"][0] == tag:
                yield from _operation(path, method, operation)
        yield "</section>"


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f'<h3 id="{operation["operationId"]}"><b>{method}</b><code>{_text(path)}</code></h3>'
    yield f"<p>{_text(operation['summary'])}. {_text(operation.get('description', ''))}</p>"
    body = operation.get("requestBody")
    if operation["parameters"] or body:
        yield "<table><tr><th>takes<th>in<th>form<th>"
        for one in operation["parameters"]:
            needed = " (needed)" if one["required"] else ""
            said = one.get("description") or one["schema"].get("description", "")
            yield f"<tr><td><code>{one['name']}</code>{needed}<td>{one['in']}"
            yield f"<td>{_form(one['schema'])}<td>{_text(said)}"
        if body:
            yield f"<tr><td>body (needed)<td>body<td>{_content(body)}<td>"
        yield "</table>"
    yield "<table><tr><th>answers<th>form<th>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td>{status}<td>{_content(answer)}<td>{_text(answer['description'])}"
    yield "</table>"


def _content(body: dict[str, Any]) -> str:
    return " ".join(_form(one["schema"]) for one in body.get("content", {}).values())


def _forms(document: dict[str, Any]) -> Iterator[str]:
    for name, form in document["components"]["schemas"].items():
        yield f'<h3 id="form-{name}">{name}</h3><p>{_text(form.get("description", ""))}</p>'
        yield "<table><tr><th>field<th>form<th>"
        for field, inner in form.get("properties", {}).items():
            needed = " (needed)" if field in form.get("required", ()) else ""
            yield f"<tr><td><code>{field}</code>{needed}<td>{_form(inner)}"
            yield f"<td>{_text(inner.get('description', ''))}"
        yield "</table>"


def _form(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#form-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_form(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"<code>{_text(str(one))}</code>" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_form(schema['items'])}"
    words = [str(schema.get("format", schema.get("type", "anything")))]
    for key, word in (
        ("minimum", "from"),
        ("maximum", "to"),
        ("maxLength", "at most characters:"),
        ("default", "default"),
    ):
        if schema.get(key) not in (None, ""):
            words.append(f"{word} {schema[key]}")
    if "pattern" in schema:
        words.append(f"like <code>{_text(schema['pattern'])}</code>")
    return " ".join(words)


def _refusals() -> Iterator[str]:
    for reason in every_reason():
        yield f'<tr id="{reason.code}"><td><code>{reason.code}</code><td>{status_of(reason)}'
        yield f"<td>{_text(reason.meaning)}"


def _text(text: str) -> str:
    return _MARKS.sub(r"<code>\1</code>", html.escape(text))
