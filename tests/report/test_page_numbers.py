"""Every number on the page is the one in the JSON of the command for the same thing."""

import json

import pytest
from looking import click, column
from typer.testing import CliRunner

from archscope import units
from archscope.cli.app import application
from archscope.comparison.side_by_side import DEFAULT
from archscope.metrics import measure
from archscope.models.look_up import look
from archscope.models.picture_of import diagram

FOUR = DEFAULT[:4]


def command(*words: str):
    found = CliRunner().invoke(application(), [*words, "--format", "json"])
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def rows(answer) -> list[dict]:
    return answer["rows"] if isinstance(answer, dict) else answer


def test_the_comparison_is_that_of_compare(visit):
    tab = visit()
    tab.locator(".columns summary").click()
    for box in tab.locator(".choice input").all():
        box.check()
    expected = rows(command("compare", *FOUR))
    keys = [key for key, value in expected[0].items() if isinstance(value, int | float) and not key.endswith("_ratio")]
    assert len(keys) >= 12
    for key in keys:
        assert [float(value) for value in column(tab, key)] == [float(row[key]) for row in expected], key
    for key, of in (
        ("params_ratio", "params"),
        ("macs_ratio", "macs"),
        ("depth_ratio", "weighted_depth"),
        ("peak_memory_ratio", "peak_memory"),
    ):
        shown = tab.evaluate(
            "key => [...document.querySelectorAll(`.comparison td[data-key='${key}'] .ratio`)].map(e => Number(e.dataset.ratio))",
            of,
        )
        assert shown == [row[key] for row in expected], key


def test_every_other_metric_is_that_of_measure(visit):
    tab = visit()
    tab.locator(".columns summary").click()
    for box in tab.locator(".choice input").all():
        box.check()
    found = 0
    for at, name in enumerate(FOUR):
        for key, value in measure(look(name)).items():
            cell = tab.locator(f".comparison tr[data-network='{at}'] td[data-key='{key}']")
            if cell.count() and isinstance(value, int | float):
                found += 1
                assert float(cell.get_attribute("data-value")) == value, (name, key)
    assert found > 4 * 15


@pytest.mark.parametrize("number", [0, 3], ids=[FOUR[0], FOUR[3]])
def test_the_layers_are_those_of_shapes(visit, number):
    tab = visit(f"#net={number}")
    shown = tab.evaluate("""() => { const room = document.querySelector('#networks .rows'); room.style.maxHeight = 'none'; room.style.height = '30000px';
        return new Promise(done => setTimeout(() => done([...document.querySelectorAll('.layers tbody tr[data-row]')].map(tr =>
          [...tr.children].map(cell => cell.dataset.value ?? cell.title ?? '')) ), 400)); }""")
    expected = rows(command("shapes", FOUR[number]))
    assert len(shown) == len(expected)
    for cells, row in zip(shown, expected, strict=True):
        size = row["receptive_field"]
        field = "" if size is None else "x".join(map(str, size)) if isinstance(size, list) else str(size)
        assert cells[0] == row["path"]
        assert cells[3] == units.shape(row["output"])
        assert cells[4:6] == ["" if row[key] is None else str(row[key]) for key in ("params", "macs")]
        assert cells[6] == field


def test_the_boxes_are_those_of_diagram(visit):
    drawn = json.loads(diagram(FOUR[1]).json())
    boxes = drawn["networks"][0]["boxes"][1:]
    tab = visit("#net=1")
    for key in ("params", "macs"):
        shown = tab.evaluate(
            "key => [...document.querySelectorAll(`#networks text.cost[data-cost='${key}']`)].map(e => Number(e.dataset.value))",
            key,
        )
        assert shown == [box["costs"][key] for box in boxes]
    for at, box in enumerate(boxes):
        click(tab, str(at))
        told = tab.evaluate(
            "Object.fromEntries([...document.querySelectorAll('#networks .details dd[data-cost]')].map(e => [e.dataset.cost, Number(e.dataset.value)]))"
        )
        assert told == {key: box["costs"][key] for key in ("params", "macs", "activations")}
        click(tab, str(at))


def test_the_differences_are_those_of_diff(visit):
    tab = visit("#pair=4")
    tab.locator("#side").scroll_into_view_if_needed()
    tab.wait_for_selector("#side .changes li")
    shown = tab.evaluate(
        "[...document.querySelectorAll('#side .changes li')].map(e => [Number(e.dataset.params), Number(e.dataset.macs)])"
    )
    expected = rows(command("diff", FOUR[1], FOUR[3]))
    assert shown == [[row["params_change"] or 0, row["macs_change"] or 0] for row in expected]
    assert len(shown) >= 10


def test_the_stages_are_those_of_compare_by_stage(visit):
    tab = visit()
    shown = tab.evaluate("[...document.querySelectorAll('.chart .segment')].map(e => Number(e.dataset.value))")
    expected = [row for row in rows(command("compare", *FOUR, "--by", "stage")) if row.get("macs") is not None]
    values = [row[key] for key in ("macs", "params") for row in expected]
    assert sorted(shown) == sorted(value for value in values if value)


def test_the_peaks_are_the_peak_memory(visit):
    tab = visit()
    shown = tab.evaluate("[...document.querySelectorAll('.chart .peak')].map(e => Number(e.dataset.value))")
    assert shown == [measure(look(name), ["peak_activation_bytes"])["peak_activation_bytes"] for name in FOUR]


def test_words_are_those_of_the_commands(visit):
    """The page writes 12253974624 as `archscope` does."""
    tab = visit()
    numbers = [int(value) for key in ("params", "macs", "flops", "activations") for value in column(tab, key)]
    words = [
        text
        for key in ("params", "macs", "flops", "activations")
        for text in tab.locator(f".comparison td[data-key={key}] > span").all_inner_texts()
    ]
    assert words == [units.count(number) for number in numbers]
    sizes = column(tab, "peak_memory")
    assert tab.locator(".comparison td[data-key=peak_memory] > span").all_inner_texts() == [
        units.size(int(size)) for size in sizes
    ]
