"""What the formats hold: well-formed, complete, the same from run to run, nothing that comes from outside or gets out."""

import io
import json
import re
import struct
import subprocess
import sys
import zlib
from xml.etree import ElementTree

import pytest
import torch
from reading import SVG, drawn, traced
from torch import nn

import archscope
from archscope.diagrams.diagram import FORMS
from archscope.diagrams.graphviz_engine import program
from archscope.diagrams.terminal_tree import tree
from archscope.diagrams.theme import KINDS, THEMES, contrast, luminance
from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.models.picture_of import diagram
from archscope.tracing.forward_pass import trace
from archscope.tracing.one_forward import TraceError

HOSTILE = {
    '"quoted"': nn.Conv2d(3, 4, 3),
    "<script>alert(1)</script>": nn.Conv2d(4, 4, 3),
    "a & b \\N \\n %s {x|y}": nn.Conv2d(4, 4, 3),
    "new\nline\x07\x1b[31m": nn.Conv2d(4, 4, 3),
    "emoji 🙂 中文": nn.Conv2d(4, 4, 3),
    "]]>--><!DOCTYPE": nn.Conv2d(4, 4, 3),
}


class Long(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)

    def forward(self, x):
        return self.b(self.a(x))


Long.__name__ = 'Quoted"<&>' + "Long" * 72


class Hostile(nn.Module):
    def __init__(self):
        super().__init__()
        for name, module in HOSTILE.items():
            self._modules[name] = module
        self._modules["</title><image href='http://x/'/>"] = Long()

    def forward(self, x):
        for module in self._modules.values():
            x = torch.relu(module(x))
        return x


def hostile():
    graph = trace(Hostile(), torch.Size((1, 3, 40, 40)))
    return Graph(**{f: getattr(graph, f) for f in graph.__struct_fields__} | {"name": 'evil"</title><script>\x00é🙂'})


@pytest.mark.parametrize("level", ["stage", "block", "op"])
def test_hostile_names_are_text_and_nothing_else(level):
    shown = diagram(hostile(), level=level)
    root = ElementTree.fromstring(shown.svg())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "title", "desc", "g", "rect", "path", "text"}
    assert {name.split("}")[-1] for element in root.iter() for name in element.attrib}.isdisjoint({"href", "onload", "style"})
    source = shown.dot()
    again = subprocess.run([program(), "-Tdot"], input=source.encode(), capture_output=True, check=True)
    assert b"Error" not in again.stderr
    data = json.loads(shown.json())
    assert (
        len(data["networks"][0]["boxes"]) == len(shown.pictures[0].graph.nodes)
        if level == "op"
        else len(data["networks"][0]["boxes"]) > 2
    )
    assert shown.png().startswith(b"\x89PNG")
    assert shown.pdf().startswith(b"%PDF-")


def test_a_module_of_a_hostile_name_can_be_asked_for():
    picture = drawn(diagram(hostile(), block="</title><image href='http://x/'/>").svg())
    assert [picture.labels[n] for n in sorted(picture.labels)] == ["input", "3x3 conv, 4 V linear", "3x3 conv, 4 V linear"]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_network_gives_the_same_bytes(form):
    first, second = (diagram(traced("inception_v4"), level="block").render(form) for _ in range(2))
    assert first == second


def test_another_process_gives_the_same_bytes(tmp_path):
    saved = tmp_path / "v4.json"
    saved.write_bytes(traced("inception_v4").to_json())
    code = f"import sys, archscope; print(archscope.diagram({str(saved)!r}, level='op').svg()); assert 'torch' not in sys.modules"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert runs[0].startswith(b"<?xml")


def test_svg_has_a_title_tooltips_text_and_no_reference():
    svg = diagram(traced("inception_v4"), level="block").svg()
    root = ElementTree.fromstring(svg)
    assert root.find(f"{SVG}title").text == "Inception-v4"
    boxes = [group for group in root.iter(f"{SVG}g") if group.get("class") == "box"]
    assert boxes
    assert all(group.find(f"{SVG}title") is not None for group in boxes)
    stem = next(group for group in boxes if group.get("data-label") == "Stem").find(f"{SVG}title").text
    assert "module: stem" in stem
    assert "605,728" in stem
    assert "kernel=3x3" in svg
    outside = re.findall(r"(?:href|src|url|@import)\s*[=(]|https?://(?!www\.w3\.org/2000/svg)", svg)
    assert outside == []


