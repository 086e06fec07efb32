"""What happens around the steps: progress, logs, pictures, checkpoints, and a clean stop. No callback knows a model."""

import json
import pathlib
import shutil
import signal
import sys
import time

import keras
import numpy as np
import tensorflow as tf

from export.requests import example_request
from tfgen.core import checkpoints
from tfgen.ops import audio, images


class Stopped(Exception):
    """Somebody asked the run to stop (Ctrl-C or SIGTERM); raised between two steps."""


class StopOnSignal(keras.callbacks.Callback):
    """Turns SIGINT and SIGTERM into `Stopped` at the next return to Python; a second signal ends it at once.

    Of several workers all stop after the same step, whichever was signalled: saving is collective.
    """

    def __init__(self):
        super().__init__()
        self.received: signal.Signals | None = None
        self._previous = {}

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _receive(self, number, _):
        signal.signal(number, self._previous[number])
        self.received = signal.Signals(number)

    def on_train_batch_end(self, batch, logs=None):
        strategy = self.model.distribute_strategy
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) and self._any_worker(strategy):
            self.received = self.received or signal.SIGTERM
        if self.received:
            raise Stopped(self.received.name)

    def _any_worker(self, strategy) -> bool:
        mine = tf.constant(float(self.received is not None))
        values = strategy.experimental_distribute_values_from_function(lambda context: mine)
        return bool(strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None))


class Progress(keras.callbacks.Callback):
    """A progress bar over the whole run, with every term by name and images per second."""

    def __init__(self, steps: int, images_per_step: int):
        super().__init__()
        self._steps, self._images_per_step = steps, images_per_step
        self._bar = None

    def on_epoch_begin(self, epoch, logs=None):
        if self._bar is None:
            self._bar = keras.utils.Progbar(self._steps, unit_name="step", interval=0.5 if sys.stdout.isatty() else 30)
        self._begun, self._first, self._pause = time.perf_counter(), int(self.model.step.numpy()), 0.0
        self.images_per_second = 0.0

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.step.numpy())
        elapsed = time.perf_counter() - self._begun
        self.images_per_second = (step - self._first) * self._images_per_step / elapsed
        values = [*logs.items(), ("images/s", self.images_per_second)]
        self._bar.stateful_metrics = {name for name, _ in values}
        self._bar.update(step, [(name, float(value)) for name, value in values], finalize=step >= self._steps)


class AveragedValidation(keras.callbacks.Callback):
    """Validates with the averaged weights, where the model keeps an average."""

    def on_test_begin(self, logs=None):
        if self.model.average:
            self.model.average.swap()

    on_test_end = on_test_begin


class Diagnosis(keras.callbacks.Callback):
    """What a model finds of itself in validation examples, added to the logs; its warnings are printed, each once until
    it is over. Put it before `Logs`."""

    EXAMPLES = 500

    def __init__(self, data):
        super().__init__()
        self._batch, self._said = next(iter(data.batches("validation", self.EXAMPLES))), set()

    def on_epoch_end(self, epoch, logs=None):
        with self.model.averaged():
            figures, warnings = self.model.diagnose(self._batch)
        logs |= figures
        for name in warnings.keys() - self._said:
            print(f"\nstep {int(self.model.step.numpy())}: {warnings[name]}", flush=True)
        self._said = set(warnings)


