"""python -m trainers.train_flow --preset=flow_ring"""

from trainers import flags

if __name__ == "__main__":
    flags.main("train_flow", "Trains a flow, of points or of images.", default_preset="flow_ring")