def test_png_has_the_size_of_the_scene():
    shown = diagram(traced("lenet5"))
    data = shown.png()
    width, height = struct.unpack(">II", data[16:24])
    assert width == pytest.approx(shown.scene.width * 192 / 72, abs=4)
    assert height == pytest.approx(shown.scene.height * 192 / 72, abs=4)


def test_pdf_is_one_page_of_text_and_lines():
    shown = diagram(traced("lenet5"))
    data = shown.pdf()
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF", data)[1])
    assert data[start:].startswith(b"xref\n0 8\n")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", data)]
    assert all(data[place:].startswith(f"{n} 0 obj".encode()) for n, place in enumerate(places, 1))
    assert f"/MediaBox [0 0 {shown.scene.width:g} {shown.scene.height:g}]".encode() in data
    content = zlib.decompress(re.search(rb"stream\n(.*?)\nendstream", data, re.DOTALL)[1]).decode("latin-1")
    assert content.count(" Tj ET") == len(list(shown.scene.texts()))
    assert "(LeNet-5) Tj" in content


def test_json_has_plain_numbers():
    data = json.loads(diagram(traced("inception_v4"), level="block").json())["networks"][0]
    assert data["totals"] == {
        "params": 42679816,
        "macs": 12253974624,
        "activations": data["totals"]["activations"],
        "uncounted": 0,
    }
    assert [block["title"] for block in data["blocks"]] == [
        "Stem",
        "Inception-A",
        "Reduction-A",
        "Inception-B",
        "Reduction-B",
        "Inception-C",
    ]


@pytest.mark.parametrize("color_by", ["kind", "params", "macs", "activations"])
@pytest.mark.parametrize("theme", THEMES)
def test_every_label_is_readable_on_its_colour(theme, color_by):
    colors = THEMES[theme]
    fills = [*colors.fills.values()] if color_by == "kind" else [colors.shade(n / 20) for n in range(21)]
    for fill in (*fills, colors.background):
        assert contrast(fill, colors.on(fill)) >= 4.5  # WCAG 2.1, 1.4.3
    assert diagram(traced("resnet18"), theme=theme, color_by=color_by).svg()


@pytest.mark.parametrize("theme", THEMES)
def test_costs_are_told_apart_in_grey(theme):
    steps = [luminance(color) for color in THEMES[theme].ramp]
    assert steps in (sorted(steps), sorted(steps, reverse=True))
    assert set(THEMES[theme].fills) == set(KINDS)


def test_a_measurement_decides_the_colour():
    graph = traced("lenet5")
    dearest = diagram(graph, color_by="latency", values={"C1": 0.1, "C3": 0.9})
    fills = {dict(e.data)["label"]: e.items[0].fill for e in dearest.scene.elements if e.role == "box"}
    theme = THEMES["light"]
    assert fills["C3: 5x5 conv, 16 V by table"] == theme.ramp[-1]
    assert fills["F6: linear, 84 squash"] == theme.ramp[0]


def test_a_trace_that_stopped_early_is_drawn_and_marked():
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.three = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Linear(5, 5)

        def forward(self, x):
            return self.three(self.two(self.one(x)))

    with pytest.raises(TraceError) as caught:
        trace(Broken(), torch.Size((1, 3, 16, 16)))
    for shown in (diagram(caught.value.graph), diagram(Broken(), torch.Size((1, 3, 16, 16)))):
        texts = drawn(shown.svg()).texts
        assert any(text.startswith("Incomplete: the forward stopped in three") for text in texts)
        assert [box.label for box in shown.pictures[0].overview.boxes] == ["Input", "3x3 conv, 4", "3x3 conv, 4"]


def test_parameters_that_did_not_run_are_named():
    graph = traced("inception_v3", ("aux_heads", True))
    assert any(text == "3.33 M parameters took no part in this forward." for text in drawn(diagram(graph).svg()).texts)


def test_a_notebook_shows_it():
    shown = archscope.diagram(traced("lenet5"))
    assert shown._repr_svg_() == shown.svg()
    assert repr(shown) == "<Diagram of LeNet-5: stage level, 8 boxes in the overview>"


