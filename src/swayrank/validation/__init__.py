"""VALIDATE: does it predict what comes next? Backtests, calibration, placebos, experiments."""
