# make demo: sets up, trains on the embedded digits, draws, exports, loads the export back in plain TensorFlow.
# make test: sets up and runs the tests. make check: the quick ones. make mutants: tests the tests.
VENV ?= .venv
PYTHON := $(VENV)/bin/python
RUN := runs/demo
TWO := -n 2

.PHONY: demo test check mutants lint setup clean

setup: $(VENV)/installed

$(VENV)/installed: requirements.txt
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

demo: setup
	rm -rf $(RUN)
	$(PYTHON) -m trainers.train_gan --preset=dcgan_digits --workdir=$(RUN)
	$(PYTHON) export/plain_tensorflow.py $(RUN)/export/1 --sample=64 --grid=16 $(RUN)/samples.png
	@echo
	@echo "pictures from the export, by plain TensorFlow: $(RUN)/samples.png"
	@echo "pictures while it learned:                     $(RUN)/pictures/"
	@echo "the served model and its card:                 $(RUN)/export/1/MODEL_CARD.md"
	@echo
	@echo "next, with the same environment (. $(VENV)/bin/activate):"
	@echo "  python -m trainers.train_autoregressive --preset=pixel_cnn_digits   exact likelihood, minutes"
	@echo "  python -m trainers.train_vae --dataset=folder:/path/to/pictures --transforms=resize:32,color"
	@echo "  python -m trainers.train_gan --help"

test: setup
	$(PYTHON) -m pytest $(TWO)

# Lint, house, mathematics, one row of each family: an answer in minutes.
check: lint
	$(PYTHON) -m pytest $(TWO) -m "not slow"

# Breaks the code line after line in a copy; a break that no test notices is printed. Minutes; not part of the tests.
mutants: setup
	$(PYTHON) -m tests.mutants

lint: setup
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

clean:
	rm -rf $(VENV) runs
