"""A Ray cluster: its scheduler hands out the work, and gives it to another node where one dies.

Each Ray worker keeps a lane, the same as the processes of one machine do, so that a network gets the same verdict on both. One's
own files and archscope itself travel with the job (Ray's runtime environment); torch and the libraries of models have to be
installed on every node.
"""

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import archscope
from archscope.errors import ArchscopeError
from archscope.models.source import optional
from archscope.models.words import is_file
from archscope.sweep.engines.pace import Pace
from archscope.sweep.engines.processes import Found, usable_cores
from archscope.sweep.examine import Values
from archscope.sweep.lane import Lane
from archscope.sweep.own_files import needed
from archscope.sweep.specification import Limits, Spec

_TRIES = 5  # of one piece of work, when worker after worker dies under it
_STORE = 100 * 2**20  # bytes of a local cluster's object store: rows are small
_LANE: Lane | None = None


def on_ray(
    metrics: Sequence[str],
    limits: Limits,
    address: str | None = None,
    processes: int | None = None,
    preload: Sequence[str] = (),
    names: Sequence[str] = (),
) -> Callable[[Iterator[Spec]], Iterator[Found]]:
    """The engine of a cluster.

    Arguments:
        metrics, limits, preload: as for the processes of one machine.
        address: of the cluster ("auto", "10.0.0.1:6379", "ray://10.0.0.1:10001"); one on this machine if not given.
        processes: of the cluster on this machine; as many as there are cores if not given.
        names: of the models, for the files that they need.

    Raises `ArchscopeError` where Ray is not installed or the cluster is not there.
    """
    ray = optional("ray", "archscope[ray]")

    def engine(specs: Iterator[Spec]) -> Iterator[Found]:
        with tempfile.TemporaryDirectory(prefix="archscope-") as folder:
            places = _packed(names, Path(folder))
            _join(ray, address, processes, folder)
            try:
                yield from _worked(ray, specs, places, metrics, limits, preload)
            finally:
                ray.shutdown()

    return engine


def _join(ray: Any, address: str | None, processes: int | None, folder: str) -> None:
    local = (
        {} if address else {"num_cpus": processes or usable_cores(), "object_store_memory": _STORE, "include_dashboard": False}
    )
    package = Path(archscope.__file__).parent
    _answers(address)
    try:
        ray.init(
            address=address, logging_level="ERROR", log_to_driver=False,
            runtime_env={"working_dir": folder, "py_modules": [str(package)], "excludes": ["__pycache__"]}, **local,
        )  # fmt: skip
    except (ConnectionError, ValueError, RuntimeError) as error:
        lines = str(error).splitlines()
        raise ArchscopeError(
            f"no Ray cluster at {address or 'this machine'}: {lines[0] if lines else ''}", "ray status"
        ) from None


def _answers(address: str | None) -> None:
    """Raises `ArchscopeError` where nobody listens at host:port; Ray itself would go on asking for minutes."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ArchscopeError(f"no Ray cluster at {address}: {reason.lower()}", "ray status") from None


def _worked(
    ray: Any, specs: Iterator[Spec], places: dict[str, str], metrics: Sequence[str], limits: Limits, preload: Sequence[str]
) -> Iterator[Found]:
    task = ray.remote(num_cpus=1, max_retries=_TRIES)(_examine)
    pace = Pace()
    pending: dict[Any, list[Spec]] = {}
    while True:
        # Two pieces per processor keep them busy; more would only wait in the driver's memory.
        room = 2 * int(ray.cluster_resources().get("CPU", 1)) + 2
        while len(pending) < room and (chunk := pace.chunk(specs)):
            moved = [_moved(spec, places) for spec in chunk]
            pending[task.remote(moved, tuple(metrics), limits, tuple(preload))] = chunk
        if not pending:
            return
        done, _ = ray.wait(list(pending), num_returns=1, timeout=5)
        for ref in done:
            chunk = pending.pop(ref)
            try:
                values, seconds = ray.get(ref)
            except ray.exceptions.RayTaskError as error:
                raise (error.cause if isinstance(error.cause, ArchscopeError) else error) from None
            except ray.exceptions.RayError as error:
                lines = str(error).strip().splitlines()
                raise ArchscopeError(
                    f"the cluster lost {chunk[0].name} {_TRIES + 1} times: {lines[0] if lines else type(error).__name__}",
                    "the rows so far are kept: say the same command again",
                ) from None
            pace.note(len(chunk), seconds)
            yield [(spec, _told(found, spec, places)) for spec, found in zip(chunk, values, strict=True)]


def _examine(specs: Sequence[Spec], metrics: Sequence[str], limits: Limits, preload: Sequence[str]) -> tuple[list[Values], float]:
    """Runs in a Ray worker, which keeps its lane from one piece of work to the next."""
    global _LANE
    if _LANE is None:
        _LANE = Lane(metrics, limits, preload)
    begin = time.monotonic()
    return _LANE.examine(specs), time.monotonic() - begin


# -- one's own files -------------------------------------------------------------------------------------------------------------


def _packed(names: Sequence[str], folder: Path) -> dict[str, str]:
    """Copies the files that the models need; where those are that do not lie at the same relative path there.

    What is below the working directory keeps its path, so that the same words find it; the rest gets a folder of its own.
    """
    here, places, roots = Path.cwd(), dict[str, str](), dict[Path, Path]()
    for path, root in needed(names).items():
        inside = path.resolve().is_relative_to(here.resolve())
        base = here.resolve() if inside else root.resolve()
        goal = Path() if inside else roots.setdefault(base, Path(f"elsewhere-{len(roots)}"))
        target = goal / path.resolve().relative_to(base)
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / target)
        if str(path) != str(target):
            places[str(path)] = str(target)
    for name in names:
        if is_file(name) and Path(name).is_file():
            places[name] = f"graph-{len(places)}{Path(name).suffix}"
            shutil.copyfile(name, folder / places[name])
    return places


def _moved(spec: Spec, places: dict[str, str]) -> Spec:
    """The spec in the words of a node."""
    where, colon, attribute = spec.name.rpartition(":")
    name = places.get(spec.name) or (f"{places[where]}{colon}{attribute}" if where in places else spec.name)
    return replace(spec, name=name, home=places.get(spec.home, spec.home)) if name != spec.name or spec.home in places else spec


def _told(found: Values, spec: Spec, places: dict[str, str]) -> Values:
    """What a node says, in the words of the command."""
    failure, moved = found.get("failure"), _moved(spec, places)
    if not isinstance(failure, str) or moved is spec:
        return found
    for theirs, ours in ((moved.name, spec.name), (moved.name.rpartition(":")[0], spec.name.rpartition(":")[0])):
        failure = failure.replace(theirs, ours) if theirs else failure
    return found | {"failure": failure}
