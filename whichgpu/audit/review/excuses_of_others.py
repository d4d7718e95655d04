"""Words around what an accusation quotes that tell another thing, another maker's part or a choice."""

from __future__ import annotations

from whichgpu.audit.review.excusing import Excuse

#: What `excuses.py` asks besides its own.
OF_OTHERS = (
    # "This guide explains NVLink and how to choose between": what a text is on, and nothing of a device.
    Excuse(
        ("capability", "specification", "identity"),
        before=r"\b(?:this|the|our) (?:guide|article|post|page|section|comparison|chapter|overview|video)\s+"
        r"(?:also )?(?:explains?|covers?|discusses|describes|explores|examines|looks at|breaks down|"
        r"walks (?:you )?through)\s(?!that\b|why\b)[^.]*$",
    ),
    # "Runs a model with 40 % less memory": what the model takes, not what the card has.
    Excuse(
        ("ratio",),
        before=r"\b(?:models?|networks?|LLMs?|parameters|jobs?|workloads?|mod\u00e8les?|param\u00e8tres|"
        r"modelle?|modell(?:en)?|parameter|modelos?|par\u00e1metros)\b[^.;]{0,40}\b(?:with|in|mit|avec|con)\s+"
        r"(?:(?:about|around|up to|roughly|environ|jusqu.\u00e0|etwa|rund)\s+)?$",
        because=r"\bhas \d[\d.,]* GB\b",
    ),
    # "Two large dies side by side. They are linked at 10 TB/s": of what joins the dies.
    Excuse(
        ("specification",),
        before=r"\b(?:dies|chiplets|halves)\b[^.]*(?:[.;]\s+)?(?:They|These|Both|which)?[^.]*\b(?:linked|"
            r"joined|connected|coupled|"
        r"stitched|talk)\b[^.]*$",
        because=r"[GT]B/s",
    ),
    # "Ampere, which sits between Turing and Ada".
    Excuse(("identity",), before=r"\bbetween (?:the )?(?:[A-Z]\w+(?: Lovelace)? and (?:the )?)?$"),
    # "Draws 350 watts at most", "it fits in most servers".
    Excuse(("ordering",), quote=r"^most$", before=r"\b(?:at|in|for|on|with|of|to|by) (?:the )?$"),
    # "I have a T4 instance and want FP8": what is wished for.
    Excuse(
        ("capability",), before=r"\b(?:I|we|they|and|but) (?:want|wish for|would like) (?:native )?$",
    ),
    Excuse(("capability",), quote=r"\b(?:I|we|they|and|but) (?:want|wish for|would like)\b"),
    # "The A100 (80 GB) at $1.80. A run that takes 100 hours on the V100": hours, and no memory.
    Excuse(("memory",), quote=r"\btakes? (?:about |around )?\d+ (?:hours?|minutes?|days?|seconds?|weeks?)\b"),
    # "Sie hat 94 GB mit 3,9 TB/s und wird paarweise gebr\u00fcckt (600 GB/s)": of what joins the two.
    Excuse(
        ("specification",), because=r"\d [GT]B/s",
        before=r"\b(?:gebr\u00fcckt|br\u00fccken?|verbunden|gekoppelt|ponts?|pont\u00e9e?s?|puentes?|"
            r"paarweise|"
        r"par paires|por pares|a coppie)\b[^.;\d]{0,24}$",
    ),
    # "In BF16 724 statt 312 TFLOPS": of what it stands in for.
    Excuse(
        ("specification",),
        before=r"\d\S*(?:\s[A-Za-z/]+)?\s"
        r"(?:statt|anstelle von|anstatt|au lieu de|plut\u00f4t que|en lugar de|"
        r"en vez de|invece d[ie]|anzich\u00e9|em vez de|in plaats van|zamiast)\s"
        r"(?:nur\s|bisher\s|bislang\s)?$",
    ),
    # "On half of the SEO pages": of what no device has.
    Excuse(
        ("ratio",),
        behind=r"\s+(?:of\s+)?(?:all\s|the\s|these\s|those\s|my\s|our\s|your\s)+(?:[\w-]+\s){0,2}?"
        r"(?:pages|sites|articles|posts|reviews|guides|shops|sellers|listings|people|users|readers|customers|"
        r"cases|games|tests|runs|jobs|requests|queries|market|world|year|layers|experts|internet|forum)\b",
    ),
    # "Because of the rounding the A10 comes out slightly cheaper": for what is worked out, not by the hour.
    Excuse(
        ("ordering", "ratio"), because=r"[$\u20ac]",
        before=r"\b(?:comes?|came|works?|worked|turns?|turned|ends?|ended)\s(?:out|up)\s(?:\w+\s){0,2}$",
    ),
    # In Chinese, "only about 15 % of the H100, but 96 GB are more than the H100's 80": of what it is about.
    Excuse(
        ("specification",), behind=r"[^\u3002\uff1b\uff0c]{0,24}"
        r"(?:\u9ad8\u4e8e|\u4f4e\u4e8e|\u5927\u4e8e|\u5c0f\u4e8e|\u8d85\u8fc7|\u591a\u4e8e|\u5c11\u4e8e|"
        r"\u4f18\u4e8e)",
        before=r"(?:%|\u500d|\u4e00\u534a|\u5206\u4e4b\u4e00)[^\u3002\uff1b]{0,24}$",
    ),
    # "1.33 x (700 + 150) = 1,131 W, so 1,200 W": the next size above.
    Excuse(
        ("arithmetic",),
        before=r"=\s*(?:about\s)?\d[\d.,]*\s?k?W\b[^.;\d]{0,40}\b(?:so|hence|thus|therefore|means?|take|buy|"
        r"choose|rounded)\b[^.;\d]{0,24}$",
        behind=r"\s*(?:[.,;:)]|$|and\b|for\b|with\b)",
    ),
    # "7.1 joules per token. The PC takes 550 W for 66 tokens per second, or 8.3": what it follows from.
    Excuse(
        ("arithmetic",),
        before=r"\b(?:takes?|took|draws?|drew|needs?|uses?|consumes?)\s(?:about\s|around\s|some\s)?$",
        behind=r"\s+(?:for|at)\s\d[\d.,]*\s(?:tokens?|images?|frames?|samples?)\b[^.;]*,\s(?:or|so|thus|"
            r"hence|i\.e\.)\s",
    ),
    # "The A100 has 8.0. It's Volta and Pascal that were dropped": of these.
    Excuse(
        ("identity",), before=r"\b(?:It|that)(?:[\u2019']s| is| was)\s[^.;]{0,40}$",
        behind=r"[^.;]{0,60}\b(?:that|which|who)\s(?:is|are|was|were|has|have|had|got|lacks?|needs?|went)\b",
    ),
    # "A server with four RTX 2080 Ti from 2019": of the server.
    Excuse(
        ("identity", "specification"), because=r"\bhas \d{4}-",
        before=r"\b(?:servers?|box(?:es)?|machines?|workstations?|nodes?|clusters?|PCs?|rigs?|desktops?)\s"
        r"(?:with|of|holding|full of|containing)\s[^.;]{2,48}\s(?:from|of|dating from|bought in)\s+$",
    ),
    # "They can be bridged by Infinity Fabric": by no NVLink.
    Excuse(
        ("capability",), because=r"nvlink",
        behind=r"\s+(?:by|over|via|with|through|using)\s+(?:an?\s|the\s|AMD[\u2019']s\s)?"
        r"(?:Infinity|xGMI|PCIe|Ethernet|Xe)",
    ),
    # "It is quicker than the H100 in single precision: 91.6 TFLOPS": of what is compared, not of the other.
    Excuse(
        ("specification",),
        before=r"\b(?:\w+er|more|less) than (?:it|that one|this one|the [^.;:,]{2,30}?)"
        r"(?: (?:in|at|by|on|with) [^.;:,\d]{2,24}(?:\d\d?)?)?(?::| \u2013| \u2014| -)\s(?:about |some |"
        r"up to )?$",
    ),
    # "In 4 bits it is 35 GB": a model, whichever device was named before.
    Excuse(
        ("specification",), because=r"\d GB\b",
        before=r"\b(?:in|at|with|to)\s(?:only\s|just\s)?(?:(?:\d{1,2}|four|eight|sixteen)[- ]bits?|"
        r"FP(?:4|8|16)|BF16|INT[48]|NF4|Q\d\w*),?\s(?:it|they|that|this)(?:\s(?:is|are|takes?|needs?|"
        r"weighs?|comes? to|wants?)|[\u2019']s)\s(?:(?:about|only|just|some|around|roughly)\s)*$",
    ),
    # "The A2 is, if you like, the T4 with BF16": what one is like, and by what it differs from it.
    Excuse(
        ("capability",), quote=r"^with(?:out)?\b",
        before=r"\b(?:is|was|becomes?|are)(?:,[^.;,]{2,30},)?\s(?:\w+\s){0,2}?(?:the|an?)\s(?:[a-z]+\s){0,2}?"
        r"\w*\d\w*(?:\s(?:Ti|Super|XTX?))?\s$",
    ),
    # "Twice the FP16 rate of the 3090 and more".
    Excuse(("ratio",), behind=r"[^.;,]{0,60},?\s(?:and|or)\s(?:even\s)?(?:then some|more)\b"),
)  # fmt: skip
