"""What the answer of a user's own code depends on, so that it can be kept in the trace store: the files that it is made of, what
it reads while it is loaded and run, and what could take the place of one of these. No torch.

Kept is only what can be told apart later. Code that may look at the clock, at chance, at the machine or at another process, or
that writes files, is run anew every time; so is code whose files were in this process already, since they may have changed on
disk. The doubtful case is not kept: the next look takes longer, and is right.

    installed packages      by the folders that they are installed in: these change with every package that comes or goes
    own files               by their content: modules, and whatever else was opened
    folders of own files    by the names in them that could be imported: a new `math.py` would be found first
    environment variables   those that were read, by their values
"""

import ast
import os
import random
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from archscope.models import fingerprints
from archscope.models.trace_store import Need

_HARMLESS = frozenset(
    "__future__ abc argparse ast bisect collections contextlib copy dataclasses enum fractions functools heapq io itertools json "
    "keyword logging math numbers operator os pathlib pprint re string textwrap traceback types typing warnings".split()
)
"""Modules of Python's own from which code learns nothing but what it computes; what `os` and `pathlib` tell is in `_TELLING`."""

_TELLING = frozenset(
    "exists lexists isfile isdir islink ismount samefile is_file is_dir is_symlink is_mount stat lstat access "
    "home expanduser expandvars getmtime getctime getatime getsize scandir listdir walk fwalk iterdir glob rglob readlink "
    "resolve urandom getrandom getpid getppid getlogin getuid cpu_count uname times environb getenvb random default_rng "
    "RandomState initial_seed seed get_rng_state is_available device_count current_device get_device_name get_device_properties "
    "get_device_capability mem_get_info get_num_threads popen system spawnv fork parse_args modules argv _getframe".split()
)
"""Names of attributes that tell of the machine, the clock or chance."""

_OPEN_ENDED = frozenset("exec eval compile __import__ input globals hash id".split())

_STRANGE = (
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.startfile", "socket.", "urllib.",
    "ctypes.dlopen", "sqlite3.", "ftplib.", "http.", "smtplib.", "shutil.", "tempfile.", "winreg.", "webbrowser.",
)  # fmt: skip
_LISTING = ("os.listdir", "os.scandir", "os.walk", "os.fwalk", "glob.glob", "pathlib.Path.glob", "pathlib.Path.rglob")
_MOST_BYTES = 1 << 26  # of files that are worth comparing at every look


