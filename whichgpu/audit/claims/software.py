"""What runs on what: "the V100 is still supported by CUDA 13", "CUDA 13 dropped Turing".

A device or a generation, software with its version, and whether one runs on the other, as `compat` answers.
Without a version a text is wrong where no release runs, or where the newest does and it says that none does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import GENERATIONS, of_architecture
from whichgpu.audit.devices.roles import told as each_sentence
from whichgpu.audit.findings import Evidence, made
from whichgpu.errors import UsageError
from whichgpu.software import frameworks, targets, verdicts, versions
from whichgpu.software.model import SUPPORTED, UNSUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.software.frameworks import Asked
    from whichgpu.software.model import Verdict
    from whichgpu.software.targets import Device

#: Software by what it is called in prose; CUDA has a version, or it is the maker's whole platform.
_SOFT = (
    r"(?P<soft>(?:CUDA(?: toolkit)?(?=\s+(?:version\s+)?\d)|PyTorch|TensorFlow|JAX|cuDNN|TensorRT(?:-LLM)?|"
    r"vLLM|SGLang|Ollama|llama\.cpp|Flash-?Attention(?:[- ]?[234])?|xFormers|bitsandbytes|ROCm|MLX|"
    r"Transformer Engine|ExLlamaV[23]|DeepSpeed|(?:Text Generation Inference|TGI))"
    r"(?:,? (?:version |release )?v?(?P<version>\d+(?:\.\d+)*)(?:\.x)?"
    r"(?! ?(?:and|or) (?:newer|later|older|earlier))(?![\w%]))?)"
)
_ADVERBS = r"(?:(?:still|also|fully|officially|simply|already|even|itself|now|natively|happily)\s+)*"
_NOT = (
    r"(?P<not>(?:does not|doesn[\u2019']t|do not|don[\u2019']t|no longer|cannot|can[\u2019']t|can not)\s+)?"
)
#: "vLLM does not run on", "CUDA 13 dropped": what follows is a device or a generation.
_FORWARD = re.compile(
    rf"\b{_SOFT}\s+{_ADVERBS}{_NOT}{_ADVERBS}(?:runs? on|supports?|works? (?:on|with)|can be used on|"
    rf"(?P<drop>(?:has\s+|have\s+)?(?:drop(?:s|ped)|removed|removes|ended|ends)"
    rf"(?:\s+(?:all\s+)?support for)?))\s+"
    rf"(?:(?:the|an?|all|both|nvidia[\u2019']s|nvidia|geforce|older|our|any|gpus?|cards?|like|such as)\s+)*",
    re.IGNORECASE,
)
#: "With CUDA 13 NVIDIA dropped Turing".
_MAKER = re.compile(
    rf"\b(?:with|in|from)\s+{_SOFT},?\s+(?:on,?\s+)?(?:nvidia|the vendor)\s+(?P<not>(?!))?(?:has\s+)?"
    r"(?P<drop>(?:dropped|removed|ended)(?:\s+(?:all\s+)?support for)?)\s+(?:the\s+)?",
    re.IGNORECASE,
)
#: "needs at least CUDA 12.4": a release with which it does not run is not enough.
_NEEDS = re.compile(
    rf"(?P<not>(?!))?\b{_ADVERBS}(?:needs?|requires?)\s+(?P<least>at least\s+)?(?:the\s+)?"
    + _SOFT.replace(r"(?! ?(?:and|or) (?:newer|later|older|earlier))", "")
    + r"(?P<up>\+|\s+(?:or|and)\s+(?:newer|later|higher|above|up)\b)?",
    re.IGNORECASE,
)
#: "The last CUDA toolkit that supports the V100 is 12.4", "CUDA 12.4 is the last release for the V100".
_LAST = re.compile(
    r"\b(?:last|final|newest|latest)\s+(?P<soft>CUDA|PyTorch|TensorFlow|cuDNN|TensorRT|vLLM)(?: toolkit)?"
    r"\s+(?:(?:release|version)\s+)?(?:for|(?:that|which|to)\s+(?:still\s+)?(?:supports?|runs? on))\s+"
    r"(?:the\s+)?"
    r"(?P<whom>[^.,;:]{3,30}?)\s+(?:is|was)\s+(?:(?:version|release|CUDA|PyTorch|TensorFlow)\s+)?"
    r"(?P<version>\d+(?:\.\d+)*)\b",
    re.IGNORECASE,
)
_IS_LAST = re.compile(
    rf"\b{_SOFT}\s+(?:is|was)\s+the\s+(?:last|final|latest|newest)\s+(?:(?:release|version|one|toolkit)\s+)?"
    r"(?:for|(?:that|which|to)\s+(?:still\s+)?(?:supports?|runs? on))\s+(?:the\s+)?(?P<whom>[^.,;:]{3,30})",
    re.IGNORECASE,
)
#: "is no longer supported by CUDA 13", "runs with PyTorch 2.4": what stands before is a device.
_BACKWARD = re.compile(
    rf"(?:\b(?:is|are)\s+{_ADVERBS}(?P<not>(?:not|no longer)\s+)?{_ADVERBS}supported\s+(?:by|in|under)|"
    rf"\b{_ADVERBS}(?:runs?|works?)\s+(?:fine\s+)?(?:with|under|on))\s+(?:the\s+)?(?:(?:latest|newest|"
    rf"current)\s+)?"
    rf"{_SOFT}",
    re.IGNORECASE,
)
_FAMILIES = re.compile(rf"(?P<family>{GENERATIONS})\b")
#: What makes it a plan, a question of how well, or of a way round.
_ELSE = re.compile(
    r"\?|\b(?:if|unless|may|might|could|will|would|should|plans?|planned|soon|expect\w*|until|before|whether|"
    r"unofficial\w*|patch\w*|fork\w*|community|compil\w*|source|builds?|nightl\w*|workarounds?|"
    r"experimental\w*|"
    r"FP[48]|NVFP4|INT[48]|BF16|well|fast\w*|slow\w*|properly|reliably|efficient\w*|optimi\w+|only|some|most|"
    r"model|models|containers?|image|branch|backend|kernels?|quanti\w+|emulat\w+|zluda|deprecat\w+)\b",
    re.IGNORECASE,
)
#: What a device is called in the sentences after its name, and how far from the verb its name may stand.
_PRONOUN = re.compile(
    r"\s*(?:(?:but|and|so|yet)\s+)?(?:it|they|(?:this|the|that|both) (?:cards?|gpus?))\s*", re.I
)
_NEAR = re.compile(
    r"(?:[\u2019']s)?\s*(?:(?:cards?|gpus?|itself|series|generation|too|still|also|both|each|all)\s+)*"
)
_SYSTEMS = re.compile(r"\b(?P<system>Windows|WSL)\b", re.IGNORECASE)
_ANY = re.compile(rf"\b{_SOFT}|\b(?:last|final|newest|latest) CUDA\b")


def find(context: Context) -> Iterator[Finding]:
    """Every such statement with its verdict."""
    for passage, sentence, who in each_sentence(context, _ANY):
        if not _ELSE.search(sentence.text):
            yield from _forward(passage, sentence, who, context)
            yield from _last(passage, sentence, who, context)
            yield from _backward(passage, sentence, who, context)


def _forward(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in (
        *_FORWARD.finditer(passage.text, sentence.start, sentence.end),
        *_MAKER.finditer(passage.text, sentence.start, sentence.end),
    ):
        told = not (match["drop"] or match["not"])
        family = _FAMILIES.match(passage.text, match.end())
        gpus = _of_family(family["family"], context) if family else _named_at(match.end(), who, context)
        for each in _judged(passage, match, gpus, told=told, every=bool(family), context=context):
            yield each._replace(subject=family["family"]) if family else each


def _backward(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in (
        *_BACKWARD.finditer(passage.text, sentence.start, sentence.end),
        *(each for each in _NEEDS.finditer(passage.text, sentence.start, sentence.end) if each["version"]),
    ):
        family = next(_FAMILIES.finditer(passage.text, sentence.start, match.start()), None)
        if (
            family
            and family.start() == sentence.start
            and _NEAR.fullmatch(passage.text, family.end(), match.start())
        ):
            gpus = _of_family(family["family"], context)
            for each in _judged(passage, match, gpus, told=not match["not"], every=True, context=context):
                yield each._replace(subject=family["family"])
            continue
        owner = who.owner(match.start())
        if owner is None:
            continue
        start = owner.end if owner in who.here else sentence.start
        near = _NEAR if owner in who.here else _PRONOUN
        if near.fullmatch(passage.text, start, match.start()):
            gpus = [context.catalogue[key] for key in owner.ids]
            yield from _judged(passage, match, gpus, told=not match["not"], every=False, context=context)


def _last(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """The last release that is told to run on a device or a generation, and the one that is."""
    for pattern in (_LAST, _IS_LAST):
        for match in pattern.finditer(passage.text, sentence.start, sentence.end):
            family = _FAMILIES.match(passage.text, match.start("whom"))
            gpus = (
                _of_family(family["family"], context)
                if family
                else _named_at(match.start("whom"), who, context)
            )
            asked = frameworks.find(re.sub(r"\s*\d.*", "", match["soft"]))
            answers = [_answer(device, asked, ("linux", "windows")) for device in _alike(gpus)]
            ends = {each.until for each in answers}
            numbers = versions.numbers(match["version"] or "")
            if not answers or not numbers or not all(each.runs for each in answers):
                continue
            right = any(end and versions.alike(versions.numbers(end), numbers) for end in ends)
            yield _found(
                passage, match.span("version"), gpus[0], answers[0], right=right, told=True, context=context
            )


def _of_family(name: str, context: Context) -> list[Gpu]:
    """The cards of a generation; what runs on a module for robots comes with its own software."""
    return [gpu for gpu in of_architecture(name, context) if gpu.segment != "edge"]


def _named_at(at: int, who: Spoken, context: Context) -> list[Gpu]:
    """The devices of the name that begins there."""
    named = next((each for each in who.here if at <= each.start <= at + 1), None)
    return [context.catalogue[key] for key in named.ids] if named else []


def _judged(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], *, told: bool, every: bool, context: Context
) -> Iterator[Finding]:
    """Whether it is as told of any of the devices that may be meant, or of a generation's as a whole."""
    asked = _asked(match)
    if asked is None or not gpus:
        return
    named = _SYSTEMS.search(passage.text)
    systems = [frameworks.system(named["system"])] if named else ["linux", "windows"]
    if not named and gpus[0].vendor == "Apple":
        systems = ["macos"]
    answers = [_answer(device, asked, systems) for device in _alike(gpus)]
    # Of a generation "dropped" is wrong where it runs on all of it, "supported" where on none.
    wrong = all(_denies(each, told=told) for each in answers)
    right = (all if every and not told else any)(_denies(each, told=not told) for each in answers)
    if not wrong and not right:
        return
    yield _found(
        passage, match.span("soft"), gpus[0], answers[0], right=not wrong, told=told, context=context
    )


