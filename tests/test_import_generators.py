"""Models that write or speak from several parts: a config.json as it is counted, against the modules.

Without weights of anybody; sizes are small.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
hub = pytest.importorskip("transformers", reason="needs transformers, for its module classes")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

CODEC = {"num_filters": 8, "upsampling_ratios": [8, 5, 4], "hidden_size": 16, "codebook_dim": 16}
_GPT = {"hidden_size": 64, "num_layers": 2, "num_heads": 4, "block_size": 2048, "input_vocab_size": 300,
       "output_vocab_size": 300}  # fmt: skip
BART = {"d_model": 64, "encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128, "vocab_size": 500,
        "model_type": "bart"}  # fmt: skip


def imported(config: Any, name: str) -> Any:
    raw = json.loads(json.dumps({**config.to_dict(), "architectures": [name]}, default=str))
    return workload_of(raw, name, name)


def built(config: Any, name: str, device: str = "cpu") -> Any:
    # The counter sees the products of plain attention, not those of a fused kernel.
    for one in (config, *(getattr(config, f"{part}_config", None) for part in ("text", "vision"))):
        if one is not None:
            one._attn_implementation = "eager"
    with torch.device(device):
        return getattr(hub, name)(config).eval()


def held(module: Any) -> int:
    return sum(one.numel() for one in module.parameters())


def products(run: Any) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def counted(item: Any, *modules: str) -> float:
    job = item.complete(Job(item.id, phase="infer", batch=1.0))
    kinds = ("gemm", "conv", "attention")
    return sum(float(op.flops * op.count) for op in item.trace(job)
               if op.kind in kinds and (not modules or op.module.startswith(modules)))  # fmt: skip


def words(count: int) -> Any:
    return torch.zeros(1, count, dtype=torch.long)


def test_pages_are_read_and_written_down():
    sizes = {"hidden_size": 64, "d_ff": 128, "d_kv": 16}
    config = hub.Pix2StructConfig(
        text_config={**sizes, "num_layers": 2, "num_heads": 4, "vocab_size": 500},
        vision_config={**sizes, "num_hidden_layers": 3, "num_attention_heads": 4, "seq_len": 2048},
    )
    module = built(config, "Pix2StructForConditionalGeneration")
    item = imported(config, "Pix2StructForConditionalGeneration")
    assert sum(item.parameters().values()) == held(module)
    ran = products(
        lambda: module(flattened_patches=torch.zeros(1, 2048, 770), attention_mask=torch.ones(1, 2048),
                       decoder_input_ids=words(32)))  # fmt: skip
    assert counted(item) == pytest.approx(ran, rel=0.01)


def test_florence_reads_windows_and_channels():
    seen = {"depths": [1, 1, 2, 1], "embed_dim": [16, 32, 64, 128], "num_heads": [2, 2, 4, 4],
            "num_groups": [2, 2, 4, 4], "projection_dim": 64}  # fmt: skip
    config = hub.Florence2Config(text_config=BART, vision_config=seen, image_token_id=1)
    module = built(config, "Florence2ForConditionalGeneration")
    item = imported(config, "Florence2ForConditionalGeneration")
    assert sum(item.parameters().values()) == held(module)
    prompt = torch.cat([torch.ones(1, 577, dtype=torch.long), words(64)], dim=1)
    ran = products(
        lambda: module(input_ids=prompt, pixel_values=torch.zeros(1, 3, 768, 768),
                       attention_mask=torch.ones(1, 641), decoder_input_ids=words(32)))  # fmt: skip
    assert counted(item) == pytest.approx(ran, rel=0.01)


def test_music_is_written_in_rows_of_codes_and_played():
    text = hub.T5Config(vocab_size=500, d_model=48, d_ff=96, d_kv=12, num_layers=2, num_heads=4)
    sound = hub.EncodecConfig(**CODEC)
    writer = hub.MusicgenDecoderConfig(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=4, ffn_dim=128, vocab_size=200
    )
    config = hub.MusicgenConfig(
        text_encoder=text.to_dict(), audio_encoder=sound.to_dict(), decoder=writer.to_dict()
    )
    module = built(config, "MusicgenForConditionalGeneration", "meta")
    item = imported(config, "MusicgenForConditionalGeneration")
    assert sum(item.parameters().values()) == pytest.approx(held(module), rel=0.005)
    decoder, player = built(writer, "MusicgenForCausalLM"), built(sound, "EncodecModel")
    # Ten seconds of 150 rows of codes, each of the four a frame later than the one above.
    ran = products(
        lambda: decoder(input_ids=torch.zeros(4, 1503, dtype=torch.long), encoder_attention_mask=None,
                        encoder_hidden_states=torch.zeros(1, 64, 64)))  # fmt: skip
    # They are written one after another: of the scores of two layers of 64 that pass over all makes, half.
    ran -= 2 * 2 * 64 * 1503**2
    assert counted(item, "codes", "decoder", "crossing", "scores") == pytest.approx(ran, rel=0.01)
    played = products(lambda: player.decoder(torch.zeros(1, 16, 1500)))
    # A recurrent layer is one call, whose products the counter does not see.
    playing = counted(item, "codec", "widen", "residual", "shortcut", "wave") - counted(item, "codec_state")
    assert playing == pytest.approx(played, rel=0.02)


def test_sound_is_coded_and_decoded():
    config = hub.EncodecConfig(**CODEC)
    module, item = built(config, "EncodecModel"), imported(config, "EncodecModel")
    assert sum(item.parameters().values()) == pytest.approx(held(module), rel=0.005)
    length = int(10 * config.sampling_rate)
    ran = products(lambda: module(torch.zeros(1, 1, length), bandwidth=max(config.target_bandwidths)))
    assert counted(item) - counted(item, "codec_state", "codec_in_state") == pytest.approx(ran, rel=0.02)


def test_speech_is_three_models_and_a_codec():
    fine = {**_GPT, "n_codes_total": 8, "n_codes_given": 1}
    config = hub.BarkConfig(semantic_config=_GPT, coarse_acoustics_config=_GPT, fine_acoustics_config=fine,
                            codec_config={**CODEC, "model_type": "encodec"})  # fmt: skip
    module = built(config, "BarkModel", "meta")
    item = imported(config, "BarkModel")
    assert sum(item.parameters().values()) == pytest.approx(held(module), rel=0.005)
    one = built(config.semantic_config, "BarkSemanticModel")
    ran = products(lambda: one(input_ids=words(1011)))
    # 499 of the 1,011 (ten seconds of 49.9) are written one after another, each to meet those before it.
    ran -= 2 * 2 * 2 * 64 * (1011 * 499 - 499**2 / 2)
    assert counted(item, "semantic") == pytest.approx(ran, rel=0.01)
