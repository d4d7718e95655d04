"""Words around an accused multiple or order that make it another's: by other means, of other things."""

from __future__ import annotations

from whichgpu.audit.review.excusing import Excuse

#: What `excuses.py` asks besides its own.
OF_COMPARISONS = (
    # "Mixed precision roughly doubles the rate": one device by other means.
    Excuse(
        ("ratio",),
        before=r"(?:^|[.;:!?]\s+)(?:mixed precision|AMP|autocast|(?:FP|BF|TF|INT)\d+(?: tensor cores)?|"
        r"torch\.compile|XLA|"
        r"FlashAttention|channels[_ -]last|batching|CUDA graphs|speculative decoding|"
        r"TensorRT)\s+(?:[a-z]+\s+){0,2}$",
    ),
    # "Faster than an L40S for the same FP16 model".
    Excuse(
        ("ordering",),
        behind=r"\s+(?:models?|weights|checkpoints?|networks?|code|files?|data|batch\w*|workloads?|jobs?|"
        r"prompts?)\b",
    ),
    # "LoRA keeps 95 % of the quality with 10x less memory".
    Excuse(
        ("ratio",),
        before=r"\b(?:Q?LoRA|adapters?|quanti[sz]\w+|AWQ|GPTQ|GGUF|NF4|checkpointing|offload\w*|"
        r"ZeRO(?:-\d)?|FSDP|"
        r"(?:Flash|Paged)Attention|pruning|distill\w+|\d-bit|(?:four|eight) bits?)\b[^;:]*$",
        behind=r"\s*(?:less|lower|smaller|fewer|memory|vram|reduction|saving|compression)\b",
    ),
    # "This cuts memory by 75 %": what a way of computing does.
    Excuse(
        ("ratio",),
        before=r"(?:^|[.;!?]\s+)(?:This|That|Which|Doing (?:so|this)|The (?:trick|technique|method|"
        r"change|switch|saving)|"
        r"(?:[\w-]+\s){0,3}?(?:quanti[sz]\w+|checkpointing|offload\w*|pruning|distillation|compression|"
        r"precision|Q?LoRA|FlashAttention|caching|batching|\d-bit|FP\d+|INT\d|BF16))\s+"
        r"(?:(?:\w+ly|alone|also|can|will|would|may|often|itself|weights?|models?|then)\s+){0,3}"
        r"(?:reduc|cut|shrink|shrank|sav|lower|decreas|compress|halv|slash|trim|drop|need|"
        r"requir)\w*\b[^.;]*$",
    ),
    # "26 percent more tokens per second than the A100 reaches in BF16": of one in another format.
    Excuse(
        ("ratio",),
        behind=r"[^.;]{0,60}\bthan\b[^.;]{2,40}\b(?:reach\w*|gets?|does|manages?|delivers?|"
        r"achieves?)\s+in\s+(?:BF|FP|INT|TF)\d",
    ),
    # "Limited to 300 W, and its tensor core ratings are half as high".
    Excuse(
        ("ratio",),
        before=r"\b(?:ratings?|figures?|numbers?|throughput|rates?|scores?|peaks?)\s+(?:is|are|was|were)\s+"
        r"(?:only |just |about |exactly |roughly )?$",
        because=r"\d\s(?:W|GB|GB/s|TB/s)\b",
    ),
    # "Burns 3.7 times as many dollars".
    Excuse(
        ("ratio",),
        behind=r"\s*(?:as (?:many|much)|the|more|fewer|less)\s+(?:dollars?|euros?|money|cash|cents)\b",
    ),
    # "19.6 billion on 272 mm2, which is a third less area".
    Excuse(
        ("ratio",),
        behind=r"\s+(?:the\s+|less\s+|more\s+)?(?:area|space|room|die|width|length|height|weight)\b",
    ),
    # "Delivers 2.26 times the image rate at practically the same power (72 against 70 W)".
    Excuse(
        ("ratio",),
        behind=r"\s+(?:the|as many)\s+(?:images?|tokens?|frames?|samples?|training|inference)\b",
        because=r"\d\s(?:W|GB|GB/s|TB/s)\b",
    ),
    # "Took a quarter of the memory away".
    Excuse(
        ("ratio",), before=r"\b(?:took|takes?|cuts?|removed?s?|shav\w+|trim\w*)\s+$",
        behind=r"\s+of\s[^.;]{0,40}\b(?:away|off|out)\b",
    ),
    # "In FP16 the A100 has 2.02 times, and in bandwidth 2.52 times the value of the A6000".
    Excuse(("ratio",), behind=r",?\s+(?:and|but)\s+(?:in|on|for|by)\s+(?:\w+\s+){1,4}\d"),
    # "And a 256-bit bus instead of 512. Half the bandwidth, too": of what the list before it is of.
    Excuse(("ratio",), before=r"\.\s+$", behind=r"\s+the\s+[\w ]{2,24},?\s+(?:too|as well)\s*\."),
    # "1,792 GB/s, 6.6x the one and 3.3x the other": of what both are held against.
    Excuse(
        ("ratio",),
        before=r"(?:\d\s?[x\u00d7]|\btimes|\btwice|\bdouble|\bhalf)\s+(?:that of\s+)?the\s[^.;]{3,48}?,?\s+"
        r"(?:and|but)\s+(?:about |only |nearly |almost |roughly )?$",
        behind=r"\s+(?:that of\s+)?the\s+"
        r"(?!memory|bandwidth|vram|power|compute|cores?|speed|throughput|price)",
    ),
    # "A rate per pin is only half the story".
    Excuse(
        ("ratio",),
        behind=r"\s+(?:of\s+)?the\s+(?:equation|story|battle|truth|picture|answer|fun|job|problem|fight)\b",
    ),
    # "Doubling the bus doubles the bandwidth": whatever it is done to.
    Excuse(
        ("ratio",),
        before=r"(?:^|[.;:!?]\s+)(?:Doubling|Halving|Tripling|Quadrupling|Adding|Cutting|Raising|Lowering|"
        r"Increasing|Reducing|Going|Moving|Switching)\s+(?!(?:up |down )?(?:from|to)\b)[^.;,]*$",
    ),
    # "You pay 25 % more for 43 % more": money, whatever it buys.
    Excuse(
        ("ratio",),
        before=r"\b(?:pay(?:s|ing)?|paid|spend(?:s|ing)?|spent|charged?|charges)\s+(?:(?:only|just|about|"
        r"some|nearly|"
        r"roughly|around|over|a good)\s+)?$",
        because=r"\d\s?(?:GB|GB/s|W|TFLOPS|TOPS)\b",
    ),
    # "2.3 times on paper and 1.7 times in practice": as it was found to be.
    Excuse(
        ("ratio",),
        behind=r"(?:\s(?:as|more|the)\s\w+)?\s+in (?:practice|reality|real life|daily use|real use)\b",
    ),
    # "At 128 it was ahead by 1.7 times": at another batch than the one told of.
    Excuse(
        ("ratio",),
        before=r"(?:^|[.;!?]\s+)(?:At|With|For|Beyond|From|Above)\s+(?:a\s+)?"
        r"(?:(?:batch(?: size)?|concurrency)\s+(?:of\s+)?)?\d{1,4}(?:,|\s(?:the|it|users|requests|streams|"
        r"clients))\b"
        r"(?:[^.;\d]|(?<=[A-Za-z])\d+)*$",
        behind=r"\s*(?:[.;]|$)",
    ),
    # "Its memory is clocked higher": no more of it.
    Excuse(
        ("ordering",),
        before=r"\bclock(?:ed|s)?\s+(?:(?:a bit|much|slightly|somewhat|far)\s+)?$", because=r"\bGB\b",
    ),
)  # fmt: skip
