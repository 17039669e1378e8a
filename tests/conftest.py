"""Hypothesis profiles for all tests: `fast` in every run, `deep` for a search at leisure.

Chosen by HYPOTHESIS_PROFILE. `fast` draws the same examples every time, so a red run can be repeated.
"""

import os

from hypothesis import HealthCheck, settings

# A shared machine may stall at any example, and some strategies filter much on purpose.
_PATIENT = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)

settings.register_profile(
    "fast",
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=_PATIENT,
)
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
