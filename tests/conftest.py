"""Two logical CPU devices for the whole session, before TensorFlow starts; which tests are slow, and which share a
process; where the prepared data sets are; a process that answers from exports."""

import functools
import gc
import os
import pathlib

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: more threads would only get in their way
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # of those that a test starts too, or sums differ in their last bit

# They train, export and start processes.
SLOW = (
    "tests.test_compare",
    "tests.test_disentanglement",
    "tests.test_evaluate",
    "tests.test_export",
    "tests.test_pretrained",
    "tests.test_studies",
    "tests.test_trainers",
    "tests.test_transfer",
)


def pytest_configure(config):
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        start_tensorflow()  # not where tests are only dealt out


def start_tensorflow():
    import tensorflow as tf

    tf.function = functools.partial(tf.function, autograph=False)  # nothing needs it, and traces are made faster
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )


def pytest_collection_modifyitems(items):
    for item in items:
        if item.module.__name__ in SLOW:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish():
    gc.freeze()  # what was imported stays: no collection need walk through it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """What shares runs, exports or a model stays in one process: a file's tests, and those of a row of the zoo."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            return file + test[test.find("[") :] * (file.endswith("test_zoo.py") and "[" in test)

    return Together(config, log)


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory) -> pathlib.Path:
    """Where data sets are kept, by all processes of the tests; nothing is left in anybody's home."""
    root = tmp_path_factory.getbasetemp()
    path = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "cache"
    os.environ["TFGEN_CACHE_DIR"] = str(path)
    return path


@pytest.fixture(scope="session")
def mirrored():
    """Two CPU replicas. A second MirroredStrategy in one process fails, hence one for the session."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(scope="session")
def plain_tensorflow():
    """(export, requests) -> its answers, from one process without Keras for all that ask in this one."""
    from export import verify

    with verify.PlainTensorFlow() as answer:
        yield answer


@pytest.fixture(scope="session")
def tfds_dir() -> str:
    """A folder with MNIST and CIFAR-10 prepared by TFDS, or a skip."""
    beside = pathlib.Path(__file__).parents[2] / "shared" / "tfds"
    path = os.environ.get("TFDS_DATA_DIR") or str(beside)
    if not (pathlib.Path(path) / "mnist").exists():
        pytest.skip(f"no prepared TFDS data in {path}; set TFDS_DATA_DIR to test on MNIST and CIFAR-10")
    return path
