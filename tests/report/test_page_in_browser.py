"""The page, used: by mouse, by keyboard, by finger, on a wide screen and on a small one, on paper."""

import pytest
import torch
from looking import boxes, button, click, column, item, names, settled, written
from torch import nn

from archscope.comparison.side_by_side import DEFAULT
from archscope.metrics import METRICS
from archscope.models.look_up import look
from archscope.tracing import trace

V3, V4, R1, R2 = "Inception-v3", "Inception-v4", "Inception-ResNet-v1", "Inception-ResNet-v2"


def test_it_opens_with_everything_on_it(visit):
    tab = visit()
    assert names(tab) == [V3, V4, R1, R2]
    assert tab.locator("#charts figure h3").all_inner_texts()[0] == "Networks as balls"
    assert tab.locator("#charts figure").count() >= 5
    assert tab.locator(".chart .ball").count() == 4
    assert boxes(tab)[:2] == ["0", "1"]


def test_sorting_by_a_column_and_back(visit):
    tab = visit()
    sorter = tab.locator(".comparison th[data-key=macs] button")
    sorter.click()
    assert names(tab) == [R2, V4, R1, V3]  # 13.16, 12.25, 6.21, 5.71 G
    assert tab.locator(".comparison th[data-key=macs]").get_attribute("aria-sort") == "descending"
    sorter.click()
    assert names(tab) == [V3, R1, V4, R2]
    sorter.click()
    assert names(tab) == [V3, V4, R1, R2]


def test_a_baseline_changes_the_ratios(visit):
    tab = visit()
    tab.select_option("#baseline", label="inception_v4")
    row = tab.locator(".comparison tbody tr").nth(0)
    ratio = float(row.locator("td[data-key=macs] .ratio").get_attribute("data-ratio"))
    assert ratio == int(column(tab, "macs")[0]) / int(column(tab, "macs")[1])
    assert tab.locator(".comparison tr.baseline th").inner_text().startswith(V4)


def test_columns_are_chosen_among_all_metrics(visit):
    tab = visit()
    tab.locator(".columns summary").click()
    offered = tab.locator(".choice label").count()
    assert offered >= len(METRICS)
    tab.get_by_role("checkbox", name="bytes moved", exact=True).check()
    tab.get_by_role("checkbox", name="params", exact=True).uncheck()
    heads = tab.locator(".comparison thead th").all_inner_texts()
    assert "bytes moved" in heads
    assert "params" not in heads


def test_axes_of_the_balls_are_chosen(visit):
    tab = visit()
    before = tab.locator(".ball").first.get_attribute("cy")
    tab.get_by_label("Balls: up").select_option("params")
    tab.get_by_label("log up").check()
    assert tab.locator(".ball").first.get_attribute("cy") != before
    assert "y=params" in settled(tab)


def operators(name: str) -> int:
    """Of a network, those that cost something or that somebody reads."""
    graph = look(name)
    return sum(
        any(t in graph.consumers or t in graph.outputs for t in node.outputs) or node.cost.flops > 0 for node in graph.nodes
    )


@pytest.mark.parametrize("number", range(4), ids=[V3, V4, R1, R2])
def test_every_block_opens_to_its_operators_and_closes_again(visit, number):
    tab = visit(f"#net={number}")
    closed = boxes(tab)
    button(tab, "Open all")
    button(tab, "Fit")
    assert tab.locator("#networks g.item[aria-expanded=false]").count() == 0
    assert tab.locator("#networks g.item.leaf").count() == operators(DEFAULT[number])
    button(tab, "Close all")
    assert boxes(tab) == closed
    assert tab.locator("#networks g.item.frame").count() == 0


def test_a_click_opens_in_place_and_a_second_closes(visit):
    tab = visit("#net=1")
    box = item(tab, "1")
    box.scroll_into_view_if_needed()
    before = box.bounding_box()
    box.locator("rect").last.click()
    after = item(tab, "1").bounding_box()
    assert abs(before["y"] - after["y"]) < 3
    assert item(tab, "1").get_attribute("aria-expanded") == "true"
    assert {"1.0", "1.1", "1.2", "1.3"} <= set(boxes(tab))
    click(tab, "1.0", "1.0.0")
    assert "1.0.0.0" in boxes(tab)
    click(tab, "1")
    assert not any(box.startswith("1.") for box in boxes(tab))


