"""Waiting at a serving replica, against textbooks and fixed passes."""

from __future__ import annotations

import numpy as np
import pytest
from serving_cases import measured

from whichgpu.cost.serving import queueing, simulate

pytestmark = pytest.mark.slow


def test_waiting_for_a_place_is_that_of_the_textbook():
    # M/M/c of one server, then M/D/1: rho / (1 - rho) services, and half of them.
    rates, arrivals = np.array([1.0]), 0.8
    assert queueing.place_seconds(arrivals, rates, 1.0) == pytest.approx(0.8 / 0.2)
    assert queueing.place_seconds(arrivals, rates, 0.0) == pytest.approx(0.8 / 0.2 / 2)
    # Erlang C of two servers at 0.75 each: P(wait) = 9 / 14, wait = P / (2 - 1.5).
    two = queueing.place_seconds(1.5, np.array([1.0, 2.0]), 1.0)
    assert two == pytest.approx(9 / 14 / 0.5)
    assert queueing.place_seconds(1.0, rates) == np.inf


def test_prompts_that_share_a_pass_end_with_it():
    decode, each, rate = 0.02, 0.005, 80.0
    busy = rate * each
    mean = decode / (1.0 - busy)
    first, alone = (
        float(queueing.prompt_seconds(mean, each, rate, chunks, at_work=1.0, mixed=False))
        for chunks in (1e-9, 1.0)
    )
    # One after another: M/D/1 behind a pass of tokens. Together: passes of all that came in the one before.
    assert alone == pytest.approx(each + decode / 2.0 + busy * each / (2.0 * (1.0 - busy)))
    chance, when, waits = np.random.default_rng(0), 0.0, []
    come = np.cumsum(chance.exponential(1.0 / rate, 30_000))
    taken = 0
    while taken < len(come):
        ready = int(np.searchsorted(come, when, side="right"))
        when += each * (ready - taken) if ready > taken else decode
        waits.append(when - come[taken:ready])
        taken = ready
    assert np.concatenate(waits).mean() == pytest.approx(first, rel=0.02)


@pytest.mark.parametrize("chunks", [0.3, 0.7])
def test_prompts_of_which_a_pass_holds_one_and_a_part_end_with_it(chunks):
    """Who comes behind is computed in the rest of the pass, or between the tokens that follow."""
    decode, each, rate = 0.005, 0.05, 12.0
    mean, busy = decode / (1.0 - rate * each), rate * each
    told = float(queueing.prompt_seconds(mean, each, rate, chunks, at_work=1.0, mixed=False))
    come = np.cumsum(np.random.default_rng(0).exponential(1.0 / rate, 8_000))
    when, begun, done, waits, behind = 0.0, 0.0, 0, [], []
    while done < len(come):
        there = int(np.searchsorted(come, when, side="right"))
        if there <= done:
            when += decode
            continue
        taken = min(there - done - begun, 1.0 / chunks)
        ended = int(done + begun + taken + 1e-9)
        when, begun = when + each * taken, done + begun + taken - ended
        waits += [when - one for one in come[done:ended]]
        behind += [int(np.searchsorted(come, when, side="right")) - ended - begun] * (ended - done)
        done = ended
    assert told == pytest.approx(np.mean(waits), rel=0.06)
    after = float(queueing.behind(told, each, rate, chunks)) * rate
    assert after == pytest.approx(np.mean(behind), rel=0.2), busy


def test_a_pass_that_is_met_is_longer_than_the_mean():
    assert queueing.met(0.02, 0.05, 2.0) > 0.02
    idle = queueing.prompt_seconds(0.02, 0.05, 1e-9, 0.1, at_work=1e-9, mixed=True)
    assert idle == pytest.approx(0.05, rel=1e-3)
    # Answers of one token: nobody runs, and every other one comes while a prompt is computed.
    server = simulate.Server((0.0,) * 99, (0.0,) * 99, (1e-4,) * 99, budget=1e5)
    run = simulate.simulate(server, simulate.poisson(6000, 0.5, 1e4, 1, seed=1))
    alone = queueing.prompt_seconds(1e-9, 1.0, 0.5, 0.1, at_work=1e-9, mixed=True)
    assert np.mean(run.ttft) == pytest.approx(float(alone), rel=0.05)
    nobody = queueing.interrupted(0.02, 0.05, 2.0, waited=0.0, after=100.0, room=np.inf)
    assert nobody == pytest.approx(0.02)
    assert queueing.within(2.0, np.array([0.0, 1.0, 50.0])) == pytest.approx([0.0, 2.0 / 3.0, 2.0])


