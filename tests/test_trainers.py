"""The path from a flag to a trained model: answers to bad flags, exact resume, damaged checkpoints, NaN, evaluation."""

import dataclasses
import json
import os
import pathlib
import resource
import runpy
import signal
import socket
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags as absl_flags

from tests.test_zoo import compiled, fresh
from tfgen import zoo
from tfgen.autoregressive.fvsbn import FVSBN
from tfgen.core import checkpoints
from tfgen.data import load
from trainers import callbacks, flags, published, runner, strategies, variants, workdirs
from trainers import config as configs
from trainers.config import TrainConfig
from trainers.presets import PRESETS

ROOT = pathlib.Path(__file__).parents[1]
TINY = {
    "vae": {"latent_dim": 2, "width": 4, "depth": 1},
    "dcgan": {"latent_dim": 4, "width": 4},
    "pixel_cnn": {"width": 4, "depth": 1, "head_width": 4, "dropout": 0.2},
    "gated_pixel_cnn": {"width": 4, "depth": 2, "head_width": 4, "dropout": 0.2, "conditional": True},
    "pixel_cnn_pp": {"width": 4, "depth": 1, "scales": 2, "mixtures": 2, "dropout": 0.2},
    "pixel_rnn": {"width": 4, "depth": 1, "head_width": 4, "dropout": 0.2},
    "wavenet": {"width": 4, "skip": 4, "depth": 2, "stacks": 1, "dropout": 0.2, "conditional": True},
    "time_series": {"width": 4, "depth": 2, "mixtures": 2},
}
DATA = {"wavenet": ("tones", "clip:64"), "time_series": ("pendulum", "")}


def tiny(tmp_path, model="vae", **changes):
    return TrainConfig(
        **{
            "model": model,
            "dataset": DATA.get(model, ("digits", ""))[0],
            "transforms": DATA.get(model, ("digits", ""))[1],
            "workdir": str(tmp_path / "run"),
            "steps": 12,
            "epoch_steps": 4,
            "batch_size": 16,
            "steps_per_execution": 2,
            "average": 0.9,
            "hparams": TINY.get(model, {}),
        }
        | changes
    )


RESUMED = {"steps": 40, "epoch_steps": 10, "transforms": "binarize", "schedule": "cosine"}


def python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, **options
    )


def entry(module, *arguments) -> int:
    """`python -m module arguments` in this process: its exit code."""
    # What another entry point declared in this process is put by.
    values = absl_flags.FLAGS
    others = {name: values[name] for name in values if "absl" not in (values.find_module_defining_flag(name) or "")}
    for name in others:
        delattr(values, name)
    before = set(values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module, *arguments])
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            if isinstance(ended.code, str):
                print(ended.code, file=sys.stderr)
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            for name in set(values) - before:
                delattr(values, name)
            for name, flag in others.items():
                values[name] = flag
    return 0


@pytest.fixture(autouse=True)
def float32_after():
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """(model, **changes) -> the work directory of a run that nothing interrupted, trained once; exported if asked."""
    made = {}

    def train(model, exported=False, **changes):
        key = (model, exported, *sorted(changes.items()))
        if key not in made:
            config = tiny(tmp_path_factory.mktemp(model), model, **changes)
            with pytest.MonkeyPatch.context() as patch:
                if not exported:
                    patch.setattr(runner.saved_model, "export", lambda workdir, output, **options: output)
                runner.run(config)
            made[key] = pathlib.Path(config.workdir)
        return made[key]

    return train


@pytest.fixture(scope="module")
def whole_gan(whole):
    """The work directory of a GAN, exported."""
    return whole("dcgan", exported=True, **RESUMED)


@pytest.fixture
def exports(monkeypatch):
    """Makes an empty version folder in place of an export, for tests of what comes before; lists what was asked for."""
    asked = []

    def export(workdir, output, *arguments, **options):
        output.mkdir(parents=True)
        asked.append((output, options))
        return output

    monkeypatch.setattr(runner.saved_model, "export", export)
    return asked


@pytest.fixture
def no_pictures(monkeypatch):
    """Sampling takes longer than the rest of a run of seconds."""
    monkeypatch.setattr(callbacks.Pictures, "on_epoch_end", lambda *_: None)


