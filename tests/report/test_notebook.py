"""A diagram in a notebook: interactive in a frame that may run scripts and nothing else, and a still picture without."""

import re
from html import unescape

import pytest

from archscope.models.look_up import look
from archscope.models.picture_of import diagram

CELL = "<!doctype html><html><body><p>Out[1]:</p>{}</body></html>"


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    path = tmp_path_factory.mktemp("notebook") / "cell.html"
    path.write_text(CELL.format(diagram("inception_v4", color_by="macs")._repr_html_()), encoding="utf-8")
    return path


def opened(browser, cell, **options):
    tab = browser.new_context(**options).new_page()
    complaints = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    tab.goto(cell.as_uri())
    return tab, complaints


def test_the_diagram_opens_in_its_frame(browser, cell):
    tab, complaints = opened(browser, cell)
    assert tab.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    inside = tab.frame_locator("iframe")
    box = inside.locator('g.item[data-id="1"]')
    box.locator("rect").last.click()
    assert box.get_attribute("aria-expanded") == "true"
    assert inside.locator('g.item[data-id="1.3"]').count() == 1
    assert inside.locator("select").first.input_value() == "macs"
    assert inside.locator(".details dd[data-cost=params]").inner_text() == f"{diagram_costs('4 x Inception-A'):,}"
    assert complaints == []
    tab.context.close()


def diagram_costs(title: str) -> int:
    return next(box.costs.params for box in diagram("inception_v4").pictures[0].overview.boxes if box.title == title)


def test_without_scripts_the_still_picture_is_seen(browser, cell, tmp_path):
    html = cell.read_text(encoding="utf-8")
    inside = tmp_path / "frame.html"
    inside.write_text(unescape(re.search(r'srcdoc="([^"]*)"', html)[1]), encoding="utf-8")
    tab, _ = opened(browser, inside, java_script_enabled=False)
    assert "4 x Inception-A" in tab.locator("noscript svg").text_content()
    assert tab.locator("noscript svg").bounding_box()["width"] > 300
    tab.context.close()
    without = re.sub(r"<iframe.*?</iframe>", "", html, flags=re.DOTALL)
    assert "<svg" in without
    assert "4 x Inception-A" in without


def test_pictures_that_stay_still():
    several = diagram(["lenet5", "alexnet"])
    alone = diagram("inception_v4", block="Inception-A")
    for picture in (several, alone, diagram("lenet5", color_by="mine", values={"c1": 1.0})):
        assert picture._repr_html_() is None
        assert picture._repr_svg_().startswith("<?xml")
    assert diagram(look("lenet5"))._repr_html_() is not None
