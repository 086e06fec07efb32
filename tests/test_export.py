"""The contract of an export, point by point, on what is written to disk."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from export import saved_model, verify
from export.requests import example_request
from tests.test_zoo import fresh
from tfgen import zoo
from tfgen.ops import seeds

SIGNATURES = {
    "pixel_cnn": {"log_prob", "sample", "complete"},
    "vae_conv": {"encode", "decode", "reconstruct", "sample", "elbo"},
    "dcgan": {"generate", "sample", "discriminate"},
}


@pytest.fixture(scope="module", params=SIGNATURES)
def exported(request, tmp_path_factory):
    """(row, model, path) of an export, made once."""
    model = fresh(request.param)
    path = tmp_path_factory.mktemp(request.param) / "served" / "1"
    saved_model.export_model(model, path, {"model": request.param})
    return request.param, model, path


def meta_graph(path):
    message = saved_model_pb2.SavedModel()
    message.ParseFromString((path / "saved_model.pb").read_bytes())
    return message.meta_graphs[0]


def test_signatures_names_and_the_batch_dimension(exported):
    row, _, path = exported
    definitions = dict(meta_graph(path).signature_def)
    definitions.pop("__saved_model_init_op")
    assert set(definitions) == SIGNATURES[row] | {"serving_default"}
    card = json.loads((path / "model_card.json").read_text())["signatures"]
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
    _, _, path = exported
    library = meta_graph(path).graph_def.library
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
    _, _, path = exported
    for function in meta_graph(path).graph_def.library.function:
        for node in function.node_def:
            assert node.attr["value"].tensor.ByteSize() < 1024, node.name


def test_warm_up_has_a_valid_record_for_each_signature(exported):
    row, model, path = exported
    loaded = tf.saved_model.load(str(path))
    seen = set()
    for record in tf.data.TFRecordDataset(str(path / "assets.extra" / "tf_serving_warmup_requests")):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        name = request.model_spec.signature_name
        answer = loaded.signatures[name](
            **{key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        )
        assert all(len(value) == saved_model.ROWS for value in answer.values())
        seen.add(name)
    assert seen == SIGNATURES[row]


def test_other_tensorflow_code_can_use_it(exported):
    """By tf.saved_model.load: the default signature, and inside somebody's own tf.function."""
    _, model, path = exported
    loaded = tf.saved_model.load(str(path))
    seed = seeds.seed_rows(4, 11)
    live = tf.function(model.sample)(seed)
    np.testing.assert_array_equal(loaded.signatures["serving_default"](seed=seed)["image"], live)
    np.testing.assert_array_equal(tf.function(lambda s: loaded.signatures["sample"](seed=s)["image"])(seed), live)


def requests_for(model, row):
    """(signature, request, words of the error) of requests that must be refused."""
    signature = {"pixel_cnn": "log_prob", "vae_conv": "encode", "dcgan": "discriminate"}[row]
    wrong = [
        (signature, {"image": np.zeros((2, 10, 10, 1), np.uint8)}, "shape"),
        (signature, {"image": np.full((2, 8, 8, 1), model.levels, np.uint8)}, "image must lie in 0 .. 4"),
        ("sample", {"seed": np.zeros((2, 3), np.int32)}, "shape"),
    ]
    if row == "dcgan":
        for value in (np.nan, np.inf, 1e30):
            wrong.append(("generate", {"latents": np.full((1, 4), value, np.float32)}, "latents must be finite"))
    if row == "vae_conv":
        wrong.append(
            (
                "elbo",
                {"image": np.zeros((2, 8, 8, 1), np.uint8), "seed": np.zeros((3, 2), np.int32)},
                "seed must have as many rows as image",
            )
        )
    return wrong


def test_bad_requests_are_refused_by_the_session(exported):
    row, model, path = exported
    for name, request, words in requests_for(model, row):
        with pytest.raises(RuntimeError, match="(?i)" + words):
            verify.run_in_fresh_process(path, {name: request})
        if row != "pixel_cnn":
            break  # a process for each is slow: the rest by tf.saved_model.load
    loaded = tf.saved_model.load(str(path))
    for name, request, words in requests_for(model, row):
        with pytest.raises((tf.errors.InvalidArgumentError, TypeError), match="(?i)" + words):
            loaded.signatures[name](**{key: tf.constant(value) for key, value in request.items()})


def test_labels_out_of_range_are_refused():
    model = fresh("gated_pixel_cnn_conditional")
    function = saved_model.served_function(model, model.signatures()["sample"])
    for label in (-1, 3):
        with pytest.raises(tf.errors.InvalidArgumentError, match="label must lie in 0 .. 2"):
            function({"seed": seeds.seed_rows(2), "label": tf.constant([0, label])})


