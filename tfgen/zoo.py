"""Every model by name: the only file that knows them all. Importing it imports no TensorFlow.

model = zoo.build("vae", image_shape=(28, 28, 1), levels=2, latent_dim=32)
model = zoo.restore("runs/vae_mnist")
model = zoo.pretrained("gated_pixel_cnn_mnist")
"""

import ast
import dataclasses
import difflib
import hashlib
import importlib
import importlib.util
import json
import pathlib


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where a model lives, what it can do, and what it is."""

    path: str  # module:class
    verbs: tuple[str, ...]  # the methods that it promises; it has none of the verbs of other models
    family: str  # what it says about the density: see DENSITY
    paper: str
    live: tuple[str, ...] = ()  # verbs that an export could serve, and does not

    @property
    def signatures(self) -> tuple[str, ...]:
        """What an export of it serves: those of its verbs that go from tensors to tensors."""
        return tuple(verb for verb in self.verbs if verb in SERVED and verb not in self.live)


# The lecture's taxonomy (Goodfellow 2016, NIPS tutorial, figure 9): what a family says about the density, branch by
# branch.
DENSITY = {
    "autoregressive": ("explicit density", "tractable", "one value after another"),
    "time_series": ("explicit density", "tractable", "one value after another, real"),
    "flow": ("explicit density", "tractable", "change of variables"),
    "vae": ("explicit density", "approximate", "a variational bound"),
    "boltzmann": ("explicit density", "approximate", "an energy, and a Markov chain"),
    "gan": ("implicit density", "direct", "a game"),
    "chain": ("implicit density", "a Markov chain", "of steps that are learned"),
    "translation": ("implicit density", "direct", "a game, given a picture or a sentence"),
    "autoencoder": ("no density", "codes, and pictures of codes"),
}

SERVED = (
    *("log_prob", "complete", "simulate", "encode", "decode", "reconstruct", "generate", "sample", "discriminate"),
    *("classify", "elbo", "free_energy", "translate", "a_to_b", "b_to_a", "upscale", "colorize", "draw"),
)
OF_SOURCES = ("translate", "upscale", "colorize")  # verbs that make an image of a source
# Verbs that several models have together; a model that has fewer or more of them says so in its entry.
EXACT = ("log_prob", "sample", "complete")
BOUNDED = ("elbo", "importance_bound", "prior", "encode", "decode", "sample", "reconstruct")
CODING = ("encode", "decode", "reconstruct")
ADVERSARIAL = ("prior", "generate", "sample", "discriminate", "invert")

MODELS = {
    "fvsbn": Entry(
        "tfgen.autoregressive.fvsbn:FVSBN",
        EXACT,
        "autoregressive",
        "Neal 1992, https://doi.org/10.1016/0004-3702(92)90065-6",
    ),
    "nade": Entry(
        "tfgen.autoregressive.nade:NADE",
        EXACT,
        "autoregressive",
        "Larochelle and Murray 2011, https://proceedings.mlr.press/v15/larochelle11a.html",
    ),
    "made": Entry(
        "tfgen.autoregressive.made:MADE",
        EXACT,
        "autoregressive",
        "Germain et al. 2015, https://arxiv.org/abs/1502.03509",
    ),
    "pixel_cnn": Entry(
        "tfgen.autoregressive.pixel_cnn:PixelCNN",
        EXACT,
        "autoregressive",
        "van den Oord et al. 2016, https://arxiv.org/abs/1601.06759",
    ),
    "pixel_rnn": Entry(
        "tfgen.autoregressive.pixel_rnn:PixelRNN",
        EXACT,
        "autoregressive",
        "van den Oord et al. 2016, https://arxiv.org/abs/1601.06759",
    ),
    "gated_pixel_cnn": Entry(
        "tfgen.autoregressive.gated_pixel_cnn:GatedPixelCNN",
        EXACT,
        "autoregressive",
        "van den Oord et al. 2016, https://arxiv.org/abs/1606.05328",
    ),
    "pixel_cnn_pp": Entry(
        "tfgen.autoregressive.pixel_cnn_pp:PixelCNNPlusPlus",
        EXACT,
        "autoregressive",
        "Salimans et al. 2017, https://arxiv.org/abs/1701.05517",
    ),
    "wavenet": Entry(
        "tfgen.autoregressive.wavenet:WaveNet",
        EXACT,
        "autoregressive",
        "van den Oord et al. 2016, https://arxiv.org/abs/1609.03499",
    ),
    "time_series": Entry(
        "tfgen.autoregressive.time_series:TimeSeries",
        (*EXACT, "simulate"),
        "time_series",
        "the stack of van den Oord et al. 2016, https://arxiv.org/abs/1609.03499",
        live=("complete",),  # `simulate` is served with a mask
    ),
    "vae": Entry("tfgen.vae.vae:VAE", BOUNDED, "vae", "Kingma and Welling 2014, https://arxiv.org/abs/1312.6114"),
    "autoencoder": Entry(
        "tfgen.vae.autoencoder:Autoencoder",
        CODING,
        "autoencoder",
        "Hinton and Salakhutdinov 2006, https://doi.org/10.1126/science.1127647",
    ),
    "real_nvp": Entry(
        "tfgen.flow.real_nvp:RealNVP",
        tuple(verb for verb in BOUNDED if verb != "reconstruct"),  # it would be the image itself
        "flow",
        "Dinh et al. 2017, https://arxiv.org/abs/1605.08803",
    ),
    "masked_autoregressive_flow": Entry(
        "tfgen.flow.masked_autoregressive_flow:MaskedAutoregressiveFlow",
        ("log_prob", "sample"),
        "flow",
        "Papamakarios et al. 2017, https://arxiv.org/abs/1705.07057",
    ),
    "joint_vae": Entry("tfgen.vae.joint_vae:JointVAE", BOUNDED, "vae", "Dupont 2018, https://arxiv.org/abs/1804.00104"),
    "hierarchical_vae": Entry(
        "tfgen.vae.hierarchical_vae:HierarchicalVAE",
        BOUNDED,
        "vae",
        "Burda et al. 2016, https://arxiv.org/abs/1509.00519",
    ),
    "ladder_vae": Entry(
        "tfgen.vae.ladder_vae:LadderVAE", BOUNDED, "vae", "Sønderby et al. 2016, https://arxiv.org/abs/1602.02282"
    ),
    "resnet_vae": Entry(
        "tfgen.vae.resnet_vae:ResNetVAE", BOUNDED, "vae", "Kingma et al. 2016, https://arxiv.org/abs/1606.04934"
    ),
    "pixel_vae": Entry(
        "tfgen.hybrid.pixel_vae:PixelVAE", BOUNDED, "vae", "Gulrajani et al. 2017, https://arxiv.org/abs/1611.05013"
    ),
    "adversarial_autoencoder": Entry(
        "tfgen.hybrid.adversarial_autoencoder:AdversarialAutoencoder",
        ("prior", "sample", *CODING),
        "gan",
        "Makhzani et al. 2016, https://arxiv.org/abs/1511.05644",
    ),
    "class_adversarial_autoencoder": Entry(
        "tfgen.hybrid.adversarial_autoencoder:ClassAdversarialAutoencoder",
        ("prior", "sample", *CODING, "classify"),
        "gan",
        "Makhzani et al. 2016, https://arxiv.org/abs/1511.05644",
    ),
    "rbm": Entry(
        "tfgen.energy.rbm:RBM",
        ("free_energy", "log_partition", "sample"),
        "boltzmann",
        "Tieleman 2008, https://doi.org/10.1145/1390156.1390290",
    ),
    "denoising_chain": Entry(
        "tfgen.energy.denoising_chain:DenoisingChain",
        ("denoise", "sample"),
        "chain",
        "Bengio et al. 2013, https://arxiv.org/abs/1305.6663",
    ),
    "vae_gan": Entry(
        "tfgen.hybrid.vae_gan:VAEGAN",
        ("prior", "sample", *CODING, "discriminate"),
        "gan",
        "Larsen et al. 2016, https://arxiv.org/abs/1512.09300",
    ),
    "gan_cls": Entry(
        "tfgen.translation.gan_cls:GANCLS",
        ("embed", "draw", "discriminate"),
        "translation",
        "Reed et al. 2016, https://arxiv.org/abs/1605.05396",
    ),
    "gan": Entry("tfgen.gan.gan:GAN", ADVERSARIAL, "gan", "Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661"),
    "point_gan": Entry(
        "tfgen.gan.gan:PointGAN", ADVERSARIAL, "gan", "Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661"
    ),
    "dcgan": Entry(
        "tfgen.gan.dcgan:DCGAN", ADVERSARIAL, "gan", "Radford et al. 2016, https://arxiv.org/abs/1511.06434"
    ),
    "resnet_gan": Entry(
        "tfgen.gan.resnet_gan:ResNetGAN", ADVERSARIAL, "gan", "Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028"
    ),
    "began": Entry(
        "tfgen.gan.began:BEGAN", ADVERSARIAL, "gan", "Berthelot et al. 2017, https://arxiv.org/abs/1703.10717"
    ),
    "pix2pix": Entry(
        "tfgen.translation.pix2pix:Pix2Pix",
        ("translate",),
        "translation",
        "Isola et al. 2017, https://arxiv.org/abs/1611.07004",
    ),
    "srgan": Entry(
        "tfgen.translation.srgan:SRGAN",
        ("upscale",),
        "translation",
        "Ledig et al. 2017, https://arxiv.org/abs/1609.04802",
    ),
    "color_pixel_cnn": Entry(
        "tfgen.translation.color_pixel_cnn:ColorPixelCNN",
        (*EXACT, "colorize"),
        "translation",
        "Royer et al. 2017, https://arxiv.org/abs/1705.04258",
        live=("sample",),  # it is served as `colorize`
    ),
    "cycle_gan": Entry(
        "tfgen.translation.cycle_gan:CycleGAN",
        ("a_to_b", "b_to_a"),
        "translation",
        "Zhu et al. 2017, https://arxiv.org/abs/1703.10593",
    ),
}


def closest(word: str, words) -> str:
    """' (did you mean ...?)' where one of `words` is near, else ''."""
    near = difflib.get_close_matches(word, list(words), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def find(name: str) -> Entry:
    """The entry of a model.

    Raises:
      ValueError: listing the models there are.
    """
    if name not in MODELS:
        raise ValueError(f"model={name!r}: there is no such model{closest(name, MODELS)}; there are {sorted(MODELS)}")
    return MODELS[name]


def verbs(model) -> tuple[str, ...]:
    """What a live model can do, by its entry; or what stands in for one, by its own word.

    Raises:
      LookupError: for a class that has no entry.
    """
    if hasattr(model, "verbs"):
        return model.verbs
    path = f"{type(model).__module__}:{type(model).__qualname__}"
    for entry in MODELS.values():
        if entry.path == path:
            return entry.verbs
    raise LookupError(f"{path} has no entry in tfgen/zoo.py")


def arguments(name: str) -> dict[str, str]:
    """A model's arguments and their types, in order, read from its source without importing it (or TensorFlow).

    Where its constructor hands **options on, those that its base class has by keyword alone are its own, too.
    """
    own, options = _arguments(*find(name).path.split(":"))
    return own | options


def _arguments(module: str, class_name: str) -> tuple[dict[str, str], dict[str, str]]:
    """(arguments, arguments by keyword alone) of a class, and their types."""
    body = ast.parse(pathlib.Path(importlib.util.find_spec(module).origin).read_text()).body
    homes = {alias.name: node.module for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    kinds = item.args.args[1:], item.args.kwonlyargs
                    own, options = ({arg.arg: ast.unparse(arg.annotation) for arg in kind} for kind in kinds)
                    if item.args.kwarg:
                        options |= _arguments(homes[node.bases[0].id], node.bases[0].id)[1]
                    return own, options
    raise LookupError(f"{class_name}.__init__ not found in {module}")


def check_arguments(name: str, given: dict) -> None:
    """Holds argument names against those of the model.

    Raises:
      ValueError: naming the first that is none, and those there are.
    """
    known = arguments(name)
    for argument in given:
        if argument not in known:
            raise ValueError(
                f"hparams: {argument!r} is no argument of {name}{closest(argument, known)}; "
                f"there are {', '.join(known)}"
            )


def create(name: str, **model_arguments):
    """A model before it has variables: enough to check data against it.

    Raises:
      ValueError: for an unknown model or argument, or an argument out of range.
    """
    check_arguments(name, model_arguments)
    module, class_name = find(name).path.split(":")
    return getattr(importlib.import_module(module), class_name)(**model_arguments)


def build(name: str, **model_arguments):
    """A model with all its variables made. Call it under the scope of the strategy that will train it."""
    model = create(name, **model_arguments)
    model.make_variables()
    return model


def restore(workdir: str, averaged: bool = True, best: bool = False, step: int | None = None):
    """The model that was trained in `workdir`, from its config.json and its last whole checkpoint.

    With `averaged`, a model that was trained with an average of its weights has that average. Rather than at the last
    checkpoint it is as it was at the best figure of validation, with `best`, of a run that kept that (--keep_best); or
    at `step`, of which the run kept a checkpoint (--keep). The folder of a published model has weights of its own
    instead of checkpoints.

    Raises:
      ValueError: where the run did not keep its best.
      FileNotFoundError: where there is no config.json or no checkpoint.
    """
    from tfgen.core import checkpoints, weights
    from tfgen.core.average import Average

    config = read_config(workdir)
    model = build(config["model"], **config["model_arguments"])
    if (published := pathlib.Path(workdir) / "weights.npz").exists():
        weights.read(published, model)
        return model
    average = Average(model.averaged_variables, config["average"]) if config.get("average") else None
    folder = pathlib.Path(workdir) / "checkpoints"
    if best:
        if not config.get("keep_best"):
            raise ValueError(f"workdir={str(workdir)!r}: the run kept no best; train with --keep_best=val_loss")
        folder = checkpoints.best_directory(workdir, config["keep_best"])
    checkpoints.restore_model(folder, model, average, step)
    if average and averaged:
        average.swap()
    return model


PRETRAINED = pathlib.Path(__file__).parents[1] / "pretrained"  # in a checkout; trainers/publish.py writes it


def pretrained(name: str):
    """A model of `pretrained/`: its averaged weights where it was trained with an average, rounded to float16.

    Raises:
      ValueError: for a name that is not there, listing those that are.
      OSError: naming a file that is damaged or missing.
    """
    return restore(pretrained_folder(name))


def pretrained_folder(name: str) -> pathlib.Path:
    """Where a published model lies, after a look at every one of its files. It raises what `pretrained` does."""
    manifest = read_manifest()
    if name not in manifest:
        raise ValueError(
            f"pretrained={name!r}: there is no such model in {PRETRAINED}{closest(name, manifest)}; "
            f"there are {', '.join(sorted(manifest)) or 'none'}"
        )
    for file, expected in manifest[name].items():
        path = PRETRAINED / name / file
        if not path.exists():
            raise FileNotFoundError(f"{path}: missing, though MANIFEST.json lists it; check the file out anew")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected["sha256"]:
            raise OSError(f"{path}: damaged, its sha256 is not that of MANIFEST.json; check the file out anew")
    return PRETRAINED / name


def read_manifest() -> dict[str, dict[str, dict]]:
    """Model -> file -> {"sha256", "bytes"} of all that is published."""
    path = PRETRAINED / "MANIFEST.json"
    return json.loads(path.read_text()) if path.exists() else {}


def read_config(workdir: str) -> dict:
    """config.json of a trained model."""
    path = pathlib.Path(workdir) / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"workdir={str(workdir)!r}: no config.json there; give the --workdir of a training run")
    return json.loads(path.read_text())
