"""What a sentence tells of a job: its phase, sizes, options, engine and format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement.figures import as_rate, without_prompts
from whichgpu.audit.measurement.text import cut, windows
from whichgpu.cost.job.runtimes import runtime
from whichgpu.planner.size import pixels
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.precision import named as precision

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from whichgpu.workloads.model import Workload

#: Words of what runs a model, at most.
_RUNTIME = 3
#: The version behind what runs a model; a figure is none.
_VERSION = re.compile(r" v?(?>\d+(?:\.\d+)+)(?!\w| ?(?:[a-z]+/|[a-z]+ (?:per|a) |x\b|m?s\b|fps))", re.I)
#: Formats that are told without a number.
_PLAIN = ("amp", "awq", "gptq", "mixed precision")
#: What is done, the narrower first.
_PHASES = (
    ("finetune_qlora", r"\bqlora\b"), ("finetune_lora", r"\blora\b|\btextual inversion\b"),
    ("finetune_full", r"\bfine[- ]?tun(?:e|es|ed|ing)\b|\bdreambooth\b"),
    ("train", r"\b(?:pre-?)?train(?:s|ed|ing)?\b|\bddp\b|\bbackward\b"),
    ("prefill", r"\bprefill(?:s|ing)?\b|\bprompt (?:processing|throughput|speed|eval(?:uation)?)\b"),
    ("serve", r"\bserv(?:e|es|ed|ing)\b|\bconcurren(?:t|cy)\b|\bin flight\b"),
    ("infer", r"\binfer(?:ence|s|red|ring)?\b|\bfeature extraction\b|\bembedd(?:ings?|s)\b"),
    ("train", r"\bepochs?\b|\b(?:nanogpt|megatron|axolotl|torchtune)\b|\bblock[ _]?size\b"
              r"|\b[MH]FU\b|\bTFLOP"),
)  # fmt: skip
_N = r"(\d+k?)(?![.,]\d)"
#: Prompts and answers that are told together.
_LENGTHS = re.compile(
    rf"\b{_N} ?(?:tokens? )?(?:in(?:put)?|prompt)(?: tokens?)?(?: ?[/,+&] ?| (?:and|to) | )"
    rf"{_N} ?(?:tokens? )?(?:out(?:put)?|generated|new|completion|response)\b(?: (?:tokens?|lengths?))?"
    rf"|\b(?:isl|in(?:put)?|prompt)(?: ?len(?:gth)?)?(?: of|:|=)? ?{_N}\b(?: tokens?)?[^\d.;:]{{1,8}}"
    rf"(?:osl|out(?:put)?)(?: ?len(?:gth)?)?(?: of|:|=)? ?{_N}\b(?: tokens?)?"
    rf"|\b{_N} tokens? (?:in)?to {_N}(?: tokens?)?\b"
    rf"|\b(?:isl ?/ ?osl)(?: of|:|=)? ?{_N} ?/ ?{_N}\b",
    re.I,
)
#: Numbers of a job as they are told; the first group that took part is the number.
_NUMBERS = {
    "batch": r"\bbatch(?:[- _]size)?(?: of| is|:|=)? ?(\d+)\b|\bbs ?=? ?(\d+)\b|"
             r"\b(\d+) (?:images|samples) (?:at once|a batch)|"
             r"(?:(?<=\bstep)|(?<=\bsteps)) of (\d+) (?:images|samples|sequences)\b",
    "tp": r"(?:\btp(?:[- _]size)?|\btensor[- _]parallel(?:ism)?(?:[- _](?:size|degree))?)"
          r"(?: of|:|=)? ?(\d+)\b|\b(\d+)-way tensor parallel",
    "steps": r"\b(\d+)[- ](?:denoising |sampling |inference )?steps?\b(?! ?/)",
    "seq_len": r"\b(?:(?:max[- _]?)?seq(?:uence)?(?:[- _]?len(?:gth)?)?|max[- _]?len(?:gth)?|sequences"
               r"|cutoff[ _]len|block[ _]?size)(?: of| is|:|=)? ?(\d+)\b|"
               r"\b(\d+)[- ]tokens? sequences?\b",
    "concurrency": r"\b(\d+) (?:concurrent|concurrency|parallel|simultaneous)\b|"
                   r"\b(?:max[- ])?concurrency(?: of| is|:|=)? ?(\d+)\b|\b(\d+) in flight\b|"
                   r"\b(\d+) (?:requests|users|prompts|clients)(?: in flight| at once)?\b"
                   r"(?! ?(?:(?:/|per|a) ?s|(?:take|took|needed|in|within)\b))",
    "input_tokens": r"\b(?:prompts?|inputs?)(?: of|:|=)? ?(\d+k?)(?: tokens)?\b|"
                    r"\b(\d+k?)[- ](?:tokens? prompts?|prompt)\b|\b(\d+k)[- ]prompts\b|"
                    r"\b(\d+k?) (?:input|prompt) tokens\b(?! ?(?:/|per|a) ?s)|"
                    r"\bprefill(?:ing)?(?: of| for)? (?:an? )?(\d+k?)[- ]tokens?\b(?! ?(?:/|per|a) ?s)",
    "output_tokens": r"\b(\d+) (?:output|new|generated) tokens\b(?! ?(?:/|per|a) ?s)|"
                     r"\b(?:answers?|replies|reply|generates?|writes?|outputs?)(?: of| in| with)? (\d+)"
                     r"[- ]tokens?\b(?! ?(?:/|per|a) ?s)",
}  # fmt: skip
_EIGHT_BIT_ADAM = r"\b8[- ]?bit (?:paged )?adamw?\b|\b(?:paged[- _])?adamw?[- _]8[- ]?bit\b"
_NARROW_ADAM = re.compile(_EIGHT_BIT_ADAM, re.I)
#: Options of a job as they are told.
_OPTIONS = (
    ("sharding=fsdp", r"\bfsdp2?\b|\bfully sharded\b"),
    *((f"sharding=zero{n}", rf"\bzero[- ]?(?:stage[- ]?)?{n}\b") for n in (1, 2, 3)),
    ("optimizer=adamw-8bit", _EIGHT_BIT_ADAM),
    ("checkpointing=full", r"(?<!\bno )(?<!\bwithout )\b(?:gradient|activation) checkpointing\b"),
    ("layout=nhwc", r"\bchannels[- _]last\b|\bnhwc\b"), ("layout=nchw", r"\bchannels[- _]first\b|\bnchw\b"),
    ("cuda_graphs=none", r"\benforce[-_ ]eager\b|\bdisable[-_]cuda[-_]graph\b"),
    ("cuda_graphs=True", r"(?<!disable-)\bcuda[- ]graphs?\b"),
)  # fmt: skip
#: What of a training is kept in the host, where it is sharded.
_OFFLOADED = (
    ("offload=parameters", r"\b(?:parameters?|weights?)[- ](?:cpu[- ])?offload(?:ing|ed)?\b"),
    ("offload=optimizer", r"\b(?:cpu|optimizer)[- ]offload(?:ing)?\b|\boffload(?:ed|ing)? (?:the )?optim"),
)
#: What is told of a training on several GPUs: of what answers by itself each more GPU is one more.
_SCALES = re.compile(r"\bscal(?:ing|es?)\b|\bspeed-?up\b|\bfaster (?:with|than on one)\b", re.I)
#: Options that nothing but a training has.
_OF_TRAINING = ("sharding=", "optimizer=", "checkpointing=", "grad_accum=", "global_batch=")
#: Passes that make one step of an optimizer.
_PASSES = re.compile(
    r"\bgrad(?:ient)?[-_ ]?acc(?:um(?:ulat(?:ion|e|ing))?)?(?:[-_ ]steps?)?(?: of| is|:|=)? ?(\d+)\b"
    r"|\b(\d+)(?:x| steps of)? ?grad(?:ient)?[-_ ]accum(?:ulation)?(?: steps?)?\b(?![ :=]*\d)",
    re.I,
)
#: What quantises within Transformers, where no engine is named.
_WITHIN_TRANSFORMERS = re.compile(
    r"\b(?:bitsandbytes|bnb|load[-_]in[-_][48]bit|llm\.int8(?:\(\))?)(?=\W|$)", re.I
)
#: Its formats by its options, and those that Transformers reads by it alone.
_LOADED = re.compile(r"\bload[-_]in[-_]([48])bit\b", re.I)
_BITS = {"8": "int8", "4": "nf4"}
_OF_BITSANDBYTES = ("int8", "nf4", "w8a16")
#: Transformers by its house, which keeps models as well.
_HUGGING_FACE = re.compile(
    r"\b(?:with|in|by|on|using|plain|through) (?:plain )?(?:HF|hugging ?face)\b(?! (?:hub|TGI|text))", re.I
)
#: Tokens of a sequence that is trained on, where nothing else is said of its length.
_LENGTH = re.compile(
    r"\b(\d{2,6}|\d{1,3}k)[- ]tokens?\b(?! ?(?:/|per|an?|each|in|for)\b)"
    r"|\b(?:context|ctx)\D{0,8}(\d{3,6}|\d{1,3}k)\b"
    r"|\b(\d{1,3}k)[- ](?:tokens? )?(?:context|ctx|sequences?)\b",
    re.I,
)
#: The two parts of BERT's training, by the tokens of their sequences (Devlin et al. 2018, appendix A.2).
_BERT = {
    "128": re.compile(r"\bphase[- ]?(?:1|one)\b", re.I),
    "512": re.compile(r"\bphase[- ]?(?:2|two)\b", re.I),
}
#: How long a video is; it is made in as many frames as it has, whatever time that takes.
_FILM = re.compile(r"\b\d+ ?-?s(?:ec(?:ond)?s?)?[- ](?:long )?(?:videos?|clips?)\b", re.I)
#: Sequences of a step of all GPUs.
_GLOBAL = re.compile(r"\b(?:global|total|effective) batch(?:[- ]size)?(?: of| is|:|=)? ?(\d+)\b", re.I)
_FRAMES = re.compile(r"\b(\d+)[- ]frames?\b(?! ?(?:/|per|an?) ?s)", re.I)
#: Hours that are made into text, of which nobody says what they are of, or which are those of a file.
_LONG = r"\b((?:\d[\d.]*|an?|one|half an?)[ -]?(?:hours?|hrs?|h|minutes?|mins?))"
_SOUND_IN = re.compile(
    r"\b((?:\d[\d.]*|an?|one) ?-?(?:hours?|hrs?|h))(?= (?:in|takes?|took)\b)"
    rf"|{_LONG}[- ](?:long )?(?:file|mp3|wav|meeting|interview|lecture|episode|call|video|clip)s?\b",
    re.I,
)
#: Text that a model is made of, and no server is asked for: billions of tokens.
_CORPUS = re.compile(r"\b\d[\d.,]* ?(?:b|t|billion|trillion) tokens\b", re.I)
#: Pixels a side of a picture that is looked at: "at 384", and no figure.
_SIDE = re.compile(
    r"(?:\bat|@) ?(?!0)(\d{3,4})(?: ?px| pixels| resolution)?(?![\d.%/x\u00d7]|,\d)"
    r"(?! ?(?:/|per\b|x|\u00d7|im(?:a?ge?)?s?\b|samples?|fps|it|W\b|watts?|MHz|m?s\b|sec|min|%))",
    re.I,
)
_RESOLUTION = re.compile(
    r"\b(\d{3,4}) ?[x\u00d7] ?(\d{3,4})\b|\b(\d{3,4}) ?px\b|\b(480|540|720|1080)p\b", re.I
)
#: Of videos, as Wan and HunyuanVideo make them, by the number of lines.
_LINES = {"480": "832x480", "540": "960x544", "720": "1280x720", "1080": "1920x1080"}


def columns(text: str, model: Workload) -> tuple[dict[str, Any], str]:
    """What is said of a job of a model, and the text without it."""
    options, text = _options(without_prompts(text), model)
    phases = model.phases
    trains = any(key in TRAINING and re.search(words, text, re.IGNORECASE) for key, words in _PHASES)
    stepped = trains or "generate" not in phases
    found, text = _sizes(text, {"steps"} if stepped else set())
    if "serve" not in phases:
        found.pop("concurrency", None)
    done = _phase(text, options, phases)
    found |= {"phase": done} if done in phases else {}
    if "seq_len" not in found and (found.get("phase") in TRAINING or "serve" not in phases):
        length, text = _length(text, model)
        found |= {"seq_len": length} if length else {}
    if options:
        found["options"] = options
    if model.unit.startswith("audio"):
        text = _SOUND_IN.sub(lambda long: f"{long[1] or long[2]} of audio", text, count=1)
    elif model.unit == "images" and "resolution" not in found:
        side, text = _side(text)
        found |= {"resolution": side} if side else {}
    corpus = bool(_CORPUS.search(text)) and is_language_model(model) and not done
    # Without the time that they took they are no figure, and no bytes.
    stack, text = _stack(_CORPUS.sub(";", as_rate(text, stepped=stepped)))
    if corpus and "runtime" not in stack and "train" in phases:
        found["phase"] = "train"
    stack = _by_its_maker(stack, text) if model.family == "whisper" else stack
    stack = _run_by(stack, text, answers=is_language_model(model) and "serve" in phases and not trains)
    return {key: _whole(one) if key in _NUMBERS else one for key, one in (found | stack).items()}, text


def _by_its_maker(stack: dict[str, str], text: str) -> dict[str, str]:
    """What runs Whisper: OpenAI's own program where the text has their name, and no other program."""
    return {"runtime": "openai-whisper", **stack} if re.search(r"\bopenai\b", text, re.I) else stack


