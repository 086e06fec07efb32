"""What the lecture does with a trained model."""
