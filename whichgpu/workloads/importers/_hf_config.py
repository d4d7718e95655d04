"""The fields of one config.json, checked as they are read, and what an architecture makes of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.values import immutable
from whichgpu.workloads.importers._hf_features import reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    #: Dimensions of a network as they are gathered.
    Dims = dict[str, Any]

#: Above these a size is a slip or a trap.
_LARGEST, _MOST_LAYERS = 10**9, 10_000
#: Types whose class rounds the size of a head down where the file does not state it.
_FLOORED = ("glm4_moe", "glm4v_moe_text")
#: Types without attention heads of their own.
_HEADLESS = ("mamba", "mamba2", "falcon_mamba", "rwkv", "rwkv5", "rwkv6", "rwkv7", "xlstm")
#: Families of an encoder and a decoder.
_WRITTEN = ("encoder_decoder", "whisper")
_UNTIED = {"tie_word_embeddings": False}
#: Dimensions that follow from others where no field has them; dense layers may be experts instead (`_ffn`).
_OPTIONAL = {
    "decoder": ("kv_heads", "head_dim", "max_positions", "ffn"), "encoder_decoder": ("decoder_layers",)
}  # fmt: skip


@immutable
class Config:
    """A config.json (or its part that describes the text model) read as one architecture."""

    where: str
    kind: str
    raw: Mapping[str, Any]
    defaults: Mapping[str, Any]
    fields: Mapping[str, Sequence[str]]

    def refuse(self, said: str) -> NoReturn:
        """Raise `UsageError` about this file."""
        raise UsageError(f"{self.where}: {said}")

    def value(self, name: str) -> Any:
        """A field as it stands, or what the configuration class puts where the file leaves it out."""
        value = self.raw.get(name)
        return self.defaults.get(name) if value is None else value

    def flag(self, name: str) -> bool:
        """A field that is true or false; false where nothing is said."""
        value = self.value(name)
        if value is not None and not isinstance(value, bool):
            self.refuse(f"{name} is {value!r}, neither true nor false")
        return bool(value)

    def optional(self, name: str, least: int = 1) -> int | None:
        """A whole number, or None."""
        value = self.value(name)
        return None if value is None else self._count(name, value, least)

    def first(self, names: Sequence[str], *, required: bool = True, least: int = 1) -> Any:
        """The number that any of several fields holds; they must not contradict each other."""
        stated = {name: self.raw[name] for name in names if self.raw.get(name) is not None}
        if not stated:
            stated = {name: self.defaults[name] for name in names if self.defaults.get(name) is not None}
        values = {name: self._count(name, value, least) for name, value in stated.items()}
        if len(set(values.values())) > 1:
            both = " and ".join(f"{name} {value}" for name, value in values.items())
            self.refuse(f"{both} contradict each other; remove one")
        if not values and required:
            self.refuse(f"{names[0]} is missing; a {self.kind} model needs it")
        return next(iter(values.values()), None)

    def factor(self, name: str) -> float:
        """A number above 0 and below 100."""
        value = self.value(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 100:
            self.refuse(f"{name} is {value!r}, where a number such as 1.0 is expected")
        return float(value)

    def sizes(self, name: str, count: int = 0) -> list[int]:
        """A row of whole numbers, `count` of them where that is said."""
        value = self.value(name)
        if not isinstance(value, list | tuple) or not value:
            self.refuse(f"{name} is {value!r}, where a row of whole numbers is expected")
        if count and len(value) != count:
            self.refuse(f"{name} has {len(value)} values, where {count} are expected")
        return [self._count(name, one, 1) for one in value]

    def part(self, name: str) -> Config:
        """A part of the file that describes one tower, with what its class puts where nothing stands."""
        inner = self.raw.get(name)
        known = _part(self.kind, name)
        if inner is None and known and "architectures" in self.raw:
            inner = {}
        if not isinstance(inner, dict):
            self.refuse(f"{name} is missing; a {self.kind} model needs it")
        return replace(self, where=f"{self.where}: {name}", raw=inner, defaults=known)

    def _count(self, name: str, value: Any, least: int) -> int:
        """A whole number; a list that says the same of every layer counts as one."""
        if isinstance(value, list) and value and all(one == value[0] for one in value):
            value = value[0]
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole and not (isinstance(value, float) and value.is_integer()):
            self.refuse(f"{name} is {value!r}, not a whole number")
        most = _MOST_LAYERS if "layer" in name and "size" not in name else _LARGEST
        if not least <= value <= most:
            self.refuse(f"{name} is {value}, where a number from {least} to {most:,} is expected")
        return int(value)


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = store.load("hf")["hf"]
    return table


@cache
def architecture(kind: str) -> Mapping[str, Any]:
    """The table of a type, with those that it is like below it."""
    own = _table()["type"][kind]
    base = architecture(own["like"]) if "like" in own else {}
    merged = {**base, **own}
    for name in ("defaults", "fields"):
        merged[name] = {**base.get(name, {}), **own.get(name, {})}
    merged["defaults"] = {field: value for field, value in merged["defaults"].items() if value != "none"}
    merged["dims"] = {**base.get("dims", {}), **own.get("dims", {})}
    return merged


def held(kind: str, name: str) -> Mapping[str, Any]:
    """What a part of a file of some type holds where it says nothing, or a tower that is only named."""
    found: Mapping[str, Any] = _part(kind, name) if name else _table()["towers"].get(kind, {})
    return found


def _part(kind: str, name: str) -> Mapping[str, Any]:
    """What a part of a file holds where it says nothing, by its type or the one that it is like."""
    found: Mapping[str, Any] | None = _table()["parts"].get(kind, {}).get(name)
    if found is not None:
        return found
    like = _table()["type"].get(kind, {}).get("like")
    return _part(like, name) if like else {}


def fields_of(family: str) -> Mapping[str, Sequence[str]]:
    """The fields that hold a family's dimensions; none where a reader looks for all of them."""
    found: Mapping[str, Sequence[str]] = _table()["fields"].get(family, {})
    return found


