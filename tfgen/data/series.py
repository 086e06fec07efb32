"""Time series [T, D] of real values, with or without actions [T, A]: a simulated pendulum, or arrays of a .npz file."""

import numpy as np

from tfgen.data import arrays

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


def read(dataset: str) -> dict[str, np.ndarray]:
    """{"series": float32 [N, T, D]} and, if it is there, {"action": float32 [N, T, A]} of "series:FILE.npz".

    Raises:
      ValueError: naming what is missing, misshapen, not real or not finite.
    """
    found = arrays.read(dataset, ("series", "action"))
    if "series" not in found or found["series"].ndim != 3:
        raise ValueError(f"dataset={dataset!r}: needs an array 'series' of shape [N, T, D]")
    if "action" in found and (found["action"].ndim != 3 or found["action"].shape[:2] != found["series"].shape[:2]):
        raise ValueError(
            f"dataset={dataset!r}: 'action' has shape {found['action'].shape}, but must begin like that of "
            f"'series', {found['series'].shape[:2]}"
        )
    return found