def test_save_picks_the_format_by_suffix(tmp_path):
    shown = diagram(traced("lenet5"))
    for form, suffix in FORMS.items():
        assert shown.save(tmp_path / "deep" / f"net{suffix}").read_bytes() == shown.render(form)
    with pytest.raises(ArchscopeError, match="no suffix that names a picture format"):
        shown.save(tmp_path / "net.gif")
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchscopeError, match="cannot write"):
        shown.save(tmp_path / "file" / "net.svg")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"level": "stages"}, "unknown level 'stages' (choose from stage, block, op)"),
        ({"theme": "pink"}, "unknown theme 'pink' (choose from light, dark, paper)"),
        ({"color_by": "cost"}, "unknown colouring 'cost' (choose from kind, params, macs, activations)"),
        ({"direction": "UP"}, "unknown direction 'UP' (choose from TB, LR)"),
        ({"block": "Inception-D"}, "unknown block 'Inception-D'"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(request_, message):
    with pytest.raises(ArchscopeError) as caught:
        diagram(traced("inception_v4"), **request_)
    assert str(caught.value).startswith(message)
    if "block" in request_:
        assert "Inception-A" in caught.value.hint


def test_more_operators_than_an_image_holds(monkeypatch):
    monkeypatch.setattr("archscope.diagrams.operator_level.LARGEST_IMAGE", 10)
    with pytest.raises(ArchscopeError, match=r"41 operators are too many for a png \(10 at most\) \(choose --out svg"):
        diagram(traced("lenet5"), level="op").png()


def test_several_networks_have_no_dot_and_no_blocks():
    with pytest.raises(ArchscopeError, match="a dot file holds one network"):
        diagram([traced("lenet5"), traced("resnet18")]).dot()
    with pytest.raises(ArchscopeError, match="at the level of stages only"):
        diagram([traced("lenet5"), traced("resnet18")], level="block")


def test_the_tree_shows_stages_and_branches():
    from rich.console import Console

    console = Console(width=160, record=True, file=io.StringIO())
    console.print(tree(diagram(traced("inception_v4"), level="block").pictures[0]))
    text = console.export_text()
    assert re.search(r"4 x Inception-A\s+35x35x384\s+1\.27 M params\s+1\.55 G MACs\s+12\.7%", text)
    assert "1x1 conv, 64 → 3x3 conv, 96 → 3x3 conv, 96" in text


class GeneralizedDetectionTransform(nn.Module):
    """A block with a long name."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)

    def forward(self, x):
        return self.a(x) + self.b(x)


@pytest.mark.parametrize(("width", "said"), [(90, "params MACs %"), (72, "params MACs %"), (62, "MACs %"), (45, "MACs")])
def test_a_narrow_terminal_keeps_every_row_of_the_tree_on_a_line(width, said):
    """The name of 29 letters goes on below its row; what has no room is left out as a whole column, the parameters first."""
    from rich.console import Console

    class Detector(nn.Sequential):
        pass

    network = Detector(GeneralizedDetectionTransform(), nn.Conv2d(3, 3, 3), GeneralizedDetectionTransform())
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(tree(diagram(trace(network, torch.Size((1, 3, 64, 64)))).pictures[0], width), highlight=False)
    lines = console.export_text().splitlines()
    assert all(len(line) <= width for line in lines)
    rows = [line for line in lines if "MACs" in line and "·" not in line]
    assert [" ".join(re.findall("params|MACs|%", row)) for row in rows] == [said] * len(rows)
    assert len({row.index("MACs") for row in rows}) == 1
    assert sum(len(part) for part in re.findall("Generalized|Detection|Transform", "".join(lines))) == 2 * 29


def test_a_chain_of_boxes_is_broken_between_two_boxes():
    from rich.console import Console

    console = Console(width=60, record=True, file=io.StringIO())
    console.print(tree(diagram(traced("inception_v4"), level="block").pictures[0], 60), highlight=False)
    text = console.export_text()
    assert "(filter concat) 1x1 conv, 64 → 1x7 conv, 64\n│   │     → 7x1 conv, 64 → 3x3 conv, 96 V\n" in text
