"""Autoencoders by the `kind` of their table: what records the encoder, and what the decoder."""

from whichgpu.workloads.diffusion.kinds import kinds

AUTOENCODERS = kinds(
    {
        "kl": ("vae.kl_encoder", "vae.kl_decoder"),
        "svd": ("vae.kl_encoder", "svd.decoder"),
        "movq": ("vae.movq_encoder", "vae.movq_decoder"),
        "dc": ("dc.encoder", "dc.decoder"),
        "ltx": ("ltx_vae.encoder", "ltx_vae.decoder"),
        "volume": ("volume.encoder", "volume.decoder"),
        "framed": ("framed.encoder", "framed.decoder"),
        "mochi": ("moving.mochi_encoder", "moving.mochi_decoder"),
    }
)
