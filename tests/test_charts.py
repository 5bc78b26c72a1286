"""Charts: what they show, that nothing in them overlaps, and that the same chart is the same file."""

import re
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import traced
from torch import nn

from archscope import charts, metrics
from archscope.charts import columns
from archscope.charts.canvas import formatter, steps
from archscope.charts.kinds import balls
from archscope.charts.label_placement import Anchor, Box, placed, spread
from archscope.charts.save import draw
from archscope.charts.style import DARK, LIGHT
from archscope.cli.app import run
from archscope.comparison.side_by_side import DEFAULT, FIELD, published
from archscope.errors import ArchscopeError, UsageError
from archscope.models.token_lengths import AtLength
from archscope.tracing.forward_pass import trace
from archscope.values import WHOLE_INPUT, AtLeast, after
from archscope.zoo import catalog

pytest.importorskip("matplotlib")


def field_rows() -> list[dict]:
    """The networks of the ball chart, with the catalog's counts."""
    entries = [catalog.find(name) for name in FIELD]
    return [{"model": e.name, "macs": e.macs, "params": e.params, "family": e.family, **published(e)} for e in entries]


def signals() -> list[dict]:
    """What `archscope signal` saves, of two samples at six places."""
    circumstances = {"inputs": [[3, 8, 8]], "batch": 2, "mode": "train", "init": "he", "seeds": [0, 1], "training": None}
    return [
        {**circumstances, "label": name, "places": [
            {"path": f"block{at}", "type": "Block", "stage": "8x8" if at < 3 else "4x4", "depth": at + at * number, "values": {
                "variance": [2.0**at, 2.2**at], "mean_squared": [0.0, 0.1], "gradient_norm": [10.0**-at, None]}}
            for at in range(6)
        ]}
        for number, name in enumerate(DEFAULT)
    ]  # fmt: skip


def chart(kind: str) -> charts.Chart:
    known = charts.KINDS[kind]
    if known.takes == "signals":
        return known.of(signals())
    if known.takes == "batches":
        return known.of([[(size, traced(name)) for size in (1, 2)] for name in DEFAULT])
    if known.takes == "lengths":
        return known.of(
            [(name, [AtLength(size, g, g, size * 100) for size in (8, 16)]) for name in DEFAULT if (g := traced(name))]
        )
    return known.of(field_rows() if known.takes == "rows" else [traced(name) for name in DEFAULT])


# -- values ----------------------------------------------------------------------------------------------------------------------


def test_the_field_has_one_ball_for_each_network_with_a_published_error():
    made = charts.KINDS["balls"].of([*field_rows(), {"model": "silent", "macs": 1, "params": 1, "top1_error": None}])
    assert [ball.name for ball in made.items] == list(FIELD)
    assert {ball.name for ball in made.items if not ball.usual} == {"alexnet"}
    assert "hollow" in made.subtitle


def test_a_network_by_the_size_of_the_batch():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Flatten(), nn.Linear(8 * 16 * 16, 10))
    made = charts.KINDS["batch"].of([[(size, trace(net, torch.Size((size, 3, 16, 16)))) for size in (1, 4, 16)]])
    (line,) = made.items
    macs, memory = line.ys
    assert line.xs == (1, 4, 16)
    assert macs == tuple(size * (16 * 16 * 8 * 27 + 8 * 16 * 16 * 10) for size in line.xs)
    params, alive = (
        8 * 27 + 8 + 8 * 16 * 16 * 10 + 10,
        3 * 16 * 16 + 8 * 16 * 16 + 10,
    )  # the caller's input, the maps, the classes
    assert memory == tuple(4 * (params + size * alive) for size in line.xs)
    assert made.panels == ("MACs", "peak memory")


def test_the_cache_of_a_language_model_grows_with_the_batch(tmp_path):
    pytest.importorskip("transformers")
    words = ["chart", "--kind", "batch", "hf:gpt2", "--set", "n_layer=3", "--input", "input_ids:int64:20", "--batch", "2..8"]
    assert run([*words, "--out", str(tmp_path / "batch.svg")]) == 0
    content = (tmp_path / "batch.svg").read_text()
    described = re.search(r"<desc>(.*?)</desc>", content, re.DOTALL)[1]
    assert f"and {2 * 3 * 768 * 4 * 20 * 8:,} at 8" in described  # keys and values, layers, width, bytes, tokens, examples
    assert "KV cache" in content


@pytest.mark.parametrize(("words", "error"), [
    (["--kind", "batch", "--batch", "many"], "--batch many is not possible"),
    (["--kind", "batch", "--batch", "0..4"], "--batch 0..4 is not possible"),
    (["--kind", "stages", "--batch", "1..4"], "--batch 1..4 is several sizes"),
    (["--kind", "batch", "lenet5", "--tokens", "8"], "--tokens does not go with --kind batch"),
])  # fmt: skip
def test_sizes_of_the_batch_that_cannot_be(words, error, tmp_path, capsys):
    assert run(["chart", *words, "--out", str(tmp_path / "batch.svg")]) == 2
    assert capsys.readouterr().err.startswith(f"error: {error}")


