"""Time series [T, D] of real values, with or without actions [T, A]: a simulated pendulum, or arrays of a .npz file."""

import pathlib
import zipfile

import numpy as np

LENGTH, COUNT = 64, 3000
STEP, DAMPING, NOISE = 0.1, 0.1, 0.02


def pendulum_step(angle, velocity, torque, random) -> tuple[np.ndarray, np.ndarray]:
    """0.1 s of theta'' = -sin(theta) - 0.1 theta' + torque, and noise of 0.02 rad/s on the velocity."""
    velocity = velocity + STEP * (torque - np.sin(angle) - DAMPING * velocity) + NOISE * random.normal(size=angle.shape)
    return angle + STEP * velocity, velocity


def pendulum() -> dict[str, np.ndarray]:
    """{"series": float32 [3000, 64, 3] of cos(angle), sin(angle) and velocity, "action": float32 [3000, 64, 1] of
    torque}; the action of a time bears on the next. Always the same."""
    random = np.random.default_rng(0)
    angle, velocity = random.uniform(-np.pi, np.pi, COUNT), random.normal(size=COUNT)
    # A torque holds for eight steps.
    action = np.repeat(random.uniform(-1.0, 1.0, (COUNT, LENGTH // 8)), 8, axis=1)
    states = []
    for t in range(LENGTH):
        states.append(np.stack([np.cos(angle), np.sin(angle), velocity], axis=-1))
        angle, velocity = pendulum_step(angle, velocity, action[:, t], random)
    return {"series": np.stack(states, axis=1).astype(np.float32), "action": action[..., None].astype(np.float32)}


def read(path: str) -> dict[str, np.ndarray]:
    """{"series": float32 [N, T, D]} and, if it is there, {"action": float32 [N, T, A]} of a .npz file.

    Raises:
      ValueError: naming what is missing, misshapen, not real or not finite.
    """
    if not pathlib.Path(path).is_file():
        raise ValueError(f"dataset='series:{path}': there is no such file")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"dataset='series:{path}': this is no .npz file; numpy.savez(path, series=...) writes one")
    with np.load(path) as file:
        kinds = {name: file[name].dtype for name in ("series", "action") if name in file.files}
        for name, dtype in kinds.items():
            if dtype.kind not in "fiub":
                raise ValueError(
                    f"dataset='series:{path}': {name!r} is {dtype.name}, but must be of real numbers"
                    + ("; real and imaginary parts may be two of its D" if dtype.kind == "c" else "")
                )
        arrays = {name: file[name].astype(np.float32) for name in kinds}
    if "series" not in arrays or arrays["series"].ndim != 3:
        raise ValueError(f"dataset='series:{path}': needs an array 'series' of shape [N, T, D]")
    if "action" in arrays and (arrays["action"].ndim != 3 or arrays["action"].shape[:2] != arrays["series"].shape[:2]):
        raise ValueError(
            f"dataset='series:{path}': 'action' has shape {arrays['action'].shape}, but must begin like that of "
            f"'series', {arrays['series'].shape[:2]}"
        )
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"dataset='series:{path}': {name!r} has NaN or Inf in it")
    return arrays