def _run_by(stack: dict[str, str], text: str, *, answers: bool) -> dict[str, str]:
    """What runs a model, in today's release, and its format; of one that answers also where neither is named.

    Transformers quantises by bitsandbytes, which makes each product dearer to launch.
    """
    # The option names a format by its bits, which is that of its library.
    loaded = _LOADED.search(stack.get("precision", text))
    if loaded:
        stack = {**stack, "precision": _BITS[loaded[1]]}
    name = _of_today(stack["runtime"]) if "runtime" in stack else ""
    if answers and name.lower() in ("bitsandbytes", "bnb"):
        # By itself it is what Transformers quantises by.
        name = "transformers bitsandbytes"
    if not name and answers:
        within, plain = _WITHIN_TRANSFORMERS.search(text), _HUGGING_FACE.search(text)
        name = "transformers bitsandbytes" if within else "transformers" if plain else ""
    form = precision(stack["precision"]) if "precision" in stack else ""
    if name and answers and form in _OF_BITSANDBYTES and "bitsandbytes" not in name.lower():
        name += " bitsandbytes" if runtime(name, "pytorch-2").id == "transformers" else ""
    return {**stack, "runtime": name} if name else stack


def _phase(text: str, options: Iterable[str], phases: Sequence[str]) -> str:
    """What is done, as it is told; empty, or none of a model's phases, where nothing is."""
    done = next((key for key, pattern in _PHASES if re.search(pattern, text, re.IGNORECASE)), "")
    # Shards and recomputed activations are of a training, whether or not it says so.
    if not done and any(one.startswith(_OF_TRAINING) for one in options):
        return "train"
    if not done and "serve" not in phases and _SCALES.search(text):
        return "train"
    # A model that is not fine-tuned in a way of its own is trained.
    return "train" if done.startswith("finetune") and done not in phases else done


