"""What the app tells about a scale. "Seen to fail with" names the defect planted for a test."""

import pytest

from intake_app import content
from intake_app.core.instrument import Instrument, shown
from intake_app.core.leaflet import leaflet

EVERY = content.instruments(content.shipped())


def told(instrument: Instrument) -> str:
    return "\n".join(line for _heading, lines in leaflet(instrument) for line in lines)


@pytest.mark.parametrize("id_", EVERY)
def test_a_clinician_reads_all_that_the_file_says(id_: str) -> None:
    """Seen to fail with: the licence, the codes of options, the basis of a reading, the examples,
    the checked mark of a source left out."""
    one = EVERY[id_]
    said = told(one)
    wanted = [
        one.official_name, one.wording, one.owner, one.licence, one.permitted_use, one.recall,
        one.evidence_date, one.loinc, one.total_loinc, *one.notes,
    ]  # fmt: skip
    for item in one.items:
        wanted += [item.ask, item.loinc, item.when.text if item.when else ""]
        wanted += [text for option in item.options for text in (option.label, option.loinc)]
    for result in one.results:
        wanted += [result.title, result.basis]
        wanted += [outcome.when.text for outcome in result.outcomes if outcome.when]
    wanted += [f"{band.least} to {band.most}: {band.label}" for band in one.bands]
    wanted += [text for each in one.changes for text in (each.what, each.basis, shown(each.amount))]
    wanted += [text for each in one.examples for text in (each.answers, each.source)]
    wanted += [source.title for source in one.sources]
    assert [text for text in wanted if text not in said] == []
    assert said.count("[read") + said.count("[not re-read]") == len(one.sources)
    assert one.examples
    assert "{" not in said


def test_nobody_elses_voice_gives_a_score() -> None:
    """Seen to fail with: the voices of every source named."""
    said = told(EVERY["phq9"])
    assert "A score comes from: the patient alone; the patient, with others present" in said
    assert "a relative" not in said
    assert "A clinician does." in told(EVERY["madrs"])
