"""What a benchmark leaves: plain records in base units (seconds, bytes, operations), raw times included. No torch.

Bench ── sessions   one run of the command on one machine each
           ├─ environment   the machine and the software
           ├─ ceilings      what the device can do at best: a matrix product and a large copy
           └─ timings       one model at one setting each: the raw times by round, memory, layers
"""

from collections.abc import Sequence

import msgspec

from archscope.units import shape

SCHEMA_VERSION = 1


class Settings(msgspec.Struct, frozen=True):
    """What is varied between two timings of one model.

    Attributes:
        batch: examples per forward.
        dtype: of weights and inputs; "autocast" leaves them float32 and lets torch choose per operator.
        threads: of torch on the CPU; 0 for torch's own choice.
        channels_last: memory layout of weights and inputs.
        compiled: through torch.compile.
        train: forward, backward and an SGD step instead of a forward.
        inputs: shapes without the batch; empty for the model's own.
    """

    batch: int = 1
    dtype: str = "float32"
    threads: int = 0
    channels_last: bool = False
    compiled: bool = False
    train: bool = False
    inputs: tuple[tuple[int, ...], ...] = ()

    def words(self) -> str:
        """The settings in one line, those that are not usual at the end."""
        extra = [
            word for word, on in (("channels-last", self.channels_last), ("compiled", self.compiled), ("train", self.train)) if on
        ]
        extra += [" and ".join(map(shape, self.inputs))] if self.inputs else []
        extra += [f"{self.threads} thread{'s' if self.threads > 1 else ''}"] if self.threads else []
        return ", ".join([f"batch {self.batch}", self.dtype, *extra])


class Plan(msgspec.Struct, frozen=True):
    """How long to measure.

    Attributes:
        min_time: seconds of timed runs per timing, at least.
        max_time: seconds after which a timing ends, precise or not.
        precision: wanted half-width of the median's 95% interval, as a share of the median.
        runs: exactly so many timed runs instead; None lets time and precision decide.
        min_rounds: rounds that there must be for a spread to exist.
        block: seconds of one model before the next has its turn; a slower model has one run.
        warmup_time: seconds of warm-up, at most.
        agreement: the warm-up ends when its last three blocks agree to this share.
    """

    min_time: float = 2.0
    max_time: float = 10.0
    precision: float = 0.01
    runs: int | None = None
    min_rounds: int = 5
    block: float = 0.02
    warmup_time: float = 3.0
    agreement: float = 0.05


class Memory(msgspec.Struct, frozen=True):
    """Bytes during one run.

    Attributes:
        peak: most bytes of tensors alive at once: parameters, buffers, inputs, activations. On a GPU with the workspaces of its
            kernels, which its allocator hands out in the same way.
        allocated: the same with the scratch memory inside kernels: the allocator's peak; None where they cannot be told apart.
        predicted: the peak of live tensors that the Graph foretells; None for training.
    """

    peak: int | None = None
    allocated: int | None = None
    predicted: int | None = None


class CallTime(msgspec.Struct, frozen=True, array_like=True):
    """Time in one run of one module; ids, paths and types are those of the Graph's calls.

    Attributes:
        total: median seconds from its begin to its end.
        own: the same without the modules inside it; `spread` is its interquartile range.
        macs, flops, bytes: of the operators that it ran itself; `convolved`: FLOPs of those that are convolutions.
    """

    id: int
    parent: int | None
    path: str
    type: str
    total: float
    own: float
    spread: float
    macs: int
    flops: int
    bytes: int
    convolved: int = 0


class LayerTimes(msgspec.Struct, frozen=True):
    """Where the time goes, and what looking at it cost.

    Attributes:
        calls: every run of a module, in the order in which they begin.
        plain: median seconds of a run without instrumentation, measured in turn with the instrumented ones.
        instrumented: median seconds of a run with it.
        runs: instrumented runs.
    """

    calls: tuple[CallTime, ...]
    plain: float
    instrumented: float
    runs: int

    def by_path(self) -> dict[str, float]:
        """Seconds by module path, of all runs of that module and everything inside it."""
        sums: dict[str, float] = {}
        for call in self.calls:
            sums[call.path] = sums.get(call.path, 0.0) + call.total
        return sums


