"""Words that say of a number that it follows from others, and those that part it from them."""

from __future__ import annotations

from whichgpu.audit import patterns as re

#: Words between those that say that a number follows and it.
_FILL = (
    r"(?:\s+(?:about|around|roughly|only|just|some|nearly|almost|exactly|merely|all|both|these|those|a|an|the|then|therefore|now|"
    r"total|sum|figure|result|whole|cost|bill|real|of|to|in|at|after|done|back|still|again|another|there|that|"
    r"you|me|us|it|we|i|they|him|them|pay|paid|spend|save|get|got|need|would|be|have|has|comes?|is|are|was|"
    r"takes?|needs?|uses?|costs?|requires?))*\s*[(~]?\s*[+\u2212-]?$"
)
#: Right before a number, that it follows.
THUS = re.compile(
    r"(?:[=\u2248\u2192?]|\b(?:so|thus|hence|therefore|or|together|that is|that[\u2019']s|i\.e\.,?|"
    r"in other words,?|"
    r"(?:we|you|i) (?:get|arrive at)|(?:which|that|this|it) (?:is|was|makes?|made|means|gives|comes)|"
    r"makes?|made|making|gives?|gave|comes? (?:out )?(?:to|at)|came to|works? out (?:to|at)|amounts? to|"
    r"means|meaning|equals?|adds? up to|totals?|altogether:?|in total:?|in all:?|sum total:?|"
    r"drops? to|falls? to|leav(?:es|ing)|bought us|saved us|sav(?:es?|ed|ing)|"
    r"(?:back|paid off|pays off|pays for itself|paid for itself|is reached) (?:after|in|at)))" + _FILL,
    re.IGNORECASE,
)
#: Verbs and marks before what something takes, which may follow.
VERB = re.compile(
    r"(?:\b(?:costs?|costing|pays?|paid|takes?|took|taking|needs?|uses?|used|draws?|gets?|pull|eats?|burns?|"
    r"consumes?|requires?|charges?|bill|invoice|are|is|was|were|be|been|read|would be|would have been|has|"
    r"have|lasts?|runs? to|buys?|sav(?:es?|ed|ings?)|makes?|process(?:es|ed)|delivers?|handles?)\b|"
    r"[:\u2013\u2014?])" + _FILL,
    re.IGNORECASE,
)
#: A number that is given, by the words before it.
GIVEN = re.compile(
    r"\b(?:at|with|against|versus|vs\.?|from|instead of|in place of|compared (?:to|with)|than|rate of|of|"
    r"price of|price is|priced at|for only|for|per|over|a|assum\w+|say|suppose|every|each|another|first|"
    r"last)\s+"
    r"(?:about |around |roughly |just |only |the |~)*$",
    re.IGNORECASE,
)
#: "In 11 days", "after 14.3 months": lengths that may follow.
AFTER = re.compile(r"\b(?:after|in|lasts?|for)\s+(?:about |around |roughly |just |only |~)*$", re.IGNORECASE)
#: What makes a number another thing's.
APART = re.compile(
    r"\b(?:discount\w*|reserved|commit\w*|spot|storage|egress|plus|adding|including|includes|excluding|tax\w*|"
    r"minimum|idle\w*|average|except|without|instead|compared|previously|than|while|whereas|host|cooling|"
    r"measured|another|other|remain\w*|used to|in practi[cs]e|real\w*|actual\w*|list price|retail|msrp|"
    r"launch\w*|if|unless|rather|api|peak|theor\w+|everything|reserve|margin|profit|markup|but|although|"
    r"though|not|never|first|rest|batch\w*|quanti[sz]\w+|overlap\w*)\b|\d more\b",
    re.IGNORECASE,
)
#: What is added to an amount told before.
ADDED = re.compile(r"\badd(?:s|ed|ing)?\b(?! up)", re.IGNORECASE)
#: What asks for a sum, right before a number.
SUM = re.compile(
    r"\b(?:total\w*|together|altogether|in all|sum\w*|combined|adds? up|all told|all in|comes? to|makes)\b",
    re.IGNORECASE,
)
#: Behind a number, that it is what two others differ by.
LESS = re.compile(
    r"\s*(?:(?!(?:and|or|with|for|which|so|in)\b)[a-z/]+ ){0,3}?(?:less|more|cheaper|dearer|left|saved|"
    r"remain\w*|below|above|fewer|faster|slower|free|more expensive)\b",
    re.IGNORECASE,
)
#: Before a number, the same.
LEAVES = re.compile(
    r"\b(?:sav\w+|(?<!for )the rest(?!\s*$)|differ\w*|leav\w+|remain\w*|gap|ahead by|down by|fell by|"
    r"dropped by|rose by|cheaper by|dearer by)\b[^.;\d]{0,24}$",
    re.IGNORECASE,
)
#: What remains of something.
LEFT = re.compile(r"\b(?:left|free|remain\w*|leav\w+)\b", re.IGNORECASE)
_LOWER = (
    r"less|lower|cheaper|fewer|sav\w+|reduc\w+|cuts?|fell|falls?|drop\w*|discount|down|shorter|decreas\w+"
)
_HIGHER = (
    r"more|higher|dearer|increas\w+|gain\w*|rise|rose|rises?|grew|grows?|up|longer|premium|overhead|better"
)
#: Words of a change, before or behind a share: to less, to more, or to either.
LOWER, HIGHER = (re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for words in (_LOWER, _HIGHER))
CHANGE = re.compile(
    rf"\b(?:{_LOWER}|{_HIGHER}|lost|loses?|faster|slower|worse|improve\w*|speed-?up)\b", re.IGNORECASE
)
#: Before a share in brackets that is a change: "(+50 %)".
PLUS = re.compile(r"[(,]\s*[+\u2212-]$")
#: Before the first of two numbers that something changed from and to.
FROM_TO = re.compile(r"\bfrom\s+(?:about |around |only |an? |the |[$~])*$", re.IGNORECASE)
#: Before a share that is given.
AT = re.compile(r"\b(?:at|with|than|for|against|under|over)\s+(?:about |around |only )*$", re.IGNORECASE)
#: Before a share or multiple that is the ratio of two numbers.
RATIO = re.compile(
    r"\b(?:utili[sz]ation|share|ratio|occupancy|speed-?up|factor|fraction|load) of "
    r"(?:about |around |only )*$",
    re.IGNORECASE,
)
#: Behind a share, that it is of something named there; that it is of prices.
THAN = re.compile(r"\s*(?:[a-z]+ ){1,3}than\b", re.IGNORECASE)
PRICED = re.compile(
    r"\s*(?:less expensive|more expensive|cheaper|dearer|off\b|discount|(?:less|more) per hour)",
    re.IGNORECASE,
)
#: Before a sentence that says what follows from the one before it.
CONCLUDES = re.compile(r"\s*(?:So|Thus|Hence|Therefore|That|This|Which|It)\b[\u2019']?s?")
#: Between a number and those behind it that it is made of.
FROM = re.compile(
    r"\s*(?:(?:at|for|of|from|by|over|with|on|per|in|is)\b|[(x\u00d7*/=+-]|times\b|divided by\b)?\s*"
    r"(?:(?:about|around|roughly|only|the|a|an|our|my|those|these)\s+)*\(?~?"
    r"(?:[a-z]+\s+(?:at|for|of|from|by|with|per|x)\s+)?",
    re.IGNORECASE,
)
#: Between two amounts that are one, in another unit.
ALSO = re.compile(
    r"(?:\.\s+Or\b)?(?:[\s,(/\u2013\u2014=]|\b(?:and|or|i\.e\.|about|around|roughly|nearly|some|just|only|so|"
    r"that is|which is)\b|~)*",
    re.IGNORECASE,
)
#: Between a rate and what it makes; between two results.
BESIDE = re.compile(
    r"\s*(?:models?\b)?\s*(?:[,:(\u2013\u2014=]|-(?=\s))?\s*(?:about |around |roughly |so |or |~)*",
    re.IGNORECASE,
)
AND = re.compile(
    r"\s*,?\s*and(?:\s+(?:about|around|roughly|costs?|takes?|so|therefore|thus|then|would cost))*\s*~?",
    re.IGNORECASE,
)
#: Between two numbers of which the second is another choice.
OR = re.compile(r"\bor\s+(?:about |only |just )*$", re.IGNORECASE)
#: Behind an amount, that it follows.
TOO = re.compile(
    r"\s*(?:,\s*)?(?:in other words|in total|altogether|all told|in all|together)\b", re.IGNORECASE
)
#: From a number to the device that it is of, behind it; behind what is of one of several.
ON = re.compile(r"\s*(?:(?:on|for|with|by|of)\s+(?:(?:the|an?|one|each|two|four|eight)\s+)?)?", re.IGNORECASE)
ON_ONE = re.compile(r"[^.;,]{0,16}\b(?:on|in|for|per) (?:one|each|every|a single)\b", re.IGNORECASE)
#: What makes small amounts none of the rate.
MINIMUM = re.compile(r"\b(?:minimum|rounded up|flat (?:fee|rate))\b", re.IGNORECASE)
#: Behind the first number of one that is written as a power.
WRITTEN = re.compile(r"\s?(?:[x\u00d7*]\s?)?10\s?\^")
#: A number as it is written or spelled, before its unit.
DIGITS = re.compile(r"[$\u20ac\u00a3]?[\d,.]+|[a-z-]+", re.IGNORECASE)
#: What stands before an answer that is a number.
ANSWER = re.compile(r"\s*(?:A|Answer)\s*[:.]\s*(?:[Aa]bout |[Rr]oughly |[Aa]round |[Oo]nly |[Jj]ust )?")
#: Between a share by which an amount is more or less, and that.
BY_SHARE = re.compile(r"[^.;:\d]{0,24}[:=,]\s*(?:about |around |roughly |so |or |~)*", re.IGNORECASE)
#: Before a price of each: "two racks at $1,400".
PRICE = re.compile(r"\b(?:at|@)\s+(?:about |around )?$", re.IGNORECASE)
#: Hours of all of several.
OF_ALL = re.compile(r"\b(?:card|gpu|node|instance|machine)[- ]h", re.IGNORECASE)
#: Behind a share, that it is of everything; before a sentence on a part of what it names first.
OF_TOTAL = re.compile(r"\s+of (?:the total|all|them|it|everything|the whole)\b", re.IGNORECASE)
OF = re.compile(r"\s*Of\s")
