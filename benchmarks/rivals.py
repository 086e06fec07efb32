"""A move of ours beside the same move in another library: each in a process of its own, which libraries do not share
well, with one thread, in turns, after a warm-up; the ratio is that of the medians of one run."""

import functools
import subprocess
import sys
from collections.abc import Callable, Mapping

from absl import flags

from benchmarks.timing import interleaved

SECONDS = flags.DEFINE_float("seconds", 20.0, "of timing, in turns", 0.1)
RIVAL = flags.DEFINE_string("rival", None, "what this process answers for; not for people")
WARM_UP = 5  # moves


def race(module: str, options: Mapping[str, object], rivals: Mapping[str, Callable], what: str) -> None:
    """Prints the milliseconds of a move of each rival, and how many times ours each takes.

    Args:
      module: that calls this, to be run once more for each rival.
      options: its flags, to be handed on.
      rivals: "tfgen" and others -> () -> (a function that makes a move, the number of weights that it moves).
      what: a move is of.
    """
    if RIVAL.value:
        _answer(rivals[RIVAL.value])
        return
    command = [sys.executable, "-m", module, *(f"--{name}={value}" for name, value in options.items())]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = {name: subprocess.Popen([*command, f"--rival={name}"], **pipes) for name in rivals}
    weights = {name: process.stdout.readline().strip() for name, process in processes.items()}
    if len(set(weights.values())) != 1 or "" in weights.values():
        sys.exit(f"weights of the networks: {weights}; they are to be alike (pip install torch)")

    def call(process):
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()

    calls = {name: functools.partial(call, process) for name, process in processes.items()}
    medians = {name: 1e3 * value for name, value in interleaved(calls, SECONDS.value).items()}
    print(", ".join(f"{name} {value:.1f} ms" for name, value in medians.items()), what)
    for name in list(medians)[1:]:
        print(f"{name} / tfgen: {medians[name] / medians['tfgen']:.2f}")
    for process in processes.values():
        process.stdin.close()
        process.wait()


def one_thread() -> None:
    """For our own process."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _answer(make: Callable) -> None:
    """What a process does: a move for each line that it is sent."""
    move, weights = make()
    for _ in range(WARM_UP):
        move()
    print(weights, flush=True)
    for _ in sys.stdin:
        print(move(), flush=True)