@pytest.mark.parametrize(
    "arguments, answer",
    [
        (["--help"], "--learning_rate"),
        (["--help"], "dcgan_mnist: dcgan on mnist"),
        (["--bach_size=3"], "Did you mean: batch_size"),
        (["--preset=dcgan_mnits"], "did you mean 'dcgan_mnist'?"),
        (["--preset=vae_mnist"], "that one belongs to python -m trainers.train_vae"),
        (["--model=pixel_cnn"], "that is trained by python -m trainers.train_autoregressive"),
        (["--model=dcgam"], "did you mean 'dcgan'?"),
        (["--hparams=laten_dim=3"], "'laten_dim' is no argument of dcgan (did you mean 'latent_dim'?)"),
        (["--hparams=latent_dim=many"], "latent_dim='many' must be a whole number"),
        (["--hparams=latent_dim"], "'latent_dim' must be name=value"),
        (["--strategy=miror"], "strategy='miror': must be one of one_device, mirrored"),
        (["--batch_size=0"], "batch_size=0: must be at least 1"),
        (["--dataset=/path/faces"], "did you mean 'folder:/path/faces'?"),
        (["--dataset=fashion-mnist"], "did you mean 'fashion_mnist'?"),
        (["--learning_rate=-1"], "learning_rate=-1.0: must be above 0"),
        (["--keep_best=loss"], "keep_best='loss': must be a figure of validation, such as val_loss"),
        (["--patience=3"], "patience=3: needs a figure to wait for, --keep_best=val_loss"),
        (["--start_from=nowhere"], "start_from='nowhere': no config.json there"),
        (["--config=nowhere"], "config='nowhere': no such file"),
        (["--config=x", "--preset=dcgan_digits"], "takes the place of --preset=dcgan_digits"),
        (["batch_size=3"], "'batch_size=3' is no flag; write --name=value"),
    ],
)
def test_questions_and_mistakes_are_answered_before_tensorflow_is_imported(arguments, answer):
    code = (
        f"import sys, runpy; sys.argv[1:] = {arguments!r}\n"
        "try: runpy.run_module('trainers.train_gan', run_name='__main__')\n"
        "finally: print('TENSORFLOW' if 'tensorflow' in sys.modules else 'LIGHT')"
    )
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = python("-c", code)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < 1.5
    said = " ".join((done.stdout + done.stderr).split())
    assert answer in said and "LIGHT" in said and "Traceback" not in said


def test_the_tree_has_every_model_once_its_presets_and_what_they_obtained():
    """In a process of its own: it needs no TensorFlow."""
    code = (
        "import sys, runpy; sys.argv[1:] = []\n"
        "try: runpy.run_module('trainers.zoo', run_name='__main__')\n"
        "finally: print('TENSORFLOW' if 'tensorflow' in sys.modules else 'LIGHT')"
    )
    done = python("-c", code, timeout=5)
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[-1] == "LIGHT" and not done.stderr
    known = {name: entry for name, entry in zoo.MODELS.items() if entry.path.startswith("tfgen.")}
    assert sorted(line.split(":")[0] for line in lines if "http" in line) == sorted(known)
    for branches in zoo.DENSITY.values():
        assert lines.count(branches[-1]) == 1
    said = " ".join(lines)
    shown = {word.strip(",") for line in lines for word in line.split()}
    assert {name + "*" * (name in zoo.read_manifest()) for name in PRESETS} <= shown
    evaluation = json.loads((zoo.PRETRAINED / "gated_pixel_cnn_digits" / "evaluation.json").read_text())
    assert (
        f"obtained: {evaluation['nats']:.4g} (s.e. {evaluation['nats_standard_error']:.2g}) nats, exact; digits" in said
    )
    assert set(published.FIGURES) <= set(zoo.MODELS)


def test_one_model_in_detail(capsys):
    assert entry("trainers.zoo", "--model=pixel_vae") == 0
    said = capsys.readouterr().out
    for word in (
        "tfgen/hybrid/pixel_vae.py",
        "layer_width: int",
        "--preset=pixel_vae_mnist",
        "trainers.train_vae",
        "elbo",
    ):
        assert word in said
    assert entry("trainers.zoo", "--model=pixl_vae") == 1
    assert "did you mean 'pixel_vae'?" in capsys.readouterr().err


def test_every_preset_names_arguments_that_its_model_has():
    for name, preset in PRESETS.items():
        configs.check(preset)
        assert preset.source, name


def test_every_field_is_a_flag():
    done = python("-m", "trainers.train_vae", "--help")
    for name in configs.FIELDS:
        assert f"--{name}:" in done.stdout or f"--[no]{name}:" in done.stdout


def test_dry_run_prints_and_leaves_nothing(tmp_path, capsys):
    arguments = ["--preset=vae_digits", "--dry_run", f"--workdir={tmp_path / 'run'}", "--hparams=latent_dim=3"]
    assert entry("trainers.train_vae", *arguments, "--batch_size=32") == 0
    said = capsys.readouterr().out
    resolved = json.loads(said[: said.index("\ndata:")])
    assert resolved["model_arguments"]["latent_dim"] == 3 and resolved["batch_size"] == 32
    assert resolved["model_arguments"]["image_shape"] == [8, 8, 1] and resolved["model_arguments"]["levels"] == 17
    arguments = resolved["model_arguments"] | {"image_shape": (8, 8, 1)}
    count = sum(int(np.prod(v.shape)) for v in zoo.build("vae", **arguments).trainable_variables)
    assert f"parameters: {count:,}" in said and "MiB" in said
    assert not (tmp_path / "run").exists()


