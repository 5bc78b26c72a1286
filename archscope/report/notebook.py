"""The diagram of one network in a notebook: interactive in a sandboxed frame, a still picture where scripts are not allowed."""

from html import escape
from typing import TYPE_CHECKING

from archscope.diagrams.colouring import COLORINGS
from archscope.printable import printable
from archscope.report.network_data import network_data
from archscope.report.page import FRAME_SCRIPTS, filled
from archscope.report.page_data import themes

if TYPE_CHECKING:
    from archscope.diagrams.diagram import Diagram

MOST = 20_000  # operators: a notebook keeps all of its output in one file
_HEIGHT = 640  # pixels


def diagram_html(shown: "Diagram") -> str | None:
    """A diagram as HTML for a notebook's output; None where a still picture says it all: of several networks, of one block alone,
    by numbers of one's own, or of more than `MOST` operators.
    """
    latency = shown.paint.by.startswith("latency")
    own_numbers = shown.paint.values is not None and not latency
    graph = shown.pictures[0].graph
    if len(shown.pictures) > 1 or shown.alone or own_numbers or not graph.nodes or len(graph.nodes) > MOST:
        return None
    title = shown.pictures[0].title
    data = {
        "networks": [network_data(graph, title, shown.paint.values)],
        "colourings": list(COLORINGS),
        "colour": "latency" if latency else shown.paint.by,
        "themes": themes(),
    }
    still = shown.svg().partition("?>")[2].strip()
    inside = filled("frame.html.j2", data, FRAME_SCRIPTS, title=printable(title), still=still)
    # The frame lies on the still picture: a reader whose notebook takes the frame away sees that.
    return (
        f'<div style="position:relative;height:{_HEIGHT}px;overflow:auto">{still}'
        f'<iframe title="{escape(printable(title))}: diagram" sandbox="allow-scripts" srcdoc="{escape(inside)}" '
        'style="position:absolute;inset:0;width:100%;height:100%;border:0"></iframe></div>'
    )
