"""The comparison of models of all kinds: what is on its page, what goes on, and what a failure costs."""

import html.parser
import json

import pytest

from tests.test_trainers import entry
from trainers import classifier, comparison, contestants, runner
from trainers.presets import PRESETS


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """(workdir, arguments) of a comparison of three, one of which fails."""
    patch = pytest.MonkeyPatch()
    patch.setattr(classifier, "STEPS", 2)
    original = runner.run

    def run(config, export=True):
        if config.model == "vae":
            raise FloatingPointError("kl is NaN at step 3; with a lower <rate> it goes on")
        return original(config, export)

    patch.setattr(runner, "run", run)
    workdir = tmp_path_factory.mktemp("compared") / "page"
    arguments = ["--dataset=digits", "--minutes=0.001", "--samples=20", f"--workdir={workdir}"]
    assert entry("trainers.compare", *arguments, "--models=VAE,AAE") == 0
    yield workdir, arguments
    patch.undo()


class Table(html.parser.HTMLParser):
    """The cells of a page's table, and its pictures."""

    def __init__(self):
        super().__init__()
        self.rows, self.pictures, self._in = [], [], False

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        if tag == "img":
            self.pictures.append(dict(attributes)["src"])
        self._in = tag in ("td", "th")
        if self._in:
            self.rows[-1].append("")

    def handle_data(self, text):
        if self._in:
            self.rows[-1][-1] += text

    def handle_endtag(self, tag):
        self._in = False


def test_the_page_has_a_row_for_each_and_one_that_failed_says_why(compared):
    workdir, _ = compared
    page = Table()
    page.feed((workdir / "comparison.html").read_text())
    head, failed, made = page.rows
    assert head == list(comparison.COLUMNS.values()) and len(failed) == len(made) == len(head)
    assert failed[0] == "VAE: vae" and "kl is NaN at step 3; with a lower <rate>" in failed[8] and failed[9] == "1 of 1"
    line = json.loads((workdir / "AAE-0" / "contest.json").read_text())
    assert made[0] == "AAE: adversarial_autoencoder" and "implicit density" in made[1] and made[2] == "none"
    assert made[3].startswith(f"{line['frechet_distance']:.2f} ({line['frechet_distance_low']:.2f} to ")
    assert f"of training pictures {line['frechet_distance_floor']:.2f}" in made[3] and made[9] == "0 of 1"
    assert line["samples_per_second"] > 0 and line["steps"] >= 1 and "encode" in made[7]
    assert page.pictures == ["AAE-0/pictures/evaluation.png"] and (workdir / page.pictures[0]).exists()
    said = (workdir / "comparison.md").read_text()
    assert "| AAE: adversarial_autoencoder | implicit density" in said and "our classifier, 2 steps" in said


def test_the_same_command_goes_on_and_another_is_refused(compared, monkeypatch, capsys):
    workdir, arguments = compared
    monkeypatch.setattr(runner, "run", lambda *x, **y: pytest.fail("trained again"))
    assert entry("trainers.compare", *arguments, "--models=VAE,AAE") == 0
    assert "AAE, seed 0: 2 of 2" in capsys.readouterr().out
    assert entry("trainers.compare", *arguments[1:], "--dataset=mnist", "--models=AAE") == 1
    assert "holds a comparison with dataset='digits'" in capsys.readouterr().err
    assert entry("trainers.compare", *arguments, "--models=WAE") == 1
    assert "models='WAE': must be one of PixelCNN, VAE" in capsys.readouterr().err


def test_likelihoods_and_seeds_in_a_row():
    one = {"nats": 80.0, "nats_standard_error": 0.5, "steps": 1234, "cpu_minutes": 2.0, "samples_per_second": 5.0}
    one |= {"does": ["log_prob"], "memorisation_ratio": 0.4, "memorised": True}
    row = comparison.cells("PixelCNN", [one, one | {"nats": 82.0}, {"failed": "why"}])
    assert row["nats"] == "81.00 (s.d. 1.4) exact (s.e. 0.50)" and row["failed"] == "1 of 3"
    assert row["distance"] == row["quality"] == "-" and row["memorised"].endswith("memorised")
    bound = {"importance_bound_nats": 90.0, "importance_samples": 100, "importance_bound_nats_standard_error": 0.3}
    del one["nats"]
    assert comparison.cells("VAE", [one | bound])["nats"] == "90.00 bound, k = 100 (s.e. 0.30)"


def test_contestants_are_runs_of_models_for_small_and_large_pictures():
    for name in contestants.CONTESTANTS:
        small, large = (contestants.configuration(name, side, dataset="digits") for side in (8, 28))
        assert small.model == large.model and small.hparams != large.hparams
        assert small.model in {preset.model for preset in PRESETS.values()}


def test_a_rehearsal_says_how_many_steps_fit(monkeypatch):
    """By a clock on which every step takes half a second."""
    clock = iter((10.0, 10.0 + 0.5 * comparison.REHEARSED))
    monkeypatch.setattr(comparison.time, "process_time", lambda: next(clock))
    config = contestants.configuration("AAE", 8, dataset="digits")
    data = runner.load_data(vars(config))
    assert comparison.rehearse(config, data, minutes=2.0) == 240
