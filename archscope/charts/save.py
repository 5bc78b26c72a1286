"""A chart as a file: svg, png or pdf, or a page of its own with tooltips and both themes. The same chart gives the same bytes."""

import re
from html import escape
from importlib.metadata import version
from io import BytesIO
from typing import Any

from archscope.charts.canvas import DPI, Canvas
from archscope.charts.chart import KINDS, Chart
from archscope.charts.style import settings, theme
from archscope.errors import ArchscopeError

SUFFIXES = {"svg": ".svg", "png": ".png", "pdf": ".pdf", "html": ".html"}
_SCALE = 2  # of a png, for dense screens


def render(chart: Chart, form: str = "svg", theme_name: str = "light") -> bytes:
    """The chart as a file's content.

    Arguments:
        form: "svg", "png", "pdf" or "html" (which has both themes and follows the reader's).
        theme_name: "light" or "dark".

    Raises `UsageError` for a theme that does not exist, `ArchscopeError` where there is nothing to draw or the plotting library
    is missing.
    """
    if not chart.items:
        hint = "name networks that have what the chart shows: archscope chart --help"
        raise ArchscopeError("; ".join((f"{chart.title}: there is nothing to draw", *chart.notes)), hint)
    if form == "html":
        return _page(chart)
    data = _written(chart, theme_name, form)
    return _titled(chart, *data).encode() if form == "svg" else data[0]


def _written(chart: Chart, theme_name: str, form: str, interactive: bool = False) -> tuple[bytes, dict[str, str]]:
    try:
        import matplotlib as mpl
    except ImportError:
        raise ArchscopeError("matplotlib is not installed", "pip install matplotlib") from None
    look = theme(theme_name)
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings(look))  # type: ignore[arg-type]
        canvas = draw(chart, theme_name, interactive=interactive)
        out = BytesIO()
        metadata = _METADATA[form]
        canvas.figure.savefig(out, format=form, dpi=DPI * _SCALE if form == "png" else DPI, metadata=metadata)
    return out.getvalue(), canvas.tips


# Neither dates nor versions: the same chart is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "archscope"},
    "png": {"Software": "archscope"},
    "pdf": {"CreationDate": None, "Creator": "archscope", "Producer": "archscope"},
}


def draw(chart: Chart, theme_name: str, interactive: bool = False) -> Canvas:
    """The chart on a canvas.

    Arguments:
        interactive: whether every point of a curve is to have a tooltip.
    """
    return KINDS.find(chart.kind).draw(chart, theme(theme_name), interactive)


def _titled(chart: Chart, data: bytes, tips: dict[str, str], prefix: str = "") -> str:
    """The drawing with its title, its description and a tooltip for every mark.

    Arguments:
        prefix: set before every id, so that two drawings can stand on one page.
    """
    text = data.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' d="[^"]*"', lambda path: _FINE.sub(lambda number: f"{float(number[0]):.2f}", path[0]), text)
    drawn = f"<!-- matplotlib {version('matplotlib')} -->"
    head = f"<title>{escape(chart.title)}</title>\n<desc>{escape(chart.description)}</desc>\n{drawn}"
    text = re.sub(r"<svg([^>]*)>", lambda match: f'<svg role="img"{match[1]}>\n{head}', text, count=1)
    for name, words in tips.items():
        text = text.replace(f'<g id="{name}">', f'<g id="{name}"><title>{escape(words)}</title>', 1)
    if prefix:
        text = re.sub(r'id="([^"]+)"', rf'id="{prefix}\1"', text)
        text = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}\1"', text)
        text = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", text)
    return text


_FINE = re.compile(r"-?\d+\.\d{3,}")  # digits that nobody can see


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 75rem; padding: 1rem; font: 15px/1.5 system-ui, sans-serif;
  background: #fff; color: #1f2328; }}
svg {{ width: 100%; height: auto; }}
svg [id*="tip"] {{ pointer-events: all; }}
svg [id*="tip"]:hover {{ filter: brightness(.8); }}
svg [id*="tip"]:hover use {{ fill-opacity: 1 !important; }}
.dark {{ display: none; }}
#tip {{ position: fixed; pointer-events: none; max-width: 26rem; padding: .35em .6em; border-radius: 4px; font-size: 13px;
  background: #1f2328; color: #fff; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #0d1117; color: #e6edf3; }}
  .light {{ display: none; }}
  .dark {{ display: block; }}
  #tip {{ background: #e6edf3; color: #0d1117; }}
}}
</style>
</head>
<body>
<div class="light">{light}</div>
<div class="dark">{dark}</div>
<div id="tip" hidden></div>
<script>
const tip = document.getElementById("tip");
for (const title of document.querySelectorAll("svg g > title")) {{
  const mark = title.parentNode, words = title.textContent;
  title.remove();
  mark.setAttribute("aria-label", words);
  mark.addEventListener("mousemove", event => {{
    tip.hidden = false;
    tip.textContent = words;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    tip.style.left = left + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
  }});
  mark.addEventListener("mouseleave", () => {{ tip.hidden = true; }});
}}
</script>
</body>
</html>
"""


def _page(chart: Chart) -> bytes:
    drawings = {
        name: _titled(chart, *_written(chart, name, "svg", interactive=True), prefix=f"{name}-") for name in ("light", "dark")
    }
    return _PAGE.format(title=escape(chart.title), **drawings).encode()