class Logs(keras.callbacks.Callback):
    """metrics.jsonl, one line an epoch, and TensorBoard scalars, each with its unit.

    TensorBoard also has, by the step, the terms that a model names in `terms_by_step`: their mean since the last return
    to Python.
    """

    def __init__(self, workdir: pathlib.Path, start_step: int, progress: Progress):
        super().__init__()
        self._path = workdir / "metrics.jsonl"
        self._progress = progress
        # What a run wrote after the checkpoint that it goes on from happens again: those lines go.
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= start_step]
        self._path.write_text("".join(line + "\n" for line in kept))
        self.writer = tf.summary.create_file_writer(str(workdir / "tensorboard"))
        self._began = time.time()
        last = json.loads(kept[-1]) if kept else {}
        # A run that was stopped between two lines spent more than the last one says: as much for a step as before.
        spent = last.get("cpu_seconds", 0.0) * start_step / last.get("step", 1)
        self._cpu_began = time.process_time() - spent

    def on_epoch_end(self, epoch, logs=None):
        step = int(self.model.step.numpy())
        values = {name: value if isinstance(value, list) else float(value) for name, value in logs.items()}
        values |= self.model.learning_rates
        values["images_per_second"] = round(self._progress.images_per_second, 1)
        times = {"time": time.time() - self._began, "cpu_seconds": time.process_time() - self._cpu_began}
        times = {name: round(seconds, 2) for name, seconds in times.items()}
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, **times, **values}) + "\n")
        with self.writer.as_default(step=step):
            for name, value in values.items():
                if isinstance(value, list):
                    tf.summary.histogram(f"validation/{name} (nats)", value)
                    continue
                side, plain = ("validation", name[4:]) if name.startswith("val_") else ("train", name)
                tf.summary.scalar(f"{side}/{plain} ({self._unit(plain)})", value)
        self.writer.flush()
        if any(name.startswith("val_") for name in values):
            shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items() if name.startswith("val_"))
            print(f"\nstep {step}: {shown}", flush=True)

    def _unit(self, name: str) -> str:
        units = {"images_per_second": "1/s", "mutual_information": "nats"}
        return (units | self.model.units).get(name, "units")

    def on_epoch_begin(self, epoch, logs=None):
        self._sums, self._first = dict.fromkeys(self.model.terms_by_step, 0.0), int(self.model.step.numpy())
        self._last = self._first

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.step.numpy())
        for name, before in self._sums.items():  # the logs have means since the epoch began
            self._sums[name] = float(logs[name]) * (step - self._first)
            with self.writer.as_default(step=step):
                value = (self._sums[name] - before) / (step - self._last)
                tf.summary.scalar(f"steps/{name} ({self._unit(name)})", value)
        self._last = step


PICTURES = ("image", "source", "a", "b")  # inputs that are shown above what is made of them


class Pictures(keras.callbacks.Callback):
    """Runs every signature that answers with an image or with audio, on validation examples where it wants some."""

    COUNT, COLUMNS = 32, 8  # pictures, and how many in a row
    SOUNDS = 4

    def __init__(self, directory: pathlib.Path, data, writer: tf.summary.SummaryWriter | None):
        super().__init__()
        self._directory, self._writer = directory, writer
        batch = next(iter(data.batches("validation", self.COUNT)))
        # From the first again where the split has fewer.
        self._batch = {name: np.resize(value, (self.COUNT, *value.shape[1:])) for name, value in batch.items()}
        self._functions = None

    def on_epoch_end(self, epoch, logs=None):
        with self.model.averaged():  # on every worker, to keep them alike; the one with a writer draws
            if self._writer:
                self._draw()

    def _draw(self):
        signatures = self.model.signatures()
        if self._functions is None:
            self._functions = {
                name: tf.function(signature.function, autograph=False) for name, signature in signatures.items()
            }
        step = int(self.model.step.numpy())
        for name, function in list(self._functions.items()):
            count = self.SOUNDS if self.model.example == "audio" else self.COUNT
            request = example_request(self.model, signatures[name], count, self._batch)
            answer = function(**request)
            if "image" in answer:
                self._write(name, step, [request[key] for key in PICTURES if key in request], answer["image"].numpy())
            elif "audio" in answer:
                self._write_sounds(name, step, audio.from_codes(answer["audio"].numpy()))
            else:
                del self._functions[name]
        self._writer.flush()

    def _write_sounds(self, name, step, samples):
        self._directory.mkdir(parents=True, exist_ok=True)
        rate = self.model.sample_rate
        for i, sound in enumerate(samples):
            audio.write_wav(self._directory / f"{name}-{step:07d}-{i}.wav", sound, rate)
        with self._writer.as_default(step=step):
            tf.summary.audio(name, samples[..., None], rate, max_outputs=self.SOUNDS)

    def _write(self, name, step, given, made):
        given = [images.alike(np.asarray(part), made.shape[1:]) for part in given]
        rows = range(0, len(made), self.COLUMNS)  # one of what went in above each of what came out
        made = np.concatenate([part[i : i + self.COLUMNS] for i in rows for part in (*given, made)])
        picture = images.sheet(made, self.model.levels, self.COLUMNS)
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / f"{name}-{step:07d}.png").write_bytes(images.encode_png(picture))
        with self._writer.as_default(step=step):
            tf.summary.image(name, picture[None])


