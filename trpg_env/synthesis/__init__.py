"""Making scripts and trajectories with a language model: personas, scripts, trajectories."""
