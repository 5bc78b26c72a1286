"""The data, the script and the styles as one HTML file that asks nobody for anything."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.printable import printable

_HERE = Path(__file__).parent
# In the order in which they run; each sees those before it.
SCRIPTS = ("words", "colours", "network", "room", "diagram", "viewer")
PAGE_SCRIPTS = (*SCRIPTS, "layers", "compare", "charts", "cards", "pair", "state", "main")
FRAME_SCRIPTS = (*SCRIPTS, "alone")


def page(data: Mapping[str, Any]) -> str:
    """The report page.

    Arguments:
        data: see `page_data`.
    """
    count = len(data["networks"])
    subtitle = f"{count} networks: what they cost, how they are built, where they differ"
    if count == 1:
        subtitle = "what it costs and how it is built"
    return filled("page.html.j2", data, PAGE_SCRIPTS, title=printable(str(data["title"])), subtitle=subtitle, several=count > 1)


def filled(template: str, data: Mapping[str, Any], scripts: Sequence[str], **words: Any) -> str:
    """A template with the data and the scripts in it, and the policy that lets these scripts run and no others.

    Raises `ArchscopeError` where the template engine is missing.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise ArchscopeError("jinja2 is not installed", "pip install jinja2") from None
    engine = Environment(loader=FileSystemLoader(_HERE / "page"), autoescape=True, undefined=StrictUndefined)
    styles = _text("page/page.css")
    code = [_text("vendor/d3.min.js"), _script(tuple(scripts))]
    return engine.get_template(template).render(
        data=data, json=Markup(embedded(data)), styles=Markup(styles), scripts=[Markup(one) for one in code],
        policy=policy(code, [styles]), licences=[("d3", _text("vendor/d3-LICENSE.txt"))], **words,
    ) + "\n"  # fmt: skip


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The Content-Security-Policy: nothing from anywhere, no script and no style but these."""
    run, shown = (" ".join(f"'sha256-{_digest(text)}'" for text in texts) for texts in (scripts, styles))
    return (
        f"default-src 'none'; script-src {run}; style-src {shown}; img-src data:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def embedded(data: Any) -> str:
    """JSON that can stand inside an HTML element: no sign in it begins a tag or ends the element."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode("utf-8", "replace").decode()


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8").replace("\r\n", "\n")


@cache
def _script(names: tuple[str, ...]) -> str:
    """The scripts in one scope of their own."""
    parts = "\n".join(_text(f"page/{name}.js") for name in names)
    return f'(() => {{\n"use strict";\nconst DATA = JSON.parse(document.getElementById("data").textContent);\n{parts}\n}})();'