class Watch:
    """Notes what code depends on while `watching()`.

    Attributes:
        doubt: why the answer cannot be kept; "" where it can.
    """

    def __init__(self, main: str) -> None:
        """Arguments: main, the words that load the model: `net.py:Net`, `package.module:Net`."""
        self.doubt = ""
        self._files: dict[str, str] = {}  # by path, the content when it was opened first
        self._variables: set[str] = set()
        self._environment = dict(os.environ)
        self._before = dict(sys.modules)
        where = main.rpartition(":")[0]
        self._name = f"archscope_file_{Path(where).stem}" if where.endswith(".py") else where
        self._home = str((Path(where).parent if where.endswith(".py") else Path.cwd()).resolve())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listens to this process; whatever its other threads do counts as well."""
        global _watch
        if _watch is not None:
            self.doubt = "two at once"
            yield
            return
        _listen()
        with suppress(ImportError):
            import_module("numpy.random")  # or it would begin to draw unseen
        chance = _chance()
        kind = type(os.environ)
        _Variables.noted = self._variables
        _watch = self
        os.environ.__class__ = _Variables
        compiles, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing is written beside the user's files
        try:
            yield
        finally:
            sys.dont_write_bytecode = compiles
            os.environ.__class__ = kind
            _watch = None
            if _chance() != chance:
                self._doubts("it draws random numbers")

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        """Something of the process that Python reports; see `sys.addaudithook`."""
        if event == "open":
            self._opened(*args[:3])
        elif event in _LISTING:
            if sys._getframe(2).f_code.co_filename.startswith("<frozen importlib") or _installed(_text(args[0])):
                return
            self._doubts("it looks into folders")
        elif event.startswith(_STRANGE) and not (event == "ctypes.dlopen" and _installed(_text(args[0]))):
            self._doubts(f"it uses {event}")

    def _doubts(self, why: str) -> None:
        self.doubt = self.doubt or why

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return
        name = os.path.abspath(_text(path))  # noqa: PTH100  this runs at every opened file
        writes = any(sign in mode for sign in "wax+") if mode else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if name == os.devnull or "__pycache__" in name or _installed(name):
            return
        if writes or name.startswith(("/dev/", "/proc/", "/sys/")):
            self._doubts(f"it opens {name}")
        elif name not in self._files:
            self._files[name] = ""  # reading it here is heard as well
            self._files[name] = fingerprints.content(name)

    def needs(self) -> list[Need] | None:
        """What the answer depends on; None where it must not be kept."""
        own = self._own_modules()
        homes = {self._home, *map(os.path.dirname, own)}
        folders = {*homes, *(place or os.getcwd() for place in sys.path)}  # noqa: PTH109
        folders = {str(Path(folder).resolve()) for folder in folders if not _installed(folder)}
        main = sys.modules.get(self._name)
        if main is None or (main is self._before.get(self._name) and not _installed(_path(main))):
            self._doubts("its file was run before")
        tops = {name.partition(".")[0] for name, module in self._new_modules() if _path(module) in own}
        for path in own:
            tops |= self._imported(path)
        for name, module in self._before.items():
            if name.startswith("archscope_file_") or module is sys.modules["__main__"] or not _is_own(module):
                continue
            if name.partition(".")[0] in tops or os.path.dirname(_path(module)) in homes:  # noqa: PTH120
                self._doubts(f"{name} was loaded before")
        for path in own:
            self._files.setdefault(path, fingerprints.content(path))
            # Python itself takes compiled code for that of the source where the second and the size of it are the same.
            if _second(cache_from_source(path)) == _second(path) != 0:
                self._doubts(f"{path} was written and compiled in one second")
        sizes = [os.path.getsize(path) for path in self._files if os.path.isfile(path)]  # noqa: PTH113, PTH202
        if sum(sizes) > _MOST_BYTES:
            self._doubts("its files are large")
        if any(fingerprints.content(path) != was for path, was in self._files.items()):
            self._doubts("its files were changed meanwhile")
        if self.doubt:
            return None
        return [
            *(Need("file", path, was) for path, was in sorted(self._files.items())),
            *(Need("folder", folder, fingerprints.importable(folder)) for folder in sorted(folders)),
            *(Need("variable", n, fingerprints.variable(n, self._environment)) for n in sorted(self._variables)),
        ]

    def _new_modules(self) -> list[tuple[str, ModuleType]]:
        return [(name, module) for name, module in list(sys.modules.items()) if self._before.get(name) is not module]

    def _own_modules(self) -> set[str]:
        """The files of the modules that were loaded, and are neither installed nor Python's nor archscope's."""
        paths = {_path(module) for _, module in self._new_modules()} | {_path(sys.modules.get(self._name))}
        return {path for path in paths if path and not _installed(path)}

    def _imported(self, path: str) -> set[str]:
        """The first names of the modules that a file imports; whatever else stands in it may leave a doubt."""
        try:
            tree = ast.parse(Path(path).read_bytes())
        except (OSError, SyntaxError, ValueError):
            self._doubts(f"{path} is no Python source")
            return set()
        tops: set[str] = set()
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for top in {name.partition(".")[0] for name in names}:
                tops.add(top)
                if top in sys.stdlib_module_names and top not in _HARMLESS:
                    self._doubts(f"it imports {top}")
            words = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
            if isinstance(node, ast.Attribute):
                words = {node.attr}
            elif isinstance(node, ast.Name):
                words = {node.id} & _OPEN_ENDED
            telling = words & (_TELLING | _OPEN_ENDED)
            if telling:
                self._doubts(f"it uses {min(telling)}")
        return tops


def surroundings() -> list[Any]:
    """What decides which code runs at all: where modules are looked for, what is installed there, the folder that one is in."""
    return [list(sys.path), [f"{place} {fingerprints.folder(place)}" for place in _installed_folders()], os.getcwd()]  # noqa: PTH109


# -- the process ----------------------------------------------------------------------------------------------------------------

_watch: Watch | None = None
_listens = False


def _listen() -> None:
    """Asks Python to report what it does; that cannot be taken back, and costs nothing to speak of while nobody watches."""
    global _listens
    if not _listens:
        _listens = True
        sys.addaudithook(_hear)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if _watch is not None:
        _watch.heard(event, args)


class _Variables(type(os.environ)):  # type: ignore[misc]
    """The environment, which notes what is read. A key that nobody has tells of all of them."""

    noted: ClassVar[set[str]] = set()

    def __getitem__(self, key: str) -> str:
        self.noted.add(key)
        value: str = super().__getitem__(key)
        return value

    def __contains__(self, key: object) -> bool:
        self.noted.add(str(key))
        return bool(super().__contains__(key))

    def __iter__(self) -> Iterator[str]:
        if _watch is not None:
            _watch._doubts("it reads the whole environment")
        return iter(list(super().__iter__()))


def _chance() -> list[Any]:
    """The state of the random generators."""
    state: list[Any] = [random.getstate()]
    if "torch" in sys.modules:
        state.append(sys.modules["torch"].get_rng_state().tolist())
    if "numpy.random" in sys.modules:
        kind, keys, *rest = sys.modules["numpy.random"].get_state()
        state.append([kind, keys.tolist(), *rest])
    return state


def _installed_folders() -> list[str]:
    return sorted({*sysconfig.get_paths().values(), *(p for p in sys.path if p.endswith(("site-packages", "dist-packages")))})


@cache
def _roots(places: tuple[str, ...]) -> tuple[str, ...]:
    here = str(Path(__file__).parent.parent)
    folders = {*_installed_folders(), os.path.dirname(os.__file__), here}  # noqa: PTH120
    folders -= {sysconfig.get_path("data"), sysconfig.get_path("scripts")}
    return tuple(os.path.realpath(folder) + os.sep for folder in folders)


def _installed(path: str) -> bool:
    """Whether a file or folder belongs to Python, to an installed package or to archscope."""
    return (os.path.realpath(path) + os.sep).startswith(_roots(tuple(sys.path)))


def _path(module: ModuleType | None) -> str:
    path = getattr(module, "__dict__", {}).get("__file__")
    return path if isinstance(path, str) and os.path.isabs(path) else ""  # noqa: PTH117  torch.ops says "_ops.py"


def _second(path: str) -> int:
    """When a file was written; 0 where there is none."""
    try:
        return int(os.stat(path).st_mtime)  # noqa: PTH116
    except OSError:
        return 0


def _is_own(module: ModuleType | None) -> bool:
    """Whether a module comes from a file or folder of a user's own."""
    path = _path(module)
    return not all(map(_installed, [path] if path else getattr(module, "__dict__", {}).get("__path__", ())))


def _text(path: Any) -> str:
    return os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
