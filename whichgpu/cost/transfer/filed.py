"""Whether the fit has learnt from runs like a user's own: then it tells of its own GPU alone.

What a prediction is off by is partly of the software and the hand that runs it, and of a source that the fit
has seen this part is in the prediction. A figure that a user takes from a table that is on file, or measures
exactly as that table did, therefore says nothing new of other GPUs: of rows on file under the fit that has
seen them, the errors of two GPUs of one source have no correlation (slope -0.02; of sources left out 0.60).

How likely it is that a run is one of a table on file says Bayes' rule. Beforehand the odds are

    filed / (1 - filed) / (1 + (d / near)^8)        d: of the nearest run on file but for its GPU (`evidence`)

(`[anchor]` in `data/fits/prior.toml`). Of rows on file, each as a user's run, d is within `near` in two of
three cases where the rest of its table is on file, and in one of twenty where only other sources are. It is
asked only where the runtime is stated: the usual one is anybody's. Where its very job is on file on the same
GPU, where the model errs by r, its error e = log(measured / predicted) speaks as well:

    e - r ~ N(0, 2 noise^2), else N(0, 2 noise^2 + S^2)

with even odds before where no runtime is stated. S is what GPUs share of the prediction's spread
(`anchoring.py`). On other GPUs alone the error says nothing: a large one is as often a GPU's own as
another hand's, and taken for news it made rows worse whose table is on file (benchmarks/anchored.py).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.cost.calibration.evidence import evidence, nearest_run
from whichgpu.cost.coefficients import section
from whichgpu.cost.transfer.anchoring import scalar

if TYPE_CHECKING:
    from whichgpu.cost.transfer.anchoring import Point
    from whichgpu.cost.transfer.anchors import Placed
    from whichgpu.hardware.catalogue import Catalogue

#: The chance where the runtime is not stated: as likely another as the one on file.
_EVEN = 0.5


def known(point: Point, same: list[float], near: float, stated: bool = True) -> float:
    """The chance that the fit has learnt from runs like a point.

    `same` are the errors on file of its very job on its GPU, `near` is the distance of the nearest run on
    file but for its GPU (infinite: none), `stated` whether its user says under which runtime it ran.
    """
    if not (same or (math.isfinite(near) and stated)):
        return 0.0
    prior = section("anchor")
    chance = prior["filed"] if stated else _EVEN
    odds = chance / (1.0 - chance)
    if not same:
        odds /= 1.0 + (near / prior["near"]) ** 8
        return float(odds / (1.0 + odds))
    off, narrow = point.error - sum(same) / len(same), 2.0 * prior["noise"] ** 2
    wide = narrow + scalar(point.place.shared) ** 2
    # log N(off; narrow) - log N(off; wide)
    odds *= math.exp(0.5 * (math.log(wide / narrow) - off**2 * (1.0 / narrow - 1.0 / wide)))
    return odds / (1.0 + odds)


def beside(one: Placed, catalogue: Catalogue, *, stated: bool) -> Placed:
    """An anchor of a job, with how much of it is no news of other GPUs, since its run is on file.

    `stated` is whether the job's user says under which runtime, which a settled job no longer tells: one by
    default and one that was typed are alike there.
    """
    stated = stated or bool(one.anchor.changes.get("runtime"))
    found = evidence(one.predicted, one.anchor.gpu, catalogue)
    middle = one.predicted.throughput.mid
    same = [math.log(row.throughput / middle) for row in found.exact if row.throughput]
    near = nearest_run(one.predicted, one.anchor.gpu, catalogue)
    return one._replace(point=one.point._replace(known=known(one.point, same, near, stated)))