def test_a_configuration_comes_back_from_its_file(tmp_path, capsys):
    path = tmp_path / "config.json"
    config = tiny(tmp_path, "gated_pixel_cnn", hparams={"width": 8, "dilations": (1, 2), "conditional": True})
    configs.write(path, config, {"width": 8}, {"protocol": ""}, [{"step": 3}])
    assert configs.read(str(path)) == config
    assert entry("trainers.train_autoregressive", f"--config={path}", "--dry_run", "--hparams=width=4") == 0
    resolved = json.loads((said := capsys.readouterr().out)[: said.index("\ndata:")])
    assert resolved["hparams"] == {"width": 4, "dilations": [1, 2], "conditional": True} and resolved["steps"] == 12
    for text, answer in {
        "{": "is no JSON",
        "[]": "must be an object",
        '{"batch_sise": 3}': r"'batch_sise' is no field \(did you mean 'batch_size'\?\)",
        '{"batch_size": "3"}': "batch_size='3' must be a whole number",
        '{"model": "vae", "hparams": {"latent_dim": 2.5}}': "latent_dim='2.5' must be a whole number",
    }.items():
        path.write_text(text)
        with pytest.raises(ValueError, match=answer):
            configs.read(str(path))


def test_hparams_have_the_types_of_the_constructor():
    parsed = configs.parse_hparams("vae", "latent_dim=3, beta=2,likelihood=gaussian,image_shape=8x8x1")
    assert parsed == {"latent_dim": 3, "beta": 2.0, "likelihood": "gaussian", "image_shape": (8, 8, 1)}
    assert isinstance(parsed["beta"], float)


def weights_of(workdir, folder="checkpoints"):
    """Everything that a checkpoint holds, by name."""
    path = checkpoints.found(pathlib.Path(workdir) / folder)[0][1]
    reader = tf.train.load_checkpoint(str(path))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map() if "OBJECT_GRAPH" not in name}


