"""The card beside an export, for people (MODEL_CARD.md) and for programs (model_card.json)."""

import json
import math
import pathlib

import keras
import tensorflow as tf

from tfgen import zoo

FACTS = (
    "model",
    "family",
    "paper",
    "arguments",
    "dataset",
    "protocol",
    "trained_steps",
    "batch_size",
    "weights",
    "weights_served",
)


def describe_run(workdir: pathlib.Path, model) -> dict:
    """What a card says of a training run: the model, its paper, data, protocol, and the last figures measured."""
    workdir = pathlib.Path(workdir)
    config = zoo.read_config(workdir)
    figures = {}
    metrics = workdir / "metrics.jsonl"
    if metrics.exists() and (lines := metrics.read_text().splitlines()):
        last = json.loads(lines[-1])
        figures = {
            name.removeprefix("val_"): f"{value:.6g} {model.units[name.removeprefix('val_')]}"
            for name, value in last.items()
            if name.startswith("val_")
        }
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
        "example": {
            "name": model.example,
            "dtype": model.batch_spec[model.example].dtype.name,
            "shape": list(model.shape),
            "values": f"levels 0 .. {model.levels - 1}" if model.levels else "real",
        },
        "weights_served": sum(math.prod(variable.shape) for variable in weights),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
        "signatures": {
            name: {
                "about": signature.about,
                "inputs": {key: _spec(spec.dtype, spec.shape[1:]) for key, spec in signature.inputs.items()},
                "outputs": {key: _spec(value.dtype, value.shape[1:]) for key, value in answers[name].items()},
            }
            for name, signature in signatures.items()
        },
    }
    (folder / "model_card.json").write_text(json.dumps(card, indent=2) + "\n")
    (folder / "MODEL_CARD.md").write_text(_markdown(card, type(model).__doc__ or "", pathlib.Path(output)))


def _spec(dtype: tf.DType, shape) -> dict:
    return {"dtype": dtype.name, "shape": ["N", *(int(size) for size in shape)]}


CARD = """\
# {name}

{description}

{facts}

## Figures

{figures}

## Signatures

Dimension 0 is the batch. Row i of an answer depends on row i of the request alone. For n pictures send the seeds
`[[s, 0], [s, 1], ... [s, n - 1]]`; the same seed gives the same picture.

| signature | inputs | outputs | |
| --- | --- | --- | --- |
{signatures}

## How to call it

Python:

```python
import tensorflow as tf
served = tf.saved_model.load({path!r}).signatures[{signature!r}]
answer = served({arguments})
```

TF Serving, and a request by REST:

```
tensorflow_model_server --model_name={name} --model_base_path={base} --port=8500 --rest_api_port=8501
curl -d '{{"signature_name": "{signature}", "inputs": {{{json_inputs}}}}}' http://localhost:8501/v1/models/{name}:predict
```

gRPC:

```python
import grpc, tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel('localhost:8500'))
request = predict_pb2.PredictRequest()
request.model_spec.name = {name!r}
request.model_spec.signature_name = {signature!r}
{grpc_inputs}
answer = stub.Predict(request)
```
"""


def _markdown(card: dict, docstring: str, output: pathlib.Path) -> str:
    signature = "sample" if "sample" in card["signatures"] else next(iter(card["signatures"]))
    inputs = card["signatures"][signature]["inputs"]
    # Two example rows: seeds as they are, anything else zeros of its shape.
    rows = {
        key: "[[0, 0], [0, 1]]" if key == "seed" else f"tf.zeros({[2, *spec['shape'][1:]]}, tf.{spec['dtype']})"
        for key, spec in inputs.items()
    }
    facts = [f"- {key.replace('_', ' ')}: {card[key]}" for key in FACTS if key in card]
    example = card["example"]
    shape = ", ".join(map(str, example["shape"]))
    facts.append(f"- {example['name']}: {example['dtype']} [N, {shape}], {example['values']}")
    figures = [f"- validation, {key}: {value}" for key, value in (card.get("validation_figures") or {}).items()]
    if card.get("evaluation"):
        figures.append(f"- evaluation: `{json.dumps(card['evaluation'])}`")
    return CARD.format(
        name=output.parent.absolute().name,
        description=docstring.split("Args:")[0].strip().replace("\n    ", "\n"),
        facts="\n".join(facts),
        figures="\n".join(figures or ["None were measured in this run."]),
        signatures="\n".join(
            f"| `{key}` | {_column(item['inputs'])} | {_column(item['outputs'])} | {item['about']} |"
            for key, item in card["signatures"].items()
        ),
        path=str(output),
        base=output.parent.absolute(),
        signature=signature,
        arguments=", ".join(f"{key}=tf.constant({value})" for key, value in rows.items()),
        json_inputs=", ".join(f'"{key}": {value if key == "seed" else "..."}' for key, value in rows.items()),
        grpc_inputs="\n".join(
            f"request.inputs[{key!r}].CopyFrom(tf.make_tensor_proto({value}, tf.{inputs[key]['dtype']}))"
            for key, value in rows.items()
        ),
    )


def _column(tensors: dict) -> str:
    return ", ".join(f"`{key}` {spec['dtype']} [{', '.join(map(str, spec['shape']))}]" for key, spec in tensors.items())
