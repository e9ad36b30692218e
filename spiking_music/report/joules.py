"""Energies, powers, times and shares as people read them."""

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def joules(value: float | None) -> str:
    """Write an energy in J with the prefix that suits it, to two significant digits; - for None."""
    return _prefixed(value, "J")


def watts(value: float | None) -> str:
    """Write a power in W as `joules` does."""
    return _prefixed(value, "W")


def seconds(value: float | None) -> str:
    """Write a time in s as `joules` does."""
    return _prefixed(value, "s")


def _prefixed(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if not value:
        return f"0\N{NARROW NO-BREAK SPACE}{unit}"
    scale, prefix = next(
        ((scale, prefix) for scale, prefix in _PREFIXES if value >= scale * 0.9995), _PREFIXES[-1]
    )
    scaled = value / scale
    return f"{scaled:.{0 if scaled >= 9.95 else 1}f}\N{NARROW NO-BREAK SPACE}{prefix}{unit}"


def percent(share: float) -> str:
    """Write a share of one in per cent, to two significant digits; from 99 % on to three."""
    digits = 2 if share < 0.99 else 3
    return f"{100 * share:.{digits}g}\N{NARROW NO-BREAK SPACE}%"
