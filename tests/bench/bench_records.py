"""Records of benchmarks that nobody ran."""

from archscope.bench.results.records import Ceiling, Environment, Plan, Session, Settings, Timing

HERE = Environment(
    device="cpu",
    cpu="Some CPU",
    cores=4,
    logical_cores=8,
    usable_cores=8,
    memory=2**34,
    threads=4,
    system="Linux",
    python="CPython 3.12",
    torch="2.9.0",
    archscope="0.1.0",
    build={"oneDNN": "yes"},
    math={"TF32 matmul": "off"},
    variables={},
    date="2025-01-01T00:00:00+00:00",
)
ROOF = Ceiling("float32", 0, flop_rate=1e12, byte_rate=1e11, side=2048, copied=2**28)


def steady(seconds, count=100):
    """A sample with the median `seconds` whose middle half is 2% wide."""
    return tuple((seconds * (1 + 0.02 * ((7 * n) % count / count - 0.5) * 2),) for n in range(count))


def timing(model="net", rounds=None, digest="1", batch=1, **fields):
    return Timing(
        model=model, digest=digest, settings=Settings(batch=batch), rounds=steady(0.01) if rounds is None else rounds, **fields
    )


def session(*timings, environment=HERE, **fields):
    return Session(
        environment=environment,
        plan=fields.pop("plan", Plan()),
        timings=timings,
        ceilings=fields.pop("ceilings", (ROOF,)),
        **fields,
    )
