"""Whether the fit has learnt from runs like a user's own: then it tells of its own GPU alone.

What a prediction is off by is partly of the software and the hand that runs it, and of a source that the fit
has seen this part is in the prediction. A figure that a user takes from a table that is on file, or measures
exactly as that table did, therefore says nothing new of other GPUs: of rows on file under the fit that has
seen them, the errors of two GPUs of one source have no correlation (slope -0.02; of sources left out 0.60).

With a prior chance `filed` (`[anchor]` in `data/fits/prior.toml`; an even one where the user states no
runtime) a run whose job is on file in every column is run as there, and Bayes' rule says how likely that is
given its error e = log(measured / predicted):

    on file on the same GPU, where the model errs by r:   e - r ~ N(0, 2 noise^2), else .. + S^2
    on file on other GPUs alone:                          e ~ N(0, O^2 + noise^2), else .. + S^2

(the latter only where the runtime is stated: the usual one is anybody's). S is what GPUs share of the
prediction's spread, O the GPU's own (`cost/transfer/anchoring.py`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.cost.calibration.evidence import evidence
from whichgpu.cost.coefficients import section
from whichgpu.cost.transfer.anchoring import scalar

if TYPE_CHECKING:
    from whichgpu.cost.transfer.anchoring import Point
    from whichgpu.cost.transfer.anchors import Placed
    from whichgpu.hardware.catalogue import Catalogue

#: Rows near the run's job that are looked at for one that differs in its GPU alone.
_NEAR = 8
#: The chance where the runtime is not stated: as likely another as the one on file.
_EVEN = 0.5


def known(point: Point, same: list[float], elsewhere: bool, stated: bool = True) -> float:
    """The chance that the fit has learnt from runs like a point.

    `same` are the errors on file of its very job on its GPU, `elsewhere` whether its job is on file on
    other GPUs, `stated` whether its user says under which runtime it ran.
    """
    if not (same or (elsewhere and stated)):
        return 0.0
    prior = section("anchor")
    chance, noise = (prior["filed"] if stated else _EVEN), prior["noise"] ** 2
    shared, own = scalar(point.place.shared) ** 2, scalar(point.place.own) ** 2
    off, narrow = (point.error - sum(same) / len(same), 2.0 * noise) if same else (point.error, own + noise)
    wide = narrow + shared
    # log N(off; narrow) - log N(off; wide)
    likelier = 0.5 * (math.log(wide / narrow) - off**2 * (1.0 / narrow - 1.0 / wide))
    odds = chance / (1.0 - chance) * math.exp(likelier)
    return odds / (1.0 + odds)


def beside(one: Placed, catalogue: Catalogue, *, stated: bool) -> Placed:
    """An anchor of a job, with how much of it is no news of other GPUs, since its run is on file.

    `stated` is whether the job's user says under which runtime, which a settled job no longer tells: one by
    default and one that was typed are alike there.
    """
    stated = stated or bool(one.anchor.changes.get("runtime"))
    found = evidence(one.predicted, one.anchor.gpu, catalogue, _NEAR)
    middle = one.predicted.throughput.mid
    rates = [row.throughput for row in found.exact if row.throughput]
    same = [math.log(rate / middle) for rate in rates]
    elsewhere = any(row.throughput and _gpu_alone(row.differs) for row in found.nearest)
    return one._replace(point=one.point._replace(known=known(one.point, same, elsewhere, stated)))


def _gpu_alone(differs: tuple[str, ...]) -> bool:
    return len(differs) == 1 and differs[0].startswith("GPU ")
