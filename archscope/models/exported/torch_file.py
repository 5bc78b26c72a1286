"""A file of torch.export -> Graph: which of the archive's members is the program."""

from pathlib import Path

import msgspec

from archscope.errors import first_line
from archscope.graph import Graph
from archscope.models.exported.archive import Archive
from archscope.models.exported.torch_graph import graph_of
from archscope.models.exported.torch_program import Program
from archscope.models.graph_file import Asked

_OLD = "serialized_exported_program.json"


def read(path: Path, asked: Asked) -> Graph:
    """The Graph of the program; sizes that it leaves open are those asked for, or those of its example."""
    archive = Archive(path, "a program of torch.export")
    programs = [name for name in archive.names if name.startswith("models/") and name.endswith(".json")]
    programs += [name for name in archive.names if name == _OLD]
    if not programs:
        raise archive.wrong(f"there is no {'models/model.json' if 'version' not in archive.names else _OLD} in it")
    if len(programs) > 1 and "models/model.json" not in programs:
        raise archive.wrong(f"it holds {len(programs)} programs, none called model")
    name = "models/model.json" if "models/model.json" in programs else programs[0]
    try:
        program = msgspec.json.decode(archive.text(name), type=Program)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise archive.wrong(f"{name}: {first_line(error)}") from None
    return graph_of(program, path, asked)
