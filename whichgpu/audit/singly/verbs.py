"""Verbs of what a device is, has and does, in the forms in which they stand behind a subject."""

from __future__ import annotations

#: Verbs with regular forms.
_REGULAR = """
    offer pack deliver provide feature use support lack need launch arrive move push sport boast include house
    contain belong sip guzzle gulp consume dissipate pull burn want demand require manage reach achieve top
    max pair combine couple mate retain drop add gain introduce debut appear ship retail start handle compute
    process accelerate rely connect attach link talk stream shovel transfer shift store cram squeeze host
    employ utilize rise climb clock turn tick peak crawl help rank remain stay follow replace succeed inherit
    share borrow date stem originate emerge measure weigh cool carry occupy look dispense forgo stop end
    double triple raise lift widen bump increase cut reduce halve settle stick differ sacrifice command
    fetch list cap limit suffer benefit suit serve target aim fill swallow devour enjoy deserve earn dominate
    outpace outrun trail lag beat exceed surpass match equal rival leave mark usher
"""
#: The others: every form that can stand behind a subject.
_IRREGULAR = """
    is was are were has have had does did can cannot could will may must isn't wasn't hasn't doesn't can't
    come comes came get gets got bring brings brought run runs ran take takes took cost costs eat eats ate
    draw draws drew feed feeds fed hit hits lose loses lost sell sells sold go goes went speak speaks spoke
    know knows knew understand understands sit sits sat fit fits read reads write writes wrote hide hides
    spin spins make makes made give gives gave let lets stand stands stood keep keeps kept hold holds held
    hail hails became becomes remained began begins won wins led leads lay lies fell falls grew grows
    was_built is_built sees saw found finds feels felt
"""


def _forms(verb: str) -> tuple[str, ...]:
    if verb.endswith("e"):
        return verb, f"{verb}s", f"{verb}d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied"
    plural = f"{verb}es" if verb.endswith(("s", "x", "ch", "sh")) else f"{verb}s"
    return verb, plural, f"{verb}ed", f"{verb}{verb[-1]}ed"


_EVERY = {form for verb in _REGULAR.split() for form in _forms(verb)} | {
    form.replace("_", " ") for form in _IRREGULAR.split()
}
#: One pattern of all of them, the longest first.
VERBS = f"(?:{'|'.join(sorted(_EVERY, key=lambda form: (-len(form), form)))})"
