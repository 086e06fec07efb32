"""python -m export.export_model --workdir=runs/vae_mnist --output=served/vae_mnist/1 [--signatures=decode,sample]"""

import os
import sys

from absl import app, flags

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WORKDIR = flags.DEFINE_string("workdir", None, "of the training run", required=True)
OUTPUT = flags.DEFINE_string("output", None, "version folder to make, like served/my_model/1", required=True)
SIGNATURES = flags.DEFINE_list("signatures", None, "serve only these (and only the weights that they read)")


def main(_):
    from export import saved_model

    try:
        print(saved_model.export(WORKDIR.value, OUTPUT.value, SIGNATURES.value))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    app.run(main)
