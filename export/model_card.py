"""The card beside an export, for people (MODEL_CARD.md) and for programs (model_card.json)."""

import json
import math
import pathlib
import re
import shlex

import keras
import numpy as np
import tensorflow as tf

from export import requests, rows
from tfgen import zoo
from tfgen.core.signature import Sides

FACTS = (
    "model",
    "family",
    "paper",
    "arguments",
    "dataset",
    "transforms",
    "protocol",
    "trained_steps",
    "batch_size",
    "weights",
    "weights_served",
)


def plain(name: str) -> str:
    """A name that needs no quotes in a URL or a shell."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)


def describe_run(workdir: pathlib.Path, model) -> dict:
    """What a card says of a training run: the model, its paper, data, protocol, and the last figures measured."""
    workdir = pathlib.Path(workdir)
    config = zoo.read_config(workdir)
    figures = {}
    metrics = workdir / "metrics.jsonl"
    if metrics.exists() and (lines := [json.loads(line) for line in metrics.read_text().splitlines()]):
        last = next((line for line in lines if line["step"] == int(model.step.numpy())), lines[-1])
        figures = {
            name.removeprefix("val_"): f"{value:.6g} {model.units[name.removeprefix('val_')]}"
            for name, value in last.items()
            if name.startswith("val_")
        }
    evaluation = workdir / "evaluation.json"
    return {
        "name": plain(workdir.resolve().name),
        "model": config["model"],
        "family": zoo.find(config["model"]).family,
        "paper": zoo.find(config["model"]).paper,
        "arguments": config["model_arguments"],
        "dataset": config["dataset"],
        "transforms": config["transforms"],
        "protocol": config["data"]["protocol"],
        "trained_steps": int(model.step.numpy()),
        "batch_size": config["batch_size"],
        "weights": f"moving average, decay {config['average']}" if config["average"] else "last step",
        "validation_figures": figures,
        "evaluation": json.loads(evaluation.read_text()) if evaluation.exists() else None,
    }


def write(folder: pathlib.Path, output: pathlib.Path, model, about: dict, signatures, answers, weights) -> None:
    """MODEL_CARD.md and model_card.json in `folder`; `output` is the absolute path that the folder will get.

    A request too long to be read in a card goes into request.json beside it.
    """
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
                "inputs": {
                    key: _input(spec, signature.sides) | {"values": rows.admitted(model, key, spec.dtype)}
                    for key, spec in signature.inputs.items()
                },
                "outputs": {key: _output(value, signature) for key, value in answers[name].items()},
            }
            for name, signature in signatures.items()
        },
    }
    (folder / "model_card.json").write_text(json.dumps(card, indent=2) + "\n")
    (folder / "MODEL_CARD.md").write_text(_markdown(card, model, folder, output))


def _input(spec: tf.TensorSpec, sides: Sides) -> dict:
    """What goes in, and the smallest shape that it may have."""
    free = {"sides": rows.described(sides), "multiple": sides.multiple} if None in spec.shape[1:] else {}
    smallest = [sides.least if size is None else size for size in spec.shape[1:]]
    return {"dtype": spec.dtype.name, "shape": ["N", *rows.named_sizes(spec)], "smallest": smallest} | free


def _output(value: tf.Tensor, signature) -> dict:
    """What comes out; a picture's height and width are unknown where those of what goes in are free."""
    free = any(None in spec.shape[1:] for spec in signature.inputs.values())
    sizes = ["?", "?", value.shape[3]] if free and value.shape.rank == 4 else value.shape[1:]
    return {"dtype": value.dtype.name, "shape": ["N", *sizes]}


