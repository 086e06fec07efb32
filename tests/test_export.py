"""The contract of an export, point by point, on what is written to disk."""

import dataclasses
import functools
import importlib.util
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from export import rows, saved_model, verify
from export.plain_tensorflow import Server, answer_file
from tests.test_zoo import fresh
from tests.zoo import ROWS
from tfgen import zoo
from tfgen.core import Signature, checkpoints
from tfgen.ops import seeds
from trainers import presets
from trainers.config import FIELDS

ROOT = pathlib.Path(__file__).parents[1]
SIGNATURES = {
    "gated_pixel_cnn": {"log_prob", "sample", "complete"},
    "vae": {"encode", "decode", "reconstruct", "sample", "elbo"},
    "dcgan": {"generate", "sample", "discriminate"},
}


def small(name):
    """A model of the smallest graph, with a second input if it may have one."""
    if name != "gated_pixel_cnn":
        return fresh({"vae": "vae_conv"}.get(name, name))
    arguments = {"image_shape": (4, 3, 1), "levels": 5, "width": 4, "depth": 1, "head_width": 4}
    model = zoo.build(name, **arguments, conditional=True, num_classes=3)
    for i, variable in enumerate(model.trainable_variables):  # not what it starts with: labels that matter
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [0, i]))
    return model


class Export:
    """An export on disk, how it is loaded and asked, and what the live model answers to `requests`."""

    def __init__(self, model, path, names=None, max_rows=saved_model.MAX_ROWS):
        self.model, self.path = model, path
        about = {"name": "its-name", "model": "m"}
        served = saved_model.serve(model, names, max_rows)
        self.requests, self.answers = saved_model.write(model, served, path, path, about)
        self.card = json.loads((path / "model_card.json").read_text())
        self._runs = {}

    @functools.cached_property
    def loaded(self):
        return tf.saved_model.load(str(self.path))

    @functools.cached_property
    def server(self):
        return Server(str(self.path))

    def ask(self, name, inputs):
        """As a server asks: by the session loader, which holds no request to the shapes of the signature."""
        signature = self.server.signatures[name]
        if name not in self._runs:
            feed = [info.name for info in signature.inputs.values()]
            fetch = [info.name for info in signature.outputs.values()]
            options = config_pb2.CallableOptions(feed=feed, fetch=fetch)
            self._runs[name] = self.server.session._make_callable_from_options(options)
        answer = self._runs[name](*(np.asarray(inputs[key]) for key in signature.inputs))
        return dict(zip(signature.outputs, answer, strict=True))


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """name -> its export, made once where it is asked for; none is verified yet."""
    folder = tmp_path_factory.mktemp("served")
    return functools.cache(lambda name: Export(small(name), folder / name / "1"))


