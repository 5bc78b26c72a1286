"""`archscope open`."""

import os
import sys
import tempfile
import webbrowser
from pathlib import Path

from archscope.cli import options
from archscope.cli.output import write
from archscope.cli.report import Baseline, Bench, asked
from archscope.printable import file_stem


def open_(models: options.Models, baseline: Baseline = None, bench: Bench = None, *, forward: options.Forward) -> None:
    """Look at a model in the browser: the report page, made in the cache. Its path is printed.

    archscope open timm:convnext_tiny
    """  # fmt: skip
    from archscope.report.page import page
    from archscope.report.page_data import page_data

    subjects, request, error = asked(models, baseline, bench, forward, "")
    path = (_folder() / f"{file_stem('-'.join(subject.name for subject in subjects))[:80]}.html").absolute()
    write(path, page(page_data(subjects, request)), "name another folder: ARCHSCOPE_STORE=FOLDER")
    sys.stdout.flush()
    if not _shown(path.as_uri()):
        sys.stderr.write("no browser was found: open the file above in one\n")
    if error is not None:
        raise error


def _folder() -> Path:
    """Where pages are kept: beside the trace store; where that is switched off, in the system's folder for what may go."""
    from archscope.models import trace_store

    store = trace_store.folder()
    return (Path(tempfile.gettempdir()) / "archscope" if store is None else store) / "pages"


def _shown(address: str) -> bool:
    """Opens a browser; a text browser would take the terminal, so that without a screen there is none."""
    screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    try:
        return screen and webbrowser.open(address)
    except webbrowser.Error:
        return False
