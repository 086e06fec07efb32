"""Timing on a noisy machine: warm up, take turns, quote medians."""

import statistics
import time
from collections.abc import Callable


def interleaved(functions: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Median seconds of a call of each function, all timed in turns for about `seconds` altogether (3 rounds at least).

    A function must return only when its work is done.
    """
    for function in functions.values():
        function()
    times: dict[str, list[float]] = {name: [] for name in functions}
    began = time.perf_counter()
    while time.perf_counter() - began < seconds or len(next(iter(times.values()))) < 3:
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}
