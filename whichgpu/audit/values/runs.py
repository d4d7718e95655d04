"""What runs where, sentence by sentence: the model, its format and the devices, each as it was told last."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import owned
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import OF_ANOTHER, Format, Model, formats, models, single
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Formats that networks run in, by their dense rates.
RATES = ("fp4", "fp8", "int8", "fp16", "fp16_acc16", "bf16", "tf32", "fp32")
#: Bytes of a weight of the smallest format in use.
LEAST = 0.34
#: Of how many GPUs is not said, but of more than one.
_SEVERAL = re.compile(
    r"\b(?:nodes?|servers?|clusters?|pods?|racks?|multi-?gpu|dgx|hgx|gpus|cards|tensor[- ]parallel\w*|tp)\b",
    re.I,
)

#: So many of what was spoken of: "with tensor parallelism over two", "on four of them".
_SO_MANY = re.compile(
    r"\b(?:over|across|on|onto|with|using)\s+(two|four|eight)(?=\s+(?:of (?:them|these|those)|cards|gpus)\b|"
    r"\s*(?:[,.;)]|$))",
    re.IGNORECASE,
)
_COUNTS = {"two": 2.0, "four": 4.0, "eight": 8.0}
#: Behind a name: "an L40S pair".
_PAIR = re.compile(r"\s+pairs?\b", re.IGNORECASE)
_PLURAL = re.compile(r"s\b")
#: Before a device that has done nothing: "280 tokens/s, which no H100 does".
_NONE_OF = re.compile(r"\b(?:no|not even|neither|nor)\s+(?:an?\s+|the\s+|single\s+|one\s+)*$", re.IGNORECASE)
#: What a model's weights are told to be, which is how many bytes each of them has.
_WEIGHS = re.compile(
    r"(?<![\d.,])(?P<n>\d{1,4}(?:\.\d{1,2})?)\s?GB\s+(?:(?:of|for) (?:the |its )?weights|weights|"
    r"(?:is |are )?(?:per|for (?:each|every)) (?:step|token|forward pass)|read)\b", re.IGNORECASE,
)  # fmt: skip
_MOST_BYTES = 4.1


class Run(NamedTuple):
    """A sentence with the run that it tells of; what it does not name is what the passage named last."""

    place: int
    passage: Passage
    sentence: Sentence
    model: Model | None
    #: The format of the weights: none where the text names none, or several.
    said: Format | None
    #: The one device of the sentence, else of the passage, and how many of it: 0 where that is not certain.
    device: Mention | None
    number: float
    #: Whether the sentence names the device itself.
    here: bool

    def gpus(self, context: Context) -> list[Gpu]:
        """The devices that its name can mean."""
        return [context.catalogue[key] for key in self.device.ids] if self.device else []

    @property
    def subject(self) -> str:
        """The ids that the name of the device can mean, as a finding names its subject."""
        return ", ".join(self.device.ids) if self.device else ""

    @property
    def words(self) -> str:
        """The devices in words."""
        name = self.device.ids[0] if self.device else ""
        return f"{self.number:g} x {name}" if self.number > 1 else name


def runs(context: Context, pattern: re.Pattern[str]) -> Iterator[Run]:
    """Each sentence of running text in whose passage a pattern is found, with its run."""
    last, spoken = _topic(context), None
    section: tuple[str, ...] = ()
    for index, passage in context.document.running():
        # What the passages before spoke of, within a section, or what the document is about.
        last, spoken = (last, spoken) if passage.section == section else (_topic(context), None)
        section = passage.section
        if not pattern.search(passage.text):
            last, spoken = _goes_on(last, spoken, passage.text)
            continue
        model, said = single(models(" ".join(section[-1:]))) or last, spoken
        device, count = _asked_of(index, context)
        for sentence in sentences(passage.text):
            own, forms = models(sentence.text), _of_weights(sentence.text)
            here = owned(passage.text, within(context.mentions.get(index, ()), sentence.start, sentence.end))
            if own or OF_ANOTHER.search(sentence.text):
                model = single(own)
            if own or forms:
                said = forms[0] if len(forms) == 1 else None
            if model is not None and not forms:
                said = weighed(sentence.text, model) or said
            if here:
                device, count = _devices(passage.text, sentence, here)
            elif again := _SO_MANY.search(sentence.text):
                count = _COUNTS[again[1].lower()]
            elif _SEVERAL.search(sentence.text):
                count = 0.0
            yield Run(index, passage, sentence, model, said, device, count, bool(here))
        last, spoken = model, said


def _of_weights(text: str) -> list[Format]:
    """The formats that a text names, but for that of the cache."""
    return formats(_OF_CACHE.sub(" ", text))


#: "At 128 KiB a token in FP16".
_OF_CACHE = re.compile(
    r"\b(?:kv|cache|[KM]i?B\s+(?:per|a|each|for each) token)\b[^.;,]{0,16}\b(?:in|at|as)\s+[\w-]+"
    r"(?:[ -]bits?)?",
    re.I,
)


def _goes_on(model: Model | None, said: Format | None, text: str) -> tuple[Model | None, Format | None]:
    """The model and the format that are spoken of behind a text."""
    own, forms = models(text), _of_weights(text)
    if own or forms:
        said = forms[0] if len(forms) == 1 else None
    return (single(own) if own else model), said


def _asked_of(index: int, context: Context) -> tuple[Mention | None, float]:
    """The device of the question that a passage answers, and how many of it."""
    asked = context.document.passages[index - 1] if index else None
    named = context.mentions.get(index - 1, ()) if asked and asked.text.rstrip("* ").endswith("?") else ()
    return _devices(asked.text, sentences(asked.text)[-1], named) if asked and named else (None, 1.0)


def _topic(context: Context) -> Model | None:
    """The model that a document is about: the one of its first heading, else the only one that it names."""
    if "topic" not in context.memo:
        every = [models(one.text) for one in context.document.prose()]
        head = next((each.text for each in context.document.passages if each.kind == "heading"), "")
        context.memo["topic"] = single(models(head)) or single([each for found in every for each in found])
    topic: Model | None = context.memo["topic"]
    return topic


def weighed(text: str, model: Model) -> Format | None:
    """The format of a model's weights by what all of them are told to be: "16 GB of weights"."""
    told = _WEIGHS.search(text)
    size = float(told["n"]) * 1e9 / model.parameters if told else 0.0
    return Format(size, size, f"{told[0]}") if told and LEAST < size < _MOST_BYTES else None


