"""Denoisers by the `kind` of their table: `denoise(recorder, part, latent)` records one pass."""

from whichgpu.workloads.diffusion.kinds import kinds

DENOISERS = kinds(
    {
        "unet": "unet.unet",
        "svd": "svd.unet",
        "kandinsky_prior": "kandinsky.prior",
        "kandinsky2": "kandinsky.unet2",
        "kandinsky3": "kandinsky.unet3",
        "mmdit": "joint.mmdit",
        "qwen_image": "joint.qwen_image",
        "flux": "joint.flux",
        "hunyuan_video": "joint.hunyuan_video",
        "cogvideox": "joint.cogvideox",
        "chroma": "joint.chroma",
        "flux2": "gated.flux2",
        "auraflow": "gated.auraflow",
        "hidream": "gated.hidream",
        "single_stream": "gated.single_stream",
        "pixart": "cross.pixart",
        "sana": "cross.sana",
        "hunyuan_dit": "cross.hunyuan_dit",
        "stdit": "framed.stdit",
        "hunyuan_image_3": "gated.hunyuan_image_3",
        "wan": "cross.wan",
        "cogview": "joined.cogview",
        "cosmos": "joined.cosmos",
        "cosmos3": "gated.cosmos3",
        "ltx": "cross.ltx",
        "animate": "moving.animate",
        "filmed": "moving.filmed",
        "hunyuan_video_15": "moving.hunyuan_video_15",
        "mochi": "moving.mochi",
    }
)
