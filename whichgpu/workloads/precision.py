"""Number formats a job can run in: bytes per element of what is stored, and the rate the maths uses.

The table is `data/precisions.toml`; names ignore case and read `-`, `_` and `.` alike.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.values import immutable, regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job


#: Weights of a block of GGUF's K-quants and of most others.
SUPERBLOCK = 256.0


@immutable
class Precision:
    """How a job stores and multiplies numbers.

    `weight`, `activation`, `kv` are bytes per stored element; `head` is the bytes of weights that
    stay unquantised (embedding, norms, output head); `math` is the catalogue field whose peak rate
    bounds matrix products; `train_state` is bytes per parameter that training keeps beside the
    weights (gradient, master copy), the optimizer's own states apart. `train_as` is the precision
    that the name means in training, where weights stay wide; `or_wider` lets wider units do
    the products where a GPU has none for the format. `dense` are bytes per weight of layers that stand
    beside experts, where a format narrows the experts most, and `dense_math` what they multiply in; 0 where
    both are alike. `attention` is the format of attention's own products, where it is another.
    """

    id: str
    title: str
    weight: float
    activation: float
    kv: float
    head: float
    math: str
    train_state: float
    train_as: str = ""
    or_wider: bool = False
    dense: float = 0.0
    dense_math: str = ""
    attention: str = ""
    #: The format that is meant of a model that was not released in this one.
    made: str = ""
    #: What runs inference in this format where a job names nothing; "" for what runs any.
    runtime: str = ""
    #: The same of a network that makes no tokens.
    networks: str = ""
    #: Operations of a lane that matrix-vector kernels take for a weight, by INT8 dot products and by
    #: floats; 0 unknown.
    steps: tuple[float, float] = (0.0, 0.0)
    #: Scales of 32 weights in a row.
    scales: float = 1.0
    #: Bytes of a weight in an embedding that is the head as well.
    tied: float = 0.0
    #: Bytes of a weight of the body, of embedding and head, and of both as one, in rows that are no multiple
    #: of a `SUPERBLOCK`; 0 where the format has no such blocks.
    odd: tuple[float, float, float] = (0.0, 0.0, 0.0)
    #: The software that packs weights so and reads them; "" for what many do.
    library: str = ""

    def stored(self, width: float, *, head: bool = False, tied: bool = False) -> float:
        """Bytes of a weight in rows of so many, of the body or of embedding and `head`."""
        whole = not self.odd[0] or width % SUPERBLOCK == 0.0
        kinds = (self.weight, self.head, self.tied or self.head) if whole else self.odd
        return kinds[2 if tied else 1 if head else 0]

    @property
    def quantised(self) -> bool:
        """Whether weights are stored in fewer than 16 bits."""
        return self.weight < 2.0

    @property
    def mixed(self) -> bool:
        """Whether weights are stored wider than they are multiplied (autocast)."""
        return self.weight > self.activation

    @property
    def read_weight(self) -> float:
        """Bytes per weight that a matrix product reads: mixed precision multiplies a narrow copy."""
        return self.activation if self.mixed else self.weight


def _key(text: str) -> str:
    return "".join(ch for ch in text.lower() if ch not in " -_.")


@lru_cache(maxsize=1)
def precisions() -> dict[str, Precision]:
    """Every precision by id."""
    table = _table()
    return {key: _precision(key, row, table) for key, row in table.items()}


def _table() -> Mapping[str, Any]:
    table: dict[str, Any] = store.load("precisions")["precisions"]["precision"]
    return table


def _precision(key: str, row: Mapping[str, Any], table: Mapping[str, Any]) -> Precision:
    weight = stored_bytes(row, table)
    head = _mix(row["head_mix"], table) if "head_mix" in row else row.get("head_bytes", weight)
    return Precision(
        id=key,
        title=row["title"],
        weight=weight,
        activation=row["activation_bytes"],
        kv=row.get("kv_bytes", row["activation_bytes"]),
        head=head,
        math=row["math"],
        train_state=row.get("train_state_bytes", 0.0),
        train_as=row.get("train_as", ""),
        or_wider=row.get("or_wider", False),
        library=row.get("library", ""),
        dense=row.get("dense_bytes", 0.0),
        dense_math=row.get("dense_math", ""),
        attention=row.get("attention", ""),
        made=row.get("made", ""),
        runtime=row.get("runtime", ""),
        networks=row.get("networks", ""),
        steps=_steps(row, table),
        scales=sum(share * part.get("scales", 1.0) for share, part in _parts(row, table)),
        tied=_tied(row["head_mix"], table) if "head_mix" in row else 0.0,
        odd=_odd(key, row, table),
    )


def _parts(row: Mapping[str, Any], table: Mapping[str, Any]) -> list[tuple[float, Mapping[str, Any]]]:
    """The formats of a mix with their shares, or the one that it is."""
    return [(share, table.get(key, row)) for key, share in (row.get("mix") or {"": 1.0}).items()]


def _steps(row: Mapping[str, Any], table: Mapping[str, Any]) -> tuple[float, float]:
    """Operations a weight, stated or of a mix; 0 where a part of the mix states none."""
    parts = [(share, part.get("steps", (0.0, 0.0))) for share, part in _parts(row, table)]
    dot, plain = (sum(share * steps[i] for share, steps in parts) for i in range(2))
    known = all(any(steps) for _, steps in parts)
    return (dot, plain) if known else (0.0, 0.0)


def _odd(key: str, row: Mapping[str, Any], table: Mapping[str, Any]) -> tuple[float, float, float]:
    """Bytes of a weight of the body, of embedding and head, and of both as one, where no block fits."""
    body = row.get("mix") or {key: 1.0}
    head = row.get("head_mix") or body
    if not any("odd" in table.get(name, row) for name in (*body, *head)):
        return (0.0, 0.0, 0.0)
    instead = {name: table[one["odd"]] if "odd" in one else one for name, one in table.items()}
    return _mix(body, instead), _mix(head, instead), _tied(head, instead)


def _tied(head: Mapping[str, float], table: Mapping[str, Any]) -> float:
    """Bytes of a weight of an output head: the last of the formats of embedding and head."""
    return block_bytes(table[tuple(head)[-1]])


def stored_bytes(row: Mapping[str, Any], table: Mapping[str, Any]) -> float:
    """Bytes per stored weight: stated, or of a block, or of a mix of other formats."""
    return _mix(row["mix"], table) if "mix" in row else block_bytes(row)


def block_bytes(row: Mapping[str, Any]) -> float:
    """Bytes per weight of a format alone, whatever whole models mix it with."""
    if "block" in row:
        size, weights = row["block"]
        return float(size) / float(weights)
    return float(row["weight_bytes"])


def _mix(shares: Mapping[str, float], table: Mapping[str, Any]) -> float:
    return sum(share * block_bytes(table[key]) for key, share in shares.items())


@lru_cache(maxsize=1)
def gguf_types() -> Mapping[int, tuple[str, float]]:
    """The types of a GGUF file by number: name and bytes per weight."""
    content = store.load("precisions")["precisions"]
    rows = {**content["precision"], **content["storage"]}
    return {row["gguf_type"]: (key, block_bytes(row)) for key, row in rows.items() if "gguf_type" in row}


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    table = _table()
    names = {_key(key): key for key in table}
    for key, row in table.items():
        names.update({_key(alias): key for alias in row.get("aliases", ())})
    return names


def _by_bits(name: str) -> str | None:
    """The id of an EXL2 or EXL3 format of so many bits per weight, made on demand: `exl2-4.65bpw`."""
    bare = name.strip().lower()
    # The bits of the output head may stand behind: `6.0bpw h8 exl2`.
    plain = re.sub(r"(?<=bpw)(?:[-_ ]h[68])?(?:[-_ ]exl[23])?$", "", bare)
    found = re.fullmatch(r"(?:exl[23][-_ ]?)?(\d(?:\.\d+)?)[-_ ]?bpw", plain) or re.fullmatch(
        r"(?:exl[23]|bpw)[-_ =]?(\d\.\d+)", bare
    )
    bits = float(found[1]) if found else 0.0
    if not 1.0 <= bits <= 8.0:
        return None
    base, own = precision("exl2-4-0"), f"exl2-{bits:g}bpw"
    return _spellings().get(_key(own)) or as_stored(own, base.id, bits / 8.0, base.head).id


def as_stored(name: str, base: str, weight: float, head: float) -> Precision:
    """Make the precision of one file known: `base`, with the bytes per weight that the file has.

    `head` is of embedding, norms and output head.
    """
    made = replace(
        precision(base),
        id=name,
        weight=weight,
        head=head,
        dense=0.0,
        tied=0.0,
        odd=(0.0, 0.0, 0.0),
        title=f"{precision(base).title}, as stored",
    )
    precisions()[name] = made
    _spellings()[_key(name)] = name
    precision.cache_clear()
    return made


@lru_cache(maxsize=256)
def precision(name: str) -> Precision:
    """The precision of a name; raises `UsageError` with the nearest names."""
    key = named(name)
    if not key:
        if len(each := [named(one.strip()) for one in name.split(",")]) > 1 and all(each):
            raise UsageError(
                f"'{name}' names {len(each)} precisions, of which this takes one at a time; compare, show "
                "and recommend take several"
            )
        near = ", ".join(_nearest(name.lower()))
        instead = f"did you mean {near}?" if near else "write e.g. fp16, bf16, fp8, int8, w4a16 or q4_k_m"
        raise UsageError(f"no precision '{name}'; {instead}")
    return precisions()[key]


def named(text: str) -> str:
    """The id of the precision that a text names; "" for none."""
    key = _key(text)
    # "4 bits" is 4-bit.
    said = _spellings().get(key) or _spellings().get(key.removesuffix("s")) or _by_bits(text) or _worded(text)
    return said or _with_its_bits(text)


#: A number of bits beside a format.
_BITS = regex(r"(?<![\d.])([248])[-_ ]?bits?\b", re.IGNORECASE)


def _with_its_bits(text: str) -> str:
    """The id of a precision beside which its own number of bits stands: `4-bit NF4`; "" for none."""
    found = _BITS.search(text)
    if found is None:
        return ""
    rest = f"{text[: found.start()]} {text[found.end() :]}".strip(" ,()-")
    kind = named(rest) if rest else ""
    # A format stores scales beside its bits.
    same = bool(kind) and 0.9 < 8.0 * precisions()[kind].weight / float(found[1]) < 1.3
    return kind if same else ""


@lru_cache(maxsize=256)
def _worded(text: str) -> str:
    """The id of a precision among words that say no more: `FP16 (tensor cores)`, `FP16/FP32 mixed`.

    Two formats are mixed precision where a word says so, and otherwise none that is known.
    """
    # "IQ2_XS - 2.3125 bpw": a format that is known says its bits.
    plain = re.sub(r"[\s,(-]+\d(\.\d+)?[-_ ]?bpw\)?$", "", text.lower())
    plain = re.sub(
        r"\b(?:no|without|w/o)[- ]tf32\b|\btf32[- ](?:off|disabled)\b|\b(?:g-?\d+|\d+g)\b", " ", plain
    )
    if "fp32" in plain:
        # Which is what FP32 is where it is not TF32.
        plain = re.sub(r"\b(?:no|without|w/o)[- ](?:tc|tensor[- ]cores?)\b", " ", plain)
    said = [_SIZES.get(word, word) for word in "".join(ch if ch.isalnum() else " " for ch in plain).split()
            if word not in _SAY_NOTHING]  # fmt: skip
    # `4b-it` is a size and a word of a model's name.
    bits = len(said) == 2 and said[1] in ("bit", "bits")
    if said and (bits or not said[0][0].isdigit()) and (whole := _spellings().get("".join(said))):
        return whole
    formats = [word for word in said if word not in _MIXED]
    mixed = len(formats) < len(said)
    kinds = {_spellings().get(word, "") for word in formats}
    if mixed and kinds <= {"fp16", "fp32", "tf32"}:
        return _spellings()["mixed"]
    if mixed and "bf16" in kinds and kinds <= {"bf16", "fp32", "tf32"}:
        return _spellings()["mixedbf16"]
    # "fp16,fp32" lists two; "FP16, FP32 accumulate" is one.
    lists = "," in text and all(_key(one) in _spellings() for one in text.split(","))
    if kinds in ({"fp16", "fp32"}, {"bf16", "fp32"}) and not lists:
        # "FP16/FP32" is how tables shorten mixed precision.
        return _spellings()["mixed" if "fp16" in kinds else "mixedbf16"]
    if kinds == {"fp32", "tf32"}:
        # Products of FP32 on tensor cores: "FP32 (TF32)".
        return "tf32"
    return "" if mixed or len(kinds) != 1 else kinds.pop()


#: Words beside a format that leave it what it is, and those of formats used together.
_SAY_NOTHING = {
    "a100", "accumulate", "adam", "adamw", "all", "and", "autoround", "bitsandbytes", "bnb",
    "asymmetric", "calibrated", "calibration", "channel", "channels", "compute", "core", "cores",
    "cuda", "cudnn",
    "dali", "data", "default", "delayed", "dense", "dtype", "dwq", "dynamic", "enabled",
    "engine", "expertsint8", "ggml", "gguf", "h6", "h8", "i1", "imat", "imatrix", "in", "inference",
    "lamb", "lars", "last", "load", "master", "mlx", "mode", "model", "mostly", "native", "nchw",
    "nhwc", "only",
    "asym", "per", "precision", "ptq", "pure", "qat", "qlora", "quant", "quantised", "quantized", "rtn",
    "scaling", "strict", "sym", "symmetric", "tc", "te",
    "tensor", "tf", "torch", "torchao", "training", "transformer", "true", "type", "ud", "use",
    "using", "w", "weight", "weights", "with",
}  # fmt: skip
#: The sizes of a K-quant as llama.cpp's tables write them out: "Q4_K - Medium".
_SIZES = {"small": "s", "medium": "m", "large": "l"}
_MIXED = {"amp", "apex", "autocast", "automatic", "mixed", "o1", "o2"}


@lru_cache(maxsize=256)
def _nearest(name: str) -> Sequence[str]:
    """The names nearest to one that is none: a table of jobs may have it in many rows."""
    import re
    from difflib import get_close_matches

    # Of so many bits, or of that kind of file, before names that are spelled alike.
    bits = re.search(r"(?<![\d.])([1-8])(?:[.]\d+)?[ _-]?bits?\b|\b(?:u?int|i?q)([1-8])(?!\d)", name)
    size = (bits[1] or bits[2]) if bits else "4" if name == "gguf" else ""
    same = [one for one in (f"q{size}_k_m", f"q{size}_k", f"q{size}_0", f"iq{size}_m") if one in precisions()]
    return same or get_close_matches(name, precisions(), n=3, cutoff=0.4)


def of_job(job: Job) -> Precision:
    """The precision of a job, with the KV cache in the format of its option `kv_precision`, unless `auto`."""
    spec, asked = precision(job.precision), cache_format(job)
    return replace(spec, kv=precision(asked).weight) if asked else spec


def cache_format(job: Job) -> str:
    """The format that a job states of its KV cache; empty where it states none, or `auto`."""
    asked = job.options.get("kv_precision", "").strip().lower()
    if asked and asked != "auto" and not named(asked):
        raise UsageError(f"option kv_precision: no precision '{asked}'; write fp8, int8, bf16 or auto")
    return "" if asked == "auto" else asked