def _length(text: str, model: Workload) -> tuple[str, str]:
    """The tokens of a sequence, as they are told or as the part of a training has them; and the rest."""
    if match := _LENGTH.search(text):
        return next(filter(None, match.groups())), cut(text, match.start(), match.end())
    parts = _BERT.items() if model.id.startswith("bert") else ()
    return next((tokens for tokens, words in parts if words.search(text)), ""), text


def _side(text: str) -> tuple[str, str]:
    """The side of the pictures of a sentence, as it is told or as its data set has them; and the rest."""
    if match := _SIDE.search(text):
        return match[1], cut(text, match.start(), match.end())
    side = pixels(text)
    return (f"{side:g}" if side else ""), text


def _options(text: str, model: Workload) -> tuple[tuple[str, ...], str]:
    """The options that are told, and the text without those that have a number."""
    found = [key for key, pattern in _OPTIONS if re.search(pattern, text, re.IGNORECASE)]
    if any(one.startswith("sharding=") for one in found):
        found += [key for key, pattern in _OFFLOADED if re.search(pattern, text, re.IGNORECASE)][:1]
    films = [("frames", _FRAMES)] if model.unit == "videos" else ()
    text = _FILM.sub(";", text) if films else text
    counts = [("grad_accum", _PASSES), ("global_batch", _GLOBAL), *films]
    for name, pattern in counts:
        if match := pattern.search(text):
            found.append(f"{name}={next(filter(None, match.groups()))}")
            text = cut(text, match.start(), match.end())
    return tuple(found), text