def _devices(text: str, sentence: Sentence, here: Sequence[Mention]) -> tuple[Mention | None, float]:
    if len({each.named for each in here}) > 1 or any(
        _NONE_OF.search(text, sentence.start, each.start) for each in here
    ):
        return None, 0.0
    counts = {
        2.0 if _PAIR.match(text, each.end) else counted(text, sentence.start, each.start) for each in here
    }
    unsaid = counts == {1.0} and (_SEVERAL.search(sentence.text) or any(plural(text, each) for each in here))
    return here[0], 0.0 if unsaid else max(counts)


def plural(text: str, mention: Mention) -> bool:
    """Whether a name is of several: "H100s"."""
    return mention.text.endswith("s") or _PLURAL.match(text, mention.end) is not None


def peak(gpu: Gpu, rates: Sequence[str] = RATES) -> float:
    """The highest of some dense rates, in FLOP/s; 0 where none is known."""
    return max(
        (float(each) for rate in rates if isinstance(each := gpu.value(rate), int | float)), default=0.0
    )


@lru_cache(maxsize=512)
def active(name: str) -> float:
    """Parameters of a model that each token uses; 0 where the name is of no model on file."""
    from whichgpu.errors import WhichGpuError
    from whichgpu.workloads.workload import known, resolve

    if len(name) < 3 or not re.search(r"\d", name) or not known(name):
        return 0.0
    try:
        return float(resolve(name).active_parameters())
    except WhichGpuError:
        return 0.0