def _found(
    passage: Passage, place: tuple[int, int], gpu: Gpu, answer: Verdict, *, right: bool, told: bool,
    context: Context,
) -> Finding:  # fmt: skip
    because = str(answer)
    url = next((each["url"] for each in answer.sources if each.get("url")), "")
    return made(
        context, passage, place, "capability", "confirmed" if right else "contradicted",
        subject=gpu.id, attribute="software", because=because,
        expected="" if right else ("no" if told else "yes"),
        evidence=(Evidence(because, "", url),),
    )  # fmt: skip


def _asked(match: re.Match[str]) -> Asked | None:
    try:
        return frameworks.find(match["soft"].replace(",", ""))
    except UsageError:
        # A version that no source speaks of.
        return None


def _alike(gpus: Sequence[Gpu]) -> list[Device]:
    """One device of each target and host: to software the others are the same."""
    every = [targets.device(gpu) for gpu in gpus]
    return list({(each.platform, each.target, each.host): each for each in reversed(every)}.values())


def _answer(device: Device, asked: Asked, systems: Sequence[str]) -> Verdict:
    """The best answer under any of the systems."""
    found = [verdicts.judge(device, asked, system) for system in systems]
    return max(found, key=lambda each: (each.answer == SUPPORTED, each.runs, each.answer != UNSUPPORTED))


def _denies(answer: Verdict, *, told: bool) -> bool:
    """Whether an answer excludes that it runs (`told`), or that it does not."""
    if told:
        return answer.answer == UNSUPPORTED
    return answer.answer == SUPPORTED and not answer.until
