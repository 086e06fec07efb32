"""Entry points: python -m trainers.train_autoregressive, train_time_series, train_vae, train_gan, evaluate, publish."""

import os

# Before TensorFlow is imported. oneDNN is off by default on some CPUs: see BUILD_NOTES.md for what it saves here.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
