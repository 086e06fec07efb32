"""Warm-up requests: TF Serving replays them when it loads a model, so that the first user does not wait for it."""

import pathlib

import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2


def write(export: pathlib.Path, model_name: str, requests: dict[str, dict[str, tf.Tensor]]) -> None:
    """One record for each signature (each is optimised on its own) in assets.extra/tf_serving_warmup_requests."""
    folder = export / "assets.extra"
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "tf_serving_warmup_requests")) as writer:
        for name, request in requests.items():
            predict = predict_pb2.PredictRequest(
                model_spec=model_pb2.ModelSpec(name=model_name, signature_name=name),
                inputs={key: tf.make_tensor_proto(value.numpy()) for key, value in request.items()},
            )
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=predict))
            writer.write(log.SerializeToString())