def assert_same_checkpoint(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_killed_and_resumed_equals_uninterrupted(tmp_path, whole_gan, exports, no_pictures, capsys):
    """kill -9 in the middle, the same command again: weights, slots, average and step are equal bit for bit."""
    config = tiny(tmp_path, "dcgan", **RESUMED)
    configs.write(tmp_path / "config.json", config, {}, {}, [])
    # That process has the devices and threads of this one: others round differently.
    code = "import runpy; from tests.conftest import start_tensorflow; start_tensorflow(); "
    code += "runpy.run_module('trainers.train_gan', run_name='__main__')"
    process = subprocess.Popen(
        [sys.executable, "-c", code, flag := f"--config={tmp_path / 'config.json'}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not checkpoints.found(tmp_path / "run" / "checkpoints"):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert 0 < checkpoints.found(tmp_path / "run" / "checkpoints")[0][0] < 40
    assert entry("trainers.train_gan", flag) == 0
    assert "going on from step" in capsys.readouterr().out
    one, other = weights_of(config.workdir), weights_of(whole_gan)
    assert_same_checkpoint(one, other)
    assert any("optimizer" in name for name in one) and any("average" in name for name in one)
    steps = [json.loads(line)["step"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert steps == [10, 20, 30, 40]  # no step is logged twice


@pytest.mark.parametrize("number, model", [(signal.SIGINT, "fvsbn"), (signal.SIGTERM, "pixel_cnn")])
def test_a_signal_saves_and_the_same_command_goes_on(tmp_path, number, model, whole, exports, no_pictures):
    """The best so far is part of what goes on."""
    changes = {"steps_per_execution": 1, "keep_best": "val_loss"}
    config = tiny(tmp_path, model, **changes)
    original = callbacks.StopOnSignal.on_train_batch_end

    def at_step_six(self, batch, logs=None):
        if int(self.model.step.numpy()) == 6 and not self.received:
            os.kill(os.getpid(), number)
        original(self, batch, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks.StopOnSignal, "on_train_batch_end", at_step_six)
        with pytest.raises(SystemExit) as stopped:
            runner.run(config)
    assert stopped.value.code == 128 + number and not exports
    assert checkpoints.found(tmp_path / "run" / "checkpoints")[0][0] in (6, 7)
    runner.run(config)
    for folder in ("checkpoints", "best_val_loss"):
        assert_same_checkpoint(weights_of(config.workdir, folder), weights_of(whole(model, **changes), folder))


def test_after_a_stop_nothing_keeps_the_process_alive():
    """Not even a thread that still reads data ahead."""
    code = """if True:
        import runpy, sys, threading, time, types

        def stop(config):
            threading.Thread(target=time.sleep, args=(60,)).start()
            print("stopped")
            sys.exit(143)

        sys.modules["trainers.runner"] = types.SimpleNamespace(run=stop)
        sys.argv[1:] = []
        runpy.run_module("trainers.train_vae", run_name="__main__")"""
    done = python("-c", code, timeout=5)
    assert done.returncode == 143 and done.stdout == "stopped\n", done.stderr


def test_a_damaged_checkpoint_is_skipped_for_the_last_whole_one(tmp_path, caplog):
    model = compiled(fresh("vae_conv"))
    trackable = checkpoints.trackable(model, None, model.optimizers)
    for step in (1, 2, 3, 4):
        model.step.assign(step)
        checkpoints.save(tmp_path, trackable, step, keep=3)
    assert [step for step, _ in checkpoints.found(tmp_path)] == [4, 3, 2]
    data = tmp_path / "step-4.data-00000-of-00001"
    damaged = bytearray(data.read_bytes())
    for i in range(0, len(damaged), 64):
        damaged[i] ^= 255
    data.write_bytes(damaged)
    (tmp_path / "step-3.data-00000-of-00001").write_bytes(b"")  # cut off
    (tmp_path / "step-5.data-00000-of-00001").write_bytes(b"half-written: no index yet")
    for stray in ("step-6 (copy).index", "step-.index", "step-7.index.bak", "step-x.index"):
        (tmp_path / stray).write_bytes(b"somebody's")
    before = {v.path: v.numpy() for v in model.variables}
    for variable in model.trainable_variables:
        variable.assign(variable * 0)
    assert checkpoints.restore(tmp_path, trackable) == 2
    assert "SKIPPED the damaged checkpoint" in caplog.text and "step-4" in caplog.text and "step-3" in caplog.text
    for variable in model.trainable_variables:
        np.testing.assert_array_equal(variable.numpy(), before[variable.path])
    (tmp_path / "step-2.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(OSError, match="none of the 3 checkpoints is whole"):
        checkpoints.restore(tmp_path, trackable)
    assert checkpoints.restore(tmp_path / "nothing", trackable) is None


def poison(patch, step):
    """Makes the likelihood of every FVSBN NaN in the training step after `step`."""
    original = FVSBN._terms

    def poisoned(self, batch, seed, training):
        terms = original(self, batch, seed, training)
        bad = tf.where(training and self.compiled and self.step.value == step, float("nan"), 0.0)
        return terms | {"negative_log_prob": terms["negative_log_prob"] + bad}

    patch.setattr(FVSBN, "_terms", poisoned)


def test_a_nan_stops_the_run_and_a_lower_rate_goes_on(tmp_path, monkeypatch, exports, capsys):
    config = tiny(tmp_path, "fvsbn", optimizer="sgd", average=0.0, steps=8)
    with pytest.MonkeyPatch.context() as patch:
        poison(patch, 6)
        with pytest.raises(
            FloatingPointError, match="negative_log_prob is NaN at step 7; .*--learning_rate.* goes on from step 4"
        ):
            runner.run(config)
    assert checkpoints.found(tmp_path / "run" / "checkpoints")[0][0] == 4
    before = [v.numpy() for v in zoo.restore(tmp_path / "run").trainable_variables]
    assert all(np.isfinite(value).all() for value in before)
    runner.run(dataclasses.replace(config, learning_rate=1e-12, clip_norm=1.0))
    said = capsys.readouterr().out
    assert "from step 4 on learning_rate is 1e-12; it was 0.001" in said and "clip_norm is 1.0; it was 0.0" in said
    recorded = json.loads((tmp_path / "run" / "config.json").read_text())
    assert recorded["learning_rate"] == 1e-12 and recorded["changes"] == [
        {"step": 4, "name": "clip_norm", "from": 0.0, "to": 1.0},
        {"step": 4, "name": "learning_rate", "from": 1e-3, "to": 1e-12},
    ]
    restored = zoo.restore(tmp_path / "run")  # the new rate is what it learned with: nothing moved
    assert int(restored.step.numpy()) == 8
    for old, variable in zip(before, restored.trainable_variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), old, atol=1e-8)


def test_before_the_first_checkpoint_a_run_may_begin_anew_with_anything(tmp_path, monkeypatch, exports, capsys):
    config = tiny(tmp_path, "fvsbn", steps=4)
    with pytest.MonkeyPatch.context() as patch:
        poison(patch, 2)
        with pytest.raises(FloatingPointError, match="negative_log_prob is NaN at step 3; .* begins anew"):
            runner.run(config)
    runner.run(dataclasses.replace(config, model="nade", batch_size=8, hparams={"width": 3}))
    assert "begun anew" in capsys.readouterr().out
    assert json.loads((tmp_path / "run" / "config.json").read_text())["batch_size"] == 8


def test_another_configuration_does_not_go_on_in_the_same_folder(tmp_path):
    config, path, arguments = tiny(tmp_path), tmp_path / "config.json", {"latent_dim": 2}
    assert configs.changes(path, config, arguments) == ([], [])
    configs.write(path, config, arguments, {}, [{"step": 3}])
    with pytest.raises(ValueError, match=r"batch_size=8: .*holds a run with batch_size=16"):
        configs.changes(path, dataclasses.replace(config, batch_size=8), arguments)
    with pytest.raises(ValueError, match=r"hparams: latent_dim=3: .*holds a run with latent_dim=2"):
        configs.changes(path, config, {"latent_dim": 3})
    longer = dataclasses.replace(config, steps=99, keep=9, epoch_steps=1)  # more of the same is welcome
    assert configs.changes(path, longer, arguments) == ([{"step": 3}], [{"name": "steps", "from": 12, "to": 99}])


def test_an_older_config_lacks_the_fields_that_are_younger(tmp_path):
    """They have their defaults there."""
    config, path = tiny(tmp_path), tmp_path / "config.json"
    configs.write(path, config, {}, {}, [])
    old = json.loads(path.read_text())
    for name in ("optimizer", "precision", "beta_1", "changes"):
        del old[name]
    path.write_text(json.dumps(old))
    assert configs.changes(path, config, {}) == ([], [])
    with pytest.raises(ValueError, match="precision='mixed_float16': .*holds a run with precision='float32'"):
        configs.changes(path, dataclasses.replace(config, precision="mixed_float16"), {})


def test_one_run_at_a_time_in_a_work_directory(tmp_path):
    """Another is refused before it writes anything; the lock goes with the process that held it, killed or not."""
    hold = f"""if True:
        import pathlib, time
        from trainers import workdirs
        with workdirs.held(pathlib.Path({str(tmp_path)!r})):
            print("held", flush=True)
            time.sleep(60)"""
    process = subprocess.Popen([sys.executable, "-c", hold], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(ValueError, match=rf"another run \(process {process.pid}\) is writing there"):
        runner.run(tiny(tmp_path, workdir=str(tmp_path)))
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    process.kill()
    process.wait()
    with workdirs.held(tmp_path):
        (tmp_path / "config.json").touch()
    with workdirs.held(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists() and (tmp_path / "config.json").exists()  # only an empty one goes again


def test_a_finished_run_is_exported_once(tmp_path, exports, capsys):
    config = tiny(tmp_path, "fvsbn", steps=4)
    path = runner.run(config)
    assert runner.run(config) == path and len(exports) == 1
    assert f"exported to {path}" in capsys.readouterr().out
    path.rmdir()
    assert runner.run(config) == path and len(exports) == 2  # it was gone
    assert runner.run(dataclasses.replace(config, export_dir=str(tmp_path / "served"))) == tmp_path / "served" / "1"
    runner.run(dataclasses.replace(config, steps=6))
    assert len(exports) == 4 and exports[-1][0] == path.with_name("2")  # of newer weights


def test_a_full_disk_is_one_line_and_leaves_nothing_half(tmp_path, monkeypatch, exports):
    write = tf.train.Checkpoint.write

    def full(self, prefix):
        if not prefix.endswith("step-8"):
            return write(self, prefix)
        pathlib.Path(prefix + "_temp").mkdir()
        pathlib.Path(prefix + ".data-00000-of-00001").touch()
        raise tf.errors.ResourceExhaustedError(None, None, f"{prefix}_temp/part-00000; No space left on device")

    config = tiny(tmp_path, "fvsbn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.train.Checkpoint, "write", full)
        with pytest.raises(OSError, match="no room is left on its disk; .* goes on from the last checkpoint") as error:
            runner.run(config)
    assert flags._ours(error.value)  # so that it is printed without a traceback
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == {
        "step-4.index",
        "step-4.data-00000-of-00001",
    }
    with pytest.raises(tf.errors.ResourceExhaustedError), workdirs.room(tmp_path, tmp_path):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating a tensor")


def test_a_run_leaves_logs_pictures_and_an_export(whole_gan):
    path = whole_gan / "export" / "1"
    lines = [json.loads(line) for line in (whole_gan / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30, 40]
    for name in ("real", "fake", "fooling", "real_accuracy", "discriminator_loss", "val_real", "images_per_second"):
        assert np.isfinite(lines[-1][name]), name
    assert {p.name for p in (whole_gan / "pictures").iterdir()} == {
        f"{s}-{n:07d}.png" for s in ("generate", "sample") for n in (10, 20, 30, 40)
    }
    events = list((whole_gan / "tensorboard").glob("events*"))
    tags = {value.tag for event in tf.compat.v1.train.summary_iterator(str(events[0])) for value in event.summary.value}
    assert {"train/real (nats)", "validation/real_accuracy (fraction)", "sample"} <= tags
    assert (path / "MODEL_CARD.md").exists()
    card = json.loads((path / "model_card.json").read_text())
    assert card["trained_steps"] == 40 and card["dataset"] == "digits" and "scikit-learn digits" in card["protocol"]


def test_kept_checkpoints_are_restored_each_as_it_was(whole):
    """The average, too."""
    workdir = whole("fvsbn")
    (first, one), *_, (last, three) = list(variants.history(workdir))
    assert (first["step"], last["step"]) == (4, 12) and 0 < first["cpu_seconds"] < last["cpu_seconds"]
    assert [int(model.step.numpy()) for model in (one, three)] == [4, 12]
    ends = [zoo.restore(workdir), zoo.restore(workdir, step=4)]
    for end, model in zip(ends, (three, one), strict=True):
        for a, b in zip(end.trainable_variables, model.trainable_variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert any((a.numpy() != b.numpy()).any() for a, b in zip(*(end.trainable_variables for end in ends), strict=True))
    with pytest.raises(FileNotFoundError, match="no checkpoint of step 5 there"):
        zoo.restore(workdir, step=5)


def test_cpu_time_goes_on_from_the_last_line_and_the_steps_since(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 10, "cpu_seconds": 5.0}\n{"step": 30, "cpu_seconds": 99.0}\n')
    logs = callbacks.Logs(tmp_path, 24, None)
    assert abs(time.process_time() - logs._cpu_began - 12.0) < 1.0


def test_export_has_the_averaged_weights(whole_gan):
    averaged, last = zoo.restore(whole_gan), zoo.restore(whole_gan, averaged=False)
    loaded = tf.saved_model.load(str(whole_gan / "export" / "1"))
    image = next(iter(load("digits", transform="binarize").batches("test", 5)))["image"]
    served = loaded.signatures["discriminate"](image=image)["logits"]
    np.testing.assert_allclose(served, averaged.discriminate(image), atol=1e-5)
    assert np.abs(served - last.discriminate(image)).max() > 1e-3


def test_the_best_is_kept_exported_and_where_training_ends(tmp_path, exports, monkeypatch, capsys):
    config, validated = tiny(tmp_path, "fvsbn", steps=40, keep_best="val_loss", patience=2), {}
    terms = FVSBN._terms

    def best_at_step_eight(self, batch, seed, training):
        worse = 0.0 if training or not self.compiled else 1000.0 * tf.abs(tf.cast(self.step.value, tf.float32) - 8.0)
        return {name: value + worse for name, value in terms(self, batch, seed, training).items()}

    monkeypatch.setattr(FVSBN, "_terms", best_at_step_eight)
    original = callbacks.AveragedValidation.on_test_begin

    def validating(self, logs=None):
        original(self, logs)
        validated[int(self.model.step.numpy())] = [v.numpy() for v in self.model.trainable_variables]

    monkeypatch.setattr(callbacks.AveragedValidation, "on_test_begin", validating)
    runner.run(config)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert min(lines, key=lambda line: line["val_loss"])["step"] == (best := 8)
    assert lines[-1]["step"] == best + 8  # two epochs without a better one
    restored = zoo.restore(tmp_path / "run", best=True)
    assert int(restored.step.numpy()) == best and exports[0][1] == {"best": True}
    for variable, value in zip(restored.trainable_variables, validated[best], strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)  # the very weights that were validated: the averaged
    capsys.readouterr()
    runner.run(config)
    assert "nothing is left to do" in capsys.readouterr().out and len(exports) == 1
    runner.run(dataclasses.replace(config, export_dir=str(tmp_path / "served")))  # it ended: no further epoch
    assert checkpoints.found(tmp_path / "run" / "checkpoints")[0][0] == best + 8 and len(exports) == 2
    with pytest.raises(
        ValueError, match=r"keep_best='val_elbo': must be one of val_negative_log_prob, val_bits_per_dim"
    ):
        runner.run(dataclasses.replace(config, keep_best="val_elbo", workdir=str(tmp_path / "other")))
    path = tmp_path / "run" / "config.json"
    path.write_text(path.read_text().replace('"keep_best": "val_loss"', '"keep_best": ""'))
    with pytest.raises(ValueError, match="the run kept no best"):
        zoo.restore(tmp_path / "run", best=True)


def test_the_largest_fraction_is_the_best(tmp_path):
    model = compiled(fresh("dcgan"))
    best = callbacks.Best(tmp_path, model, "val_real_accuracy", patience=2, step=0, chief=True)
    best.set_model(model)
    for step, accuracy in enumerate((0.5, 0.7, 0.6), 1):
        model.step.assign(step)
        best.on_epoch_end(0, {"val_real_accuracy": accuracy})
    assert [step for step, _ in checkpoints.found(tmp_path / "best_val_real_accuracy")] == [2]
    again = callbacks.Best(tmp_path, model, "val_real_accuracy", patience=2, step=3, chief=True)
    assert again.step == 2 and not again.ended(3) and again.ended(4)


def test_start_from_takes_the_weights_alone(tmp_path, whole):
    source = whole("fvsbn", steps_per_execution=1, keep_best="val_loss")
    config = tiny(tmp_path, "fvsbn", start_from=str(source))
    data, strategy = runner.load_data(dataclasses.asdict(config)), tf.distribute.get_strategy()
    model = runner.build(config, data, strategy)
    taken = zoo.restore(source, best=True)  # what that run exports
    for mine, theirs in zip(model.trainable_variables, taken.trainable_variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    for mine, theirs in zip(model.average.values, taken.trainable_variables, strict=False):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    assert int(model.step.numpy()) == 0 and int(model.optimizers["model"].iterations.numpy()) == 0
    with pytest.raises(ValueError, match=r"start_from=.*: has .* where this model has .*; see --hparams"):
        runner.build(dataclasses.replace(config, hparams={"levels": 20}), data, strategy)
    for changes, answer in (
        ({"start_from": str(tmp_path)}, "no config.json there"),
        ({"workdir": str(source)}, "is the --workdir of this run itself"),
        ({"model": "vae"}, "holds a fvsbn, whose weights do not fit a vae"),
    ):
        with pytest.raises(ValueError, match=answer):
            configs.check(dataclasses.replace(config, **changes))


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("model", TINY)
def test_mixed_precision_trains(tmp_path, model, precision):
    """Variables and losses stay float32; weights move; float16 scales the loss of every player."""
    changes = {"transforms": "color"} if model == "gated_pixel_cnn" else {}
    config = tiny(tmp_path, model, precision=precision, clip_norm=1.0, learning_rate=1e-2, **changes)
    data = runner.load_data(dataclasses.asdict(config))
    built = runner.build(config, data, tf.distribute.get_strategy())
    for optimizer in built.optimizers.values():
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == (precision == "mixed_float16")
    before = [variable.numpy() for variable in built.trainable_variables]

    def moved():
        pairs = zip(built.trainable_variables, before, strict=True)
        return max(np.abs(variable.numpy() - value).max() for variable, value in pairs)

    for batch in data.training_batches(16, 0).take(30):  # the scale of float16 falls until nothing overflows
        terms = built.train_step(batch)
        losses = {name: value for name, value in terms.items() if not name.endswith("gradient_norm")}
        assert all(np.isfinite(value) and value.dtype == tf.float32 for value in losses.values())
        if moved() > 1e-3:
            break
    assert all(variable.dtype == "float32" for variable in built.trainable_variables)
    assert moved() > 1e-3


def test_clip_norm_bounds_the_step():
    """With SGD of rate 1 the weights move by exactly the clipped gradient."""
    model = compiled(fresh("vae_conv"), lambda: keras.optimizers.SGD(1.0), clip_norm=0.25)
    before = [variable.numpy() for variable in model.trainable_variables]
    from tests.test_zoo import batch_for

    model.distribute_strategy.run(model.train_step, args=(batch_for(model),))
    moved = np.concatenate([(v.numpy() - b).ravel() for v, b in zip(model.trainable_variables, before, strict=True)])
    np.testing.assert_allclose(np.linalg.norm(moved), 0.25, rtol=1e-3)


def test_an_epoch_has_its_steps_and_validation_all_its_examples():
    """Neither depends on how many steps run at once; the last, smaller batch weighs as much as it has examples."""
    data, losses = load("digits"), []
    image = next(iter(data.batches("validation", 350)))["image"]
    for steps_per_execution in (1, 3, 8):
        keras.utils.set_random_seed(0)
        model = compiled(zoo.build("fvsbn", image_shape=(8, 8, 1), levels=17), steps_per_execution=steps_per_execution)
        history = model.fit(
            data.training_batches(16, 0),
            steps_per_epoch=5,
            epochs=2,
            validation_data=data.batches("validation", 100),
            verbose=0,
        ).history
        assert int(model.step.numpy()) == 10
        np.testing.assert_allclose(history["val_loss"][-1], -np.mean(model.log_prob(image)), rtol=1e-5)
        losses.append(history["loss"])  # the mean over the epoch is that over all of its steps
    np.testing.assert_allclose(losses[1:], losses[:1] * 2, rtol=1e-5)


def test_average_follows_its_recursion():
    model = compiled(fresh("vae_conv"), average=0.5)
    from tests.test_zoo import batch_for

    expected = [variable.numpy() for variable in model.trainable_variables]
    for step in range(8):
        model.distribute_strategy.run(model.train_step, args=(batch_for(model),))
        decay = min(0.5, (1 + step) / (10 + step))
        expected = [
            decay * e + (1 - decay) * v.numpy() for e, v in zip(expected, model.trainable_variables, strict=True)
        ]
    with model.averaged():
        for e, variable in zip(expected, model.trainable_variables, strict=True):
            np.testing.assert_allclose(variable.numpy(), e, atol=1e-5)


def test_segments_end_epochs_at_multiples():
    assert runner.segments(0, 12, 4) == [(4, 3)]
    assert runner.segments(6, 13, 4) == [(2, 1), (4, 1), (1, 1)]
    assert runner.segments(0, 3, 4) == [(3, 1)] and runner.segments(5, 5, 4) == []


def test_mirrored_run_equals_one_device(tmp_path, mirrored, monkeypatch, exports):
    """A whole run under two replicas, data dealt out and all, ends with the weights of the run on one device."""
    monkeypatch.setattr(
        strategies, "make", lambda name: mirrored if name == "mirrored" else tf.distribute.OneDeviceStrategy("CPU:0")
    )
    config = tiny(tmp_path, "fvsbn", optimizer="sgd", learning_rate=0.01, transforms="binarize")
    runner.run(config)
    runner.run(dataclasses.replace(config, strategy="mirrored", workdir=str(tmp_path / "two")))
    one, two = zoo.restore(tmp_path / "run"), zoo.restore(tmp_path / "two")
    for a, b in zip(one.variables, two.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-5, err_msg=a.path)
    with pytest.raises(ValueError, match="batch_size=15: must be a multiple of the 2 replicas"):
        runner.run(dataclasses.replace(config, strategy="mirrored", batch_size=15, workdir=str(tmp_path / "three")))


WORKER = '''
import os, signal, sys, time
from trainers import callbacks, flags, runner, strategies
from trainers.config import TrainConfig

config, strategy = TrainConfig(**eval(sys.argv[1])), strategies.make("multi_worker")
strategies.make = lambda name: strategy  # a process joins its cluster once
original = callbacks.StopOnSignal.on_train_batch_end

def wait_for(name):
    """Both have to go on from what the chief wrote."""
    while not os.path.exists(f"{config.workdir}/{name}"):
        time.sleep(0.05)

def at_step_four(self, batch, logs=None):
    if int(self.model.step.numpy()) == 4 and sys.argv[2] == "1":
        os.kill(os.getpid(), signal.SIGTERM)
    original(self, batch, logs)

def exported(workdir, path, **options):
    path.mkdir(parents=True)
    return path

runner.saved_model.export = exported
callbacks.Pictures.on_epoch_end = lambda *_: None
callbacks.StopOnSignal.on_train_batch_end = at_step_four
try:
    runner.run(config)
except SystemExit as stopped:
    print("code", stopped.code)
wait_for("checkpoints/step-4.index")
callbacks.StopOnSignal.on_train_batch_end = original
runner.run(config)
wait_for("exported.json")
runner.run(config)
'''


def test_two_workers_train_stop_together_and_one_writes(tmp_path, exports):
    """Two processes under MultiWorkerMirroredStrategy step as one device; one is signalled and both stop after the same
    step; the same command goes on; one exports, the other writes none."""
    sockets = [socket.socket() for _ in range(2)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for s in sockets:
        s.close()
    config = tiny(
        tmp_path, "fvsbn", steps=6, epoch_steps=3, optimizer="sgd", steps_per_execution=1, keep_best="val_loss"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, repr(dataclasses.asdict(config) | {"strategy": "multi_worker"}), str(index)],
            cwd=ROOT,
            env={
                **os.environ,
                "TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for index in range(2)
    ]
    outputs = [worker.communicate(timeout=300)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    for output in outputs:
        assert "stopped by SIGTERM at step 4;" in output and "code 143" in output
        assert "going on from step 4" in output and "nothing is left to do" in output
    assert "exported:" in outputs[0] and "exported:" not in outputs[1]
    for folder in ("checkpoints", "best_val_loss"):
        assert not (tmp_path / "run" / folder / "worker-scratch").exists()
    runner.run(dataclasses.replace(config, workdir=str(tmp_path / "one")))
    for best in (False, True):
        one, two = (zoo.restore(tmp_path / name, best=best) for name in ("one", "run"))
        for a, b in zip(one.variables, two.variables, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-5, err_msg=a.path)


def test_evaluate_and_export_of_nothing(tmp_path, capsys):
    for module, *arguments in (["trainers.evaluate"], ["export.export_model", f"--output={tmp_path}/1"]):
        assert entry(module, f"--workdir={tmp_path}", *arguments) == 1
        assert "no config.json there" in capsys.readouterr().err
