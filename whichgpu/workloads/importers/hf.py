"""A model of the Hugging Face Hub: its config.json, the folder that holds one, or `hf:org/name`.

Only the configuration is read; neither transformers nor weights are needed. The Hub is asked only for a
source that begins with `hf:`, and only where the caller allows the network.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.importers import _hf_config as hub
from whichgpu.workloads.importers._files import MB, parse_json, read_bytes
from whichgpu.workloads.importers._hf_stored import stored_precision, strange
from whichgpu.workloads.importers._hf_vision import vision_part
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.workload import Workload, family_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.importing import Given

_NAME = re.compile(r"hf:(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_LARGEST = 20 * MB
#: Tokens that a job of a language model has by default, prompt and output.
_USUAL = 768
#: Sizes of a tower beside a text model.
_TOWER = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "patch_size",
          "image_size", "depth", "embed_dim", "num_heads")  # fmt: skip
#: Where the Hub answers; `HF_ENDPOINT` names a mirror, as for its own client.
_ENDPOINT = "https://huggingface.co"


def claims(source: str) -> bool:
    """`hf:org/name`, a .json file, or a folder with a config.json and no weights."""
    if source.startswith("hf:"):
        return True
    if source.endswith(".json"):
        return not source.endswith(".index.json") and not source.startswith("transformers:")
    folder = Path(source).expanduser()
    return (folder / "config.json").is_file() and not any(folder.glob("*.safetensors"))


def read(source: str, given: Given) -> Workload:
    """The workload of a configuration."""
    if source.startswith("hf:"):
        raw, name = _fetched(source, given), source.removeprefix("hf:")
    else:
        path = Path(source).expanduser()
        path = path / "config.json" if path.is_dir() else path
        raw = parse_json(read_bytes(path, _LARGEST, "config.json"), source)
        name = _named(raw, path)
    return workload_of(raw, source, name)


def workload_of(raw: Mapping[str, Any], source: str, name: str) -> Workload:
    """The workload of a parsed config.json."""
    if "_class_name" in raw or "_diffusers_version" in raw:
        from whichgpu.workloads.importers._diffusers import read_part

        return read_part(raw, source, name)
    if isinstance(raw.get("architecture"), str):
        from whichgpu.workloads.importers._timm import is_timm, read_timm

        if is_timm(raw):
            return read_timm(raw, source, name)
    if "ssm_cfg" in raw and "model_type" not in raw:
        from whichgpu.workloads.importers._hf_states import original

        raw = original(raw, source)
    config = hub.config_of(raw, source)
    family, dims = hub.dimensions(config)
    if family == "decoder":
        _senses(raw, config, dims)
    if family in ("decoder", "encoder", "encoder_decoder") and _function(config) == _WRITTEN_OUT:
        dims["function"] = _WRITTEN_OUT
    dims["source"] = f"config.json of {name}"
    stored = stored_precision(raw, config)
    if strange(raw):
        dims["notes"] = [*dims.get("notes", ()), *strange(raw)]
    phases = [phase for phase in family_code(family).PHASES if phase not in TRAINING]
    columns = {"precision": stored} if stored else {}
    return Workload(
        id=source,
        name=name,
        family=family,
        dims=dims,
        aliases=(),
        defaults=_defaults(config, family, dims, phases, columns),
    )


#: The function that Transformers writes out op by op (`NewGELUActivation`): all others are one kernel each.
_WRITTEN_OUT = "gelu_new"


def _function(config: hub.Config) -> str:
    """The function between the feed-forward layers; T5 means that one by its gated GELU."""
    named = (config.value(field) for field in ("activation_function", "hidden_act", "dense_act_fn"))
    if config.value("feed_forward_proj") == "gated-gelu":
        return _WRITTEN_OUT
    return next((one for one in named if isinstance(one, str)), "")


def _senses(raw: Mapping[str, Any], config: hub.Config, dims: dict[str, Any]) -> None:
    """Towers for pictures and sound beside the text model; where a part of it speaks, those of the other."""
    thinks = raw.get("thinker_config")
    raw = {**raw, **thinks} if isinstance(thinks, dict) else raw
    for name in ("vision_config", "audio_config"):
        for field in _TOWER:
            size = raw[name].get(field) if isinstance(raw.get(name), dict) else None
            if isinstance(size, int | float) and size < 1:
                config.refuse(f"{name}: {field} is {size}, where a number from 1 is expected")
    vision = vision_part(raw, config, dims)
    if vision:
        dims["vision"] = vision
    if "audio_config" in raw:
        from whichgpu.workloads.importers._hf_hearing import hearing_part

        sound = hearing_part(raw, dims)
        if sound:
            dims["sound"] = sound
    left = _left_out(raw, dims)
    if left:
        dims["notes"] = [
            f"Parts of the file that are not counted, neither weights nor work: {', '.join(left)}."
        ]


def _left_out(raw: Mapping[str, Any], dims: Mapping[str, Any]) -> list[str]:
    """The parts of a model of several that nothing here has read, by their field and type."""
    seen = ("vision_config", "qformer_config", "perceiver_config") if "vision" in dims else ()
    heard = ("audio_config",) if "sound" in dims else ()
    read = {*hub.text_fields(), *seen, *heard}
    others = {
        key: part.get("model_type")
        for key, part in raw.items()
        if isinstance(part, dict) and key.endswith("_config") and key not in read
    }
    if not seen:
        others["mm_vision_tower"] = raw.get("mm_vision_tower")
    return [f"{key} ({kind})" for key, kind in others.items() if isinstance(kind, str) and kind]


def _defaults(
    config: hub.Config,
    family: str,
    dims: dict[str, Any],
    phases: Sequence[str],
    columns: Mapping[str, Any],
) -> dict[str, Any]:
    """Job columns by phase, `columns` among them: pictures and texts of a size that the model takes."""
    usual = family_code(family).DEFAULTS
    everywhere: dict[str, Any] = {}
    if "height" in usual.get("*", {}):
        everywhere = _picture(config, dims)
    # Pictures have grids of positions, and no length.
    stated = dims.get("positions") if "height" not in usual.get("*", {}) else None
    longest = dims.pop("longest", None) or stated or _USUAL
    if usual.get("*", {}).get("seq_len", 0.0) > longest:
        everywhere["seq_len"] = float(longest)
    if family in ("decoder", "encoder_decoder") and longest < _USUAL:
        columns = {**columns, **dict.fromkeys(("input_tokens", "output_tokens"), float(longest // 2))}
    found = {phase: dict(columns) for phase in phases} if columns else {}
    trained = usual.get("finetune_full", {}).get("seq_len", 0.0)
    if family == "decoder" and trained > (dims.get("positions") or trained):
        found["finetune_full"] = {"seq_len": float(dims["positions"])}
    return {"all": everywhere, **found} if everywhere else found


def _picture(config: hub.Config, dims: dict[str, Any]) -> dict[str, Any]:
    """Height and width that a model of pictures is for."""
    stated = dims.pop("picture", None)
    pixels = stated or [dims.get("image") or config.optional("image_size")] * 2
    return dict(zip(("height", "width"), map(float, pixels), strict=True)) if all(pixels) else {}


def _named(raw: Mapping[str, Any], path: Path) -> str:
    name = raw.get("_name_or_path")
    if isinstance(name, str) and name and not os.path.isabs(name):
        return name
    return path.stem if path.stem != "config" else path.resolve().parent.name or "model"


def _fetched(source: str, given: Given) -> dict[str, Any]:
    found = _NAME.fullmatch(source)
    if not found:
        raise UsageError(f"{source}: not a model of the Hub; write e.g. --from hf:mistralai/Mistral-7B-v0.1")
    if not given.network:
        raise UsageError(f"{source}: the network is used only where it is asked for; write --from {source}")
    from whichgpu.workloads.importers._fetch import fetch

    endpoint = os.environ.get("HF_ENDPOINT", _ENDPOINT).rstrip("/")
    url = f"{endpoint}/{found['name']}/resolve/{found['revision'] or 'main'}/config.json"
    return parse_json(fetch(url, source), source)