class Timing(msgspec.Struct, frozen=True):
    """One model at one setting.

    Attributes:
        model: its name.
        digest: of its parameters and modules: two models of one name are told apart by it.
        settings: what it ran with.
        group: timings with the same number ran in turn, round by round, and can be compared pair by pair.
        rounds: seconds of every timed run, by round.
        warmup: runs before the first timed one.
        steady: whether the warm-up ended because its last blocks agreed.
        first_run: seconds of the first run of all, with everything that is set up then.
        queueing: seconds that the processor takes to queue one run on an idle GPU; None on the CPU.
        shapes: of the inputs, without the batch.
        params: learnable numbers.
        flops: floating-point operations of a forward at this batch; None for training.
        convolutions: share of `flops` that is in convolutions.
        uncounted: operators without a cost formula: above 0, `flops` is a lower bound.
        bytes_moved: bytes that its operators read and write; None for training.
        failure: why there are no times, or fewer.
    """

    model: str
    digest: str
    settings: Settings
    group: int = 0
    rounds: tuple[tuple[float, ...], ...] = ()
    warmup: int = 0
    steady: bool = True
    first_run: float | None = None
    queueing: float | None = None
    shapes: tuple[tuple[int, ...], ...] = ()
    params: int = 0
    flops: int | None = None
    convolutions: float = 0.0
    uncounted: int = 0
    bytes_moved: int | None = None
    memory: Memory = Memory()
    layers: LayerTimes | None = None
    failure: str = ""

    @property
    def times(self) -> list[float]:
        """Seconds of every timed run, in order."""
        return [seconds for block in self.rounds for seconds in block]


class Ceiling(msgspec.Struct, frozen=True):
    """What the device reached in the same session: the two roofs of the roofline model (Williams, Waterman and Patterson 2009).

    Attributes:
        dtype, threads: that it was measured with.
        flop_rate: FLOP/s of a square matrix product.
        byte_rate: bytes read and written per second by a copy much larger than the caches.
        side: rows of the matrices.
        copied: bytes of the copy's source.
        change: FLOP/s at the end of the session over those at its begin, less 1; the rates above are the better of both.
        precision: what convolutions compute in, if not in `dtype` as matrix products do: "TF32".
        convolution_rate: FLOP/s of the same matrix product in that precision; None where there is none.
    """

    dtype: str
    threads: int
    flop_rate: float
    byte_rate: float
    side: int
    copied: int
    change: float = 0.0
    precision: str = ""
    convolution_rate: float | None = None

    def rate(self, convolutions: float) -> float:
        """FLOP/s of work of which the share `convolutions` is in convolutions."""
        return 1 / (convolutions / (self.convolution_rate or self.flop_rate) + (1 - convolutions) / self.flop_rate)


class Environment(msgspec.Struct, frozen=True):
    """The machine and the software.

    Attributes:
        device: "cpu", "cuda:0", "mps"; `device_name` says which.
        cores, logical_cores: physical and logical processors; usable_cores: those that this process may use.
        memory: bytes of main memory.
        gpu, gpu_memory, driver, clocks: None or "" where there is none or it cannot be read.
        build: what torch was built with: CUDA, cuDNN, oneDNN, instruction set.
        math: settings that trade precision for speed: TF32, float32 matmul precision, cuDNN autotuning.
        variables: environment variables that steer threads and kernels.
        date: UTC, ISO 8601.
    """

    device: str
    cpu: str
    cores: int | None
    logical_cores: int
    usable_cores: int
    memory: int | None
    threads: int
    system: str
    python: str
    torch: str
    archscope: str
    build: dict[str, str]
    math: dict[str, str]
    variables: dict[str, str]
    date: str
    gpu: str = ""
    gpu_memory: int | None = None
    driver: str = ""
    clocks: str = ""


class Strain(msgspec.Struct, frozen=True):
    """What else happened to the machine while it measured.

    Attributes:
        load_before: processes that wanted a core, over the last minute before; None where the system does not say.
        swapped: pages moved between memory and disk meanwhile.
        throttled: times that a core was slowed down for its heat, meanwhile.
        clock_before, clock_after: MHz of the first core.
    """

    load_before: float | None = None
    swapped: int | None = None
    throttled: int | None = None
    clock_before: float | None = None
    clock_after: float | None = None


class Session(msgspec.Struct, frozen=True):
    """One run of the benchmark.

    Attributes:
        overhead: median seconds that an empty run reads: what the harness adds to each time.
        baseline: name of the model that ratios refer to.
        interrupted: whether it was stopped before the end.
    """

    environment: Environment
    plan: Plan
    timings: tuple[Timing, ...]
    ceilings: tuple[Ceiling, ...] = ()
    strain: Strain = Strain()
    overhead: float | None = None
    baseline: str = ""
    interrupted: bool = False

    def ceiling(self, settings: Settings) -> Ceiling | None:
        """The roofs for one setting."""
        key = (settings.dtype, settings.threads)
        return next((c for c in self.ceilings if (c.dtype, c.threads) == key), None)

    def base(self, timing: Timing) -> Timing | None:
        """What `timing` is compared with: the baseline model of its group, else the group's first timing."""
        group = [t for t in self.timings if t.group == timing.group]
        return next((t for t in group if t.model == self.baseline), group[0] if group else None)


class Bench(msgspec.Struct, frozen=True):
    """One session or several, of one machine or several."""

    sessions: tuple[Session, ...]
    kind: str = "archscope bench"
    schema_version: int = SCHEMA_VERSION

    @property
    def timings(self) -> Sequence[tuple[Session, Timing]]:
        """Every timing with its session."""
        return [(session, timing) for session in self.sessions for timing in session.timings]