def test_answers_to_extreme_requests_are_finite(exported):
    row, model, path = exported
    loaded = tf.saved_model.load(str(path))
    for name, signature in model.signatures().items():
        request = example_request(model, signature, 2)
        for value in (-saved_model.LARGEST, saved_model.LARGEST):
            extreme = {
                key: tf.fill(tensor.shape, tf.constant(value)) if tensor.dtype.is_floating else tensor
                for key, tensor in request.items()
            }
            for key, answer in loaded.signatures[name](**extreme).items():
                assert np.isfinite(np.asarray(answer, np.float64)).all(), f"{name}/{key}"


def test_one_row_is_answered_and_none_refused(exported):
    _, model, path = exported
    loaded = tf.saved_model.load(str(path))
    for name, signature in model.signatures().items():
        request = example_request(model, signature, 1)
        assert all(len(value) == 1 for value in loaded.signatures[name](**request).values())
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have at least one row"):
            loaded.signatures[name](**{key: value[:0] for key, value in request.items()})


def test_an_export_of_some_signatures_holds_only_their_weights(tmp_path):
    """The exported generator holds no encoder weights, nor the exported DCGAN's a discriminator."""
    for row, names, part in (("vae_conv", ["decode", "sample"], "decoder"), ("dcgan", ["sample"], "generator")):
        model = fresh(row)
        path = tmp_path / row / "1"
        saved_model.export_model(model, path, {}, names)
        held = sum(
            int(np.prod(shape))
            for name, shape in tf.train.list_variables(str(path / "variables" / "variables"))
            if "OBJECT_GRAPH" not in name and "save_counter" not in name
        )
        assert held == sum(int(np.prod(variable.shape)) for variable in getattr(model, part).variables)
        assert json.loads((path / "model_card.json").read_text())["weights_served"] == held


def test_an_export_is_whole_or_not_there(tmp_path, monkeypatch):
    model = fresh("dcgan")

    def broken(*_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(verify, "verify", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            saved_model.export_model(model, tmp_path / "m" / "7", {})
    assert not [path for path in (tmp_path / "m").iterdir() if path.name.isdigit()]
    assert saved_model.next_version(tmp_path / "m").name == "1"
    saved_model.export_model(model, tmp_path / "m" / "7", {})  # what was left over does not stand in the way
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["7"]
    assert saved_model.next_version(tmp_path / "m").name == "8"


def test_verification_notices_a_wrong_answer(exported):
    _, model, path = exported
    requests = {"sample": example_request(model, model.signatures()["sample"], 2)}
    image = tf.function(model.sample)(**requests["sample"])
    verify.verify(path, requests, {"sample": {"image": image}})
    with pytest.raises(RuntimeError, match="sample/image: the export answers"):
        verify.verify(path, requests, {"sample": {"image": (image + 1) % model.levels}})


@pytest.mark.parametrize(
    "output, names, message",
    [
        ("served/model", None, "must end in a version number"),
        ("served/1", ["sampel"], "signatures='sampel': DCGAN serves generate, sample, discriminate"),
    ],
)
def test_bad_output_and_signatures(tmp_path, output, names, message):
    with pytest.raises(ValueError, match=message):
        saved_model.export_model(fresh("dcgan"), tmp_path / output, {}, names)
    assert not (tmp_path / "served").exists()


def test_an_existing_version_is_not_overwritten(exported):
    _, model, path = exported
    with pytest.raises(ValueError, match="exists already; give the next version, .*2"):
        saved_model.export_model(model, path, {})


def test_the_card_says_how_to_call_it(exported):
    row, _, path = exported
    text = (path / "MODEL_CARD.md").read_text()
    for word in ("tensorflow_model_server", "curl", "grpc", "tf.saved_model.load", *SIGNATURES[row]):
        assert word in text
    # The Python of the card runs as it stands.
    code = text.split("```python\n")[1].split("```")[0]
    scope = {}
    exec(code, scope)
    assert scope["answer"]["image"].shape[0] == 2


def test_a_compiled_twin_answers_as_the_signature_does(tmp_path):
    """As an attribute of the loaded module, for any batch size."""
    arguments = {"image_shape": (6, 5, 1), "levels": 5, "width": 4, "depth": 2, "head_width": 4}
    path = saved_model.export_model(zoo.build("gated_pixel_cnn", **arguments), tmp_path / "m" / "1", {"model": "m"})
    loaded = tf.saved_model.load(str(path))
    assert set(loaded.compiled) == {"sample", "complete"}
    for count in (2, 3):
        seed = seeds.seed_rows(count)
        twin = loaded.compiled["sample"]({"seed": seed})["image"]
        np.testing.assert_array_equal(twin, loaded.signatures["sample"](seed=seed)["image"])


def test_temperature_is_named_in_the_card(tmp_path):
    model = zoo.build("fvsbn", image_shape=(3, 3, 1), levels=3)
    model.draw = dataclasses.replace(model.draw, temperature=0.5)
    path = saved_model.export_model(model, tmp_path / "m" / "1", {"model": "m"})
    assert "temperature 0.5, nucleus 1" in (path / "MODEL_CARD.md").read_text()
