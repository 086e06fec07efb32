"""python -m export.export_model --workdir=runs/vae_mnist --output=served/vae_mnist/1 [--signatures=decode,sample]"""

import os
import sys

from absl import app, flags

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WORKDIR = flags.DEFINE_string("workdir", None, "of the training run")
PRETRAINED = flags.DEFINE_string("pretrained", None, "instead of a workdir, the name of a published model")
flags.mark_flags_as_mutual_exclusive(["workdir", "pretrained"], required=True)
OUTPUT = flags.DEFINE_string("output", None, "version folder to make, like served/my_model/1", required=True)
DRAW = {
    "temperature": flags.DEFINE_float(
        "temperature", None, "of what an autoregressive model draws; 1 is the model itself"
    ),
    "nucleus": flags.DEFINE_float("nucleus", None, "share of probability that one draws from; 1 is all"),
    "first_pixel": flags.DEFINE_string("first_pixel", None, "of what one samples: model, or uniform"),
}
NAME = flags.DEFINE_string("name", None, "of the model, for its server and its card (default: the run's)")
MAX_ROWS = flags.DEFINE_integer("max_rows", 1024, "most rows of a request; a larger one is refused before any work")
BEST = flags.DEFINE_bool("best", False, "at its best figure of validation, of a run that kept that (--keep_best)")
SIGNATURES = flags.DEFINE_list("signatures", None, "serve only these (and only the weights that they read)")


def main(_):
    from export import saved_model
    from tfgen import zoo

    try:
        source = zoo.pretrained_folder(PRETRAINED.value) if PRETRAINED.value else WORKDIR.value
        print(
            saved_model.export(
                source,
                OUTPUT.value,
                SIGNATURES.value,
                {name: flag.value for name, flag in DRAW.items() if flag.value is not None},
                NAME.value,
                MAX_ROWS.value,
                BEST.value,
            )
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    app.run(main)
