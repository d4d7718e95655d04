"""Words around an accusation of what software's own pages tell in passing: runs, limits, packages, caches."""

from __future__ import annotations

from whichgpu.audit.review.excusing import Excuse

#: What `excuses.py` asks besides its own.
IN_PASSING = (
    # "A power-capped H100 sustains about 681 TFLOPS": no peak.
    Excuse(
        ("specification",), because=r"TFLOPS",
        before=r"\b(?:(?:power|thermal|clock)[- ](?:capped|limited|throttled)|sustain(?:s|ed|ing)?|"
        r"throttl\w+)\b[^.;]*$",
    ),
    # "Up to 1,460 TFLOPS during prefill": what a kernel reached.
    Excuse(
        ("specification",), because=r"TFLOPS",
        behind=r"\s+(?:during|in|for)\s+(?:the\s)?(?:prefill\w*|decod\w+|forward|backward|training|GEMMs?|attention)\b",
    ),
    # "5.1x less memory than the global mesh": than no device.
    Excuse(
        ("ratio",), because=r"no two that the text speaks of",
        behind=r"\s*(?:less|more|fewer|lower|higher|smaller|faster|slower)\s(?:\w+\s)?than\s(?:the|an?|our|its)\s(?:[a-z-]+\s){0,3}"
        r"(?:mesh|model|baseline|version|implementation|path|method|code|library|default|original|run|network|kernel)\b",
    ),
    # "A large corpus, without materialising all of it".
    Excuse(("category",), quote=r"corpus", behind=r"[^.;]*\bwithout\b"),
    # "A lower error than Whisper": of a model.
    Excuse(
        ("category",), quote=r"error|accura|quality",
        behind=r"\s+(?:rates?\s)?than\s(?:the\s)?(?:Whisper|Llama|Qwen|Gemma|GPT|BERT|Wav2Vec|YOLO|[A-Z]\w+Net)",
    ),
    # "Pipelines of tokenization and NER decoding": of no token of a model.
    Excuse(
        ("category",), because=r"each token",
        quote=r"\b(?:tokeni[sz]ation|video|JPEG|images?|NER|beam|audio)\b",
    ),
    # "Weights in four bits, with slight impact on accuracy": by the format.
    Excuse(
        ("category",), because=r"same accuracy",
        before=r"\b(?:int\d|quanti[sz]\w+|weight-only|fp8|float8|fp4|prun\w+|sparsity|awq|gptq|distill?\w*|\d-bit)\b[^\u2029]*$",
    ),
    # "Runs on CUDA, Apple MPS or CPU": on any of them.
    Excuse(
        ("category",), quote=r"CUDA",
        behind=r"\s*(?:[,/]|or|and)\s*(?:Apple\s)?(?:MPS|Metal|ROCm|HIP|CPU|Vulkan|XPU|MLX)\b",
    ),
    # "1024 x 1024, and zero steps give 50 steps".
    Excuse(("arithmetic",), before=r"\b(?:zero|no)\s\w+\s(?:gives?|means?)\s$"),
    # "From the analysis of 2026-09-01 00Z": a day of data.
    Excuse(
        ("identity",), quote=r"^\d{4}$", behind=r"-\d\d-\d\d\s+(?:\d\d(?::?\d\d)?Z?\b|analysis|run|build)",
    ),
    # "Each stream is decoded by one warp": of no token of a model.
    Excuse(
        ("category",), because=r"each token", quote=r"\b(?:warps?|codecs?|entropy|Huffman|bitstreams?)\b",
    ),
    # "Scales to 400M unknowns on three of them (110 GB/GPU)": what it took.
    Excuse(
        ("specification",), because=r"\bfor \d+ of them\b",
        behind=r"\s?(?:/|per)\s?(?:GPU|rank|device|card)\b",
        before=r"\b(?:scal\w+|peak\w*|us(?:es?|ed|ing)|tak(?:es?|ing)|need\w*|fits?)\b[^.;]*$",
    ),
    # "The RTX 4060 Ti, held by Ollama with 12.7 GB of VRAM": what a process has taken.
    Excuse(
        ("specification",),
        before=r"\b(?:pinned|held|occupied|taken|used|hogged|claimed|reserved)\s(?:up\s)?by\s(?:\w[\w.-]*\s){1,3}(?:with|at)\s$",
    ),
    # "Exact search: memory grows with the size of the corpus".
    Excuse(
        ("category",), because=r"\bdataset in batches\b",
        before=r"\b(?:search\w*|index\w*|FAISS|retriev\w+|vectors?|neighbou?rs?)\b[^\u2029]*$",
    ),
    # "Co-tenants share the whole 24 GB", "the GPU with the most free VRAM": of one, and of a scheduler.
    Excuse(
        ("category",), because=r"GPUs stay apart",
        quote=r"\b(?:co-?tenants?|pods?|tenants?|placement|free VRAM)\b",
    ),
    # "Less than a second per request, 34 GB": what it took.
    Excuse(
        ("specification",), because=r"\d GB\b",
        before=r"\bper (?:request|image|token|prompt|step|query|sample)\b[^.;]{0,12}$",
    ),
    # "(38x - 70x faster)": the other end of a range.
    Excuse(("ratio",), before=r"\d\s?[x\u00d7]\s*[\u2013\u2014-]\s*$"),
    # "Laptop GPUs (like an RTX 3050)".
    Excuse(("identity",), because=r"goes on with", before=r"\blaptop (?:GPUs?|cards?|chips?)\b[^.;]*$"),
    # "One layer at a time. That's how a 671B model fits".
    Excuse(
        ("memory",),
        before=r"\b(?:one layer|layer by layer|layer-?wise|layers? at a time|layer size)\b[^\u2029]*$",
    ),
    # "0.67 % WER, better accuracy than any other tool": of a model.
    Excuse(
        ("category",), quote=r"accuracy|quality",
        behind=r"[^.;]{0,24}\bthan (?:any|other|previous|existing|competing|all)\b",
    ),
    # "A thread per core; `memory` half the cores": of a processor.
    Excuse(
        ("ratio",), behind=r"\s+(?:of\s)?(?:the|its|all)\s(?:CPU\s)?(?:cores|threads)\b",
        before=r"\b(?:threads?|CPUs?|SMT|siblings|affinity)\b[^\u2029]*$",
    ),
    # "139 t/s (10.1 GB VRAM)": what a run took.
    Excuse(
        ("specification",), because=r"\d GB\b",
        before=r"\b(?:t|tok|tokens?|it|images?|samples?|steps?)/s(?:ec)?\W{0,6}[(,;]\s?[~\u2248]?$",
    ),
    # "16 GB, 195 regions", "15 GiB upload in 5.6 s": of a file, a snapshot.
    Excuse(
        ("specification",), because=r"\d GB\b",
        behind=r",?\s+(?:\d[\d,]*\s+(?:regions?|files?|tensors?|blocks?|pages?|shards?|chunks?|objects?)|"
        r"(?:up|down)\b|(?:freeze|upload|download|snapshot|checkpoint|image|archive|transfer|restore|dump|"
        r"dataset)\w*\b)",
    ),
    # "224k tokens/s of prefill and 288k tokens/s of decode": two rates of one run.
    Excuse(
        ("arithmetic",), because=r"\bmakes? ",
        before=r"\b(?:prefill|prompts?|input|context)\b[^.;,\d]{0,24},?\s(?:and|plus)\s(?:about\s|~)?$",
    ),
    # "Vicuna is based on Llama 2 with 16K of context": of what was made of it.
    Excuse(
        ("specification",), because=r"context",
        before=r"\b(?:based|built|fine-?tuned|trained|derived)\s(?:up)?(?:on|from)\s(?:the\s)?[^;:]{2,40}?\swith\s"
        r"[^.;:]*$",
    ),
    # "someone/Qwen-2.5-1B-mine": the name of an upload.
    Excuse(("specification",), because=r"under this name", before=r"[\w.-]/$"),
    Excuse(("specification",), because=r"under this name", behind=r"-[A-Za-z]\w*"),
    # "Half precision in the kernel alone; about 3 % faster": by an option, on the device that it has.
    Excuse(
        ("ratio",), because=r"no two that can be meant",
        before=r"\b(?:half precision|fp16|bf16|int8|compil\w+|options?|flags?|kernels?|cach\w+|default)\b"
        r"[^\u2029]*$",
        behind=r"\s*(?:faster|slower|quicker)\b(?!\s+than\b)",
    ),
    # "1,508 GB in BF16, 309 GB in three bits. Fits on two": what it became.
    Excuse(
        ("memory",), because=r"are needed",
        before=r"\d\s?[GT]i?B\b[^.;]{0,28}(?:\u2192|->|=>|\bto\b)\s*(?:about\s|~)?\d[\d,.]*\s?[GT]i?B\b[^;]*$",
    ),
    # "The fit check refuses it", "the budget of that run": nouns.
    Excuse(
        ("memory",), quote=r"^(?:fit|run)s?$", behind=r"\s+(?:checks?|guards?|tests?|estimat\w+|report\w*)\b",
    ),
    Excuse(("memory",), quote=r"^(?:fit|run)$", before=r"\b(?:that|this|the|each|every|an?|any|no)\s+$"),
    # "At vanilla speed (0.99x)": of what is left as it was.
    Excuse(
        ("ratio",),
        before=r"\b(?:vanilla|old|same|baseline|stock|original|usual|normal)\s(?:speed|rate|pace|time)\s?\($",
    ),
    # "1.26 times the step on dev (15.26 s) and 1.35 times on schnell (14.25 s)": each of its own.
    Excuse(
        ("ratio",), because=r"\bis [\d.]+ times\b",
        behind=r"\s+(?:on|for|in|with)\s+(?:the\s)?[\w.-]+\s?\(\d",
    ),
    # "About 0.024 x sqrt(256/12)": of what a root is taken.
    Excuse(("arithmetic",), before=r"(?:\u221a|\bsqrt|\broot of)\s?\(?[^;.()]{0,24}\)?\s?[=\u2248~]\s?$"),
    # "train.4090-fit.2026-10-24": a day in the name of a run.
    Excuse(("identity",), quote=r"^\d{4}$", before=r"\w[._/-]$", behind=r"-\d\d-\d\d"),
    # "PyTorch 2.14 (the newest release on 2026-09-28)": of software.
    Excuse(
        ("identity",), quote=r"^\d{4}$",
        before=r"\b(?:PyTorch|TensorFlow|CUDA|ROCm|JAX|vLLM|SGLang|llama\.cpp|drivers?|versions?|package|"
        r"library|toolkit)\s?v?\d*[^;]{0,50}$",
    ),
    # "There is no FP8 expansion": of a path of software.
    Excuse(
        ("capability",), before=r"\b(?:no|without|any)\s+$",
        behind=r"\s+(?:expan\w+|decod\w+|conver\w+|emulat\w+|fallback|upcast\w*|dequanti\w+|cast\w*|copy|copies)\b",
    ),
    # "GTX 10, GTX 16 and RTX 20: these GPUs have no": of the lines told before it.
    Excuse(("capability",), before=r"\b[GR]TX\s?\d0\b[^.;]*\b(?:these|those|such)\s(?:gpus|cards|ones)\s+$"),
    # "`threshold=0.17`": of a setting.
    Excuse(("arithmetic",), before=r"[a-z]_\w+\s?=\s?$"),
    # "`qwen3.5-4b` at 16 GB or above": of machines.
    Excuse(("memory",), behind=r"\s+(?:or|and)\s+(?:above|up|more|larger|higher|over)\b"),
    # "In the mode that drafts, 3.16x of it: 107 to 213 tokens/s": more than one token for a read.
    Excuse(("benchmark",), because=r"at most", before=r"\d\.\d+\s?[x\u00d7]\W[^;]{0,60}$"),
    # "The package is 21.2 GiB": what is downloaded.
    Excuse(
        ("memory",),
        before=r"\b(?:packages?|snapshots?|repo(?:sitory)?|downloads?|archives?|folders?)\s"
        r"(?:is|are|was|weighs?|takes?|comes to)\s(?:about\s|~)?$",
    ),
    # "1,508 GB in BF16 -> 309 GB -> serves on two": what it became.
    Excuse(("memory",), before=r"(?:\u2192|->|=>)\W*$"),
    # "Beats it on accuracy": by no column of speed.
    Excuse(
        ("ordering", "ratio"), because=r"the document[\u2019']s own table has",
        behind=r"[^.;]{0,70}\b(?:on|in|by)\s(?:accuracy|quality|perplexity|PPL|MMLU|GSM8K|fidelity|recall|scores?)\b",
    ),
    # "The CPU wins small batches": of some rows only.
    Excuse(
        ("ordering",), because=r"the document[\u2019']s own table has",
        behind=r"\s+(?:at\s|on\s|for\s|with\s)?(?:the\s)?(?:small|large|low|high|short|long)\w*\s+\w+",
    ),
    # "At B=128/256/512 it is 2.2x / 2.7x / 2.1x faster": at settings that the table has not.
    Excuse(
        ("ratio",), because=r"the document[\u2019']s own table has",
        before=r"\b(?:at|for|with)\s\w+\s?=\s?\d[\d/, ]*[^.;=]*$",
    ),
    # "The only option is `device_map`": to run it at all.
    Excuse(("absolute",), quote=r"\boption\b", behind=r"\s+(?:is|was)\s+(?:[`\"]|[a-z]+_|to\s|CPU\b|off\w*)"),
    # "Claude Code", the program.
    Excuse(("category",), quote=r"^(?:Claude|Gemini|ChatGPT|GPT|Grok)$",
           behind=r"\s+(?:Code|Desktop|CLI|API|Agents?|SDK|App)\b"),
    # "Runs on an 11 GB card, with experts pinned": the rest lies elsewhere.
    Excuse(
        ("memory",), quote=r"\b(?:runs?|fits?|works?)\b",
        behind=r"[^\u2029]{0,120}\b(?:pin(?:s|ned|ning)?|stream(?:s|ed|ing)?|mmap|RSS|swapp\w+|paged? in)\b",
    ),
    # "Its per-slot context": no slot of a board.
    Excuse(("category",), quote=r"\bper[- ]slot\b"),
)  # fmt: skip
