"""The API's document as one plain page: no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from switchboard_runtime.edge.api.problems import KINDS
from switchboard_runtime.edge.api.tokens import SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["headers", "page"]

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f2f4f7;border-radius:4px}
code{padding:.1rem .3rem}pre{padding:.75rem;overflow-x:auto}
h2{margin-top:2.5rem;border-bottom:1px solid #d5dae1}h3{margin-top:2rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #e3e7ec}
summary{cursor:pointer}
@media (prefers-color-scheme:dark){body{color:#dde3ea;background:#14181d}code,pre{background:#20262e}
h2,td,th{border-color:#333c47}a{color:#8ab4ff}}
"""


def headers() -> Mapping[str, str]:
    """What a browser is told of the page: nothing runs in it, nothing is loaded."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def page(document: Mapping[str, Any]) -> str:
    """HTML of an OpenAPI document."""
    return "".join(_parts(document))


def _parts(document: Mapping[str, Any]) -> Iterator[str]:
    title = escape(document["info"]["title"])
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1>{title}</h1>'
    yield f"<p>{_text(document['info']['description'])}</p>"
    links = ("openapi.json", "#scopes", "#problems", "#schemas")
    yield "<p>" + " · ".join(f'<a href="{link}">{link.strip("#")}</a>' for link in links) + "</p>"
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for tag, group in groupby(operations, key=lambda one: one[2]["tags"][0]):
        yield f"<h2>{escape(tag)}</h2>"
        for path, method, operation in group:
            yield from _operation(path, method, operation)
    yield '<h2 id="scopes">Scopes</h2>'
    yield from _table(("scope", "what it opens"), ((f"<code>{name}</code>", escape(SCOPES[name])) for name in SCOPES))
    yield '<h2 id="problems">Problems</h2>'
    yield from _table(
        ("type", "status", "what, and the cure"),
        (
            (f'<code id="{kind}">{kind}</code>', str(status), f"{escape(title)}. {escape(cure)}")
            for kind, (status, title, cure) in KINDS.items()
        ),
    )
    yield '<h2 id="schemas">Schemas</h2>'
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        yield f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre></details>"


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="{escape(operation["operationId"])}"><code>{method.upper()} {escape(path)}</code></h3>'
    yield f"<p>{escape(operation['summary'])}. {_text(operation['description'])}</p>"
    if operation["parameters"]:
        yield from _table(
            ("parameter", "in", "schema"),
            (
                (
                    f"<code>{escape(one['name'])}</code>{'' if not one['required'] else ' *'}",
                    one["in"],
                    _schema(one["schema"]),
                )
                for one in operation["parameters"]
            ),
        )
    if "requestBody" in operation:
        yield f"<p>Body: {_schema(operation['requestBody']['content']['application/json']['schema'])}</p>"
    yield from _table(
        ("status", "answer"),
        ((status, _answer(answer)) for status, answer in operation["responses"].items()),
    )


def _answer(answer: Mapping[str, Any]) -> str:
    schemas = [_schema(content["schema"]) for content in answer["content"].values()]
    return f"{escape(answer['description'])} {' '.join(schemas)}"


def _schema(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}"><code>{name}</code></a>'
    return f"<code>{escape(json.dumps(schema, ensure_ascii=False))}</code>"


def _table(head: tuple[str, ...], rows: Any) -> Iterator[str]:
    yield "<table><tr>" + "".join(f"<th>{one}</th>" for one in head) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{one}</td>" for one in row) + "</tr>"
    yield "</table>"


def _text(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(part if index % 2 == 0 else f"<code>{part}</code>" for index, part in enumerate(parts))