def test_opened_boxes_hold_their_boxes_and_lie_beside_one_another(visit):
    tab = visit("#net=3")
    click(tab, "1", "1.0", "1.0.1", "1.0.2", "1.0.7", "1.2", "0", "0.3")
    places = tab.evaluate("""() => Object.fromEntries([...document.querySelectorAll('#networks g.item')].map(g => {
        const b = g.querySelector(':scope > rect:last-of-type, :scope > circle').getBoundingClientRect();
        return [g.dataset.id, [b.left, b.top, b.right, b.bottom]]; }))""")
    assert len(places) > 50
    for a, one in places.items():
        for b, other in places.items():
            if a >= b:
                continue
            holds = b.startswith(f"{a}.")
            if holds:
                assert one[0] <= other[0] + 0.1, (a, b)
                assert one[3] >= other[3] - 0.1, (a, b)
            elif not a.startswith(f"{b}."):
                apart = (
                    one[2] <= other[0] + 0.1 or other[2] <= one[0] + 0.1 or one[3] <= other[1] + 0.1 or other[3] <= one[1] + 0.1
                )
                assert apart, (a, b)


def test_hover_tells_path_shapes_and_costs(visit):
    tab = visit("#net=1&open=1.0")
    box = item(tab, "1.0.0")
    box.scroll_into_view_if_needed()
    box.hover()
    said = tab.locator(".tip").inner_text()
    for words in (
        "module: inception_a.0.branch",
        "reads: 1x384x35x35",
        "output: 1x96x35x35",
        "parameters: ",
        "MACs: ",
        "receptive field: ",
        "memory: ",
    ):
        assert words in said


def test_colours_by_cost(visit):
    tab = visit("#net=1")
    before = item(tab, "2").locator("rect").last.get_attribute("fill")
    tab.get_by_label("Colour of the boxes of Inception-v4").select_option("macs")
    assert item(tab, "2").locator("rect").last.get_attribute("fill") != before
    assert "MACs: 0" in tab.locator("#networks .legend").inner_text()


def test_search_marks_and_leads_to_the_box(visit):
    tab = visit("#net=1")
    search = tab.get_by_label("Search in Inception-v4")
    search.fill("inception_b.6.branch4")
    assert "found" in tab.locator("#networks .count").inner_text()
    assert item(tab, "3").locator(".badge").count() == 1
    search.press("Enter")
    assert tab.locator("#networks .details dd").first.inner_text().startswith("inception_b.6.branch4")
    assert "3.6" in boxes(tab)
    search.fill("no such thing")
    assert tab.locator("#networks .count").inner_text() == "nothing found"