CARD = """\
# {name}

{description}

{facts}

## Figures

{figures}

## Signatures

Dimension 0 is the batch, of at most {max_rows} rows. Row i of an answer depends on row i of the request alone. For n
samples send the seeds `[[s, 0], [s, 1], ... [s, n - 1]]`; the same seed gives the same sample.

`valid` is false, and the rest of its row zero, where a value of the row is out of range; no other row suffers, yours or
another client's. A request of another shape, without rows or with more than {max_rows} is refused as a whole. Where the
server batches, keep its `max_batch_size` at or below {max_rows}.
{modulo}

| signature | inputs | outputs | |
| --- | --- | --- | --- |
{signatures}

## How to call it

Python:

```python
import tensorflow as tf

loaded = tf.saved_model.load({path!r})  # to be kept: its signatures end with it
answer = loaded.signatures[{signature!r}]({arguments})
```

TF Serving, and a request by REST:

```
tensorflow_model_server --model_name={name} --model_base_path={base} --port=8500 --rest_api_port=8501
curl -d {data} http://localhost:8501/v1/models/{name}:predict
```

gRPC:

```python
import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel("localhost:8500"))
request = predict_pb2.PredictRequest()
request.model_spec.name = {name!r}
request.model_spec.signature_name = {signature!r}
{grpc_inputs}
answer = stub.Predict(request)
```
"""

MODULO = "By REST a 256 for a uint8 input becomes 0 before the model sees it.\n"
READABLE = 300  # characters of a request


def _markdown(card: dict, model, folder: pathlib.Path, output: pathlib.Path) -> str:
    signature = "sample" if "sample" in card["signatures"] else next(iter(card["signatures"]))
    inputs = card["signatures"][signature]["inputs"]
    # Two example rows: seeds and texts as they are, anything else zeros of its shape.
    count = min(2, card["max_rows"])
    shapes = {key: [count, *spec["smallest"]] for key, spec in inputs.items()}
    written = {"seed": np.stack([[0, i] for i in range(count)])}
    written |= {
        key: np.array(requests.texts(count, model.limits[key])) for key in inputs if inputs[key]["dtype"] == "string"
    }
    request = {
        key: written[key] if key in written else np.zeros(shape, inputs[key]["dtype"]) for key, shape in shapes.items()
    }
    values = {
        key: value.tolist() if key in written else f"tf.zeros({shapes[key]}, tf.{inputs[key]['dtype']})"
        for key, value in request.items()
    }
    data = json.dumps({"signature_name": signature, "inputs": {key: value.tolist() for key, value in request.items()}})
    if len(data) > READABLE:
        (folder / "request.json").write_text(data + "\n")
        data = f"@{output / 'request.json'}"
    facts = [f"- {key.replace('_', ' ')}: {card[key]}" for key in FACTS if key in card]
    example = card["example"]
    shape = ", ".join(map(str, example["shape"]))
    facts.append(f"- {example['name']}: {example['dtype']} [N, {shape}], {example['values']}")
    figures = [f"- validation, {key}: {value}" for key, value in (card.get("validation_figures") or {}).items()]
    if card.get("evaluation"):
        figures.append(f"- evaluation: `{json.dumps(card['evaluation'])}`")
    every_input = [spec for item in card["signatures"].values() for spec in item["inputs"].values()]
    return CARD.format(
        name=card["name"],
        max_rows=card["max_rows"],
        modulo=MODULO * any(spec["dtype"] == "uint8" for spec in every_input),
        description=(type(model).__doc__ or "").split("Args:")[0].strip().replace("\n    ", "\n"),
        facts="\n".join(facts),
        figures="\n".join(figures or ["None were measured in this run."]),
        signatures="\n".join(
            f"| `{key}` | {_column(item['inputs'])} | {_column(item['outputs'])} | {_cell(item['about'])} |"
            for key, item in card["signatures"].items()
        ),
        path=str(output),
        base=shlex.quote(str(output.parent)),
        signature=signature,
        arguments=", ".join(
            f"{key}=tf.constant({value})" if key in written else f"{key}={value}" for key, value in values.items()
        ),
        data=shlex.quote(data),
        grpc_inputs="\n".join(
            f"request.inputs[{key!r}].CopyFrom(tf.make_tensor_proto({value}, tf.{inputs[key]['dtype']}))"
            for key, value in values.items()
        ),
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _column(tensors: dict) -> str:
    return "; ".join(
        f"`{key}` {spec['dtype']} [{', '.join(map(str, spec['shape']))}]"
        + "".join(f", {spec[key]}" for key in ("sides", "values") if spec.get(key))
        for key, spec in tensors.items()
    )
