"""What stands on the same characters is found as if every finding were looked at."""

from hypothesis import given
from hypothesis import strategies as st

from whichgpu.audit.findings import Finding
from whichgpu.audit.overlaps import Overlaps

PLACES = st.tuples(st.integers(0, 600), st.integers(0, 300)).map(lambda one: (one[0], one[0] + one[1]))


def finding(start: int, end: int) -> Finding:
    return Finding(start, end, "", "ratio", "", "", "", "unverifiable", "", "")


@given(st.lists(PLACES, max_size=20), PLACES)
def test_overlapping_findings_are_those_with_a_character_in_common(places, place):
    every = [finding(*each) for each in places]
    start, end = place
    known = Overlaps(every)
    assert set(known.of(start, end)) == {each for each in every if each.start < end and start < each.end}


def test_what_is_added_later_is_found():
    known = Overlaps()
    assert not list(known.of(0, 9))
    known.add(finding(120, 140))
    assert [each.start for each in known.of(130, 131)] == [120]
    assert not list(known.of(140, 150))
