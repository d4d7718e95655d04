"""Whether a sentence states what is, and of what a figure in it is not."""

from __future__ import annotations

from whichgpu.audit import patterns as re

#: What is asked, supposed, planned, denied, quoted, or what others say.
_NOT_STATED = re.compile(
    r"\?|[\u201c\u201d\"]|\b(?:if(?! (?:you|we|your|one|anyone)\b)|unless|(?:would|could|might|"
    r"should) have|imagin\w+|suppos\w+|assum\w+|"
    r"hypothetic\w*|rumou?r\w*|expect\w*|plann?\w+|claim\w*|beliefs?|believ\w+|thought|think|myths?|"
    r"mistak\w+|"
    r"wrong\w*|confus\w+|allegedly|reportedly|sellers?|listings?|forums?|people|some say|used to|"
    r"instead of|"
    r"rather than|no longer|formerly|originally|cancel\w+|never|cut[- ]down|modded|modified|overclock\w*|"
    r"undervolt\w*|power[- ]limit\w*|limit\w*|capped|throttl\w+|prototypes?|engineering sample|"
    r"typo|unlike|rumeurs?|ger\u00fcchte?|correct\w*|errat\w+|pretend\w*|say|let[\u2019']s|for example|"
    r"e\.g\.)\b",
    re.IGNORECASE,
)
#: What makes a figure none of the device's own: comparisons, shares, needs, readings, other parts.
_NOT_ITS_OWN = re.compile(
    r"n[\u2019']t\b|\b(?:not|was|were|our|my|we|i|than|compared|versus|vs|against|more|less|fewer|extra|"
    r"another|additional|difference|times|twice|"
    r"half|third|quarter|double[sd]?|triple[sd]?|percent|share|part of|out of|of its|only part|left|free|"
    r"spare|remain\w*|"
    r"used|usable|using \d|needs?|needed|require\w*|takes?|took|models?|weights|parameters?|measur\w+|saw|"
    r"seen|sustain\w*|"
    r"effective\w*|realistic\w*|practi\w+|achiev\w+|benchmark\w*|tests?|tested|runs? at|observ\w+|"
    r"real[- ]world|"
    r"slices?|mig|partition\w*|instances?|nodes?|servers?|systems?|machines?|hosts?|racks?|box(?:es)?|"
    r"chassis|two|three|four|six|eight|sixteen|sum|pair|pairs|rigs?|"
    r"per|l1|l2|l3|cache|pcie|pci|ssds?|nvme|disks?|network|infiniband|ethernet|switch|links?|bridge|cpu|"
    r"system ram|ram(?= of)|ddr[45]|laptop|mobile|idle|wall|psu|supply|load|peaks? at|about to|between|"
    r"from|"
    r"versions?|variants?|editions?|siblings?|sister|brother|cousin|twin|models?|full|die|stack\w*|"
    r"chiplet|each|every|total|together|combined|"
    r"aggregate|equivalent|unlike|like|as (?:much|many|fast|large)|except|without|stock|factory|"
    r"fill\w*|stor\w+|occup\w+|fits?|hold\w*|batch|context|tokens?|images?|steps?|dataset|checkpoint)\b|%|"
    r"\u00d7|\d\s?x\b|\bx\s?\d|[+=/~\u2248]",
    re.IGNORECASE,
)


def is_asserted(sentence: str) -> bool:
    """Whether a sentence states what is, in its author's own voice."""
    return _NOT_STATED.search(sentence) is None


#: What might be, or will.
_MODAL = re.compile(
    r"\b(?:would|could|might|should|(?-i:may)|will|(?<!as )if)\b(?! also\b| be (?:joined|linked|bridged|"
    r"split|divided))",
    re.IGNORECASE,
)


def is_indicative(clause: str) -> bool:
    """Whether a clause says what is, and not what might be."""
    return _MODAL.search(clause) is None


def is_its_own(clause: str) -> bool:
    """Whether no word of a clause makes its figure one of something else than the device as sold."""
    return _NOT_ITS_OWN.search(clause) is None