@pytest.mark.parametrize(("decode", "part"), [(0.1, 0.31), (0.3, 0.45), (1.0, 0.26), (0.3, 0.5)])
def test_prompts_that_a_pass_does_not_hold_wait_for_the_next_one(decode, part):
    """Fixed passes of `decode` s and of 1 s a prompt, of which each is a `part` of what a pass takes."""
    held, places = 0.8, 3000
    whole = part * decode + 1.0
    rate = held / whole
    server = simulate.Server(
        (decode,) * (places + 1), (0.0,) * (places + 1), (1.0 / (8192 * part),) * (places + 1), budget=8192.0
    )
    mean = decode / (1.0 - rate)
    stream = simulate.poisson(12_000, rate, 8192 * part, 100, seed=1)
    run = simulate.simulate(server, stream, held=int(rate * 100 * mean), seed=1)
    found = queueing.prompt_seconds(mean, 1.0, rate, part, at_work=1.0, mixed=True)
    assert np.mean(run.ttft[measured(run)]) == pytest.approx(float(found), rel=0.13)


@pytest.mark.parametrize(
    ("decode", "chunks", "held", "after"),
    [(0.02, 3.0, 0.8, 40), (0.2, 1.4, 0.8, 10), (0.2, 0.3, 0.9, 10), (0.02, 0.9, 0.5, 40)],
)
def test_who_came_behind_makes_the_first_tokens_longer(decode, chunks, held, after):
    """Fixed passes of `decode` s and of 1 s a prompt, of which each fills so many `chunks`."""
    rate, places = held / (chunks * decode + 1.0), 1000
    server = simulate.Server(
        (decode,) * (places + 1),
        (0.0,) * (places + 1),
        (1.0 / (1000 * chunks),) * (places + 1),
        budget=1000.0,
    )
    stream = simulate.poisson(6000, rate, 1000 * chunks, after + 1, seed=1)
    mean = decode / (1.0 - rate)
    run = simulate.simulate(server, stream, held=int(rate * after * mean), seed=1)
    longer = queueing.relaxing(decode, 1.0, rate, chunks=chunks, after=float(after))
    assert mean + float(longer) == pytest.approx(np.mean(run.tpot[measured(run)]), rel=0.12)


def test_a_brownian_queue_is_empty_after_its_mean_in_the_mean():
    assert queueing.emptied(1e-3) == pytest.approx(1e-3, rel=0.03)
    assert queueing.emptied(np.array([50.0, 1e6])) == pytest.approx(1.0, rel=1e-5)
    assert 0.4 < float(queueing.emptied(1.0)) < 0.5


@pytest.mark.parametrize("places", [10, 16])
def test_no_more_begin_beside_a_request_than_there_are_places(places):
    """Fixed passes of 20 ms and of 0.5 s a prompt, in short answers that as many more would begin beside."""
    decode, each, after, rate = 0.02, 0.5, 30, 1.3
    many = 400

    def tokens(places):
        server = simulate.Server(
            (decode,) * (places + 1), (0.0,) * (places + 1), (each / 1000.0,) * (places + 1),
            budget=1000.0,
        )  # fmt: skip
        stream = simulate.poisson(4000, rate, 1000, after + 1, seed=2)
        run = simulate.simulate(server, stream, seed=2)
        return np.mean(run.tpot[measured(run)])

    busy = rate * each
    free, usual = (one * after / each for one in (tokens(many) - decode, decode / (1.0 - busy) - decode))
    there = queueing.begun_beside(free, free - usual, busy, places - 1.0, bound=after)
    assert there < 0.95 * free
    assert decode + float(there) * each / after == pytest.approx(tokens(places), rel=0.1)
    assert queueing.begun_beside(free, free - usual, busy, 1e6, bound=after) == pytest.approx(free)
