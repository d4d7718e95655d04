"""What is said of all work alike: "always three times as fast", "beats an H100 in every workload".

Work can be bound by each rate of a device: where one does not differ so much, neither does that work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.pairs import pair, ratios
from whichgpu.audit.quantities import multiples, quantities
from whichgpu.audit.roles import told
from whichgpu.audit.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_ALWAYS = re.compile(
    r"\b(?:always|whatever the (?:workload|model|task|job)|(?:in|for|at|across|on) (?:every|any|"
    r"all)(?: kinds? of| types? of)? "
    r"(?:workloads?|tasks?|models?|jobs?|benchmarks?|cases?|use cases?)|"
    r"regardless of (?:the )?(?:workload|model|task)|"
    r"no matter (?:the|what|which) (?:workload|model|task))\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|no(?! matter)|nearly|almost|hardly|if|unless|would|myth|price|cost\w*|cheaper|"
    r"rent\w*|memory|vram|answers|tokens|decod\w+|generat\w+)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_FASTER = re.compile(
    r"\b(?:faster|quicker|beats?|outruns?|outperforms?|wins?|as fast|speed|ahead)\b", re.IGNORECASE
)
_RATES = ("bandwidth", "fp16", "fp32", "int8")
#: How far below what is said a rate must be.
_BELOW = 0.9


def find(context: Context) -> Iterator[Finding]:
    """Every such statement that a rate of both excludes."""
    for passage, sentence, who in told(context, _ALWAYS):
        always, faster = (
            _ALWAYS.search(sentence.text),
            _FASTER.search(passage.text, sentence.start, sentence.end),
        )
        if always is None or faster is None or _NOT.search(sentence.text):
            continue
        times = [
            each
            for every in (quantities(passage.text, context.fraction), multiples(passage.text))
            for each in within(every, sentence.start, sentence.end)
            if each.dimension == "times" and each.value > 1
        ]
        place = (times[0].start, times[0].end) if times else faster.span()
        both = pair(*place, who, context) if len(times) < 2 else None
        if both is None or set(both.first) & set(both.second):
            continue
        least = times[0].value if times else 1.0
        # By the form of each that makes the most of it.
        best = [max(found) for rate in _RATES if (found := ratios(attributes()[rate], both, context))]
        ratio, words = min(best, default=(least, ""))
        if ratio < _BELOW * least:
            because = f"work that this bounds gains {ratio:.3g} times: {words}"
            yield made(
                context,
                passage,
                place,
                "absolute",
                "contradicted",
                subject=both.subject,
                attribute="throughput",
                because=because,
                expected="",
                evidence=(Evidence(because),),
            )