def test_the_way_of_a_tensor_is_lit(visit):
    tab = visit("#net=1&open=1.0")
    click(tab, "1.0.4")
    button(tab, "What feeds this")
    lit = tab.evaluate("[...document.querySelectorAll('#networks g.closed.lit')].map(g => g.dataset.id)")
    assert "0" in lit
    assert "2" not in lit
    assert tab.locator("#networks g.item.dim").count() > 3
    button(tab, "Light off")
    tab.evaluate(
        "document.querySelector('#networks g.edge[data-id=\":2\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert tab.locator("#networks g.edge.lit").count() >= 5


def test_rows_and_boxes_lead_to_each_other(visit):
    tab = visit("#net=1")
    tab.locator(".layers tbody tr", has_text="inception_a.1.branch3.2").locator("button").click()
    chosen = tab.locator("#networks g.item.selected").get_attribute("data-id")
    assert chosen.startswith("1.1.")
    click(tab, "4")
    row = tab.locator(".layers tr.chosen")
    assert row.locator("th").inner_text().startswith("reduction_b")
    inside = tab.evaluate("""() => { const row = document.querySelector('.layers tr.chosen').getBoundingClientRect();
        const room = document.querySelector('#networks .rows').getBoundingClientRect(); return row.top >= room.top && row.bottom <= room.bottom; }""")
    assert inside


def test_two_networks_side_by_side(visit):
    tab = visit()
    tab.locator("#side").scroll_into_view_if_needed()
    tab.wait_for_selector("#side g.item")
    tab.select_option("#pair", label=f"{V4} → {R2}")
    assert tab.locator("#side .both h3").all_inner_texts() == [V4, R2]
    marked = tab.locator("#side .both > div").nth(1).locator("g.item .badge.changes")
    assert marked.count() >= 4
    first = tab.locator("#side .changes li").first
    first.locator("button").click()
    assert tab.locator("#side g.item.selected").count() >= 1


def test_dark_by_the_system_and_by_the_switch(visit):
    tab = visit(color_scheme="dark")
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(20, 24, 29)"
    switch = tab.locator("#theme")
    switch.click()
    assert switch.inner_text() == "Theme: light"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    switch.click()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_by_keyboard_alone(visit):
    tab = visit("#net=1")
    tab.locator(".comparison th[data-key=params] button").focus()
    tab.keyboard.press("Enter")
    assert names(tab)[0] == R2
    tab.get_by_role("button", name="Zoom out").first.focus()
    for _ in range(3):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.getAttribute('role')") == "treeitem":
            break
    assert tab.evaluate("document.activeElement.dataset.id") == "0"
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.dataset.id") == "1.0"
    assert item(tab, "1.0").get_attribute("aria-expanded") == "true"
    tab.keyboard.press("f")
    assert tab.locator("#networks g.item.dim").count() > 0
    tab.keyboard.press("Escape")
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowLeft")
    assert tab.evaluate("document.activeElement.dataset.id") == "1"


def test_by_finger_on_a_small_screen(visit):
    tab = visit("#net=1", width=375, height=812, has_touch=True, is_mobile=True)
    box = item(tab, "1")
    box.scroll_into_view_if_needed()
    box.locator("rect").last.tap()
    assert item(tab, "1").get_attribute("aria-expanded") == "true"
    small = tab.evaluate(
        "[...document.querySelectorAll('button:not(.link):not(.sorter):not(.key), select')].filter(b => b.offsetParent && b.offsetHeight < 30).length"
    )
    assert small == 0


@pytest.mark.parametrize("width", [375, 768, 2560])
def test_every_width(visit, width):
    tab = visit("#net=3&open=1.0", width=width)
    assert tab.evaluate(
        "[...document.querySelectorAll('svg.chart')].every(svg => svg.getBoundingClientRect().right <= innerWidth)"
    )


def test_printing(visit):
    tab = visit("#net=1&open=1.0", color_scheme="dark")
    paper = tab.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert paper.count(b"/Type /Page\n") >= 3
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"  # and the screen is as it was


def test_a_link_holds_the_state_of_the_view(visit):
    tab = visit("#net=2")
    click(tab, "1", "1.2")
    tab.get_by_label("Colour of the boxes of Inception-ResNet-v1").select_option("params")
    tab.get_by_label("Search in Inception-ResNet-v1").fill("relu")
    tab.locator(".comparison th[data-key=params] button").click()
    tab.select_option("#baseline", label="inception_v4")
    tab.locator("#theme").click()
    address, shown = settled(tab), boxes(tab)
    again = visit(f"#{address}")
    assert boxes(again) == shown
    assert again.locator("#networks g.item.selected").get_attribute("data-id") == "1.2"
    assert again.get_by_label("Colour of the boxes of Inception-ResNet-v1").input_value() == "params"
    assert names(again) == names(tab)
    assert again.locator(".comparison tr.baseline th").inner_text().startswith(V4)
    assert again.locator("#theme").inner_text() == "Theme: light"
    assert settled(again) == address


class Wide(nn.Module):
    """Four branches side by side."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(4, 1, 3, padding=1) for _ in range(4))

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Crossing(nn.Module):
    """Branches that read one another: not made of series and branches."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = Wide(), Wide(), Wide(), Wide()

    def forward(self, x):
        a, b = self.a(x), self.b(x)
        c = self.c(a + b)
        return self.d(a + c) + b


ENDS = """() => {
  const rects = [...document.querySelectorAll('#networks g.item > rect:last-of-type, #networks g.item > circle, #networks g.notes text')]
    .map(e => e.getBoundingClientRect());
  const near = p => rects.some(r => p.x >= r.left - 6 && p.x <= r.right + 6 && p.y >= r.top - 6 && p.y <= r.bottom + 6);
  return [...document.querySelectorAll('#networks g.edge')].flatMap(g => {
    const path = g.querySelector('.hit-area'), matrix = path.getScreenCTM();
    return [0, path.getTotalLength()].map(at => [g.dataset.id, near(path.getPointAtLength(at).matrixTransform(matrix))]);
  });
}"""


@pytest.fixture(scope="module")
def crossing(tmp_path_factory):
    graph = trace(Crossing(), torch.zeros(1, 4, 8, 8), name="crossing")
    return written(tmp_path_factory.mktemp("crossing"), [graph])


def test_arrows_end_at_boxes(visit, crossing):
    for tab in (visit("#net=3&open=1.0_0"), visit("#open=0_1", file=crossing)):
        button(tab, "Fit")
        tab.wait_for_timeout(200)
        ends = tab.evaluate(ENDS)
        assert len(ends) > 20
        assert [edge for edge, near in ends if not near] == []
