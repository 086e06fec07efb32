"""The card beside an export, for people (MODEL_CARD.md) and for programs (model_card.json)."""

import json
import math
import pathlib

import keras
import tensorflow as tf

from tfgen import zoo


def describe_run(workdir: pathlib.Path, model) -> dict:
    """What a card says of a training run: the model, its paper, data, protocol, and the last figures measured."""
    workdir = pathlib.Path(workdir)
    config = zoo.read_config(workdir)
    figures = {}
    metrics = workdir / "metrics.jsonl"
    if metrics.exists() and (lines := metrics.read_text().splitlines()):
        last = json.loads(lines[-1])
        figures = {name.removeprefix("val_"): f"{value:.6g} {model.units[name.removeprefix('val_')]}"
                   for name, value in last.items() if name.startswith("val_")}
    evaluation = workdir / "evaluation.json"
    return {
        "model": config["model"],
        "family": zoo.find(config["model"]).family,
        "paper": zoo.find(config["model"]).paper,
        "arguments": config["model_arguments"],
        "dataset": config["dataset"],
        "protocol": config["data"]["protocol"],
        "trained_steps": int(model.step.numpy()),
        "batch_size": config["batch_size"],
        "weights": f"moving average, decay {config['average']}" if config["average"] else "last step",
        "validation_figures": figures,
        "evaluation": json.loads(evaluation.read_text()) if evaluation.exists() else None,
    }


def write(folder: pathlib.Path, output: pathlib.Path, model, about: dict, signatures, answers, weights) -> None:
    """MODEL_CARD.md and model_card.json in `folder`; `output` is the name that the folder will get."""
    card = {
        **about,
        "image": {"dtype": "uint8", "shape": list(model.image_shape), "values": f"levels 0 .. {model.levels - 1}"},
        "weights_served": sum(math.prod(variable.shape) for variable in weights),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
        "signatures": {
            name: {
                "about": signature.about,
                "inputs": {key: _spec(spec.dtype, spec.shape[1:]) for key, spec in signature.inputs.items()},
                "outputs": {key: _spec(value.dtype, value.shape[1:]) for key, value in answers[name].items()},
            } for name, signature in signatures.items()},
    }
    (folder / "model_card.json").write_text(json.dumps(card, indent=2) + "\n")
    (folder / "MODEL_CARD.md").write_text(_markdown(card, type(model).__doc__ or "", pathlib.Path(output)))


def _spec(dtype: tf.DType, shape) -> dict:
    return {"dtype": dtype.name, "shape": ["N", *(int(size) for size in shape)]}


def _markdown(card: dict, docstring: str, output: pathlib.Path) -> str:
    name = output.parent.absolute().name
    signature = "sample" if "sample" in card["signatures"] else next(iter(card["signatures"]))
    inputs = card["signatures"][signature]["inputs"]
    seeds_only = list(inputs) == ["seed"]
    example = "seed=tf.constant([[0, 0], [0, 1]])" if seeds_only else ", ".join(f"{key}=..." for key in inputs)
    rows = [f"| `{key}` | {', '.join(_column(item['inputs']))} | {', '.join(_column(item['outputs']))} | "
            f"{item['about']} |" for key, item in card["signatures"].items()]
    facts = [f"- {key.replace('_', ' ')}: {card[key]}" for key in (
        "model", "family", "paper", "arguments", "dataset", "protocol", "trained_steps", "batch_size", "weights",
        "weights_served") if key in card]
    figures = [f"- validation, {key}: {value}" for key, value in (card.get("validation_figures") or {}).items()]
    if card.get("evaluation"):
        figures.append(f"- evaluation: `{json.dumps(card['evaluation'])}`")
    body = '{"signature_name": "%s", "inputs": {"seed": [[0, 0], [0, 1]]}}' % signature
    return "\n".join([
        f"# {name}", "", docstring.split("Args:")[0].strip().replace("\n    ", "\n"), "", *facts,
        f"- images: uint8 [N, {', '.join(map(str, card['image']['shape']))}], {card['image']['values']}", "",
        "## Figures", "", *(figures or ["None were measured in this run."]), "",
        "## Signatures", "",
        "Dimension 0 is the batch. Row i of an answer depends on row i of the request alone. For n pictures send the "
        "seeds `[[s, 0], [s, 1], ... [s, n - 1]]`; the same seed gives the same picture.", "",
        "| signature | inputs | outputs | |", "| --- | --- | --- | --- |", *rows, "",
        "## How to call it", "", "Python:", "", "```python", "import tensorflow as tf",
        f"served = tf.saved_model.load({str(output)!r}).signatures[{signature!r}]", f"answer = served({example})",
        "```", "", "TF Serving:", "", "```",
        f"tensorflow_model_server --model_name={name} --model_base_path={output.parent.absolute()} "
        "--port=8500 --rest_api_port=8501", "```",
        *(["", "REST:", "", "```", f"curl -d '{body}' http://localhost:8501/v1/models/{name}:predict", "```"]
          if seeds_only else []),
        "", "gRPC:", "", "```python", "import grpc, tensorflow as tf",
        "from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc",
        "stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel('localhost:8500'))",
        "request = predict_pb2.PredictRequest()", f"request.model_spec.name = {name!r}",
        f"request.model_spec.signature_name = {signature!r}",
        *(f"request.inputs[{key!r}].CopyFrom(tf.make_tensor_proto("
          + ("[[0, 0], [0, 1]], tf.int32))" if key == "seed" else f"..., tf.{spec['dtype']}))")
          for key, spec in inputs.items()),
        "answer = stub.Predict(request)", "```", ""])


def _column(tensors: dict) -> list[str]:
    return [f"`{key}` {spec['dtype']} [{', '.join(map(str, spec['shape']))}]" for key, spec in tensors.items()]
