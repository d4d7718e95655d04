"""Distributions of tokens: how they are read, and what is drawn from them."""

from __future__ import annotations

import numpy as np
import pytest

from whichgpu import api
from whichgpu.errors import UsageError
from whichgpu.workloads.lengths import read


@pytest.mark.parametrize(
    ("text", "mean", "share", "percentile"),
    [
        ("lognormal mean 500 p90 1000", 500.0, 0.9, 1000.0),
        ("lognormal mean 500 p99 3000", 500.0, 0.99, 3000.0),
        ("lognormal median 500 p90 1200", None, 0.5, 500.0),
        ("LogNormal median 0.5k p90 1,200", None, 0.9, 1200.0),
        ("lognormal mean 500 cv 0.5", 500.0, None, None),
        ("normal mean 500 sd 100", 500.0, 0.5, 500.0),
        ("exponential mean 500", 500.0, 0.5, 500.0 * np.log(2.0)),
        ("uniform 100 to 900", 500.0, 0.75, 700.0),
        ("uniform 100-900", 500.0, 0.25, 300.0),
    ],
)
def test_what_is_drawn_is_what_was_said(text, mean, share, percentile):
    found = read(text)
    drawn = found.draw(found.mean, 200_000, np.random.default_rng(1))
    assert drawn.min() >= 1.0
    if mean is not None:
        assert found.mean == pytest.approx(mean)
    assert drawn.mean() == pytest.approx(found.mean, rel=0.02)
    assert drawn.var() / drawn.mean() ** 2 == pytest.approx(found.variation, rel=0.06)
    if share is not None:
        assert np.quantile(drawn, share) == pytest.approx(percentile, rel=0.02)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("many", "no number of tokens and no distribution"),
        ("lognormal", "lognormal takes mean"),
        ("lognormal mean 500", "one of p90"),
        ("lognormal mean 500 p90 1200", "a p90 of at most 1,137; state its median"),
        ("lognormal mean 500 p90 300", "below the mean"),
        ("lognormal median 500 p90 300", "below the median"),
        ("lognormal mean 0 p90 300", "below 1"),
        ("normal mean 500", "one of sd and cv"),
        ("normal mean 500 p90 900", "normal takes mean, sd, cv"),
        ("uniform 900 to 100", "must rise"),
        ("uniform 100", "two ends"),
        ("exponential mean 1e99", "exponential takes mean"),
    ],
)
def test_what_is_no_distribution_is_said(text, says):
    with pytest.raises(UsageError, match=says):
        read(text)


def test_a_job_has_the_mean_and_the_words():
    job = api.job("llama-3.1-8b", input_tokens="lognormal mean 500 p90 1000", output_tokens="200")
    assert job.input_tokens == pytest.approx(500.0)
    assert job.output_tokens == 200.0
    assert dict(job.options) == {"input_lengths": "lognormal mean 500 p90 1000"}
    assert api.job("llama-3.1-8b", input_tokens=64).options == {}
