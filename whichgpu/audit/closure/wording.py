"""Words that lead to a result, that part it from what stands before, and that say what it is of."""

from __future__ import annotations

import math

from whichgpu.audit import patterns as re

FILL = (
    r"(?:\s+(?:about|around|roughly|some|nearly|almost|just|only|approximately|approx\.|over|under|an?|"
    r"the|you|"
    r"us|me|we|it|them|in|at|to|of|for|with|as|up|out|total|whole|full|mere|bill|cost|budget|still|"
    r"already|be|"
    r"close|well|exactly|or|so|merely|even|around|no|more|less|than|good|little|average|bit|round|next|"
    r"back|by|on|"
    r"monthly|annual|yearly|daily|hourly|invoice|together|altogether|overall|user|waiting|spend|"
    r"pay))*\s*[~\u2248(]?\s*$"
)
#: What leads to a result: signs, words that conclude, verbs of cost and work.
LEAD = re.compile(
    r"(?:[=:\u2248\u2192(\u2013\u2014,]|\b(?:or|so|thus|hence|therefore|i\.e\.|that is|that[\u2019']s|"
    r"which|is|"
    r"are|was|were|be|makes?|making|made|comes?|coming|came|totals?|totall?ing|total of|costs?|costing|"
    r"draws?|"
    r"drew|burns?|burned|burnt|eats?|takes?|took|needs?|needed|means?|meaning|leaves?|leaving|gives?|"
    r"giving|gave|"
    r"yields?|equals?|adds?|adding|amounts?|runs?|sets?|works?|working|pays?|lasts?|lands?|puts?|fills?|"
    r"wants?|uses?|used|"
    r"consumes?|spend|spent|bill|budget|invoice|after|within|in|for|reaches|get|gets|got|have|has|had|"
    r"see|gone|"
    r"done|finished|over|pool|hold|holds|offers?|provides?|produces?|delivers?|handles?|serves?|processes|"
    r"generates?|transcribes?|swallows?|pulls?|requires?|becomes?|translates?|boils down|down to|"
    r"turns? into|sums?|"
    r"keeps?|talking|works out|owe|owes|charges?|rent|save|saves|down|before|until|shelled?|fork(?:s|ed)?|"
    r"accumulates?|racks?|clocks?|demands?|expect|figure|reckon|count|price tag|price)\b)" + FILL,
    re.IGNORECASE,
)
#: The same, of what is told again in another way.
AGAIN = re.compile(
    r"[\s,;:(\u2013\u2014.-]*(?:(?:or|i\.e\.,?|that is|that[\u2019']s|so|thus|hence|which is|which makes|"
    r"which means|this is|"
    r"equals?|=|\u2248|makes?|means|is|are|comes to|comes out (?:at|to)|works out (?:at|to)|"
    r"equivalent to|corresponds to|"
    r"amounts to|in other words|translates (?:in)?to|about|roughly|some|just|no more than|nearly|almost|"
    r"around|"
    r"a total of|it|not even|barely|to)[\s,:~(]+)+",
    re.IGNORECASE,
)
STRONG = re.compile(
    r"(?:or|i\.e\.|that is|that[\u2019']s|so|thus|hence|which|this is|equal|=|\u2248|makes?|means|is|are|"
    r"comes|works|"
    r"equivalent|corresponds|amounts|in other words|translates)",
    re.IGNORECASE,
)
#: What parts a result from what stands before it, or makes it another thing's.
STOP = re.compile(
    r"\b(?:instead|rather|versus|vs|against|compared|than|not|unlike|plus|deposit|limit\w*|capped|cap|quota|"
    r"minimum|maximum|retail|msrp|while|whereas|unless|except|another|other|others|previously|used to|"
    r"originally|quoted?|target|goal|promised)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What adds to a result or takes from it and is not told in figures.
UNTOLD = re.compile(
    r"\b(?:utili[sz]\w+|overheads?|tax\w*|vat|fees?|idle|idling|idles|average[sd]?(?! of)|rounded|"
    r"margins?|efficien\w+|storage|"
    r"egress|plus|includ\w+|excluding|except|besides|pue|cooling|loss\w*|overnight|at night|weekdays?|"
    r"weekends?|"
    r"office hours|working hours|business hours|part[- ]time|set-?up|warm-?up|compil\w+|shipping|duty|import|"
    r"insurance|depreciat\w+|resale|residual|inflation|interest|instal\w+|hosting|colocation|salary|"
    r"retries|retry|restarts?|checkpointing|communication|scal\w+|speculative|concurren\w+|"
    r"batch\w*|parallel|real[- ]world|in practice|measured|benchmark\w*|achiev\w+|mfu|theoretical\w*|"
    r"peak|sparse|"
    r"sparsity|negotiated|promo\w*|credits?|free|grant|refund|sometimes|varies|depending|depends|up to)\b",
    re.IGNORECASE,
)
#: Between a count and what each of so many has.
OF_EACH = re.compile(
    r"(?:\s+\w+){0,3}?[\s,]*(?:\b(?:at|of|with|x|times|by|for|having|over|during|across|in|holding|"
    r"drawing|pulling|costing|carrying|that "
    r"(?:cost|draw|pull)|using|rated at|each)\b|[x\u00d7*@,(:])[\s(]*(?:\w+\s+){0,2}?[~$\u20ac]?$",
    re.IGNORECASE,
)
TOGETHER = re.compile(
    r"\b(?:total\w*|in all|all in|altogether|together|combined|pool\w*|sum\w*|all told|overall|whole lot|"
    r"the lot|between them|"
    r"collectively|jointly|aggregate\w*|adds? up|add up)\b|=",
    re.IGNORECASE,
)
#: Powers that a machine draws besides those of its cards, and times that were measured.
MACHINE = re.compile(
    r"\b(?:wall|hosts?|server|box|rig|system|machine|node|chassis|workstation|psu|supply|circuit|breaker)\b",
    re.I,
)
MEASURED = re.compile(
    r"\b(?:took|ran|finished|was done|were done|needed|lasted|completed|ended|saw|got|reached)\b", re.I
)
#: From here on two amounts are of different things; the same where several multiply to its kind.
FAR, FURTHER = math.log(15.0), math.log(1.3e3)
REACH, NEAR = 140, 60
#: What an hour of a machine costs at most.
RENT = 400
#: A price over the rent of an hour, at least.
BOUGHT = 20


#: "A million tokens", "a ten-hour day": what is spoken of.
A_UNIT = re.compile(r"(?:an?|one|the|each|every)\b", re.IGNORECASE)
#: What follows an amount that is no result: "so 1,000 images cost", "8,760 hours at $0.70".
SPOKEN_OF = re.compile(
    r"\s+(?:(?:of|on|with|in|from) \w+ )?(?:then |would |will |therefore |thus |alone |each )?(?:costs?|"
    r"takes?|took|needs?|comes?|requires?|"
    r"at (?:about |around )?[$\u20ac\d]|x\s|times\b|make\b|makes\b|gives?\b|run (?:to|up)|set\b|"
    r"for [$\u20ac])",
    re.IGNORECASE,
)
#: Before an amount that is given.
GIVEN = re.compile(
    r"(?<!out )(?<!in )(?<!up )(?<!lands )(?<!land )(?<!stands )(?<!it )(?<!them )(?<!arrive )(?<!arrives )"
    r"\b(?:(?<!order )(?<!price )(?<!bill )(?<!total )(?<!cost )(?<!sum )(?<!this )(?<!that )at|with|"
    r"from|using|assuming|given|between|times|by|only if|if)\s+(?:(?:about|around|roughly|only|just|some|"
    r"an?|the|our|its)\s+)*~?$|[x\u00d7*/+-]\s*$",
    re.IGNORECASE,
)
#: In a sentence of its own, what says that it concludes from those before.
CONCLUDES = re.compile(
    r"\b(?:so|thus|hence|therefore|that|this|which|altogether|total\w*|in all|makes?|means|together|"
    r"all told|consequently|then|"
    r"it|bill|budget|invoice|our|each)\b|=",
    re.IGNORECASE,
)
#: A result that is told before what it follows from: "that is $27,896 for eight at $3,487".
THAT_IS = re.compile(r"\s*(?:so |and |then )?(?:that|this)\b[^.;,\d]{0,40}$", re.IGNORECASE)
#: Behind an amount that is of several already.
OF_ALL = re.compile(
    r"[^.;,\d]{0,12}\b(?:in total|together|combined|in all|altogether|total|between them|for (?:the|all|"
    r"both))\b",
    re.I,
)
