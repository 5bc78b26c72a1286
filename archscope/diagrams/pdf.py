"""Scene -> PDF: one page of the picture's size, lines as lines and text as text in Helvetica, one of the fonts that every PDF
reader has.

References: ISO 32000-1:2008, sections 7.5 (file structure), 8.5 (paths), 9.4 (text), 9.6.2.2 (standard fonts), D.2 (WinAnsi
encoding).
"""

import zlib

from archscope.diagrams import text_width as fonts
from archscope.diagrams.scene import Scene, Segment, Shape, Text, one_line

_SPELLED = str.maketrans({"≥": ">=", "≤": "<=", "−": "-", "→": "->"})


def pdf(scene: Scene) -> bytes:
    """The scene as a document of one page."""
    drawing = [_background(scene), *(_item(item, scene.height) for element in scene.elements for item in element.items)]
    content = zlib.compress("\n".join(filter(None, drawing)).encode("latin-1"), 9)
    size = f"[0 0 {_n(scene.width)} {_n(scene.height)}]"
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    fonts_used = "<< /Font << /F1 4 0 R /F2 5 0 R >> >>"
    title = "feff" + scene.title.encode("utf-16-be", "replace").hex()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {size} /Contents 6 0 R /Resources {fonts_used} >>".encode(),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
        f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode() + content + b"\nendstream",
        f"<< /Title <{title}> /Producer (archscope) >>".encode(),
    ]
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def _background(scene: Scene) -> str:
    return f"{_color(scene.background)} rg 0 0 {_n(scene.width)} {_n(scene.height)} re f" if scene.background else ""


def _item(item: Shape | Text, height: float) -> str:
    if isinstance(item, Text):
        return _shown(item, height)
    path = " ".join(_segment(segment, height) for segment in item.path)
    paint = {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}[bool(item.fill), bool(item.stroke)]
    colors = [f"{_color(item.fill)} rg"] if item.fill else []
    if item.stroke:
        colors += [f"{_color(item.stroke)} RG {_n(item.width)} w {'[4 3] 0 d' if item.dashed else '[] 0 d'}"]
    return " ".join([*colors, path, paint])


def _shown(item: Text, height: float) -> str:
    text = one_line(item.text).translate(_SPELLED)
    start = item.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[item.anchor] * fonts.width(text, item.size, item.bold)
    raw = text.encode("cp1252", "replace").decode("latin-1")
    escaped = raw.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    font = f"/F{2 if item.bold else 1} {_n(item.size)} Tf"
    return f"BT {_color(item.color)} rg {font} {_n(start)} {_n(height - item.y)} Td ({escaped}) Tj ET"


def _segment(segment: Segment, height: float) -> str:
    numbers = [float(v) for v in segment[1:]]
    flipped = [height - v if n % 2 else v for n, v in enumerate(numbers)]
    return " ".join([*map(_n, flipped), {"M": "m", "L": "l", "C": "c", "Z": "h"}[str(segment[0])]])


def _color(color: str) -> str:
    return " ".join(_n(int(color[n : n + 2], 16) / 255) for n in (1, 3, 5))


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) >= 0.0005 else "0"
