"""The rates of drills, from the series of this process."""

import pytest

from proxy.console.quality.labelling import Labelling
from proxy.console.quality.rates import of, rates, shares
from proxy.metrics import Metrics
from rules.drill.drill import Answer, Kind
from rules.quality import HoldLabel, PassLabel, wilson
from rules.reviewer import Reviewer
from tests.proxy.console.pages.browser import Browser
from tests.proxy.console.world import World
from tests.proxy.quality.samples import kept

NONE = {(kind, answer): 0 for kind in Kind for answer in Answer}


def test_of_none() -> None:
    """There is no rate, and nothing to keep apart."""
    told = rates(Metrics())
    assert (told.catch, told.false_alarm, told.d_prime, told.expired) == (None, None, None, 0)


def test_by_hand() -> None:
    """19 of 20 violations were caught and 2 of 10 twins rejected; what expired is in neither."""
    metrics = Metrics()
    counts = {
        (Kind.VIOLATION, Answer.REJECTED): 19,
        (Kind.VIOLATION, Answer.APPROVED): 1,
        (Kind.VIOLATION, Answer.EXPIRED): 4,
        (Kind.BENIGN, Answer.REJECTED): 2,
        (Kind.BENIGN, Answer.APPROVED): 8,
        (Kind.BENIGN, Answer.EXPIRED): 1,
    }
    for labels, count in counts.items():
        metrics.drill_answers.labels(*labels).inc(count)
    told = rates(metrics)
    assert told == of(counts)
    assert told.catch is not None
    assert told.false_alarm is not None
    assert (told.catch.share, round(told.catch.low, 2), told.expired) == (0.95, 0.76, 5)
    assert (told.false_alarm.share, told.false_alarm.of) == (0.2, 10)
    # ln(19.5/1.5) = 2.5649, ln(2.5/8.5) = -1.2238
    assert told.d_prime == pytest.approx(0.5513289 * (2.564949 + 1.223775), abs=1e-5)


def test_one_kind_alone() -> None:
    """Its rate stands, and there is no d'."""
    told = of(NONE | {(Kind.VIOLATION, Answer.REJECTED): 3})
    assert told.catch is not None
    assert told.d_prime is None


@pytest.mark.observe
@pytest.mark.acceptance
async def test_labels_move_the_shares(world: World, browser: Browser) -> None:
    """By hand: 3 of 5 words about holds, then 2 of 5; 1 of 4 about passed calls, then none of 4."""
    labelling, people = Labelling(world.reviewing()), world.people
    ada, bob = people.named("ada"), people.named("bob")
    assert isinstance(ada, Reviewer)
    assert isinstance(bob, Reviewer)
    assert (shares(world.metrics).false_escalation, shares(world.metrics).missed_escalation) == (None, None)
    holds = [(await world.hold()).hold_id for _ in range(4)]
    no, yes = HoldLabel.UNNECESSARY, HoldLabel.NECESSARY
    words = [(0, ada, no), (0, bob, no), (1, ada, yes), (2, bob, no), (3, ada, yes)]
    for number, who, label in words:
        await labelling.hold(holds[number], label, who=who)
    samples = [await kept(world) for _ in range(4)]
    for number, sample in enumerate(samples):
        word = PassLabel.SHOULD_HAVE_HELD if number == 2 else PassLabel.RIGHT
        await labelling.passed(sample, word, who=ada)
    told = shares(world.metrics)
    assert (told.false_escalation, told.missed_escalation) == (wilson(3, 5), wilson(1, 4))
    await labelling.hold(holds[0], yes, who=bob)
    await labelling.passed(samples[2], PassLabel.RIGHT, who=ada)
    told = shares(world.metrics)
    assert (told.false_escalation, told.missed_escalation) == (wilson(2, 5), wilson(0, 4))
    text = (await browser.get("/numbers")).text
    assert "(2 of 5; 95 %: 12 to 77 %)" in text
    assert "(0 of 4; 95 %: 0 to 49 %)" in text
