"""How the application runs: limits that hold for everybody who asks."""

from __future__ import annotations

from whichgpu.values import NamedTuple


class Settings(NamedTuple):
    """Limits; the defaults suit one process on two cores.

    `rate` is of answers that must be worked out, per second and client, `burst` how many at once before it
    holds; `light` and `heavy` how many are worked out at the same time, `waiting` how many may wait.
    `sweeps` of the cost model are kept, of which answers at other prices and targets are made.
    `cache` and `upload` are bytes; `seconds` and `memory` (bytes) what a bounded process may take.
    A request has `patience` s for its headers, and three times that for what is sent with them.
    """

    rate: float = 60.0
    burst: int = 120
    light: int = 2
    heavy: int = 1
    waiting: int = 64
    sweeps: int = 64
    cache: int = 48 * 2**20
    fresh: float = 300.0
    upload: int = 2 * 2**20
    seconds: int = 60
    memory: int = 3 * 2**30
    patience: float = 20.0
