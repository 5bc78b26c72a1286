"""What sets the environments of two benchmarks apart. No torch."""

from archscope.bench.results.records import Environment

_NOT_COMPARED = {"date", "clocks", "threads"}


def differences(a: Environment, b: Environment) -> list[str]:
    """What sets two environments apart, one phrase each: "torch 2.13.0 and 2.14.1".

    Date and momentary clock rates do not count.
    """
    found = []
    for field in Environment.__struct_fields__:
        here, there = getattr(a, field), getattr(b, field)
        if field in _NOT_COMPARED or here == there:
            continue
        if isinstance(here, dict):
            keys = [key for key in sorted({*here, *there}) if here.get(key) != there.get(key)]
            found += [f"{key} {here.get(key) or 'unset'} and {there.get(key) or 'unset'}" for key in keys]
        else:
            found.append(f"{field.replace('_', ' ')} {here or 'unknown'} and {there or 'unknown'}")
    return found