class Saver:
    """Writes checkpoints on one worker or on several: saving is collective, and all but the chief throw theirs away."""

    def __init__(self, directory: pathlib.Path, trackable: tf.train.Checkpoint, keep: int, chief: bool):
        self._directory = directory if chief else directory / "worker-scratch"
        self._trackable, self._keep, self._chief = trackable, keep, chief

    def save(self, step: int) -> None:
        checkpoints.save(self._directory, self._trackable, step, self._keep)
        if not self._chief:
            shutil.rmtree(self._directory, ignore_errors=True)


class Checkpoint(keras.callbacks.Callback):
    """Writes model, average, every optimizer and the step at the end of an epoch. Put it last."""

    def __init__(self, saver: Saver):
        super().__init__()
        self._saver = saver

    def save(self) -> None:
        step = int(self.model.step.numpy())
        for variable in self.model.variables:
            if variable.dtype.startswith(("float", "bfloat")) and not np.isfinite(variable.numpy()).all():
                raise FloatingPointError(
                    f"weight {variable.path} is NaN or Inf at step {step}; the checkpoint before it is kept"
                )
        self._saver.save(step)

    def on_epoch_end(self, epoch, logs=None):
        self.save()


class Best(keras.callbacks.Callback):
    """Keeps the model as it was validated, with its average, at its best figure; ends training that no longer improves.

    The figure lies in the checkpoint of the best, so that a run that goes on knows it again.

    Args:
      figure: its name in the logs: the smallest is the best, of a fraction the largest.
      patience: steps without a better one after which training ends; 0: never.
    Raises:
      ValueError: for a figure that the model does not log.
    """

    def __init__(self, workdir: pathlib.Path, model, figure: str, patience: int, step: int, chief: bool):
        super().__init__()
        figures = [f"val_{name}" for name in model.units if not name.endswith(("gradient_norm", "learning_rate"))]
        if figure not in figures:
            raise ValueError(f"keep_best={figure!r}: must be one of {', '.join(figures)}")
        directory = checkpoints.best_directory(workdir, figure)
        if chief and step == 0:  # of a run that did not come as far as a checkpoint
            shutil.rmtree(directory, ignore_errors=True)
        self._figure, self._patience = figure, patience
        self._sign = -1.0 if model.units[figure.removeprefix("val_")] == "fraction" else 1.0
        self._value = tf.Variable(np.inf, dtype=tf.float64, trainable=False)
        parts = checkpoints.trackable(model, model.average)
        parts.figure = self._value
        self._saver = Saver(directory, parts, 1, chief)
        self.step = checkpoints.restore(directory, tf.train.Checkpoint(figure=self._value)) if step else None

    def on_epoch_end(self, epoch, logs=None):
        step, value = int(self.model.step.numpy()), self._sign * float(logs[self._figure])
        if value < float(self._value.numpy()):
            self._value.assign(value)
            self.step = step
            self._saver.save(step)
        elif self.ended(step):
            print(f"\n{self._figure} is no better than at step {self.step}: training ends at step {step}", flush=True)
            self.model.stop_training = True

    def ended(self, step: int) -> bool:
        """Whether the patience has come to its end by `step`."""
        return bool(self._patience) and self.step is not None and step - self.step >= self._patience
