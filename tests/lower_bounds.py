"""The oldest version of every library that pyproject.toml allows, as constraints for pip: `python tests/lower_bounds.py`.

Nothing here is kept by hand: `make test-oldest` installs what this prints. A requirement without a lower bound is an error, since
nobody could say what of it is tested.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w,.-]*\])?\s*(?:>=|==)\s*([\w.]+)\s*(;.*)?")


def constraints(project: dict, extras: tuple[str, ...]) -> list[str]:
    """Lines such as `torch==2.6`, for the dependencies and these extras, and the extras that these name in turn.

    Raises `ValueError` for a requirement that names no lower bound.
    """
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    lines = []
    for requirement in wanted:
        own = re.fullmatch(rf"{project['name']}\[([\w,]+)\]", requirement)
        found = _REQUIREMENT.fullmatch(requirement)
        if own:
            lines += constraints({**project, "dependencies": []}, tuple(own[1].split(",")))
        elif found:
            lines.append(f"{found[1]}=={found[2]}{found[3] or ''}")
        else:
            raise ValueError(f"{requirement} has no lower bound that could be tested")
    return list(dict.fromkeys(lines))


if __name__ == "__main__":
    sys.stdout.write("\n".join(constraints(tomllib.loads(PYPROJECT.read_text())["project"], ("test",))) + "\n")
