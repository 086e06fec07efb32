"""Planning in a simulator that was learned: the cross-entropy method swings up a pendulum by what the model foresees.

Chua et al. 2018, "Deep Reinforcement Learning in a Handful of Trials using Probabilistic Dynamics Models",
https://arxiv.org/abs/1805.12114, section 5; Rubinstein 1999, "The Cross-Entropy Method".
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfgen.data import series
from tfgen.ops import seeds
from tfgen.studies import figures

STARTS, STEPS = 20, 120  # episodes, and their length: 12 s
HOLD, HORIZON = 4, 8  # a torque holds for so many steps; torques that are looked ahead
ITERATIONS, POPULATION, ELITES = 4, 100, 10
REMEMBERED = 8  # steps of the past that the model is shown


def cross_entropy(rewards: Callable, count: int, random: np.random.Generator) -> np.ndarray:
    """Plans [count, HORIZON] in [-1, 1] of high reward: draws of a normal, of whose best the next is fitted.

    Args:
      rewards: plans [count, POPULATION, HORIZON] -> [count, POPULATION].
    """
    mean, stddev = np.zeros([count, HORIZON]), np.full([count, HORIZON], 0.8)
    for _ in range(ITERATIONS):
        noise = random.normal(size=[count, POPULATION, HORIZON])
        plans = np.clip(mean[:, None] + stddev[:, None] * noise, -1.0, 1.0)
        best = np.argsort(-rewards(plans), axis=1)[:, :ELITES]
        elite = np.take_along_axis(plans, best[..., None], axis=1)
        mean, stddev = elite.mean(axis=1), elite.std(axis=1) + 0.05
    return mean


def height(states: np.ndarray) -> np.ndarray:
    """The reward of states [..., 3]: -cos(angle), 1 upright and -1 hanging."""
    return -states[..., 0]


def torques(plans: np.ndarray) -> np.ndarray:
    """Plans [..., HORIZON] as torques of every step."""
    return np.repeat(plans, HOLD, axis=-1)


def foreseen_truly(angle: np.ndarray, velocity: np.ndarray, random) -> Callable:
    """The rewards of plans in the true simulator, from states [count]."""

    def rewards(plans):
        a, v = (np.repeat(x[:, None], POPULATION, axis=1) for x in (angle, velocity))
        total = 0.0
        for torque in np.moveaxis(torques(plans), -1, 0):
            a, v = series.pendulum_step(a, v, torque, random)
            total = total - np.cos(a)
        return total

    return rewards


def foreseen_by(simulate: Callable, states: np.ndarray, past: np.ndarray, seed: int) -> Callable:
    """The rewards of plans as a model foresees them.

    Args:
      simulate: (prefix [N, P, 3], seed, action [N, P + steps, 1]) -> what comes after, [N, steps, 3].
      states, past: what was, [count, P, 3], and the torques [count, P - 1].
    """
    count, known = states.shape[:2]

    def rewards(plans):
        ahead = torques(plans)
        action = np.concatenate([np.repeat(past[:, None], POPULATION, axis=1), ahead, ahead[..., -1:]], axis=-1)
        action = action.reshape([count * POPULATION, -1, 1]).astype(np.float32)
        prefix = np.repeat(states, POPULATION, axis=0).astype(np.float32)
        made = simulate(prefix, seeds.seed_rows(len(prefix), seed), action[:, : known + ahead.shape[-1]])
        return height(made.numpy()).sum(axis=1).reshape([count, POPULATION])

    return rewards


def episodes(policy: Callable, random: np.random.Generator) -> np.ndarray:
    """STARTS pendulums that hang, more or less, under a policy: states [STARTS, STEPS, 3].

    Args:
      policy: (angle, velocity, states, torques so far) -> torques [STARTS] for the next HOLD steps.
    """
    angle, velocity = random.uniform(-0.5, 0.5, STARTS), random.normal(0.0, 0.2, STARTS)
    states, done = [], []
    for t in range(STEPS):
        states.append(np.stack([np.cos(angle), np.sin(angle), velocity], axis=-1))
        if t % HOLD == 0:
            torque = policy(angle, velocity, np.stack(states, axis=1), np.array(done).T.reshape([STARTS, -1]))
        done.append(torque)
        angle, velocity = series.pendulum_step(angle, velocity, torque, random)
    return np.stack(states, axis=1)


def study(model, data, settings):
    length = REMEMBERED + HORIZON * HOLD

    @tf.function(autograph=False, reduce_retracing=True)
    def simulate(prefix, seed, action):
        return model.simulate(prefix, length - REMEMBERED, seed, action)

    def learned(angle, velocity, states, done):
        random = np.random.default_rng(len(done[0]) + settings.seed)
        known = states[:, -REMEMBERED:]
        past = done[:, done.shape[1] - known.shape[1] + 1 :]
        if short := REMEMBERED - known.shape[1]:  # at the start: as if it had stood still
            known = np.concatenate([np.repeat(known[:, :1], short, axis=1), known], axis=1)
            past = np.concatenate([np.zeros([STARTS, short]), past], axis=1)
        return cross_entropy(foreseen_by(simulate, known, past, settings.seed), STARTS, random)[:, 0]

    def true(angle, velocity, states, done):
        random = np.random.default_rng(len(done[0]) + settings.seed)
        return cross_entropy(foreseen_truly(angle, velocity, random), STARTS, random)[:, 0]

    def chance(angle, velocity, states, done):
        return np.random.default_rng([len(done[0]), settings.seed]).uniform(-1.0, 1.0, STARTS)

    policies = {"the true simulator": true, "the model": learned, "random torques": chance}
    made = {}
    with settings.in_sight("policies", len(policies)) as advance:
        for name, policy in policies.items():
            made[name] = episodes(policy, np.random.default_rng(settings.seed))
            advance(1)
    rewards = {name: height(states).mean(axis=1) for name, states in made.items()}
    numbers = {
        "episodes": STARTS,
        "steps": STEPS,
        "mean_reward": {name: round(float(values.mean()), 4) for name, values in rewards.items()},
        "mean_reward_standard_error": {
            name: round(float(values.std(ddof=1) / np.sqrt(STARTS)), 4) for name, values in rewards.items()
        },
        "upright_at_the_end": {
            name: float((height(states)[:, -20:] > 0.9).all(axis=1).mean()) for name, states in made.items()
        },
        "protocol": f"the mean of -cos(angle) over an episode from near rest; a torque in [-1, 1] holds for {HOLD} "
        f"steps of 0.1 s; the cross-entropy method plans {HORIZON} ahead, {ITERATIONS} times {POPULATION} plans, "
        "and is asked again after each; what is planned in one simulator is done in the true one",
    }
    figure = figures.figure(10.5, 3.6, f"Planning by {type(model).__name__}, trained on {data.name}")
    for axes, (name, states) in zip(figure.subplots(1, len(made), sharey=True), made.items(), strict=True):
        axes.plot(np.arange(STEPS) * series.STEP, height(states).T, color=figures.COLORS[0], alpha=0.35, lw=1)
        axes.set(title=f"{name}: mean reward {rewards[name].mean():.2f}", xlabel="seconds", ylim=(-1.05, 1.05))
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("height (1: upright)")
    return figure, numbers
