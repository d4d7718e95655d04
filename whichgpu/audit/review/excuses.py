"""Words around what an accusation quotes that make it something else than what it was read as."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.review.excuses_in_passing import IN_PASSING
from whichgpu.audit.review.excuses_of_comparisons import OF_COMPARISONS
from whichgpu.audit.review.excuses_of_others import OF_OTHERS
from whichgpu.audit.review.excusing import BACK, Excuse

if TYPE_CHECKING:
    from whichgpu.audit.findings import Finding

_LINKED = ("specification", "bounded", "link")
_SPOKEN = ("capability", "specification", "ordering", "ratio", "identity", "memory")


_EXCUSES = (
    # "Reaches 125 TFLOPS on its Tensor Cores, which accept BF16": the rate is of no BF16.
    Excuse(
        ("specification",), behind=r"[^.;]*,\s+which\b[^.;]*\b(?:BF16|TF32|FP8|FP4)\b",
        because=r"has no (?:BF16|TF32|FP8|FP4)",
    ),
    # "Sometimes advertised with 1,979 TFLOPS; the ordinary, dense number is half of it".
    Excuse(
        ("specification",), behind=r"[^.]*\b(?:dense|without sparsity|half (?:of )?(?:that|it)|halve)\b",
        before=r"\b(?:advertised?|marketed?|quoted?|printed?|listed?|brochures?|data ?sheets?|"
        r"boxe?s?|slides?)\b[^.;]*$",
        because=r"with sparsity",
    ),
    # "Per stream at full load, GPU power alone is 5.0 W with the A2".
    Excuse(
        ("specification",),
        before=r"(?:^|[.;]\s+)Per (?:stream|token|image|picture|user|request|camera|video|job|query|"
        r"channel|core|slot)\b[^.;]*$",
    ),
    # "The 1,457 TFLOPS of the RTX 6000 Ada is FP8 with sparsity".
    Excuse(
        ("specification",),
        behind=r"\s+of (?:the|an?) [^.;,]{2,40}? (?:is|are|means?) [^.;,]{0,24}\bwith sparsity\b",
        because=r"with sparsity",
    ),
    # "The older one fell by about a third, to $21.96": from what is not told.
    Excuse(
        ("arithmetic", "ratio"),
        before=r"\b(?:f[ae]ll(?:en|s)?|drop(?:ped|s)?|r[io]se(?:s|n)?|went (?:up|down)|came down|cut|"
        r"reduced|lowered|raised|"
        r"increased|decreased|gone (?:up|down))\s+by\s+(?:about |around |roughly |nearly |almost |over |"
        r"some )?$",
        behind=r"[^.;]{0,24}?,?\s+to\s+(?:about |around |roughly |nearly |some )?[$\u20ac\d]",
    ),
    # "Of the 320 compute units on the package 304 are enabled".
    Excuse(
        ("specification",),
        before=r"\b[Oo]f (?:the |its |all )+$",
        behind=r"[^.;]{0,60}\b(?:are|is|were|was)\s+(?:enabled|active|used|on|switched on|usable|"
        r"available)\b",
    ),
    # "In one slot pair".
    Excuse(("specification",), behind=r"\s+pairs?\b"),
    # "24 GB are usual, although quantized training on 16 GB is possible".
    Excuse(
        ("memory",),
        before=r"\b(?:quanti[sz]\w+|offload\w*|low[- ]vram|\d-bit|fp8|gguf|nf4|checkpointing)\b[^.;,]{0,40}$",
        because=r"are told to be needed",
    ),
    # "36 GB. An RTX 4090 holds it only after quantisation".
    Excuse(
        ("memory",),
        behind=r"[^.;]{0,24}\b(?:only|just) (?:after|when|once|if|with)\b",
        because=r"are told to be needed|the most that what is spoken of has",
    ),
    # "Merges their memory into one pool of 282 GB, letting models run": of several together.
    Excuse(
        ("memory",),
        before=r"\b(?:pools?|pooled|merge[sd]?|combin\w+|together|pairs? (?:of|two)|in total)\b[^.;]{0,80}$",
        because=r"the most that what is spoken of has",
    ),
    # "Our disk image is 60 GB. A T4 is enough".
    Excuse(
        ("memory",),
        before=r"\b(?:disk|videos?|footage|storage|backup|archive)\b[^;]{0,70}$",
        because=r"are told to be needed|the most that what is spoken of has",
    ),
    # "With 80 GB cards it takes two at the least".
    Excuse(
        ("memory",),
        behind=r"\s+(?:gpus?|cards?|devices?|ones?)?,?\s*(?:it|that|this|you|one|we)\s+(?:takes?|needs?|"
        r"requires?|wants?|"
        r"will need)\s+(?:at least |about |some )?(?:two|three|four|several|more|\d)",
    ),
    # "Moving from TSMC's 12 nm process to 7 nm".
    Excuse(
        ("specification", "identity"),
        before=r"\b(?:from|off|left)\s+(?:(?:the|its|an?|older?|TSMC[\u2019']s|Samsung[\u2019']s|TSMC|"
        r"Samsung)\s+)*$",
        behind=r"(?:\s+(?:process|node|FinFET|technology))*\s+(?:to|for|behind)\b",
        because=r"\d nm\b",
    ),
    # "Eight H100s have 640 GB together. So it fits on one such machine; in BF16 it needs two of them".
    Excuse(("memory",), behind=r"\s+such\s+(?:machine|node|server|box|system|instance)s?\b"),
    Excuse(("memory",), before=r"\bsuch\s+(?:machine|node|server|box|system|instance)s?\b[^.]*$"),
    # "The A100 is made in 7 nm; for its GeForce sisters NVIDIA went to Samsung and its 8 nm".
    Excuse(
        ("specification", "identity"),
        before=r"\b(?:sisters?|siblings?|brothers?|cousins?)\b[^.;]*$", because=r"\d nm\b",
    ),
    # "Its namesake in laptops uses the smaller GB203".
    Excuse(
        ("identity",),
        before=r"(?:^|[.;]\s+)(?:Its|The|Their)\s(?:[\w-]+\s){0,2}(?:namesake|sibling|sister|brother|cousin|"
        r"counterpart)\b[^.;]*$",
        because=r"\bhas (?:G[ABHKMPV]|AD|TU|Navi|BMG|ACM)",
    ),
    # "If you need to encode AV1, none of them will help".
    Excuse(
        ("capability",),
        before=r"\bif (?:you|we|one|they|your \w+)\s+(?:really |absolutely |only )?(?:needs?|wants?|wish|"
        r"plan|intend|have|must)\b[^.;,]*$",
        behind=r"[^.;,]*,\s+(?:none|neither|no|nothing)\b",
    ),
    # "A month of the L40S costs $292 more": not what an hour of each costs.
    Excuse(
        ("arithmetic",),
        before=r"\b(?:months?|years?|weeks?|days?)\b[^.;]*$",
        because=r"^[$\u20ac]\d{1,2}(?:\.\d+)? and [$\u20ac]\d{1,2}(?:\.\d+)? differ by",
    ),
    # "600 GB/s between two A100s, 200 GB/s between two A30s".
    Excuse(("specification",), behind=r"\s+between\s+(?:two|a pair of|pairs of|any two)\s"),
    # "Unlike its predecessor, the A6000, it has no NVLink": of what was spoken of before.
    Excuse(
        ("capability",),
        before=r"\b(?:unlike|in contrast to)\s[^.;]{3,60},\s+(?:it|this one|the newcomer)\b[^.;,]{0,20}$",
    ),
    # "It costs 26 per cent more, going by launch prices".
    Excuse(
        ("arithmetic",),
        behind=r"[^.;]{0,40}\b(?:launch|list|introductory) prices?\b",
        # What so many of a thing cost is by the one price that the text tells of it.
        because=r"^(?!\d+ at [$\u20ac\u00a3][\d.,]+ each )",
    ),
    # "Two of the 80 GB cards, which then still have 20 GB together": what is left.
    Excuse(("arithmetic",), before=r"\bstill (?:have|has|leaves?)\s+(?:about |some )?$"),
    # "An Arc B580 with double the memory. Four of these give you 96 GB".
    Excuse(
        ("arithmetic",),
        before=r"\b(?:doubl|tripl|quadrupl)\w*\s+(?:the|its)\s+(?:memory|vram|capacity)\b",
        because=r"^(?!.*as the other amount)",
    ),
    # "Which a normal 1200 W supply can take".
    Excuse(
        ("arithmetic",), before=r"[^=\s]\s*$",
        behind=r"\s+(?:power\s+)?(?:suppl(?:y|ies)|psus?|units?)\b",
    ),
    # "An hour and 20 minutes".
    Excuse(("arithmetic",), behind=r"\s+and\s+\d+\s*(?:minutes?|min|seconds?|hours?)\b"),
    # "$45.75 against $46.81 for the 5070 Ti. The 5090 comes to $62.47".
    Excuse(
        ("arithmetic",),
        before=r"(?:^|[.;]\s+)The\s+[A-Z\d]\S*(?:\s\S+){0,2}?\s+(?:comes?|came|works? out)\s+"
        r"(?:to|at)\s+(?:about )?$",
        because=r"^[$\u20ac][\d.,]+ and [$\u20ac][\d.,]+ make",
    ),
    # "7950X (PPT) ........ 230 W": a line of another part, or of all.
    Excuse(
        ("specification",),
        before=r"\b(?:total|sum|ppt|cpu|board|ram|ssds?|fans?|pump|rest|system|psu|processor|"
        r"drives?)\b\W*\.{3,}\s*$",
    ),
    # "TSMC's 20 nm process had turned out to be useless".
    Excuse(
        ("specification", "identity"),
        behind=r"\s+(?:process|node)\s+(?:had|was|were|would|never|turned|proved)\b",
    ),
    # "A770 has 21.7 billion transistors. The new BMG-G21 gets by with 19.6": a chip that is spoken of itself.
    Excuse(
        ("identity",), before=r"\b[Tt]he\s+(?:new|newer|old|older)\s+$",
        behind=r"\s+(?:gets|makes|has|comes|needs|manages)\b",
    ),
    # "The old p5 rate was nearly $100 per hour".
    Excuse(
        ("price",),
        before=r"\b(?:p[2-6]\w{0,3}|g[3-7]\w{0,3}|a[23]|nd\w*|nc\w*)(?:[.-]\w+)*\s+"
        r"(?:rate|price|instance|node|machine|server)",
    ),
    # "Two hold a 70B model in 4-bit, which the 5090 can't".
    Excuse(
        ("memory", "benchmark"),
        behind=r"\s+(?:(?:could|would|does|do|did|is|was|has|had)(?:n[\u2019']?t| not\b)|"
        r"(?:won|can)[\u2019']?t|(?:can|will) ?not)\b",
    ),
    # "Its x8 bus in theory matches PCIe Gen 4.0 x16".
    Excuse(
        ("specification",),
        before=r"\b(?:match(?:es|ing)?|equals?|equivalent to|corresponds? to|on par with|comparable to)\s+"
        r"(?:the\s+|an?\s+)?(?:speed\s+of\s+|bandwidth\s+of\s+)?(?:the\s+)?(?:pcie\s+(?:gen\s*)?)?$",
        behind=r"\s+(?:speeds?|slot|link|connection|throughput)\b",
    ),
    # "A gap of nearly 200 GB/s".
    Excuse(
        ("specification",),
        before=r"\b(?:gap|difference|deficit|shortfall|margin|abstand|unterschied|\u00e9cart|diferencia)\s+"
        r"(?:of|von|de)\s+(?:nearly |about |almost |over |roughly |some |only |just |rund |fast )?$",
    ),
    # "4000 (+19 % over the 3352 of the RTX 5090)": of what is set against that one.
    Excuse(
        ("specification",),
        behind=r"(?:\s?[A-Z][A-Za-z]*(?:FLOPS|OPS|/s)?)?\s*\(\s*[+\u2212-]\s?\d[\d.,]*\s?%\s+"
        r"(?:\w+\s+){0,3}?"
        r"(?:over|than|versus|vs\.?|against|to|with|sobre|que|con|"
        r"gegen\u00fcber|als|zur?|zum|rapport|su|rispetto)\s",
    ),
    # "More than 20,000 cores (21,760 to be exact)".
    Excuse(
        ("specification",),
        behind=r"[^.;()\d]{0,40}\([^()\d]{0,24}\d[^()]*\b(?:to be (?:exact|precise)|exactly|precisely|"
        r"um genau zu sein|genau|exactement|pour \u00eatre pr\u00e9cis|exactamente|"
        r"para ser exactos?|esattamente)\b",
    ),
    # "680 TMUs, 176 ROPs": what is counted stands behind it.
    Excuse(("specification",), behind=r"\s+(?:TMUs?|ROPs?|texture units|TPCs?|GPCs?)\b"),
    # "A 256-bit bus, versus a 384-bit bus on the desktop": the laptop's is the one before.
    Excuse(
        ("specification",),
        behind=r"[^.;,]{0,40}\b(?:on|for|in|of) (?:the |its )?desktops?\b", because=r"-laptop has",
    ),
    Excuse(
        ("specification",),
        behind=r"[^.;,]{0,40}\b(?:on|for|in|of) (?:the |its )?(?:laptops?|notebooks?|mobile)\b",
        because=r"^(?!.*-laptop has)rtx-\d{4}",
    ),
    # "More than the Titan (4,608 cores)": of that one, whose whole name stands before.
    Excuse(("specification",), before=r"\b(?:the|a|than) Titan\s*\(\s*$"),
    # "With structured sparsity pushing the FP16 ceiling to 362 TFLOPS".
    Excuse(
        ("specification",),
        before=r"\bwith\s+(?:structured\s+|2:4\s+)?sparsity\s+[a-z]+ing\b[^.;,]{0,60}$",
        because=r"with sparsity",
    ),
    # "Bandwidth across the entire HBM2 array": of the kind.
    Excuse(("specification",), behind=r"\s+arrays?\b", because=r"has HBM2e"),
    # "GPCs - 7, SMs - 84": or before it.
    Excuse(("specification",), before=r"\b(?:TMUs?|ROPs?|texture units|TPCs?|GPCs?)\s*[:=\u2013\u2014-]\s*$"),
    # "24 GB, superando il limite di 16 GB della RTX 4090 mobile".
    Excuse(
        ("specification",),
        behind=r",?\s+(?:superando|superior a|d\u00e9passant|surpassing|exceeding|going beyond)\s",
    ),
    # "Roughly 18 GB per billion parameters".
    Excuse(("memory",), behind=r"\s*(?:per|/|for (?:each|every))\s*(?:1\s?B|billion|B)\b"),
    # "From a 12 GB card to one of 24 GB cut our failed runs by 85%".
    Excuse(
        ("arithmetic",),
        before=r"\b(?:errors?|failures?|failed runs|crash(?:es)?|interruptions?|downtime|complaints|"
        r"tickets|rework)\s+by\s+(?:about |nearly |over )?$",
        because=r"\d\s?(?:GB|W|TFLOPS)\b",
    ),
    # "It has no tensor cores by that name".
    Excuse(
        ("capability",),
        behind=r"\s+(?:problem|issue|question|trouble|bottleneck|penalty|premium|"
        r"by (?:that|this|the) name|as such|"
        r"so called|in that sense|to speak of)\b",
    ),
    # "31 tokens/s from the Workstation": of what no mention stands for.
    Excuse(
        ("benchmark",),
        behind=r"\s+(?:from|on|with|for)\s+the\s+(?!RTX|GTX|RX|MI|[A-Z]\d)(?-i:[A-Z][a-z]+)\b",
    ),
    # "The first inference card with tensor cores that everybody could afford".
    Excuse(
        ("absolute",),
        behind=r"\s+(?:that|which|who|whom)\s+(?:\w+\s+){0,2}(?:could|can|would|might|was|were|cost)\b",
    ),
    # "The only card with 48 GB, if you don't count the Quadro".
    Excuse(
        ("absolute",),
        behind=r"[^.;]{0,40}\b(?:if (?:you|one|we) (?:do not|don[\u2019']t|ignore|leave|disregard|exclude|"
        r"forget)|not counting|leaving aside|apart from|aside from|other than|excluding|ignoring|besides|"
        r"except|save for)\b",
    ),
    # "The first GeForces with RT cores, and also the first with tensor cores": of these.
    Excuse(("absolute",), before=r"\bthe first (?:[\w-]+ ){1,3}(?:with|to|that)\b[^.]*$"),
    # "It is often claimed that the A6000 lacks them. It has 336, as has the A100".
    Excuse(
        ("capability",),
        before=r"\b(?:claimed|said|believed|read|told|think|thinks|argued) (?:that )?[^.]{4,90}\.\s+"
        r"(?:It|They|Both|That one)\s[^.]*$",
    ),
    # '"3090 has fp8" nope, that is Ada and up'.
    Excuse(
        _SPOKEN, before="[\"\u201c][^\"\u201d]*$",
        behind="[^\"\u201c\u201d.;]{0,60}[\"\u201d][\\s,.:-]*(?:nope|no\\b|wrong|false|not true|nah|"
        "it (?:does|is|has|can)|nonsense|rubbish|bs\\b|myth|"
        "there(?:[\u2019']s| is) no such|no such (?:thing|card)|does(?:n[\u2019']t| not) exist|"
        "(?:is|was) (?:an? (?:sentence|claim|line|rumou?r)|what (?:they|people|the)))",
    ),
    # "I wrote that the A4000 has 24 GB. It doesn't".
    Excuse(
        _SPOKEN,
        behind=r"[^.;!?]{0,60}[.;!?,]+\s+(?:but )?(?:(?:no|nope|well)[,.] )?(?:it|that|this|they|he|she)\s?"
        r"(?:(?:does|is|has|do|are|have|was|did)(?:n[\u2019']t| not)|[\u2019']s not)\s*[.,;:!]",
    ),
    # "RTX 3090 + RTX 3060 (36 GB)": of both.
    Excuse(("specification",), before=r"\+\s?[A-Z][\w ]{1,28}\(\s*$", because=r"\bGB\b"),
    # "936 / 26.4 = 35 t/s": of the formula that is written out.
    Excuse(
        ("arithmetic",),
        before=r"\d[^=;\n]{0,12}[/x\u00d7*]\s*[$\u20ac]?\d[\d.,]*[^=;\n]{0,12}=\s*[~$\u20ac]?$",
        because=r"\bmakes?\b",
    ),
    # "The headline is given for FP8 with sparsity (1,457 TFLOPS of the RTX 6000 Ada)".
    Excuse(
        ("specification",),
        before=r"\b(?<!without )(?:sparsity|sparse(?: (?:rates?|figures?|numbers?|peaks?|values?))?)\s*"
        r"\([^()]*$",
        because=r"with sparsity",
    ),
    # "Revenue for a card that costs $1,790", "$23 for what cost $78": by which a thing is described.
    Excuse(
        ("arithmetic",),
        before=r"\b(?:what|(?:an?|one|any)\s+(?:[\w-]+\s+){1,3}?that|those that)\s+(?:costs?|draws?|"
        r"rents? for|used to cost|is worth)\s+(?:us |me |about |around |only |just )*$",
        because=r"\bmakes?\b",
    ),
    # "We'd need 23,300 hours / 17 = 1,371": what is divided; "2 GPUs: 31 min": beside what it is of.
    Excuse(("arithmetic",), behind=r"\s*/\s*\d", because=r"\bmakes?\b"),
    Excuse(
        ("arithmetic",),
        before=r"\d (?:gpus?|cards?|nodes?):\s*$",
        because=r"\d (?:min|h|s|hours?|minutes?|seconds?) and \d+ \w+ makes?\b",
    ),
    # "A difference of 50 cents, or 20 %": of either.
    Excuse(
        ("arithmetic",),
        before=r"\b(?:difference|gap) of [^.;]{1,24},? (?:or|i\.e\.) (?:about |some |around )?$",
        because=r"\bdiffer by\b",
    ),
    # "With 27 % more on paper": by no measurement of the text.
    Excuse(("arithmetic", "ratio"), behind=r"\s*(?:more|less|faster|ahead|better) on paper\b"),
    # "H100 FP8 3,958 TFLOPS with, 1,979 without".
    Excuse(
        ("specification",), behind=r"\s*\(?(?:with|sparse)(?:\)|,|[.;/]|\s+(?:and|or)\b)",
        because=r"figure with sparsity",
    ),
    # "No NVENC AV1": none of that format.
    Excuse(("capability",), behind=r"\s+(?:for\s+)?(?:AV1|HEVC|H\.?26\d|VP9|10-bit)\b"),
    # "13 percent dearer (3.28 / 2.69 / 1.08 = 1.13)": by the formula beside it.
    Excuse(
        ("arithmetic", "ratio"),
        behind=r"(?:\s[\w-]+){0,3}\s\([^()]*\d\s*[/x\u00d7*]\s*[$\u20ac]?\d[^()]*\)",
    ),
    # "14.1 on the one and 17.2 on the other. 82 percent, less than": a share by itself.
    Excuse(
        ("arithmetic", "ratio"),
        before=r"(?:^|[.;:!?]\s+)(?:(?:Only|Just|About|Roughly|Nearly|So|That[\u2019']s)\s)?$",
        behind=r"\s*,\s+(?:less|more|fewer|lower|higher|better|worse)\s+than\b",
    ),
    # "32 GB per token, so 0.5 ms, 2,000 tokens a second": by what the sentence says that a token reads.
    Excuse(
        ("benchmark",),
        before=r"\b[MG]B\s(?:per|an?|for each|each|every)\stoken\b[^.;]*(?:\.\d[^.;]*)*$|"
        r"\d\s?B active\b[^.;]*$",
        because=r"^a token of .* reads",
    ),
    # "SDXL, 20 steps: 62 s": told by itself.
    Excuse(("arithmetic",), before=r"\w:\s+~?$", because=r"\bsteps? make|\bsteps? and\b"),
    # "Where the V100 had 15.7": in what it has instead.
    Excuse(
        ("specification",),
        before=r"\bwhere (?:the |an? )[\w -]{2,24} (?:had|has|did|does|gets|got|reached|"
        r"manages?)\s+(?:only |just |about )?$",
        because=r"\bhas no (?:BF16|TF32|FP8|FP4|INT8)\b",
    ),
    # "The B60 has 8 GB and 168 GB/s more": of both.
    Excuse(
        ("specification",),
        behind=r"(?:\s(?:of )?(?:memory|vram))?\s+and\s+[\d.,]+\s?(?:[GT]B/s|GB|W|TFLOPS|cores|CUDA cores)\s+"
        r"(?:of bandwidth\s+)?(?:more|less|fewer)\b",
    ),
    # "At 5 percent load serverless is $122": no share of what another way costs.
    Excuse(
        ("arithmetic",),
        before=r"(?:^|[.;!?]\s+)At (?:a )?\d+(?:\.\d+)?\s?(?:percent|%) (?:of )?(?:load|utili[sz]ation|"
        r"use|usage|duty|occupancy)"
        r"\b[^.;]*$",
        behind=r"(?!\s*(?:per|a|for a|/)\s*(?:million|1?M\b|token|image))", because=r"\bpercent make|% make",
    ),
    # "Whether they can run a ChatGPT": the like of it.
    Excuse(
        ("category",),
        before=r"\b(?:whether|asks?|asked|wants?|wanted|like|called)\b[^.;]{0,60}$|"
        r"(?:\b(?:an?|own|mini|private|local|little)\s|[\"\u201c](?:an?\s)?)$",
        because=r"rented as a service",
    ),
    # "Two used 3090 ($1,400)": not what a new one was told to cost.
    Excuse(
        ("arithmetic",),
        before=r"\b(?:used|second[- ]hand|refurbished|new|pre-owned)\b[^.;]*$",
        because=r"as the other amount is of",
    ),
    # "Memory peaked at 2.9 GB": what a job took.
    Excuse(
        ("specification",),
        before=r"\b(?:memory|vram|usage|use|consumption|footprint|allocation|it|which)\s(?:use\s|usage\s)?"
        r"(?:peak(?:s|ed)|topped out|maxed out|went up|stay(?:s|ed)|sat|sits|hover(?:s|ed)|settled)\s"
        r"(?:at|to|around|below|under|near)\s+(?:about |around |roughly |just |only )?$",
        because=r"\d\sGB\b(?!/s)",
    ),
    # "5.6 TFLOPS (8.7 with boost)": at the clock that is no peak.
    Excuse(
        ("specification",),
        behind=r"[^.;()]{0,24}\([\d.,]+\s?(?:TFLOPS\s)?(?:with|at|using|under|in)\s(?:\w+\s)?boost",
        because=r"TFLOPS",
    ),
    # "6 kW for the eight, which leaves 4.2 kW": of a limit, and no product.
    Excuse(
        ("arithmetic",),
        before=r"\bleav(?:es?|ing)\s+(?:(?:us|you|only|just|about|some|roughly|another)\s+)*[$\u20ac]?$",
        because=r"\d\S*(?: [a-zA-Z/]+)? (?:and|x) [^;]* makes? ",
    ),
    # "Six NVLinks at 50 GB/s": each of them.
    Excuse(
        _LINKED,
        before=r"\b(?:\d+|two|three|four|six|eight|ten|twelve|eighteen)\s+(?:[\w.]+\s+)?(?:NVLinks?|"
        r"links?|lanes|bricks|"
        r"channels|stacks|ports|bridges)\s+(?:of|at|with|running at|each (?:at|with))\s+(?:up to )?$",
    ),
)  # fmt: skip


def excused(found: Finding, text: str, at: int) -> bool:
    """Whether the words around what is quoted at a place of a text say that it is something else."""
    every, look = _of_kind(found.kind)
    return any(every[one].excuses(found, text, at) for one in look(text[max(0, at - BACK) : at]))


@cache
def _of_kind(kind: str) -> tuple[tuple[Excuse, ...], re.Many]:
    """The excuses of a kind, and which of them what stands before a quotation may be."""
    every = tuple(
        each for each in (*_EXCUSES, *OF_COMPARISONS, *OF_OTHERS, *IN_PASSING) if kind in each.kinds
    )
    return every, re.Many.of(re.compile(each.before, re.IGNORECASE) for each in every)
