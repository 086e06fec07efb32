"""A trained model becomes a served model. Names no model, never imports trainers."""