@pytest.fixture(scope="module")
def by_steps(tmp_path_factory):
    """An export of a model that samples by steps, from seeds alone."""
    model = zoo.build("fvsbn", image_shape=(3, 3, 1), levels=3)
    model.drawing = dataclasses.replace(model.drawing, temperature=0.5)
    return Export(model, tmp_path_factory.mktemp("by_steps") / "1", names=["sample"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The work directory of a run: what `zoo.restore` needs of it."""
    workdir = tmp_path_factory.mktemp("of") / "runs" / "vae_mnist"
    name, arguments = ROWS["vae_conv"]
    checkpoints.save(workdir / "checkpoints", checkpoints.trackable(zoo.build(name, **arguments)), 1, keep=1)
    data = {"dataset": "mnist", "transforms": "", "data": {"protocol": "none"}, "batch_size": 1, "average": 0.0}
    (workdir / "config.json").write_text(json.dumps({"model": name, "model_arguments": arguments, **data}))
    return workdir


@pytest.fixture(params=SIGNATURES)
def exported(request, exports):
    return exports(request.param)


def meta_graph(path):
    message = saved_model_pb2.SavedModel()
    message.ParseFromString((path / "saved_model.pb").read_bytes())
    return message.meta_graphs[0]


def test_what_plain_tensorflow_answers_is_what_the_live_model_does(exported, plain_tensorflow):
    """In a process without Keras, TFP or this package, and bit for bit; a wrong answer is noticed."""
    answers = plain_tensorflow(exported.path, exported.requests)
    verify.compare(answers, exported.answers)
    image = exported.answers["sample"]["image"]
    with pytest.raises(RuntimeError, match="sample/image: the export answers"):
        wrong = {**exported.answers["sample"], "image": (image + 1) % exported.model.levels}
        verify.compare(answers, {"sample": wrong})
    with pytest.raises(RuntimeError, match=r"sample: the export answers \['image', 'valid'\], the live model"):
        verify.compare(answers, {"sample": {"image": image}})


def test_a_request_that_fails_names_its_export(exports, tmp_path):
    np.savez(tmp_path / "requests.npz", **{"sample/seed": np.zeros([0, 2], np.int32)})
    path = str(exports("dcgan").path)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        answer_file(path, tmp_path / "requests.npz", tmp_path / "answers.npz")
    assert caught.value.__notes__ == [f"by the export {path}"] and not (tmp_path / "answers.npz").exists()


def test_what_the_other_process_says_when_it_fails(tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text("raise SystemExit('no such file')")
    monkeypatch.setattr(verify, "SCRIPT", tmp_path / "broken.py")
    with pytest.raises(RuntimeError, match="the export does not run in plain TensorFlow:\nno such file"):
        verify.verify(tmp_path, {"sample": {"seed": seeds.seed_rows(1)}}, {})


def test_signatures_names_and_the_batch_dimension(exported):
    path = exported.path
    definitions = dict(meta_graph(path).signature_def)
    definitions.pop("__saved_model_init_op")
    assert set(definitions) == set(exported.model.signatures()) | {"serving_default"}
    card = exported.card["signatures"]
    for name, definition in definitions.items():
        for side in (definition.inputs, definition.outputs):
            for info in side.values():
                assert info.tensor_shape.dim[0].size == -1, name
        if name in card:
            assert set(definition.inputs) == set(card[name]["inputs"])
            assert set(definition.outputs) == set(card[name]["outputs"])
            for key, info in definition.inputs.items():
                assert card[name]["inputs"][key]["dtype"] == tf.as_dtype(info.dtype).name
                assert card[name]["inputs"][key]["shape"][1:] == [dim.size for dim in info.tensor_shape.dim[1:]]


def test_no_python_custom_or_xla_operation(exported):
    library = meta_graph(exported.path).graph_def.library
    operations = {node.op for function in library.function for node in function.node_def}
    own = {function.signature.name for function in library.function}
    assert not operations & {"PyFunc", "EagerPyFunc", "PyFuncStateless", "XlaLaunch"}
    import tensorflow.python.framework.op_def_registry as registry

    assert all(registry.get(operation) or operation in own for operation in operations)
    # What a signature calls; the compiled twins, which none calls, have XLA.
    functions = {function.signature.name: function for function in library.function}
    served = reachable(functions, [name for name in functions if "signature_wrapper" in name])
    assert len(served) > 3
    for function in (functions[name] for name in served):
        assert not function.attr["_XlaMustCompile"].b and not any(
            node.attr["_XlaMustCompile"].b for node in function.node_def
        )


def reachable(functions, names):
    """Names of these functions, and of those that they call."""
    seen = set()
    while names:
        name = names.pop()
        if name in functions and name not in seen:
            seen.add(name)
            for node in functions[name].node_def:
                names += [attr.func.name for attr in node.attr.values() if attr.func.name]
                names.append(node.op)
    return seen


def test_the_graph_is_small_beside_the_weights_that_it_may_have(exported):
    """No mask, table or other constant of more than 1 KiB hides in the graph."""
    for function in meta_graph(exported.path).graph_def.library.function:
        for node in function.node_def:
            assert node.attr["value"].tensor.ByteSize() < 1024, node.name


def warm_up(path):
    """The requests that TF Serving replays when it loads an export."""
    for record in tf.data.TFRecordDataset(str(path / "assets.extra" / "tf_serving_warmup_requests")):
        yield prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request


def test_warm_up_has_a_valid_record_for_each_signature(exported):
    seen = []
    for request in warm_up(exported.path):
        name = request.model_spec.signature_name
        assert request.model_spec.name == exported.card["name"]
        answer = exported.ask(name, {key: tf.make_ndarray(value) for key, value in request.inputs.items()})
        assert answer["valid"].tolist() == [True] * saved_model.ROWS
        assert all(len(value) == saved_model.ROWS for value in answer.values())
        seen.append(name)
    assert seen == list(exported.model.signatures())


def test_other_tensorflow_code_can_use_it(exported):
    """By tf.saved_model.load: the default signature, and inside somebody's own tf.function and data set."""
    request, image = exported.requests["sample"], exported.answers["sample"]["image"]
    signatures = exported.loaded.signatures
    np.testing.assert_array_equal(signatures["serving_default"](**request)["image"], image)
    np.testing.assert_array_equal(tf.function(lambda one: signatures["sample"](**one)["image"])(request), image)
    data = tf.data.Dataset.from_tensors(request).map(lambda one: signatures["sample"](**one)["image"])
    np.testing.assert_array_equal(next(iter(data)), image)


@pytest.mark.parametrize("name, signature, output", [("vae", "decode", "mean"), ("dcgan", "generate", "pixels")])
def test_an_export_can_be_inverted(exports, name, signature, output):
    """Gradients go through the loaded signature to the latents: they are the central differences of its answers."""
    function, (count, size) = (
        exports(name).loaded.signatures[signature],
        exports(name).requests[signature]["latents"].shape,
    )
    latents = tf.constant(np.random.default_rng(0).normal(size=(count, size)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(latents)
        total = tf.reduce_sum(function(latents=latents)[output])
    gradient = tape.gradient(total, latents).numpy()
    for i in range(size):
        step = tf.one_hot(i, size) * 1e-3
        above, below = (function(latents=latents + sign * step)[output].numpy().astype(float) for sign in (1, -1))
        slopes = (above - below).reshape(count, -1).sum(1) / 2e-3
        np.testing.assert_allclose(gradient[:, i], slopes, rtol=2e-2, atol=2e-2)
    assert np.abs(gradient).max() > 0.1


IMAGE, SEED = np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 2), np.int32)


@pytest.mark.parametrize(
    "image, seed, words",
    [
        (IMAGE[0, 0, 0, 0], SEED, r"image must be uint8 \[N, 8, 8, 1\], not of shape\] \[\]"),
        (IMAGE[0], SEED, r"image must be uint8 \[N, 8, 8, 1\], not of shape\] \[8 8 1\]"),
        (IMAGE[None], SEED, r"image must be uint8 \[N, 8, 8, 1\], not of shape\] \[1 2 8 8 1\]"),
        (np.zeros((2, 10, 10, 1), np.uint8), SEED, r"image must be uint8 .* \[2 10 10 1\]"),
        (IMAGE, SEED[0, 0], r"seed must be int32 \[N, 2\], not of shape\] \[\]"),
        (IMAGE, SEED[0], r"seed must be int32 \[N, 2\], not of shape\] \[2\]"),
        (IMAGE, np.zeros((2, 3), np.int32), r"seed must be int32 \[N, 2\], not of shape\] \[2 3\]"),
        (IMAGE, np.zeros((3, 2), np.int32), r"seed must have as many rows as image, not\] \[3\]"),
        (IMAGE[:0], SEED[:0], r"image must have 1 to 1024 rows, not\] \[0\]"),
        (np.zeros((1025, 8, 8, 1), np.uint8), SEED, r"image must have 1 to 1024 rows, not\] \[1025\]"),
    ],
)
def test_a_request_of_wrong_shape_is_refused_by_its_name(exports, image, seed, words):
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        exports("vae").ask("elbo", {"image": image, "seed": seed})


def bad_values(model, name, dtype):
    """Values of an input that no row may hold."""
    if dtype.is_floating:
        return [np.nan, np.inf, -np.inf, 1.01 * rows.LARGEST, -1.01 * rows.LARGEST]
    limit = model.limits.get(name)
    return [] if limit is None else [limit, dtype.max, *([] if dtype.is_unsigned else [-1, dtype.min])]


def test_a_bad_row_answers_by_itself(exported):
    """By valid=False and zeros, and the rows beside it as if it were not there."""
    tried = 0
    for signature, request in exported.requests.items():
        for name, spec in exported.model.signatures()[signature].inputs.items():
            for bad in bad_values(exported.model, name, spec.dtype):
                value = np.array(request[name])
                value[(1, *[-1] * (value.ndim - 1))] = bad
                answer = exported.ask(signature, {**request, name: value})
                assert answer["valid"].tolist() == [True, False, True], (signature, name, bad)
                for key, good in exported.answers[signature].items():
                    assert not answer[key][1].any(), (signature, key, bad)
                    np.testing.assert_array_equal(answer[key][[0, 2]], good.numpy()[[0, 2]])
                tried += 1
    assert tried >= 4


def test_a_bad_row_does_not_reach_the_model():
    """Where it could be an error of the whole batch: a class that a table lacks."""
    model, table = fresh("gated_pixel_cnn"), tf.constant([5.0, 6.0, 7.0])
    looked_up = Signature(lambda label: {"value": tf.gather(table, label)}, model.condition_spec, "")
    answer = saved_model.served_function(model, looked_up)({"label": tf.constant([2, 3, -1, 0])})
    np.testing.assert_array_equal(answer["value"], [7, 0, 0, 5])
    np.testing.assert_array_equal(answer["valid"], [True, False, False, True])


def test_answers_to_extreme_requests_are_valid_and_finite(exported):
    for name, request in exported.requests.items():
        for value in (-rows.LARGEST, rows.LARGEST):
            extreme = {
                key: tf.fill(tensor.shape, tf.constant(value)) if tensor.dtype.is_floating else tensor
                for key, tensor in request.items()
            }
            answer = exported.ask(name, extreme)
            assert answer["valid"].all()
            for key, values in answer.items():
                assert np.isfinite(values.astype(np.float64)).all(), f"{name}/{key}"


def test_one_row_is_answered_and_none_refused(exported):
    for name, request in exported.requests.items():
        answer = exported.ask(name, {key: value[:1] for key, value in request.items()})
        assert all(len(value) == 1 for value in answer.values())
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have 1 to 1024 rows"):
            exported.ask(name, {key: value[:0] for key, value in request.items()})


def test_the_largest_number_of_rows_is_the_exporters(tmp_path):
    """And the requests that verify and warm up the export keep to it."""
    export = Export(small("dcgan"), tmp_path / "m" / "1", names=["sample"], max_rows=2)
    assert export.card["max_rows"] == 2 and "at most 2 rows" in (export.path / "MODEL_CARD.md").read_text()
    assert [len(tf.make_ndarray(request.inputs["seed"])) for request in warm_up(export.path)] == [2]
    assert export.ask("sample", {"seed": np.zeros((2, 2), np.int32)})["valid"].all()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"seed must have 1 to 2 rows, not\] \[3\]"):
        export.ask("sample", {"seed": np.zeros((3, 2), np.int32)})


def test_an_export_of_some_signatures_holds_only_their_weights(tmp_path):
    """The exported decoder has no encoder weights, nor the exported DCGAN's discriminator a generator's."""
    for name, names, part in (("vae", ["decode", "sample"], "decoder"), ("dcgan", ["discriminate"], "discriminator")):
        export = Export(small(name), tmp_path / name / "1", names=names)
        held = sum(
            int(np.prod(shape))
            for name, shape in tf.train.list_variables(str(export.path / "variables" / "variables"))
            if "OBJECT_GRAPH" not in name and "save_counter" not in name
        )
        assert held == sum(int(np.prod(variable.shape)) for variable in getattr(export.model, part).variables)
        assert export.card["weights_served"] == held
        run_card(export)


def test_an_export_is_whole_or_not_there(exports, tmp_path, monkeypatch):
    model, verified = exports("dcgan").model, []

    def broken(*_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(verify, "verify", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            saved_model.export_model(model, tmp_path / "m" / "7", {}, ["sample"])
    assert not [path for path in (tmp_path / "m").iterdir() if path.name.isdigit()]
    assert saved_model.next_version(tmp_path / "m").name == "1"
    # What was left over does not stand in the way.
    monkeypatch.setattr(verify, "verify", lambda path, *_: verified.append(path.name))
    saved_model.export_model(model, tmp_path / "m" / "7", {}, ["sample"])
    assert verified == ["partial-7"]
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["7"]
    assert saved_model.next_version(tmp_path / "m").name == "8"


@pytest.mark.parametrize(
    "output, options, message",
    [
        ("served/model", {}, "must end in a version number"),
        ("served/1", {"names": ["sampel"]}, "signatures='sampel': DCGAN serves generate, sample, discriminate"),
        ("served/1", {"max_rows": 0}, "max_rows=0: must be at least 1"),
    ],
)
def test_bad_output_signatures_and_rows(exports, tmp_path, output, options, message):
    with pytest.raises(ValueError, match=message):
        saved_model.export_model(exports("dcgan").model, tmp_path / output, {}, **options)
    assert not (tmp_path / "served").exists()


def test_an_existing_version_is_not_overwritten(exports):
    one = exports("dcgan")
    with pytest.raises(ValueError, match="exists already; give the next version, .*2"):
        saved_model.export_model(one.model, one.path, {})


def test_a_compiled_twin_answers_as_the_signature_does(exports):
    """As an attribute of the loaded module, for any batch size."""
    one = exports("gated_pixel_cnn")
    assert set(one.loaded.compiled) == {"sample", "complete"}
    for count in (2, 3):
        request = {"seed": seeds.seed_rows(count), "label": tf.range(count)}
        twin = one.loaded.compiled["sample"](request)
        served = one.loaded.signatures["sample"](**request)
        for key in ("image", "valid"):
            np.testing.assert_array_equal(twin[key], served[key])


def test_temperature_is_named_in_the_card(by_steps):
    assert "temperature 0.5, nucleus 1" in (by_steps.path / "MODEL_CARD.md").read_text()


def test_an_export_has_the_name_of_its_run(run, tmp_path, monkeypatch):
    """Wherever it lies; and one that needs no quotes."""
    said = []
    monkeypatch.setattr(saved_model, "export_model", lambda model, output, about, *_: said.append(about["name"]))
    saved_model.export(run, run / "export" / "1")
    saved_model.export(run, run / "export" / "1", name="digits")
    shutil.copytree(run, tmp_path / "my run: 2")
    saved_model.export(tmp_path / "my run: 2", tmp_path / "1")
    assert said == ["vae_mnist", "digits", "my-run-2"]
    with pytest.raises(ValueError, match="name='a/b': must be of letters, digits, '_', '.' and '-', like 'a-b'"):
        saved_model.export(run, run / "export" / "1", name="a/b")


# What is said of an export, run as it is printed.


def blocks(text, language):
    """The code of a Markdown text."""
    return [code for name, code in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.M) if name == language]


def shell_line(text, command, folder=""):
    """The words of the one line of a text that runs `command`, as a shell would read them in `folder`."""
    (line,) = [line for block in blocks(text, "") for line in block.splitlines() if line.startswith(command)]
    return shlex.split(line.replace("$PWD", str(folder)))


def answer_to_curl(text, loaded, folder=""):
    """What a loaded export answers to the curl line of a text, held against the line that starts the server."""
    server = dict(re.findall(r"--(\w+)=(\S+)", " ".join(shell_line(text, "tensorflow_model_server", folder))))
    curl, _, data, url = shell_line(text, "curl")
    assert re.fullmatch(
        rf"(http://)?localhost:{server['rest_api_port']}/v1/models/{re.escape(server['model_name'])}:predict", url
    )
    assert (pathlib.Path(server["model_base_path"]) / "1" / "saved_model.pb").exists()
    request = json.loads(pathlib.Path(data[1:]).read_text() if data.startswith("@") else data)
    function = loaded.signatures[request["signature_name"]]
    specs = function.structured_input_signature[1]
    return function(**{key: tf.constant(value, specs[key].dtype) for key, value in request["inputs"].items()})


def run_card(export):
    """Runs the REST and the Python lines of a card, the call itself inside of somebody's tf.function too."""
    text = (export.path / "MODEL_CARD.md").read_text()
    assert text.startswith(f"# {export.card['name']}\n")
    assert answer_to_curl(text, export.loaded)["valid"].numpy().tolist() == [True, True]
    scope = {}
    code = blocks(text, "python")[0]
    exec(code, scope)
    call = code.split("answer = ")[1]
    for answer in (scope["answer"], tf.function(lambda: eval(call, scope))()):
        assert answer["valid"].numpy().tolist() == [True, True]


def test_the_card_runs_as_it_is_printed(exported):
    run_card(exported)
    text = (exported.path / "MODEL_CARD.md").read_text()
    for name, signature in exported.model.signatures().items():
        assert f"| `{name}` | " in text
        for key, spec in signature.inputs.items():
            assert f"`{key}` {spec.dtype.name} [N" in text
    for line in text.splitlines():  # cells hold no | of their own
        if line.startswith("| `"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5


DRIVER = """
import json, runpy, sys
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

sys.argv, readme, card = json.load(sys.stdin)
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code

class Stub:  # no server is there: the export that the card has loaded answers the request
    def __init__(self, channel):
        pass

    def Predict(self, request):
        assert request.model_spec.name == "its-name"
        function = scope["loaded"].signatures[request.model_spec.signature_name]
        answer = function(**{key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()})
        return predict_pb2.PredictResponse(outputs={key: tf.make_tensor_proto(answer[key]) for key in answer})

prediction_service_pb2_grpc.PredictionServiceStub = Stub
for code in readme:
    exec(code, {})
scope = {}
for code in card:
    exec(code, scope)
assert tf.make_ndarray(scope["answer"].outputs["valid"]).tolist() == [True, True]
"""


def test_readme_and_card_run_as_they_are_printed(run, exports, by_steps):
    """All Python of both in a fresh process, after the README's line that makes an export; then the README's curl."""
    text, folder = (ROOT / "README.md").read_text(), run.parents[1]
    shutil.copytree(by_steps.path, folder / "runs" / "pixel_cnn_digits" / "export" / "1")
    readme = blocks(text, "python")
    card = blocks((exports("gated_pixel_cnn").path / "MODEL_CARD.md").read_text(), "python")
    assert len(readme) >= 2 and len(card) == 2 and "label" in card[1]
    _, _, *command = shell_line(text, "python -m export.export_model --workdir")
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps([command, readme, card]),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    loaded = tf.saved_model.load(str(folder / "served" / "vae_mnist" / "1"))
    assert answer_to_curl(text, loaded, folder)["valid"].numpy().tolist() == [True, True]
    assert (folder / "served" / "vae_mnist" / "1" / "MODEL_CARD.md").read_text().startswith("# vae_mnist\n")


def flags_of(path):
    return re.findall(r'DEFINE_\w+\(\s*"(\w+)"', path.read_text())


def test_commands_of_the_readme_have_their_modules_flags_and_presets():
    lines = re.findall(r"^python -m (\S+)(.*)$", (ROOT / "README.md").read_text(), re.M)
    assert len(lines) >= 7
    for module, rest in lines:
        known = flags_of(pathlib.Path(importlib.util.find_spec(module).origin))
        if ".train_" in module:
            known += [*FIELDS, *flags_of(ROOT / "trainers" / "flags.py")]
        for flag, value in re.findall(r"--(\w+)=(\S+)", rest):
            assert flag in known, f"{module} has no --{flag}"
            assert flag != "preset" or value in presets.PRESETS
