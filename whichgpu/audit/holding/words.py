"""Words of holding by what they mean: what holds, what does not, what denies, what is no plain fit."""

from __future__ import annotations

from whichgpu.audit import patterns as re

#: Behind "go into": what cards go into, and no model.
CASE = (
    r"(?! (?:an?|the|one|any|every|our|your) (?:\w+ )?"
    r"(?:workstation|server|case|chassis|box|tower|rack|slot))"
)
#: What sets a model and its room together: the one is in the other, or the room is enough.
HOLDS = re.compile(
    r"\b(?:fit(?:s|ted|ting)?|hold(?:s|ing)?(?! (?:about |up to |just )?\d+ ?[GT]B\b)|held|"
    r"swallow(?:s|ed)?|accommodat\w+|host(?:s|ed)?|hous(?:es?|ed)|"
    r"(?<!full )(?<!under )load(?:s|ed)?|runs?(?! out)|running(?! out)|serv(?:es?|ed)|handl(?:es?|ed)|"
    r"carr(?:y|ies|ied)|"
    r"stor(?:es?|ed)|sits?|"
    r"lives?(?= (?:in|on)\b)|goes (?:in|on)(?:to)?|squeez\w+|cram\w*|pack(?:s|ed)?|stuff(?:s|ed)?|works?|"
    r"cop(?:es?|ed)|manag(?:es?|ed)|provid(?:es?|ed)|suppl(?:y|ies|ied)|takes?(?= (?:an?|the|any|it|that|"
    r"this|"
    r"one of|llama|qwen|mi[sx]tral)\b)(?! (?:an?|the|one) (?:\w+ ){0,2}(?:slots?|plugs?|connectors?|"
    r"cables?|bays?|lanes?|"
    r"seconds?|minutes?|hours?|days?|weeks?|while|bit|look|share|hit|toll)\b)|tak(?:es?|ing) (?:in|on)\b|"
    r"enough|sufficient|adequate|suffic\w+|"
    r"will (?:also |still |just )?do|within reach|"
    r"does it|does the job|covers?|fine(?= (?:on|for|with)\b)|(?:just )?right for|a (?:good |"
    r"perfect )?fit for|"
    r"(?:is|are) (?:all|what|exactly what|just what|precisely what) (?:you|we|it|that|one|"
    r"they) (?:really )?needs?|"
    r"(?:we|i) (?:went with|took|chose|picked|settled (?:for|on))|(?:have|has|make|makes|made|is|"
    r"there[\u2019']s|offers?|gives?|provides?) "
    r"(?:enough |the |sufficient |plenty of )*(?:room|space)|"
    r"can do|can have|(?:can|could|will|would) take(?! (?:at least |about |some )?(?:\d|"
    r"(?:two|three|four|five|six|eight|twelve|sixteen)\b))|put|plac(?:ed|es)|launch(?:ed|es)?(?= on\b)|"
    r"deploy(?:ed|s)?|"
    r"suitable|no problem|possible|"
    r"feasible|doable|go (?:in|on)(?:to)?"
    rf"{CASE}|"
    r"(?:large|big|roomy) enough|(?:fine-?)?tuned|trained)\b",
    re.IGNORECASE,
)
#: What must be split is more than one of them holds.
_SPLIT = (
    r"(?:has|have|had|needs?|must)(?: to)? be (?:split|sharded|spread|distributed|divided)(?= (?:over|across|"
    r"between|among) (?:at least )?(?:two|three|four|several|multiple|\d) "
    r"(?:devices|gpus|cards|accelerators))"
)
SPLIT = re.compile(_SPLIT, re.IGNORECASE)
#: What sets them apart.
LACKS = re.compile(
    r"\b(?:too (?:small|little|tight|large|big|much|heavy|weak|few)|exceeds?|insufficient|inadequate|"
    r"out of reach|(?<!nothing )(?<!anything )(?<!much )(?<!little )beyond|"
    r"miss(?:es|ed)(?= (?:an?|the)\b)|falls? short|fall short|"
    r"(?:runs?|ran|running) out of|ooms?|overflows?|impossible|"
    rf"fails? to|unable to|short of|{_SPLIT})\b",
    re.IGNORECASE,
)
#: What holds, or does not, of the amount that was told just before, where it says no other.
OF_BEFORE = re.compile(
    r"\b(?:enough|sufficient|suffic\w+|will (?:also |still |just )?do|suitable|"
    r"(?:the|enough) (?:room|space)|too (?:small|"
    r"little|tight|few)|insufficient)\b"
    r"(?!\s+(?:for|to)\b(?!\s+(?:it|this|that|them)\b))",
    re.IGNORECASE,
)
#: The same, where what has the room was told just before.
OF_ROOM = re.compile(
    r"\b(?:enough|sufficient|suffic\w+|too (?:small|little|tight|few)|insufficient|suitable)\b", re.IGNORECASE
)
#: A fit that is said of what was told, by a verb that needs no room beside it: "in BF16 it fits".
JUST_FITS = re.compile(
    r"\b(?:fits?|works?|runs?|does fit|is possible)(?:\s+(?:too|as well|fine|easily))?\W*$|\b(?:not|"
    r"n[\u2019']t) (?:fit|work|run)\W*$",
    re.I,
)
#: A verb alone that takes up the one before: "in FP8 it doesn't either".
DOES = re.compile(
    r"^\W*(?:and |but |so )?(?:(?:at|in|with)\s+[\w-]+(?: bits?)?\s+)?(?:it|that|this|they)\s+(?:does|do|"
    r"will|can|would)"
    r"(?P<not>n[\u2019']t|\s+not)?(?:\s+(?:either|too|as well|so|still))?\W*$",
    re.IGNORECASE,
)
#: What is denied of another room behind what is said of one: "and doesn't on the 16".
BUT_NOT_ON = re.compile(
    r"(?:,\s*)?\b(?:and|but)\s+(?:it\s+)?(?:(?:does|do|will|can|would)(?:n[\u2019']t|\s?not)|"
    r"not)(?:\s+(?:on|in|into)\s.*|\s*)$",
    re.IGNORECASE,
)
#: Another device of which the same is said.
SO_IS = re.compile(
    r"^\W*(?:and\s+|but\s+)?(?:(?P<so>so)|neither|nor|(?P<as>as))\s+(?:is|are|does|do|will|can|would)\b",
    re.IGNORECASE,
)
#: What takes so many devices: that they are enough for it is what it says.
NEEDS = re.compile(
    r"\b(?:needs?|needed|requir(?:es?|ed)|calls? for|wants?|demands?|asks? for|takes?)\b"
    r"(?!\s+(?:an?|the|any|it)\s+\d)",
    re.IGNORECASE,
)
#: What only the least of it is told of, or what is asked for beyond it.
AT_LEAST = re.compile(
    r"\b(?:at least|minimum|at the very least|more than|or more|no less than|over)\b", re.IGNORECASE
)
DENIES = re.compile(
    r"\b(?:not|cannot|never|no|nor|neither|hardly|far from|anything but)\b|n[\u2019']t\b", re.IGNORECASE
)
#: Behind an amount, that it is what is left beside the weights.
IS_LEFT = re.compile(
    r"\s+(?:to spare|left|free|remain(?:s|ing)?|spare|unused|of (?:cache|weights|room)|"
    r"for\s+(?:the\s+|its\s+|a\s+|some\s+)?(?:kv[ -]|key[ -]value )?"
    r"(?:cache|context|activations?|overhead|rest|everything else|requests?))\b",
    re.IGNORECASE,
)
#: Denials that deny no fit.
NO_DENIAL = re.compile(
    r"\b(?:no (?:surprise|wonder|doubt|secret|mystery|coincidence|question|"
    r"problems?|trouble|issues?|sweat|need (?:for|to)[\w -]*)|not only|not just|no less|no "
    r"more than|"
    r"without (?:any )?[\w-]+|why not|if not|with hardly any(?:thing| \w+)|with not much)\b",
    re.IGNORECASE,
)
#: Ways of training, or of running, that take less than what was told before.
EASIER = re.compile(
    r"\b(?:[1235]|[2356]\.\d)[- ]bits?\b|\breduc\w+ the precision\b|"
    r"\b(?:q-?lora|lora|adapters?|peft|off-?load\w*|checkpointing|zero-[23]|fsdp)\b",
    re.IGNORECASE,
)
#: What is held beside something else, so that more is needed than was told.
WITH_MORE = re.compile(
    r"\b(?:beside|next to|on top of|along with|together with|in addition to|plus)\s+(?:the|its|their)\s+"
    r"(?:[\w-]+\s+){0,3}(?:weights|model|cache|activations)\b",
    re.IGNORECASE,
)
#: What a clause is of that others than the one just spoken of hold.
ELSEWHERE = re.compile(
    r"\b(?:on|in|with|for|by) (?:(?:both|all|any|either|each) )?(?:of )?(?:the )?(?:others?|rest)\b|"
    r"\bthe other(?:s| two| three| cards?| gpus?| ones?)\b",
    re.IGNORECASE,
)
#: What is no plain fit of a whole model in the memory of devices.
ASIDE = re.compile(
    r"\b(?:(?:everything|anything|whatever|all|models?) (?:that |which )?(?:fits?|runs?|works?)|"
    r"off-?load\w*|cpu|(?<!v)ram|unified|swap\w*|disk|ssd|nvme|layer[- ]by[- ]layer|active|experts?|"
    r"draft|"
    # "The workload it will run": of what runs, and not of the model told before.
    r"(?:workloads?|jobs?|tasks?|what|applications?|software) (?:that )?(?:it|they|you|we) "
    r"(?:will |can |could |would )?(?:runs?|loads?|trains?|serves?)|"
    r"embeddings?|prun\w+|distil\w*|mig|slices?|shares?|per (?:gpu|card|device)|(?<!even )if|whether|"
    r"once|were|"
    r"mac\w*|laptops?|m[1-5] (?:max|ultra|pro)|tokens? (?:per|a) second|tok/s|faster|slow\w*|crawls?|"
    r"quick\w*|"
    r"than|instead of|apart from|system|adapters?|text encoders?|vae|speculative|parts? of|half of|"
    r"(?<=\d)\s?(?:%|percent) of|"
    r"tr(?:y|ies|ied|ying)(?: to)?|attempt\w*|layers?|some of|most of|wonder\w*|ask(?:s|ed)?|[TP]?FLOPS|"
    r"TOPS)\b|\?",
    re.IGNORECASE,
)
#: What denies a fit that was asked for ("On the A4000, no: the weights take"), or is said of whatever fits.
NO_FIT = re.compile(
    r"\s*(?:(?:On|In|With|For)\s[^.;:,]{2,40},\s+no\b(?=\s*[:.,;!])|"
    r"(?:Everything|Anything|Whatever|All|Any model|Models)\s+(?:else\s+)?(?:that|which|you|with|needing)\b)",
    re.IGNORECASE,
)
#: What runs all the same, by other memory.
SLOWLY = re.compile(r"\b(?:crawl\w*|painful\w*|spill\w*|swap\w*|off-?load\w*)\b", re.IGNORECASE)
#: What asks for more than the weights, so that a model whose weights fit may rightly be said not to.
BESIDE = re.compile(
    r"\b(?:context\w*|batch\w*|users?|requests?|cache|kv|tokens?|train\w*|(?:fine-?)?tun\w+|optimi[sz]er|"
    r"adam\w*|"
    r"comfortabl\w+|well|easily|production|headroom|latency|concurren\w+|throughput|long\w*|full\w*|always|"
    r"serving|performan\w+|properly|efficient\w*|unless|practic\w+|sensibl\w+|really|reasonabl\w+|smooth\w*|"
    r"resolution|image|video|graphs?|dies|halves|"
    r"without (?:being split|being sharded|splitting|sharding))\b",
    re.IGNORECASE,
)
#: What a clause speaks of the model by that was told before.
IT = re.compile(
    r"\b(?:it|that|this|they|them|those|these|which|one of (?:those|these|them)|"
    r"such (?:an? )?models?|the (?:(?:same|whole|full|entire|quanti[sz]ed|bigger|smaller)\s+)*(?:model|"
    r"one|weights|checkpoint|thing|lot|file))\b",
    re.IGNORECASE,
)
#: So many of the devices that were told before.
_COUNT = r"(?P<count>\d{1,2}|one|a single|two|three|four|five|six|eight|both|a pair|another)"
OF_THEM = re.compile(
    # "Only one of them has space for it": which of them.
    rf"\b(?<!only )(?<!just ){_COUNT}\s+(?:(?:more\s+)?(?P<them>of (?:them|these|those))(?! whole)|"
    r"(?:such |single )?(?:cards?|gpus?|boards?)|"
    r"(?:is|are|will be|would be|alone)(?=\s+(?:enough|plenty|sufficient|too)\b))\b",
    re.IGNORECASE,
)
ON_IT = re.compile(
    r"\b(?:on|in|into|onto|within)\s+(?:it|this|that|them|all of them|(?:the |this |that |the same |each "
    r")(?:card|gpu|board|one)|"
    r"(?:just |only )?(?P<one>one|a single one))(?=\s*(?:[.,;:)]|$|\s(?:as|too|either|with|at|in|fine|"
    r"easily|without|and)\b))",
    re.IGNORECASE,
)
#: A pronoun before the verb, for what holds.
HOLDER = re.compile(
    r"^\W*(?:(?:and|but|so|yet|then|still|again|also|there)\s+)*"
    r"(?:it|that(?:[\u2019']s)?|this|these|they|which|this card|the (?:card|gpu|board))\b",
    re.IGNORECASE,
)
NUMBERS = {"one": 1.0, "a single": 1.0, "another": 1.0, "two": 2.0, "both": 2.0, "a pair": 2.0,
           "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "eight": 8.0}  # fmt: skip
#: Room by its size: "a 24 GB card", "in 8 gigs", "48 GB of VRAM".
SIZED = re.compile(
    r"(?:(?P<in>\b(?:in(?:to|side)?|on(?:to)?|within|has|have|offers?|possess\w*|(?:cards?|gpus?|boards?)"
    r" (?:with|of|that (?:has|have)))\s+(?:at least\s+)?(?:an?\s+|its\s+|the\s+|just\s+|"
    r"only\s+|one\s+|a single\s+|their\s+|those\s+){0,2}))?(?<![\d.,/])(?P<n>\d{1,3})(?:\s?-?\s?(?:GB|"
    r"gigs?)\b(?!/|\s+(?:memory |vram )?(?:advantage|more|less|larger|difference|extra|bigger|smaller|"
    r"left|free|to spare|remaining|spare|of headroom|"
    r"of (?:(?:its|the|raw) )?(?:weights|kv|cache\w*|activations?|gradients?"
    r"|optimi[sz]er|parameters|states?))|\s+holds?\s+(?:[a-z]+\s+)?[\d,.]+k?\s+tokens))"
    r"(?P<card>[ -](?:nvidia |amd |gaming |consumer |geforce |radeon |graphics ){0,2}(?:cards?|gpus?|boards?|"
    r"vram|memory)\b|\s+of\s+(?:vram|memory|gpu memory|device memory|hbm\w*|gddr\w*)\b|\s+(?:together|in "
    r"total|combined|altogether|in all|between them)\b|"
    r"\s+of (?:the|this|that|each)\b|\s+(?=(?:is|are|was|were|(?:will|would|should|might|"
    r"may) be)\s+(?:just\s+|already\s+)?(?:enough|plenty|"
    r"sufficient))|"
    r"\s+(?=(?:(?:can|could|will|would)(?:n[\u2019']t|not)?\s+)?(?:hold|holds|held|take|swallow\w*|"
    r"accommodate\w*|host|load\w*)\b))?",
    re.IGNORECASE,
)
#: Before an amount of memory, that it is what something takes.
TAKEN = re.compile(
    r"\b(?:it[\u2019']s|peaked at|needs?|takes?|requires?|requirement|is|was|are|weighs?|comes? to|rises to|"
    r"files? of|size of|"
    r"gives?|makes?|gets?|at|"
    r"means|like|to|total(?:s|ling)?|uses?|occup\w+|is now|,)\s+(?:up\s+to\s+|about\s+|around\s+|"
    r"roughly\s+|some\s+|almost\s+|"
    r"nearly\s+|approximately\s+|like\s+|~\s?){0,2}$|[=\u2248~(]\s*$|^\W*(?:so|about|around|roughly|that "
    r"is|i\.e\.,?|or)\s+(?:about\s+|around\s+)?$",
    re.IGNORECASE,
)
#: Behind an amount of memory, the same.
OF_WEIGHTS = re.compile(r"\s+of (?:model )?weights\b", re.IGNORECASE)
#: What of the room remains beside the model.
#: What has no room of a device's memory: "our chassis has no room for more".
NO_MEMORY = re.compile(
    r"\b(?:chassis|case|box|tower|rack|budget|server|schedule|article|post|table|slot|board|we|i|you|"
    r"they)\W+$",
    re.IGNORECASE,
)
NONE_LEFT = re.compile(
    r"\b(?:leav(?:es?|ing)|with|ha(?:s|ve|ving))\s+(?:absolutely |almost )?(?:nothing|no (?:room|space|"
    r"memory|vram|headroom))"
    r"(?:\s+(?:left|over|free|to spare|at all|whatsoever)|\s+for (?:the |its |any )?(?:context|cache|kv "
    r"cache))?\b",
    re.IGNORECASE,
)
SO_MUCH_LEFT = re.compile(
    r"(?<![\d.,])(?P<n>\d{1,3}(?:\.\d)?)\s?(?:GB|gigs?)(?:\s+of\s+(?:vram|memory|room))?\s+"
    r"(?:left|free|to spare|remaining|of headroom|spare)\b|"
    r"\bleav(?:es?|ing)\s+(?:(?:you|us|only|just|about|around|roughly|some|almost|nearly|well over)\s+)*~?"
    r"(?P<m>\d{1,3}(?:\.\d)?)\s?(?:GB|gigs?)\b(?!\s+(?:of (?:weights|the)|short|to (?:be )?offload))",
    re.IGNORECASE,
)
#: Where a sentence is cut: each piece is about one fit at most.
CUT = re.compile(r"[;:]\s+|,\s+|\s[\u2013\u2014]\s|\s+(?=(?:but|while|whereas|although|though)\s)")
#: Before and behind a name, that it is of several devices whose number is not said.
SEVERAL = re.compile(
    r"\b(?:dual|both|node|server|instances?|hgx|dgx|few|some|more|many|several|multiple|cluster|"
    r"\d+-way)\b[^,;]{0,20}$",
    re.IGNORECASE,
)
#: Before a name with its number, how many machines have as many: "two servers of eight H100s".
MACHINES = re.compile(
    r"\b(?P<n>two|three|four|five|six|eight|\d{1,2})\s+(?:such\s+|full\s+|whole\s+)?"
    r"(?:(?:servers?|nodes?|machines?|systems?|box(?:es)?)\s+(?:of|with)\s+|"
    r"(?=(?:eight|four|two|[248])(?:[ -](?:gpu|way|card)|x)\b))"
    r"[^.,;]{1,16}$",
    re.IGNORECASE,
)
NODES = re.compile(
    r"s?[ -](?:nodes?|servers?|cluster|pods?|systems?|machines?|box(?:es)?|instances?)\b", re.IGNORECASE
)
#: Behind a name, the memory by which one of several devices is meant.
WITH_SIZE = re.compile(r"\s*(?:with|at|,|\(|of)\s*(?P<n>\d{2,3})\s?GB\b", re.IGNORECASE)
#: A format that weights are in.
IN_FORMAT = re.compile(
    r"\b(?:at|in|to|with|as|for)\s+(?:full\s+|plain\s+|just\s+|only\s+|the (?:format|precision)"
    r"\s+)?(?:\d+[ -]bits?|q\d\w*|b?f?p?(?:loat)?\d+|int\d+|half|awq|gptq)\b|"
    r"(?:bits?|fp\d+|bf16|int\d|q\d\w*|awq|gptq)\s+(?:files?|weights|versions?|quants?|form|quanti[sz]\w+|"
    r"checkpoints?|models?)\b",
    re.IGNORECASE,
)


def number(word: str) -> float:
    """A number in digits or as a word."""
    return NUMBERS.get(word.lower()) or float(word)


#: What fits all of several machines, of which the devices that are named behind are a part.
ALL_OF_THESE = re.compile(
    r"\b(?:fits?|holds?|runs?)\s+(?:(?:on|in|into|it)\s+)*"
    r"(?:all|any|each|every one|both|either|none|neither)\s+of\s+(?:these|those|them)\b",
    re.IGNORECASE,
)
