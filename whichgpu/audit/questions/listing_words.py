"""The words by which people say what a GPU is to have or to be, and the options of `gpus` for them."""

from __future__ import annotations

from whichgpu.audit import patterns as re

#: How many are shown of an order of which the first is asked for.
FIRST = 10
HEAD = re.compile(
    r"\b(?:gpus?|(?:graphics |video )?cards?|graphics|chips?|accelerators?|boards?|alternatives?|lineup"
    r"|modules?|series|versions?|instincts?|radeons?|quadros?|teslas?|geforces?|tpus?|jetsons?)\b",
    re.I,
)
NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
#: Before and behind an amount, what says that it is a limit, by the sign of it.
BEFORE = (
    (">", r"more than|over|above|greater than|bigger than|larger than|higher than|exceeding|beyond|>"),
    (">=", r"at least|min(?:imum|imal)?(?: of)?|no less than|not less than|from|starting at|>="),
    (
        "<=",
        r"at most|up to|max(?:imum|imal)?(?: of)?|(?:no|not) (?:more|higher) than|within|not (?:over|above)",
    ),
    ("<", r"less than|under|below|fewer than|lower than|smaller than|cheaper than|<"),
)
BEHIND = (
    (
        ">=",
        r"or (?:more|higher|better|above|greater)|and (?:up|above|more|higher)|\+|plus\b|minimum\b|at least",
    ),
    ("<=", r"or (?:less|lower|below|under|fewer|cheaper)|and (?:below|under|less)|max(?:imum)?\b|at most"),
)
#: Fields with the unit of an amount, and with the words that may follow it.
AMOUNTS = (
    ("bandwidth", r"(?:TB|GB) ?(?:/ ?s(?:ec(?:ond)?)?|ps|per second)",
     r"(?:memory )?(?:bandwidth|throughput)"),
    ("memory", r"(?:GB|GiB|gigs?|gigabytes?|G)",
     r"(?:gpu |graphics |video |onboard )?(?:v?ram|memory)|(?:GDDR\d?X?|HBM\d?e?)(?= memory)"),
    ("power", r"(?:W|watts?)",
     r"(?:board |max(?:imum)? )?(?:tdp|tgp|tbp|power(?: draw| consumption| limit)?)"),
    ("launch_price", r"(?:USD|dollars?|bucks|\$)", r"(?:at launch|launch price|msrp|or so)"),
    ("cores", r"(?:or more |\+ ?)?(?:(?:cuda |shader |gpu )?cores|stream processors)", r"(?!)"),
)  # fmt: skip
UNPLUGGED = (
    r"(?:without|no|(?:don't|doesn't|do not|does not) (?:need|require|have|use))"
    r" (?:an? |any |extra |external |additional )*power (?:connectors?|cables?|plugs?)"
)
#: What a card has or is: an option of `gpus` and its value, into which what the words say is put.
KINDS: tuple[tuple[str, str, str], ...] = (
    ("needs", "nvlink", r"nv-?link"),
    ("needs", "mig", r"mig|multi[- ]instance(?: gpu)?"),
    ("needs", "ecc", r"ecc"),
    ("needs", "vgpu", r"v-?gpu"),
    ("needs", "av1-decode", r"av1[- ]decod\w+|decod\w+ av1"),
    ("needs", "av1", r"av1(?:[- ](?:(?:en)?cod\w+|video))?|encod\w+ av1"),
    ("needs", "low-profile", r"low[- ]profile|half[- ]height"),
    ("needs", "single-slot", r"(?:single|one|1)[- ]slot"),
    ("needs", "dual-slot", r"(?:dual|two|2)[- ]slot"),
    ("needs", "passive", r"passive(?:ly)?(?:[- ]cool\w+)?|fanless"),
    ("needs", "active", r"active(?:ly)?[- ]cool\w+|blowers?(?:[- ]style)?|fans?"),
    ("needs", "no-power-connector", UNPLUGGED),
    ("needs", "ray-tracing", r"(?:hardware )?(?:ray[- ]tracing|rt)(?: (?:cores?|hardware))?"),
    ("needs", "tensor-cores", r"(?:tensor|matrix)[- ]cores?"),
    ("needs", "display", r"display outputs?|monitor outputs?|video outputs?"),
    ("needs", "vr", r"vr[- ]ready"),
    ("needs", "confidential-computing", r"confidential comput\w+"),
    ("needs", "sxm", r"sxm\d?"),
    ("needs", "pcie", r"pci(?:e|[- ]express)(?! ?[1-6])"),
    ("needs", "{n}", r"(?P<n>fp4|fp6|fp8|bf16|tf32|int4|int8|fp16|sparsity)"),
    ("where", "pcie_generation={n}", r"pci(?:e|[- ]express) ?(?:gen(?:eration)? ?)?(?P<n>[1-6])(?:\.0)?"),
    ("where", "memory_type~{n}", r"(?P<n>hbm\d?e?|gddr\d\w?|lpddr\d?x?)"),
    ("where", "form_factor~{n}", r"(?P<n>oam|mxm)"),
    ("where", "compute_capability={n}", r"(?:compute capability|cc|sm)(?: of| is|_)? ?(?P<n>\d{1,2}\.\d)"),
    ("where", "slots<=2", r"(?:two|2) slots at most|at most (?:two|2) slots"),
    ("segment", "datacenter", r"data ?cent(?:er|re)|server"),
    ("segment", "workstation", r"work-?station|professional|pro(?=fessional)?"),
    ("segment", "laptop", r"laptop|notebook|mobile"),
    ("segment", "edge", r"edge|embedded"),
    ("segment", "geforce", r"consumer|gaming|gamer|mainstream"),
    ("where", "name~{n}", r"(?P<n>jetson|tpu|quadro|tesla|geforce|radeon|instinct|titan|(?<!\w)arc|gtx)"),
    ("where", "name~{n} {two}", r"(?P<n>rtx|gtx|rx) (?P<two>\d\d?)(?:00|xx)?[- ]series"),
    ("where", "name~{n}", r"(?P<n>rtx)"),
    ("vendor", "{n}", r"(?P<n>nvidia|amd|intel|apple|google|aws)(?:'s)?"),
)  # fmt: skip
#: What there is most or least of, and the field by which that is told.
ORDERS = (
    ("bandwidth", False, r"(?:highest|most|fastest|greatest|largest|best) (?:memory )?bandwidth"
                         r"|fastest memory"),
    ("memory", False, r"(?:most|largest|biggest|highest|greatest|max(?:imum)?)(?: amount of)?"
                      r" (?:gpu |video |graphics )?(?:v?ram|memory)"),
    ("power", False, r"(?:lowest|least|smallest)(?: board)?"
                     r" (?:power(?: draw| consumption)?|tdp|tgp|wattage)"),
    ("power", True, r"(?:highest|most|greatest)(?: board)? (?:power(?: draw| consumption)?|tdp|tgp|wattage)"),
    ("cores", False, r"most (?:cuda |shader )?cores|highest core count"),
    ("transistors", False, r"most transistors"),
    ("release_date", False, r"newest|latest|most recent(?:ly released)?"),
    ("release_date", True, r"oldest"),
    ("launch_price", False, r"(?:cheapest|lowest price|least expensive)"),
    ("launch_price", True, r"most expensive|highest (?:launch )?price|dearest"),
    ("board_length", False, r"shortest|(?:physically )?smallest(?= (?:cards?|gpus?))"),
    ("", False, r"(?:fastest|quickest|most|highest|best|strongest|greatest)(?: (?:gpus?|cards?))?"
                r"(?: (?:in|for|at))?"
                r" (?P<rate>fp64|fp32|fp16|bf16|tf32|fp8|fp4|int8|int4|double precision)"
                r"(?: (?:peak|rate|compute|performance|throughput|tflops|tops|flops))?"),
    ("fp16", False, r"fastest|quickest|most powerful|strongest"),
)  # fmt: skip
CAME = (
    r"(?:(?:that |which )?(?:(?:were|was|are|have been|got|been) )?"
    r"(?:released|launched|introduced|announced|out|came out|come out|made|built|sold|new) )?"
)
YEAR = r"((?:19|20)\d\d)(?!\d)"
#: When it came out: the words before a year (or two), and the conditions on the date.
DATES = (
    (rf"(?:between|from) {YEAR} (?:and|to|until|till) {YEAR}|{YEAR} ?(?:-|\u2013|to) ?{YEAR}",
     "release_date>={0}", "release_date<={1}"),
    (rf"(?:after|later than|newer than|past) {YEAR}", "release_date>{0}", ""),
    (rf"since {YEAR}|from {YEAR} (?:on|onwards?|and later)"
     rf"|{YEAR} (?:or (?:later|newer)|and (?:later|newer|up))",
     "release_date>={0}", ""),
    (rf"(?:before|earlier than|older than|prior to) {YEAR}", "release_date<{0}", ""),
    (rf"(?:until|up to|by) {YEAR}|{YEAR} (?:or (?:earlier|older)|and (?:earlier|older))",
     "release_date<={0}", ""),
    (rf"(?:(?:in|of|during|from) )?{YEAR}(?! ?(?:series|ada|super|ti|[a-z]?b\b))", "release_date={0}", ""),
)  # fmt: skip
#: Of another card: like it, or with more or less of something than it.
LIKE_IT = re.compile(r"'?s? (?:alternatives?|equivalents?|competitors?|rivals?|replacements?)\b", re.I)
LIKE = re.compile(
    r"\b(?:like|similar to|comparable (?:to|with)|close to|near(?: to)?|equivalent to"
    r"|(?:alternatives?|equivalents?|competitors?|rivals?) (?:to|of|for)|in the class of)"
    r"(?: (?:the|an?))?(?: nvidia(?:'s)?| amd(?:'s)?)? $",
    re.I,
)
MEASURES = (
    ("memory", r"(?:v?ram|memory)"), ("bandwidth", r"(?:memory )?bandwidth"),
    ("power", r"(?:board )?(?:power(?: draw| consumption)?|watts|tdp)"), ("cores", r"(?:cuda )?cores"),
)  # fmt: skip
MORE, LESS = r"more|higher|greater|larger|bigger", r"less|lower|fewer|smaller"
ALIKE = r"(?:the )?(?:same|equal)(?: amount of)?|as (?:much|many)|(?:the )?same number of"
DEARER, CHEAPER = r"dearer|(?:more )expensive", r"cheaper|less expensive|more affordable|lower[- ]priced"
THAN = re.compile(
    r"\b(?:than|compared (?:to|with)|as)(?: (?:the|an?))?(?: nvidia(?:'s)?| amd(?:'s)?)? $", re.I
)
#: Before what a card is not to have.
LACKS = (
    r"(?:that |which )?(?:without|with no|lacks?|lacking|no"
    r"|(?:don't|doesn't|do not|does not|not) (?:have|having|support)"
    r"|(?:have|has) no)(?: (?:an?|any))?"
)
NOT = re.compile(
    r"\b(?:not|no|without|non|lacks?|lacking|never|neither|nor|isn't|aren't|except|don't|doesn't)[ -]", re.I
)
#: Words that ask for a list, and those that hold one together.
PLAIN = frozenset((
    "a", "all", "also", "amount", "an", "and", "any", "architecture", "are", "as", "at", "available",
    "bandwidth", "based", "be", "board", "both", "but", "by", "can", "capable", "class", "cloud", "come",
    "comes", "consume", "consumes", "cooling", "currently", "design", "did", "do", "does", "draw",
    "draws", "each", "equipped", "every", "exist", "existing", "exists", "family", "feature", "find", "first",
    "for", "from", "generation", "generations", "get", "give", "hardware", "has", "have", "having",
    "hire", "i", "i'd", "i'm", "in", "is", "it", "its", "kind", "known", "least", "like", "list", "lists",
    "looking", "love", "many", "me", "memory", "model", "models", "modern", "much", "my", "name", "names",
    "native", "natively", "need", "of", "offer", "offers", "on", "one", "ones", "only", "or", "out",
    "over", "per", "please", "powered", "ram", "release", "released", "rent", "rented", "renting", "run",
    "runs", "s", "same", "ship", "shipped", "ships", "show", "size", "sorted", "support", "supported",
    "supporting", "supports", "tdp", "tell", "than", "that", "the", "their", "them", "there", "these",
    "they", "those", "to", "total", "type", "types", "up", "us", "use", "uses", "using", "vram", "want",
    "was", "were", "what", "what's", "whats", "which", "who", "whose", "with", "would", "you",
))  # fmt: skip
