"""Names of modules are text on the page, whatever stands in them."""

import pytest
import torch
from looking import LOOK, boxes, button, click
from torch import nn

from archscope.comparison.side_by_side import gather
from archscope.report.page import embedded, page
from archscope.report.page_data import Request, page_data
from archscope.tracing import trace

WICKED = (
    "<script>caught = 1</script>", "</script><script>caught = 1</script>", "\"'><img src=x onerror=caught=1>",
    "&lt;b&gt; & <b>", "\u202eright\u202c to left\u200f", "new\nline\x00zero", "{{ 7 * 7 }}", "__proto__", "\u2028", "x" * 10_000,
)  # fmt: skip


class Wicked(nn.Module):
    def __init__(self):
        super().__init__()
        for at, name in enumerate(WICKED):
            self.add_module(name, nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 3, 1 + 2 * (at % 2))))

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x


@pytest.fixture(scope="module")
def wicked(tmp_path_factory):
    graph = trace(Wicked(), torch.zeros(1, 3, 64, 64), name='<i onclick="window.caught=1">net</i> & co')
    path = tmp_path_factory.mktemp("wicked") / "page.html"
    path.write_text(
        page(page_data(list(gather([graph, graph], LOOK)), Request(LOOK, command="<b>archscope</b>"))), encoding="utf-8"
    )
    return path


def test_wicked_names_are_shown_as_text(visit, wicked):
    tab = visit(file=wicked)
    button(tab, "Open all")
    for row in range(1, 20, 2):
        click(tab, next(box for box in boxes(tab)))
        tab.locator(".layers tbody button").nth(row).click()
    assert tab.evaluate("window.caught") is None
    assert tab.locator("#network img, #network script, #network i, .layers b").count() == 0
    names = tab.locator(".layers tbody th").all_inner_texts()
    assert any(name.startswith("<script>caught = 1</script>") for name in names)
    assert any("\\u202eright\\u202c to left\\u200f" in name for name in names)
    assert any("(10,00" in name for name in names)
    assert tab.locator("h1").inner_text().startswith('<i onclick="window.caught=1">net</i> & co')
    tab.get_by_label("Search in").first.fill("<script>")
    assert "found" in tab.locator("#networks .count").inner_text()


def test_no_name_ends_the_data():
    text = embedded({"name": list(WICKED), "lone": "\ud800"})
    assert not set("<>&\u2028\u2029\x00") & set(text)
    assert text.encode()