def test_any_metric_is_an_axis_or_the_area_and_its_unit_stands_there():
    rows = [{"model": n, **metrics.measure(traced(n), ("peak_memory", "receptive_field", "forward_intensity"))} for n in DEFAULT]
    made = balls.field(rows, balls.Axes("forward_intensity", "receptive_field", "peak_memory"))
    for ball, name in zip(made.items, DEFAULT, strict=True):
        graph = traced(name)
        assert (ball.y, ball.size) == (metrics.receptive_field(graph), metrics.peak_memory(graph))
        assert ball.x == metrics.METRICS["forward_intensity"](graph)
    assert (made.x, *made.panels, *made.size) == ("intensity, FLOPs/B", "receptive field, px", "peak memory", "B")
    assert made.notes == ()
    assert "hollow" not in made.subtitle  # no error is shown


def test_a_network_without_a_value_is_named_and_not_drawn_at_0():
    rows = [
        {"model": "known", "macs": 10, "params": 5, "receptive_field": 7},
        {"model": "mixed", "macs": 10, "params": 5, "receptive_field": WHOLE_INPUT},
        {"model": "broken", "macs": 10, "params": 5, "receptive_field": after("aten.foo", "layer3")},
        {"model": "partly", "macs": AtLeast(10, "without a cost formula: aten.foo"), "params": 5, "receptive_field": 7},
    ]
    made = balls.field(rows, balls.Axes(y="receptive_field"))
    assert [ball.name for ball in made.items] == ["known", "partly"]
    assert made.notes == (
        "not drawn: mixed, whose receptive field is the whole input",
        "not drawn: broken, receptive field unknown: after aten.foo in layer3",
        "partly: multiply-accumulates at least: without a cost formula: aten.foo",
    )
    assert "≥ 10 multiply-accumulates" in made.items[1].tip
    assert all(note in made.description for note in made.notes)
    assert [text for text in drawn(made) if "not drawn: mixed" in text]


@pytest.mark.parametrize(
    ("values", "unit", "log"),
    [
        ([1, 10], "", True), ([2, 10], "", False), ([0, 1000], "", False), ([5.0, 60.0], "%", False), ([2**20, 2**30], "B", True),
        ([], "", False),
    ],
)  # fmt: skip
def test_an_axis_is_logarithmic_where_some_are_ten_times_others(values, unit, log):
    assert columns.logarithmic(values, unit) == log