def _sizes(text: str, but: Collection[str]) -> tuple[dict[str, Any], str]:
    """The numbers that are told, without those of some columns, the resolution, and the text without them."""
    found: dict[str, Any] = {}
    if both := _LENGTHS.search(text):
        found["input_tokens"], found["output_tokens"] = filter(None, both.groups())
        text = cut(text, both.start(), both.end())
    for name, pattern in _NUMBERS.items():
        match = None if name in found or name in but else re.search(pattern, text, re.IGNORECASE)
        if match:
            found[name] = next(group for group in match.groups() if group)
            text = cut(text, match.start(), match.end())
    size = _RESOLUTION.search(text)
    if size:
        found["resolution"] = _LINES[size[4]] if size[4] else size[3] or f"{size[1]}x{size[2]}"
        text = cut(text, size.start(), size.end())
    return found, text


def _stack(text: str) -> tuple[dict[str, str], str]:
    """What runs a model and its format, as they are told, and the text without them."""
    found: dict[str, str] = {}
    ways = (("runtime", _is_runtime, _RUNTIME), ("precision", _is_mixed, 3), ("precision", _is_precision, 2))
    for name, reads, most in ways:
        # "8-bit Adam" says of no weights in how many bits they are.
        plain = _NARROW_ADAM.sub(lambda one: "~" * len(one[0]), text)
        place = None if name in found else _shortest(plain, reads, most)
        if place:
            found[name] = text[slice(*place)].rstrip(".:?!")
            text = cut(text, *place)
    return found, text


