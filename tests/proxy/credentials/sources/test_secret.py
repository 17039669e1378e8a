"""A secret and what may be known of it."""

import dataclasses
import pickle

import pytest

from proxy.credentials.sources.secret import CredentialError, Secret


def test_it_is_not_shown_by_accident() -> None:
    """Its generation is; it cannot be changed into another one."""
    secret = Secret(text="s3cret", generation="7")
    assert repr(secret) == "Secret(generation='7')"
    assert f"{secret}" == str([secret])[1:-1] == "Secret(generation='7')"
    with pytest.raises(dataclasses.FrozenInstanceError):
        secret.text = "other"  # type: ignore[misc]  # what is tried
    assert secret != Secret(text="other", generation="7")


def test_a_fault_keeps_its_words() -> None:
    """Whatever carries it further."""
    fault = CredentialError("the file `a` cannot be read")
    assert str(pickle.loads(pickle.dumps(fault))) == "the file `a` cannot be read"  # noqa: S301 (our own)