@pytest.mark.parametrize(
    ("low", "high", "unit", "log", "expected"),
    [
        (0.9e9, 11e9, "", True, [1e9, 2e9, 5e9, 1e10]),
        (100, 7000, "px", True, [100, 200, 500, 1000, 2000, 5000]),
        (2.0**20, 2.0**24, "B", True, [2.0**n for n in range(20, 25)]),
        (-3, 42, "", False, [0, 10, 20, 30, 40]),
        (18.0, 32.0, "%", False, [20, 25, 30]),
        (0.2, 1.1, "FLOPs/B", False, [0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_ticks_are_round(low, high, unit, log, expected):
    assert columns.ticks(low, high, unit, log=log) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--x", "recptive_field"], "unknown metric 'recptive_field'\nhint: did you mean receptive_field"),
        (["--kind", "depth", "--x", "macs"], "--x does not go with --kind depth\nhint: choose --kind balls"),
        (["lenet5", "--y", "top5_error"], "no top-5 error of lenet5 has been published that is known here"),
    ],
)
def test_axes_that_cannot_be(arguments, message, tmp_path, capsys):
    assert run(["chart", *arguments, "--out", str(tmp_path / "no.svg")]) in (1, 2)
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_axes_are_asked_for_by_the_names_of_metrics(tmp_path, capsys):
    file = tmp_path / "field.svg"
    assert (
        run(["chart", "lenet5", "resnet18", "--x", "params", "--y", "receptive_field", "--size", "macs", "--out", str(file)]) == 0
    )
    assert "resnet18: 11.69 M parameters, 435 px receptive field, 1.81 G multiply-accumulates" in file.read_text()


def test_bars_have_the_whole_of_each_network():
    for bar, name in zip(chart("stages").items, DEFAULT, strict=True):
        assert sum(part.macs for part in bar.segments) == metrics.macs(traced(name))
        assert sum(part.params for part in bar.segments) == metrics.params(traced(name))


def test_cumulated_cost_rises_to_the_totals():
    for line, name in zip(chart("depth").items, DEFAULT, strict=True):
        assert [ys[-1] for ys in line.ys] == [metrics.macs(traced(name)), metrics.params(traced(name))]
        assert all(list(ys) == sorted(ys) for ys in line.ys)
        assert line.xs[-1] == metrics.convolutions(traced(name)) + 1  # and the classifier


def test_the_receptive_field_grows_to_that_of_the_last_feature_map():
    for line, name in zip(chart("field").items, DEFAULT, strict=True):
        assert line.ys[0][-1] == metrics.receptive_field(traced(name))
        assert list(line.ys[0]) == sorted(line.ys[0])
        assert line.xs[-1] == metrics.weighted_depth(traced(name)) - 1  # without the classifier
    assert chart("field").reference == (299, "input")


def test_the_memory_curve_has_its_peak_marked():
    for line, name in zip(chart("memory").items, DEFAULT, strict=True):
        assert line.ys[0][line.peak] == metrics.peak_activation_bytes(traced(name)) == max(line.ys[0])


# -- pictures --------------------------------------------------------------------------------------------------------------------


def texts(kind: str, theme: str) -> list[tuple[str, Box]]:
    """Every text of a drawn chart with its extent in pixels."""
    import matplotlib as mpl

    from archscope.charts.style import settings as plot_settings

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(plot_settings(LIGHT if theme == "light" else DARK))
        canvas = draw(chart(kind), theme)
        canvas.figure.canvas.draw()
        shown = [*canvas.figure.texts]
        for axes in canvas.figure.axes:
            shown += [*axes.texts, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels()]
        found = [(text.get_text(), canvas.extent(text)) for text in shown if text.get_text() and text.get_visible()]
    page = Box(0, 0, canvas.width, canvas.height)
    for words, box in found:
        assert box.overlap(page) == pytest.approx((box.right - box.left) * (box.top - box.bottom)), f"{words!r} leaves the page"
    return found


def drawn(made: charts.Chart) -> list[str]:
    """The texts of a drawn chart."""
    import matplotlib as mpl

    from archscope.charts.style import settings as plot_settings

    with mpl.rc_context():
        mpl.rcParams.update(plot_settings(LIGHT))
        return [text.get_text() for text in draw(made, "light").figure.texts]


@pytest.mark.parametrize("kind", charts.KINDS)
def test_no_two_texts_overlap_and_none_leaves_the_page(kind):
    found = texts(kind, "light")
    assert len(found) > 10
    for at, (words, box) in enumerate(found):
        for other, beside in found[at + 1 :]:
            assert box.overlap(beside) < 1, f"{words!r} and {other!r}"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", charts.KINDS)
def test_the_same_chart_is_the_same_svg_that_says_what_it_shows(kind, theme):
    made = chart(kind)
    first, again = (charts.render(made, "svg", theme) for _ in range(2))
    assert first == again
    root = ElementTree.fromstring(first)
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == made.title
    assert root.find(f"{space}desc").text == made.description
    on_the_front = [point.name for point in made.items if point.best] if kind == "front" else FIELD
    assert all(name in made.description for name in (on_the_front if charts.KINDS[kind].takes == "rows" else DEFAULT))
    assert b"http" not in re.sub(rb'xmlns(:\w+)?="[^"]*"', b"", first).replace(b"http://www.w3.org", b"")
    page = (LIGHT if theme == "light" else DARK).page
    assert page.encode() in first


def test_png_and_pdf_are_what_they_say_and_the_same_each_time():
    made = chart("stages")
    for form, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        first = charts.render(made, form)
        assert first.startswith(magic)
        assert charts.render(made, form) == first


def test_html_stands_alone_with_both_themes_and_a_tooltip_for_every_ball():
    page = charts.render(chart("balls"), "html").decode()
    assert "<link" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert LIGHT.page in page
    assert DARK.page in page
    tips = re.findall(r'<g id="(light|dark)-tip\d+"><title>(\w+):', page)
    assert (
        sorted(name for theme, name in tips if theme == "light")
        == sorted(name for theme, name in tips if theme == "dark")
        == sorted(FIELD)
    )
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_users_own_settings_change_nothing():
    import matplotlib as mpl

    made = chart("stages")
    expected = charts.render(made, "svg")
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "none"}):
        assert charts.render(made, "svg") == expected
        assert mpl.rcParams["font.size"] == 30


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_and_lines_stand_out_from_the_page(theme):
    def contrast(colour: str) -> float:
        light, dark = sorted((luminance(colour), luminance(theme.page)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    assert contrast(theme.ink) > 7
    assert contrast(theme.quiet) > 4.5  # WCAG 2.1, text
    assert all(contrast(colour) > 2.5 for colour in theme.series)


@given(st.integers(1, 10**13), st.sampled_from(("", "B", "px")))
def test_ticks_are_written_as_what_they_are(largest, unit):
    ticks = steps(largest, unit)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 11
    sizes = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
    for tick in ticks:
        number, _, scale = formatter(unit)(tick, None).partition(" ")
        assert float(number.replace(",", "")) * sizes.get(scale, 1) == pytest.approx(tick, abs=0.5)


# -- labels ----------------------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(60, 940), st.integers(60, 540), st.integers(0, 30)), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_labels_find_room_wherever_the_points_are(points):
    anchors = [Anchor(*map(float, point)) for point in points]
    boxes = placed(anchors, [(80.0, 12.0)] * len(anchors), Box(0, 0, 1000, 600))
    for at, box in enumerate(boxes):
        assert box.right - box.left == pytest.approx(80)
        assert all(box.overlap(other) == 0 for other in boxes[at + 1 :])
        assert box.overlap(Box(0, 0, 1000, 600)) == pytest.approx(80 * 12)


@given(st.lists(st.floats(0, 500), min_size=1, max_size=12))
def test_a_column_of_labels_keeps_its_order_and_its_distance(wanted):
    found = spread(wanted, 16.0)
    order = sorted(range(len(wanted)), key=lambda at: (wanted[at], found[at]))
    assert all(found[b] - found[a] >= 16 - 1e-6 for a, b in pairwise(order))
    if len(wanted) == 1:
        assert found == wanted


# -- the command -----------------------------------------------------------------------------------------------------------------


def test_the_command_names_files_after_the_chart(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["chart", "lenet5", "--kind", "field"]) == 0
    assert capsys.readouterr().out == "reports/chart-field.svg\n"
    assert run(["chart", "lenet5", "--kind", "memory", "--out", "m.html", "--batch", "2"]) == 0
    assert "2x1x32x32" in (tmp_path / "m.html").read_text()
    assert run(["chart", "lenet5", "--kind", "depth", "--out", "-"]) == 0
    assert "<svg" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--kind", "pie"], "unknown kind of chart 'pie'"), (["--theme", "pink"], "unknown theme 'pink'"),
        (["lenet5"], "no top-1 error of lenet5"), (["--out", "x.jpg"], "no suffix that names a format"),
        (["nonsense_v7"], "unknown model 'nonsense_v7'"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(words, message, capsys):
    assert run(["chart", *words]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "hint: " in err


def test_an_empty_chart_is_an_error_in_words():
    with pytest.raises(Exception, match="nothing to draw"):
        charts.render(charts.KINDS["balls"].of([]))
    with pytest.raises(UsageError, match="unknown theme"):
        charts.render(chart("stages"), "svg", "pink")


def test_a_field_ends_where_every_place_sees_the_whole_input():
    class Gate(nn.Module):
        """Hu et al. 2018: every channel is weighed by what the whole map says."""

        def forward(self, x):
            return x * x.mean((2, 3), keepdim=True).sigmoid()

    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3), Gate(), nn.Conv2d(2, 2, 3))
    made = charts.kinds.field.field([trace(network, torch.Size((1, 1, 32, 32)), name="gated")])
    assert made.items[0].ys == ((3, 5),)
    assert made.notes == ("gated sees the whole input from 2 on",)


@pytest.mark.parametrize("kind", ["stages", "depth", "field", "memory"])
def test_odd_networks_are_drawn_or_refused_in_words(kind):
    odd = [
        trace(nn.Identity(), torch.empty(1, 3, 8, 8, device="meta"), name="nothing"),
        trace(nn.ReLU(), torch.empty(1, 3, device="meta"), name="no weights $x_1$"),
        trace(nn.Embedding(10, 4), torch.empty(1, 7, dtype=torch.int64, device="meta"), name='<&> "quoted"'),
    ]
    for graph in odd:
        chart_of_it = charts.KINDS[kind].of([graph])
        if chart_of_it.items:
            assert charts.render(chart_of_it, "html").count(b"<svg") == 2
        else:
            with pytest.raises(ArchscopeError, match="nothing to draw"):
                charts.render(chart_of_it, "html")


def test_values_need_neither_torch_nor_the_plotting_library():
    code = "import sys, archscope.charts, archscope.charts.draw_balls; print({'torch', 'matplotlib'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_network_without_a_curve_is_named_with_the_reason():
    class Plain(nn.Linear):
        pass

    plain = trace(Plain(8, 4), torch.Size((1, 8)))
    made = charts.KINDS["field"].of([traced("lenet5"), plain])
    assert made.notes == ("Plain has none: the network's input has no spatial axes",)
    shown = [text.get_text() for text in draw(made, "light").figure.texts]
    assert made.notes[0] in shown
    with pytest.raises(ArchscopeError, match="there is nothing to draw; Plain has none"):
        charts.render(charts.KINDS["field"].of([plain]))