def kinds() -> Sequence[str]:
    """Every known `model_type`."""
    return list(_table()["type"])


def text_fields() -> Sequence[str]:
    """The fields that may hold the text model of a configuration of several."""
    found: Sequence[str] = _table()["nested"]["fields"]
    return found


def nested(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The text model's part of a configuration of several; the configuration itself where it has none."""
    for name in text_fields():
        part = raw.get(name)
        inner = nested(part) if isinstance(part, dict) else {}
        if kind_of(inner):
            return inner
    return raw


def kind_of(raw: Mapping[str, Any]) -> str:
    """The known type of a configuration, by its `model_type` or its class; "" where it is not known."""
    kind = raw.get("model_type")
    if isinstance(kind, str) and kind in _table()["type"]:
        return kind
    # The text part of a model of several, under the name of the whole.
    if isinstance(kind, str) and f"{kind}_text" in _table()["type"] and "hidden_size" in raw:
        return f"{kind}_text"
    names = raw.get("architectures")
    for name in names if isinstance(names, list) else ():
        for known, row in _table()["type"].items():
            if name in row.get("classes", ()):
                return str(known)
    return ""


def config_of(raw: Mapping[str, Any], where: str) -> Config:
    """The configuration of the text model in a file; raises `UsageError` for an unknown architecture."""
    part = nested(raw)
    kind = kind_of(part)
    if part is not raw and kind and architecture(kind)["family"] != "decoder":
        # An encoder of text inside of something else, of which it is a small part.
        part, kind = raw, kind_of(raw)
    if not kind:
        from whichgpu.workloads.importers._hf_unknown import unknown

        raise UsageError(f"{where}: {unknown(part)}")
    row = architecture(kind)
    # A model of several parts ties its head, and says its type of number, outside of them.
    outer = {key: raw[key] for key in ("torch_dtype", "dtype") if raw.get(key) is not None}
    tied = {key: raw[key] for key in ("tie_word_embeddings",) if raw.get(key) is not None}
    if part is not raw and tied == _UNTIED and _named(raw) in _table()["nested"]["tied_inside"]:
        tied = {}
    whole = _table()["whole"].get(kind, {}) if part is not raw else {}
    return Config(where, kind, {**outer, **part, **tied}, {**whole, **row["defaults"]}, {**row["fields"]})


def _named(raw: Mapping[str, Any]) -> str:
    return str(raw.get("model_type", ""))


def dimensions(config: Config) -> tuple[str, dict[str, Any]]:
    """Family and dimensions of a configuration; raises `UsageError` naming the field at fault."""
    row = architecture(config.kind)
    family = row["family"]
    if family in _WRITTEN and _first_class(config).endswith("ForCausalLM"):
        config.refuse(
            f"{_first_class(config)} is the decoder of a {config.kind} alone, which is not imported; "
            "count its class: --from transformers:config.json"
        )
    dims = _sizes(config, row, family)
    dims.update(row["dims"])
    if family == "decoder" and "heads" in dims:
        _heads(config, dims, latent="latent" in row.get("features", ()))
    for feature in row.get("features", ()):
        reader(feature)(config, dims)
    if family == "decoder":
        _ffn(config, dims)
        if config.flag("tie_word_embeddings"):
            dims["tied"] = True
        if config.flag("lm_head_bias"):
            dims["head_bias"] = True
        if _headless(config, row):
            dims["headless"] = True
    width = dims.get("hidden", dims.get("width", 0))
    if family in ("encoder", "vit") and width % dims["heads"]:
        config.refuse(f"hidden_size {width} is not a multiple of num_attention_heads {dims['heads']}")
    return family, dims


def _headless(config: Config, row: Mapping[str, Any]) -> bool:
    """Whether a file is of a model of embeddings: its class is the trunk alone (`MistralModel`)."""
    first = _first_class(config)
    return first.endswith("Model") and "LMHead" not in first and first not in row.get("classes", ())


def _first_class(config: Config) -> str:
    """The class that a file names; "" where it names none."""
    names = config.raw.get("architectures")
    return str(names[0]) if isinstance(names, list) and names else ""


def _sizes(config: Config, row: Mapping[str, Any], family: str) -> dict[str, Any]:
    """The dimensions that stand in a field of their own."""
    dims: dict[str, Any] = {}
    for name, options in {**fields_of(family), **_own_fields(row, family)}.items():
        headless = config.kind in _HEADLESS and name in ("heads", "kv_heads", "head_dim")
        # Latent attention has sizes of its own; its files may state a head_dim of 0.
        latent = name == "head_dim" and "latent" in row.get("features", ())
        if name in row["dims"] or headless or latent or not options:
            continue
        counted = name == "layers" and "nemotron_h" in row.get("features", ())
        value = config.first(options, required=name not in _OPTIONAL.get(family, ()) and not counted)
        if value is not None:
            dims[name] = value
    return dims


def _own_fields(row: Mapping[str, Any], family: str) -> dict[str, Sequence[str]]:
    known = fields_of(family)
    return {name: options for name, options in row["fields"].items() if name in known}


def _heads(config: Config, dims: dict[str, Any], *, latent: bool) -> None:
    """Key-value heads and the size of a head; never hidden / heads where the file states it."""
    heads, hidden = dims["heads"], dims["hidden"]
    kv_heads = dims.setdefault("kv_heads", heads)
    if heads % kv_heads:
        config.refuse(f"num_attention_heads {heads} is not a multiple of num_key_value_heads {kv_heads}")
    if "head_dim" not in dims and not latent:
        if hidden % heads and config.kind not in _FLOORED:
            config.refuse(
                f"hidden_size {hidden} is not a multiple of num_attention_heads {heads}, "
                "and head_dim is missing"
            )
        dims["head_dim"] = hidden // heads


def _ffn(config: Config, dims: Mapping[str, Any]) -> None:
    """Dense layers need a width."""
    feeds = (
        dims.get("pattern", "*")
        if dims.get("single")
        else dims.get("feeds", "E" if "experts" in dims else "-")
    )
    if "E" in feeds and "experts" not in dims:
        config.refuse(f"the number of experts is missing or 0; a {config.kind} model has layers of them")
    if ("-" in feeds or dims.get("dense_first")) and "ffn" not in dims:
        config.refuse(f"intermediate_size is missing; a {config.kind} model needs it")