def _whole(said: str) -> int:
    """A number of digits, or of 1,024 as lengths are told: 4k."""
    return 1024 * int(said[:-1]) if said[-1:] in ("k", "K") else int(said)


def _shortest(text: str, reads: Callable[[str], bool], most: int) -> tuple[int, int] | None:
    """The last of the shortest stretches that are read so, with the version behind it."""
    for start, end in reversed(list(windows(text, most))):
        if reads(text[start:end].rstrip(".:?!")):
            version = _VERSION.match(text, end)
            return start, version.end() if version else end
    return None


def _of_today(name: str) -> str:
    """The name of what runs a model, by its id where published runs of that name are of an older release.

    Who tells of a run of their own has today's.
    """
    stack = runtime(name, "pytorch-2")
    return stack.id if stack.undated and not re.search(r"\d", name) else name


def _is_runtime(text: str) -> bool:
    """Whether words are what runs a model; a number is none, nor a flag (`--enforce-eager`)."""
    plain = text.isdigit() or text.lower().startswith(("cuda", "-"))
    return not plain and runtime(text, "pytorch-2").exact


def _is_precision(text: str) -> bool:
    """Whether words are a format, and more than a plain word that is one too ("half", "double")."""
    lower = text.lower()
    return bool(precision(text)) and (any(map(str.isdigit, lower)) or lower in _PLAIN)


def _is_mixed(text: str) -> bool:
    """Whether words are mixed precision together with its format: "AMP BF16"."""
    parts = text.lower().split()
    return any(map(str.isdigit, text)) and bool({"amp", "mixed"} & {*parts}) and _is_precision(text)
