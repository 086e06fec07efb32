"""python -m trainers.train_time_series --preset=pendulum"""

from trainers import flags

if __name__ == "__main__":
    flags.main(
        "train_time_series", "Trains a model of time series: log_prob, sample, simulate.", default_preset="pendulum"
    )
