"""Whether a sentence states what is, and of what a figure in it is not."""

from __future__ import annotations

from functools import lru_cache

from whichgpu.audit import patterns as re


def any_of(words: str) -> str:
    """A pattern of any of some words, between blanks; `_` is a blank within one."""
    return f"(?:{'|'.join(each.replace('_', _BLANK) for each in words.split())})"


_BLANK = r"\s"


#: What is asked, supposed, planned, denied, quoted, or what others say.
_SUPPOSED = any_of(r"""
    if(?!_(?:you|we|your|one|anyone)\b) unless (?:would|could|might|should)_have imagin\w+ suppos\w+
    assum\w+ hypothetic\w* rumou?r\w* expect\w* plann?\w+ claim\w* beliefs? believ\w+ thought think
    myths? mistak\w+ wrong\w* confus\w+ allegedly reportedly sellers? listings? forums? people some_say
    used_to instead_of rather_than no_longer formerly originally cancel\w+ never cut[-_]down
    modded modified overclock\w* undervolt\w* limit\w* capped
    throttl\w+ prototypes?
    engineering_sample typo advertised marketed unlike rumeurs? gerüchte? correct\w* errat\w+ pretend\w* say
    let['’]s for_example e\.g\.
""")
_NOT_STATED = re.compile(rf"\?|[\u201c\u201d\"]|\b{_SUPPOSED}(?!\w)", re.IGNORECASE)
#: What is denied, somebody's own, or compared.
_DENIED = any_of(r"""
    not was were our my we i than compared versus vs against more less fewer extra another additional
    difference advantage times twice half third quarter double[sd]? triple[sd]? percent unlike like
    as_(?:much|many|fast|large) equivalent from between
""")
#: Shares, sums and parts.
_SHARES = any_of(r"""
    share part_of out_of of_its only_part left free spare remain\w* used usable using_\d sum total
    together combined aggregate per each every two three four six eight sixteen pairs? slices? mig
    partition\w* full die stack\w* chiplet except without
""")
#: What is needed, by what is run.
_NEEDS = any_of(r"""
    needs? needed require\w* takes? took models? weights parameters? fill\w* stor\w+ occup\w+ fits?
    hold\w* batch context tokens? images? steps? dataset checkpoint
""")
#: What was read, under some load.
_READINGS = any_of(r"""
    measur\w+ saw seen sustain\w* effective\w* realistic\w* practi\w+ achiev\w+ benchmark\w* tests?
    tested runs?_at observ\w+ real[-_]world idle load peaks?_at about_to stock factory
""")
#: Other parts, machines and cards.
_OTHERS = any_of(r"""
    instances? nodes? servers? systems? machines? hosts? racks? box(?:es)? chassis rigs? l1 l2 l3 cache
    pcie pci ssds? nvme disks? network infiniband ethernet switch links? bridge cpu system_ram
    ram(?=_of) ddr[45] laptop mobile wall psu supply versions? variants? editions? siblings? sister
    brother cousin twin namesakes?
""")
#: What makes a figure none of the device's own.
_NOT_ITS_OWN = re.compile(
    rf"n[\u2019']t\b|\b(?:{_DENIED}|{_SHARES}|{_NEEDS}|{_READINGS}|{_OTHERS})\b|%|\u00d7|\d\s?x\b|\bx\s?\d|"
    r"[+=/~\u2248]",
    re.IGNORECASE,
)


# Every kind of claim asks it of the same sentences.
@lru_cache(maxsize=re.MANY)
def is_asserted(sentence: str) -> bool:
    """Whether a sentence states what is, in its author's own voice."""
    return _NOT_STATED.search(sentence) is None


#: What might be, or will.
_MODAL = re.compile(
    r"\b(?:would|could|might|should|(?-i:may)|will|(?<!as )if)\b"
    r"(?! also\b| be (?:joined|linked|bridged|split|divided))",
    re.IGNORECASE,
)


#: To whom something is said, which is so for everyone: "if you care about FP8, note that the A100 has it".
_ADDRESSED = re.compile(
    r"^\W*(?:(?:and|but|so)\s)?if (?=you (?:(?:really|only|ever|still|also) )?(?:care|wonder|worry|insist|"
    r"prefer|ask|like|(?:are|were) (?:after|looking for|wondering|interested|curious)|"
    r"own|already own)\b[^.;,]{3,60}, )",
    re.IGNORECASE,
)


@lru_cache(maxsize=re.MANY)
def is_indicative(clause: str) -> bool:
    """Whether a clause says what is, and not what might be."""
    return _MODAL.search(_ADDRESSED.sub(" ", clause)) is None


@lru_cache(maxsize=re.MANY)
def is_its_own(clause: str) -> bool:
    """Whether no word of a clause makes its figure one of something else than the device as sold."""
    return _NOT_ITS_OWN.search(clause) is None


#: What says under which condition something is so: "the dearer one is cheaper whenever it is twice as fast".
ONLY_IF = re.compile(r"\b(?:if|when(?:ever)?|once|as soon as|as long as|provided|unless)\b", re.IGNORECASE)
